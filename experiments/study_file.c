/* study_file.c - the `sweep` section, read and checked key by key; then the settings, in order, the
 * last of each key.
 */
#include "experiments/study_file.h"

#include "core/base/table.h"
#include "core/db/metric.h"
#include "experiments/study_axes.h"
#include "experiments/study_tune.h"
#include "trainer/model/evaluation.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* From 6 seeds on each contrast has a standard error of its own, so arms need not spread alike: MHA
 * spread twice as widely as GQA in experiments/noise/pairing.yaml. */
enum { SEEDS = 6 };

// clang-format off
const study_file_key study_file_keys[] = {
    { "sweep.name",       "text",   "",                 "letters, digits, - _ .", "name of the study in the database" },
    { "sweep.question",   "text",   "",                 "",                       "the question that the study asks" },
    { "sweep.hypothesis", "text",   "",                 "",                       "what you expect, written down beforehand" },
    { "sweep.design",     "choice", "grid",             "grid, zip, one-at-a-time, staircase, list", "how axes are combined into arms" },
    { "sweep.axes",       "map",    "",                 "key: [values]",          "what varies: keys and their values, {log: [from, to, points]}, or named levels {name: {key: value}}" },
    { "sweep.cross",      "map",    "",                 "key: [values]",          "axes that every arm of the design is crossed with, such as sizes" },
    { "sweep.arms",       "list",   "",                 "{key: value}",           "the arms of the design list" },
    { "sweep.exclude",    "list",   "",                 "{key: value}",           "combinations to leave out" },
    { "sweep.seeds",      "int",    "6",                "1..1000, [1, 2, 5] or {start: 6, step: 3, max: 24}", "how many seeds n (train.seed = train.data_seed = 1..n), a list of them, or how they are added until every contrast is decided" },
    { "sweep.baseline",   "map",    "",                 "{key: value}",           "each arm is compared with the arm that differs only in these keys" },
    { "sweep.tune",       "map",    "",                 "key: {from, to, points, seeds}", "a key whose best value is found for each arm, with seeds of its own" },
    { "sweep.match",      "map",    "",                 "{params: model.ffn_dim}, {preset: llama2}", "how to make the arms equally large" },
    { "sweep.margin",     "real",   "",                 "0..1e6",                 "smaller differences count as equivalent (nats)" },
    { "sweep.metric",     "text",   "val_loss@CONTEXT", "[TASK.]SPLIT_KIND@N",  "the metric to compare, or tasks:SUITE; required if the context is an axis" },
    { "sweep.alpha",      "real",   "0.05",             "1e-9..0.5",              "error rate of all comparisons together" },
    { 0 },
};
// clang-format on

int study_file_axis_of(const study_file *s, const char *name)
{
    int i = s->axes - 1;
    while (i >= 0 && strcmp(s->axis[i].name, name) != 0) i--;
    return i;
}

bool study_file_varies(const study_file *s, const char *key)
{
    return study_file_setter(s, key) >= 0 || (s->tune.key && strcmp(s->tune.key->name, key) == 0);
}

const char *study_file_path(const study_file *s)
{
    return s->file->file ? s->file->file : "the stored study";
}

void study_file_own(study_file *s, yaml_node *root)
{
    yaml_node **more = realloc(s->setting, (size_t)(s->settings + 1) * sizeof *more);
    if (!more) error_memory();
    s->setting = more;
    s->setting[s->settings++] = root;
}

/* --- values ---------------------------------------------------------------------------------- */

bool study_file_same(const study_file *s, const config_key *k, const yaml_node *a,
                     const yaml_node *b)
{
    error ignored;
    if (!k) return a->text && b->text && strcmp(a->text, b->text) == 0;
    config x = s->base, y = s->base;
    char u[CONFIG_VALUE], v[CONFIG_VALUE];
    if (!config_set(&x, k, a, &ignored) || !config_set(&y, k, b, &ignored)) return false;
    if (k->type == CONFIG_TEXT) return strcmp(a->text, b->text) == 0;
    config_value(u, sizeof u, &x, k);
    config_value(v, sizeof v, &y, k);
    return strcmp(u, v) == 0;
}

void study_file_value(char *out, size_t size, const yaml_node *value)
{
    if (value->kind == YAML_SCALAR) {
        snprintf(out, size, "%s", value->text);
        return;
    }
    size_t n = (size_t)snprintf(out, size, "[");
    for (int i = 0; i < value->n && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", value->item[i].text);
    if (n < size) snprintf(out + n, size - n, "]");
}

void study_file_json(FILE *f, const config_key *k, const yaml_node *value)
{
    char text[CONFIG_VALUE];
    error e;
    if (!k || k->type == CONFIG_TEXT || k->type == CONFIG_CHOICE || k->type == CONFIG_SPECS) {
        study_file_value(text, sizeof text, value);
        char *quoted = table_json_string(text);
        fputs(quoted, f);
        free(quoted);
        return;
    }
    config settings;
    config_init(&settings);
    const bool ok = config_set(&settings, k, value, &e); /* it has been set before */
    assert(ok), (void)ok;
    config_value(text, sizeof text, &settings, k);
    fputs(text, f);
}

/* --- keys ------------------------------------------------------------------------------------ */

static bool read_text(char *out, size_t size, const char *name, const yaml_node *at, error *e)
{
    if (at->kind != YAML_SCALAR) return yaml_error(at, e, "%s: must be text", name);
    if (strlen(at->text) >= size)
        return yaml_error(at, e, "%s: longer than %zu bytes", name, size - 1);
    snprintf(out, size, "%s", at->text);
    return true;
}

/* The seeds 1..n. */
static void count_seeds(study_file *s, int n)
{
    s->seeds = n;
    for (int i = 0; i < n; i++) s->seed[i] = i + 1;
}

/* A list of seeds: pair keys are the numbers themselves. */
static bool read_seed_list(study_file *s, const yaml_node *at, error *e)
{
    if (at->n < 1 || at->n > STUDY_FILE_SEEDS)
        return yaml_error(at, e, "sweep.seeds: %d seeds given; 1 to %d are allowed", at->n,
                          STUDY_FILE_SEEDS);
    for (int i = 0; i < at->n; i++) {
        int64_t seed;
        if (!config_whole(&seed, "sweep.seeds", false, 0, INT_MAX, &at->item[i], e)) return false;
        s->seed[i] = (int)seed;
        for (int j = 0; j < i; j++)
            if (s->seed[j] == seed)
                return yaml_error(&at->item[i], e, "sweep.seeds: %d is given twice", s->seed[j]);
    }
    s->seeds = at->n;
    return true;
}

/* {start, step, max}: seeds 1..max, added in blocks until every contrast is decided. */
static bool read_seed_plan(study_file *s, const yaml_node *at, error *e)
{
    static const char *const PART[] = { "start", "step", "max" };
    static const double LEAST[] = { STUDY_FILE_START, 1, STUDY_FILE_START };
    int64_t x[3];
    for (int i = 0; i < at->n; i++) {
        const char *key = at->key[i].text;
        if (strcmp(key, "start") != 0 && strcmp(key, "step") != 0 && strcmp(key, "max") != 0)
            return yaml_error(&at->key[i], e,
                              "sweep.seeds: unknown key '%.40s': use start, step and max", key);
    }
    for (int i = 0; i < 3; i++) {
        const yaml_node *part = yaml_find(at, PART[i]);
        char name[32];
        snprintf(name, sizeof name, "sweep.seeds: %s", PART[i]);
        if (!part)
            return yaml_error(at, e, "%s is missing: write {start: 6, step: 3, max: 24}", name);
        if (!config_whole(&x[i], name, false, LEAST[i], STUDY_FILE_MOST, part, e)) return false;
    }
    if (x[0] > x[2])
        return yaml_error(yaml_find(at, "start"), e,
                          "sweep.seeds: start is %d, which is above max, %d", (int)x[0], (int)x[2]);
    count_seeds(s, (int)x[2]);
    s->start = (int)x[0], s->step = (int)x[1];
    return true;
}

static bool read_seeds(study_file *s, const yaml_node *at, error *e)
{
    double x;
    s->start = s->step = 0;
    if (at->kind == YAML_MAP) return read_seed_plan(s, at, e);
    if (at->kind == YAML_LIST) return read_seed_list(s, at, e);
    if (!config_number(&x, "sweep.seeds", 1, STUDY_FILE_SEEDS, at, e)) return false;
    if ((int)x != x) return yaml_error(at, e, "sweep.seeds: '%s' is not a whole number", at->text);
    count_seeds(s, (int)x);
    return true;
}

static bool read_metric(char *out, size_t size, const yaml_node *at, error *e)
{
    if (!read_text(out, size, "sweep.metric", at, e)) return false;
    metric m;
    error why;
    if (!metric_parse(&m, out, &why) ||
        (!metric_is_suite(&m) && !evaluation_check(m.task, m.split, &why)))
        return yaml_error(at, e, "sweep.metric: %s", why.msg);
    return metric_is_suite(&m) || m.context > 0 ||
           yaml_error(at, e, "sweep.metric: '%s' has no context: write %s@N", out, out);
}

static bool read_match(study_file *s, const yaml_node *at, error *e)
{
    const yaml_node *params = at->kind == YAML_MAP && at->n == 1 ? yaml_find(at, "params") : NULL;
    const yaml_node *preset = at->kind == YAML_MAP && at->n == 1 ? yaml_find(at, "preset") : NULL;
    if (at->kind == YAML_MAP && at->n == 0) /* how a command line removes it */
        s->match = MATCH_NONE;
    else if (params && params->kind == YAML_SCALAR && strcmp(params->text, "model.ffn_dim") == 0)
        s->match = MATCH_PARAMS;
    else if (preset && preset->kind == YAML_SCALAR && strcmp(preset->text, "llama2") == 0)
        s->match = MATCH_LLAMA2;
    else
        return yaml_error(at, e,
                          "sweep.match: must be {params: model.ffn_dim} or {preset: llama2}");
    return true;
}

static bool read_design(study_file *s, const yaml_node *at, error *e)
{
    char name[STUDY_NAME], all[128];
    if (!read_text(name, sizeof name, "sweep.design", at, e)) return false;
    s->design = design_find(name);
    design_names(all, sizeof all);
    return s->design || yaml_error(at, e, "sweep.design: '%s' is not one of %s", name, all);
}

static const char *nearest_key(const char *name)
{
    const char *best = study_file_keys[0].name;
    for (const study_file_key *k = study_file_keys; k->name; k++)
        if (config_distance(name, k->name) < config_distance(name, best)) best = k->name;
    return best;
}

/* One key of the section; `place` is where its name stands. */
static bool read_key(study_file *s, const char *name, const yaml_node *place, const yaml_node *at,
                     error *e)
{
    const char *leaf = name + strlen("sweep.");
    if (strcmp(leaf, "name") == 0) return study_name_set(s->name, at, e);
    if (strcmp(leaf, "question") == 0)
        return read_text(s->question, sizeof s->question, name, at, e);
    if (strcmp(leaf, "hypothesis") == 0)
        return read_text(s->hypothesis, sizeof s->hypothesis, name, at, e);
    if (strcmp(leaf, "design") == 0) return read_design(s, at, e);
    if (strcmp(leaf, "axes") == 0) return s->given_axes = at, true; /* for study_axes_open */
    if (strcmp(leaf, "cross") == 0) return s->cross = at, true;
    if (strcmp(leaf, "arms") == 0) return s->list = at, true;
    if (strcmp(leaf, "tune") == 0) return study_tune_read(s, at, e);
    if (strcmp(leaf, "seeds") == 0) return read_seeds(s, at, e);
    if (strcmp(leaf, "match") == 0) return read_match(s, at, e);
    if (strcmp(leaf, "metric") == 0) return read_metric(s->metric, sizeof s->metric, at, e);
    if (strcmp(leaf, "margin") == 0)
        return config_number(&s->margin, name, 0, STUDY_FILE_MARGIN_MAX, at, e);
    if (strcmp(leaf, "alpha") == 0)
        return config_number(&s->alpha, name, STUDY_FILE_ALPHA_MIN, STUDY_FILE_ALPHA_MAX, at, e);
    if (strcmp(leaf, "exclude") == 0) {
        s->exclude = at;
        return at->kind == YAML_LIST ||
               yaml_error(at, e, "%s: must be a list of {key: value}", name);
    }
    if (strcmp(leaf, "baseline") == 0) {
        s->baseline = at;
        return at->kind == YAML_MAP || yaml_error(at, e, "%s: must be {key: value}", name);
    }
    return yaml_error(place, e, "unknown key '%.80s': did you mean %s?", name, nearest_key(name));
}

/* --- the whole ------------------------------------------------------------------------------- */

static bool check(const study_file *s, error *e)
{
    if (!*s->name) return study_name_missing(study_file_path(s), e);
    if (s->start && s->axes == 0)
        return error_usage(e,
                           "%s: sweep.seeds: {start, step, max} needs sweep.axes: with one arm there "
                           "is nothing to decide",
                           study_file_path(s));
    if (config_given(&s->base, config_find("train.seed")) ||
        config_given(&s->base, config_find("train.data_seed")))
        return error_usage(e, "%s: train.seed and train.data_seed are set by sweep.seeds",
                           study_file_path(s));
    for (int i = 0; s->exclude && i < s->exclude->n; i++)
        if (!study_axes_partial(s, "sweep.exclude", &s->exclude->item[i], e)) return false;
    return (!s->baseline || study_axes_partial(s, "sweep.baseline", s->baseline, e)) &&
           design_check(s, e) && study_tune_check(s, e);
}

/* "sweep.margin=0.05" is YAML, except that texts are taken as they are; s owns the tree. */
static bool read_setting(study_file *s, const char *setting, error *e)
{
    char name[STUDY_NAME];
    const char *equals = strchr(setting, '=');
    if (strncmp(setting, "sweep.", 6) != 0 || !equals) return config_override(&s->base, setting, e);
    snprintf(name, sizeof name, "%.*s", (int)(equals - setting), setting);
    const study_file_key *k = study_file_keys;
    while (k->name && strcmp(k->name, name) != 0) k++;
    yaml_node *value;
    if (k->name && strcmp(k->type, "text") == 0) {
        value = calloc(1, sizeof *value);
        if (value) value->text = strdup(equals + 1);
        if (!value || !value->text) error_memory();
    } else if (!yaml_parse(&value, equals + 1, e))
        return error_where(e, "%s", name);
    study_file_own(s, value);
    return read_key(s, name, value, value, e);
}

/* Does a later setting give the same key? */
static bool superseded(char *const *settings, int i, int n)
{
    const size_t key = strcspn(settings[i], "=") + 1;
    for (int k = i + 1; k < n; k++)
        if (strncmp(settings[i], settings[k], key) == 0) return true;
    return false;
}

static char *write_settings(char *const *settings, int n)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f) error_memory();
    const char *before = "";
    fputc('[', f);
    for (int i = 0; i < n; i++) {
        if (superseded(settings, i, n)) continue;
        char *quoted = table_json_string(settings[i]);
        fprintf(f, "%s%s", before, quoted);
        free(quoted);
        before = ",";
    }
    fputc(']', f);
    if (fclose(f) != 0) error_memory();
    return text;
}

/* A setting of an axis would be replaced in every arm. */
static bool check_settings(const study_file *s, char *const *settings, int n, error *e)
{
    for (int i = 0; i < n; i++) {
        char name[STUDY_NAME];
        const int length = (int)strcspn(settings[i], "=");
        snprintf(name, sizeof name, "%.*s", length, settings[i]);
        const int axis = study_file_setter(s, name);
        if (axis >= 0 && s->axis[axis].key)
            return error_usage(e,
                               "%.200s: %s is an axis of the study, so this setting would change "
                               "nothing: change its values in sweep.axes",
                               settings[i], name);
        if (axis >= 0)
            return error_usage(e,
                               "%.200s: %s is set by the levels of the axis '%s': change them in "
                               "the study",
                               settings[i], name, s->axis[axis].name);
        if (study_file_varies(s, name))
            return error_usage(e,
                               "%.200s: %s is tuned for each arm, so this setting would change "
                               "nothing: leave it out, or set sweep.tune={}",
                               settings[i], name);
    }
    return true;
}

/* The section of s->file, whose text this is, and the settings. */
static bool read_sweep(study_file *s, const char *text, char *const *settings, int kept, int n,
                       error *e)
{
    const yaml_node *section;
    if (!study_name_read(s->name, s->file, e) || !config_take(&s->base, s->file, &section, e))
        return false;
    for (int i = 0; i < section->n; i++) {
        char name[STUDY_NAME];
        snprintf(name, sizeof name, "sweep.%s", section->key[i].text);
        if (!read_key(s, name, &section->key[i], &section->item[i], e)) return false;
    }
    for (int i = 0; i < n; i++)
        if (!read_setting(s, settings[i], e)) return false;
    s->text = strdup(text);
    if (!s->text) error_memory();
    s->settings_json = write_settings(settings, n);
    return study_axes_open(s, e) && check_settings(s, settings + kept, n - kept, e) && check(s, e);
}

static void empty(study_file *s)
{
    *s = (study_file){ .margin = NAN, .alpha = 0.05, .design = designs };
    count_seeds(s, SEEDS);
    config_init(&s->base);
}

bool study_file_read(study_file *s, const char *path, char *const *settings, int n, error *e)
{
    char *text = NULL;
    empty(s);
    const bool ok =
        yaml_read_text(&s->file, &text, path, e) && read_sweep(s, text, settings, 0, n, e);
    free(text);
    if (!ok) study_file_close(s);
    return ok;
}

bool study_file_recall(study_file *s, const char *text, char *const *settings, int kept, int n,
                       error *e)
{
    empty(s);
    if (yaml_parse(&s->file, text, e) && read_sweep(s, text, settings, kept, n, e)) return true;
    study_file_close(s);
    return false;
}

/* Let every node of a tree say that it stands in `file`. */
static void name_file(yaml_node *node, const char *file)
{
    node->file = file;
    for (int i = 0; i < node->n; i++) {
        name_file(&node->item[i], file);
        if (node->key) node->key[i].file = file;
    }
}

bool study_file_again(study_file *out, const study_file *s, char *const *settings, int kept, int n,
                      error *e)
{
    empty(out);
    if (yaml_parse(&out->file, s->text, e)) {
        name_file(out->file, s->file->file);
        if (read_sweep(out, s->text, settings, kept, n, e)) {
            out->base.data = s->base.data;
            return true;
        }
    }
    study_file_close(out);
    return false;
}

void study_file_close(study_file *s)
{
    for (int i = 0; i < s->settings; i++) yaml_close(s->setting[i]);
    free(s->setting), free(s->text), free(s->settings_json);
    yaml_close(s->file);
    *s = (study_file){ 0 };
}
