/* study_file.c - the `sweep` section, read and checked key by key; then the settings, in order, the
 * last of each key.
 */
#include "experiments/study_file.h"

#include "core/base/table.h"
#include "core/db/metric.h"
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
    { "sweep.design",     "choice", "grid",             "grid",                   "how axes are combined" },
    { "sweep.axes",       "map",    "",                 "key: [values]",          "what varies: keys and their values" },
    { "sweep.exclude",    "list",   "",                 "{key: value}",           "combinations to leave out" },
    { "sweep.seeds",      "int",    "6",                "1..1000, [1, 2, 5] or {start: 6, step: 3, max: 24}", "how many seeds n (train.seed = train.data_seed = 1..n), a list of them, or how they are added until every contrast is decided" },
    { "sweep.baseline",   "map",    "",                 "{key: value}",           "each arm is compared with the arm that differs only in these keys" },
    { "sweep.match",      "map",    "",                 "{params: model.ffn_dim}, {preset: llama2}", "how to make the arms equally large" },
    { "sweep.margin",     "real",   "",                 "0..1e6",                 "smaller differences count as equivalent (nats)" },
    { "sweep.metric",     "text",   "val_loss@CONTEXT", "[TASK.]SPLIT_KIND@N",  "the metric to compare; required if the context is an axis" },
    { "sweep.alpha",      "real",   "0.05",             "1e-9..0.5",              "error rate of all comparisons together" },
    { 0 },
};
// clang-format on

int study_file_axis_of(const study_file *s, const char *key)
{
    int i = s->axes - 1;
    while (i >= 0 && strcmp(s->axis[i].key->name, key) != 0) i--;
    return i;
}

/* --- values ---------------------------------------------------------------------------------- */

bool study_file_same(const study_file *s, const config_key *k, const yaml_node *a,
                     const yaml_node *b)
{
    error ignored;
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
    if (k->type == CONFIG_TEXT || k->type == CONFIG_CHOICE || k->type == CONFIG_SPECS) {
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
    if (!metric_parse(&m, out, &why) || !evaluation_check(m.task, m.split, &why))
        return yaml_error(at, e, "sweep.metric: %s", why.msg);
    return m.context > 0 ||
           yaml_error(at, e, "sweep.metric: '%s' has no context: write %s@N", out, out);
}

static bool may_vary(const config_key *k, const yaml_node *at, error *e)
{
    if (strcmp(k->name, "train.seed") == 0 || strcmp(k->name, "train.data_seed") == 0)
        return yaml_error(at, e, "sweep.axes: %s is set by sweep.seeds", k->name);
    return k->identity ||
           yaml_error(at, e, "sweep.axes: %s can't be an axis: it changes no result", k->name);
}

/* sweep.axes: a key and its values each. */
static bool read_axes(study_file *s, const yaml_node *at, error *e)
{
    if (at->kind != YAML_MAP) return yaml_error(at, e, "sweep.axes: must be a map {key: [values]}");
    if (at->n > STUDY_FILE_AXES)
        return yaml_error(at, e, "sweep.axes: %d axes given; at most %d are allowed", at->n,
                          STUDY_FILE_AXES);
    s->axes = 0;
    for (int i = 0; i < at->n; i++) {
        const yaml_node *key = &at->key[i], *list = &at->item[i];
        const config_key *k = config_find(key->text);
        if (!k) return config_unknown(key, key->text, e);
        if (!may_vary(k, key, e)) return false;
        if (list->kind != YAML_LIST || list->n == 0)
            return yaml_error(list, e, "sweep.axes: %s: must be a list of values", k->name);
        s->axis[s->axes++] = (study_file_axis){ k, list->n, list->item };
    }
    return true;
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

static bool read_design(const yaml_node *at, error *e)
{
    char design[STUDY_NAME];
    return read_text(design, sizeof design, "sweep.design", at, e) &&
           (strcmp(design, "grid") == 0 ||
            yaml_error(at, e, "sweep.design: '%s' is not one of grid", design));
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
    if (strcmp(leaf, "design") == 0) return read_design(at, e);
    if (strcmp(leaf, "axes") == 0) return read_axes(s, at, e);
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

/* Each value of an axis must be valid for its key. */
static bool check_axes(const study_file *s, error *e)
{
    for (int i = 0; i < s->axes; i++) {
        const study_file_axis *a = &s->axis[i];
        for (int j = 0; j < a->n; j++) {
            config settings = s->base;
            if (!config_set(&settings, a->key, &a->value[j], e)) return false;
            for (int k = 0; k < j; k++)
                if (study_file_same(s, a->key, &a->value[j], &a->value[k]))
                    return yaml_error(&a->value[j], e, "sweep.axes: a value of %s is given twice",
                                      a->key->name);
        }
        if (s->match != MATCH_NONE && strcmp(a->key->name, "model.ffn_dim") == 0)
            return error_usage(e, "model.ffn_dim: is an axis, but sweep.match would change it");
    }
    return true;
}

/* A partial assignment may name only axes and their values. */
static bool check_partial(const study_file *s, const char *name, const yaml_node *map, error *e)
{
    if (map->kind != YAML_MAP || map->n == 0)
        return yaml_error(map, e, "%s: must be {key: value}", name);
    for (int i = 0; i < map->n; i++) {
        const int axis = study_file_axis_of(s, map->key[i].text);
        if (axis < 0)
            return yaml_error(&map->key[i], e, "%s: '%s' is not an axis of the study", name,
                              map->key[i].text);
        const study_file_axis *a = &s->axis[axis];
        int j = 0;
        while (j < a->n && !study_file_same(s, a->key, &map->item[i], &a->value[j])) j++;
        if (j == a->n)
            return yaml_error(&map->item[i], e, "%s: not one of the values of %s", name,
                              a->key->name);
    }
    return true;
}

static bool check(const study_file *s, error *e)
{
    const char *path = s->file->file ? s->file->file : "the stored study";
    if (!*s->name) return study_name_missing(path, e);
    if (s->axes > 0 && !s->baseline)
        return error_usage(e,
                           "%s: sweep.baseline is missing: it says what arms are compared with, "
                           "such as {%s: ...}",
                           path, s->axis[0].key->name);
    if (s->start && s->axes == 0)
        return error_usage(
            e,
            "%s: sweep.seeds: {start, step, max} needs sweep.axes: with one arm there "
            "is nothing to decide",
            path);
    if (config_given(&s->base, config_find("train.seed")) ||
        config_given(&s->base, config_find("train.data_seed")))
        return error_usage(e, "%s: train.seed and train.data_seed are set by sweep.seeds", path);
    if (!check_axes(s, e)) return false;
    for (int i = 0; s->exclude && i < s->exclude->n; i++)
        if (!check_partial(s, "sweep.exclude", &s->exclude->item[i], e)) return false;
    return !s->baseline || check_partial(s, "sweep.baseline", s->baseline, e);
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
    yaml_node **more = realloc(s->setting, (size_t)(s->settings + 1) * sizeof *more);
    if (!more) error_memory();
    s->setting = more;
    s->setting[s->settings++] = value;
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
        const int axis = study_file_axis_of(s, name);
        if (axis >= 0)
            return error_usage(e,
                               "%.200s: %s is an axis of the study, so this setting would change "
                               "nothing: change its values in sweep.axes",
                               settings[i], s->axis[axis].key->name);
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
    return check_settings(s, settings + kept, n - kept, e) && check(s, e);
}

static void empty(study_file *s)
{
    *s = (study_file){ .margin = NAN, .alpha = 0.05 };
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

void study_file_close(study_file *s)
{
    for (int i = 0; i < s->settings; i++) yaml_close(s->setting[i]);
    free(s->setting), free(s->text), free(s->settings_json);
    yaml_close(s->file);
    *s = (study_file){ 0 };
}
