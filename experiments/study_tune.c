/* study_tune.c - the study that tunes another: the same text with other settings.
 *
 * So it has the arms of the other one, matched in the same way, whatever its design is.
 */
#define _GNU_SOURCE /* asprintf */
#include "experiments/study_tune.h"

#include "core/base/growing.h"
#include "experiments/study_axes.h"
#include "experiments/study_write.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One field of the range; a missing one is NULL. */
static const yaml_node *field(const yaml_node *range, const char *name)
{
    return range->kind == YAML_MAP ? yaml_find(range, name) : NULL;
}

static bool check_fields(const yaml_node *range, const config_key *k, error *e)
{
    static const char *const FIELD[] = { "from", "to", "points", "seeds", NULL };
    if (range->kind != YAML_MAP)
        return yaml_error(range, e, "sweep.tune: %s: must be {from: A, to: B, points: N, seeds: M}",
                          k->name);
    for (const char *const *f = FIELD; *f; f++)
        if (!field(range, *f))
            return yaml_error(range, e,
                              "sweep.tune: %s: '%s' is missing: write {from: A, to: B, "
                              "points: N, seeds: M}",
                              k->name, *f);
    for (int i = 0; i < range->n; i++) {
        const char *const *f = FIELD;
        while (*f && strcmp(*f, range->key[i].text) != 0) f++;
        if (!*f)
            return yaml_error(&range->key[i], e,
                              "sweep.tune: %s: unknown field '%.60s'; there are from, to, points "
                              "and seeds",
                              k->name, range->key[i].text);
    }
    return true;
}

static bool read_range(study_file_tune *t, const config_key *k, const yaml_node *range, error *e)
{
    int64_t points, seeds;
    if (!check_fields(range, k, e) ||
        !config_number(&t->from, k->name, k->min, k->max, field(range, "from"), e) ||
        !config_number(&t->to, k->name, k->min, k->max, field(range, "to"), e) ||
        !config_whole(&points, "sweep.tune: points", false, 3, 16, field(range, "points"), e) ||
        !config_whole(&seeds, "sweep.tune: seeds", false, 1, TUNE_SEEDS, field(range, "seeds"), e))
        return false;
    if (!(t->from > 0 && t->from < t->to))
        return yaml_error(range, e,
                          "sweep.tune: %s: the range is empty: from (%g) must be above 0 and below "
                          "to (%g)",
                          k->name, t->from, t->to);
    t->key = k, t->points = (int)points, t->seeds = (int)seeds;
    return true;
}

bool study_tune_read(study_file *s, const yaml_node *at, error *e)
{
    s->tune = (study_file_tune){ 0 };
    if (at->kind != YAML_MAP || at->n > 1)
        return yaml_error(at, e,
                          "sweep.tune: must be {KEY: {from: A, to: B, points: N, seeds: M}}, "
                          "with one key");
    if (at->n == 0) return true; /* how a command line removes it */
    const config_key *k = config_find(at->key[0].text);
    if (!k) return config_unknown(&at->key[0], at->key[0].text, e);
    if (!study_axes_may_vary("sweep.tune", k, &at->key[0], e)) return false;
    if (k->type != CONFIG_REAL)
        return yaml_error(&at->key[0], e,
                          "sweep.tune: %s is not a real number: only those can be "
                          "tuned",
                          k->name);
    s->tune.place = at;
    return read_range(&s->tune, k, &at->item[0], e);
}

bool study_tune_check(const study_file *s, error *e)
{
    const study_file_tune *t = &s->tune;
    if (!t->key) return true;
    if (study_file_setter(s, t->key->name) >= 0)
        return yaml_error(t->place, e, "sweep.tune: %s is set by the axis '%s' already",
                          t->key->name, s->axis[study_file_setter(s, t->key->name)].name);
    for (int i = 0; i < s->seeds; i++)
        if (s->seed[i] >= TUNE_SEED && s->seed[i] < TUNE_SEED + t->seeds)
            return yaml_error(t->place, e,
                              "sweep.seeds: %d is one of the seeds that sweep.tune uses (%d to %d)",
                              s->seed[i], TUNE_SEED, TUNE_SEED + t->seeds - 1);
    if (strlen(s->name) + strlen(".tune") >= STUDY_NAME)
        return yaml_error(t->place, e, "sweep.name: '%s' is too long for a study that is tuned",
                          s->name);
    return true;
}

int study_tune_points(double point[TUNE_POINTS], const study_file_tune *t, int below, int above)
{
    const double factor = pow(t->to / t->from, 1.0 / (t->points - 1));
    int n = 0;
    assert(below + t->points + above <= TUNE_POINTS);
    for (int i = below; i > 0; i--) point[n++] = t->from / pow(factor, i);
    study_axes_log(point + n, t->from, t->to, t->points);
    n += t->points;
    for (int i = 1; i <= above; i++) point[n++] = t->to * pow(factor, i);
    for (int i = 0; i < n; i++) {
        char text[32];
        if (i >= below && i < below + t->points) continue;
        snprintf(text, sizeof text, "%.4g", point[i]);
        point[i] = strtod(text, NULL);
    }
    return n;
}

/* "sweep.cross={...}" with the tuned key behind the axes that are there already. */
static char *cross_setting(const study_file *s, const double *point, int n)
{
    growing words;
    growing_open(&words);
    fputs("sweep.cross={", words.f);
    for (int i = 0; s->cross && i < s->cross->n; i++) {
        study_write_node(words.f, &s->cross->key[i]), fputs(": ", words.f);
        study_write_node(words.f, &s->cross->item[i]), fputs(", ", words.f);
    }
    fprintf(words.f, "%s: [", s->tune.key->name);
    for (int i = 0; i < n; i++) fprintf(words.f, "%s%.10g", i ? ", " : "", point[i]);
    fputs("]}", words.f);
    return growing_close(&words);
}

static char *seeds_setting(const study_file *s)
{
    growing words;
    growing_open(&words);
    for (int i = 0; i < s->tune.seeds; i++)
        fprintf(words.f, "%s%d", i ? ", " : "sweep.seeds=[", TUNE_SEED + i);
    fputc(']', words.f);
    return growing_close(&words);
}

static char *printed(const char *format, const char *value)
{
    char *text;
    if (asprintf(&text, format, value) < 0) error_memory();
    return text;
}

bool study_tune_open(study_file *out, const study_file *s, const double *point, int n, error *e)
{
    enum { OWN = 7 };
    json_t *kept = json_loads(s->settings_json, 0, NULL);
    const size_t given = json_array_size(kept);
    char **setting = error_zeroed(given + OWN, sizeof *setting);
    size_t k = 0;
    for (; k < given; k++) setting[k] = (char *)json_string_value(json_array_get(kept, k));
    const size_t first = k;
    setting[k++] = printed("sweep.name=%s.tune", s->name);
    setting[k++] = printed("sweep.question=Which %s is best for each arm?", s->tune.key->name);
    setting[k++] = printed("sweep.hypothesis=%s", "");
    setting[k++] = printed("%s", "sweep.tune={}");
    setting[k++] = printed("%s", "train.keep=none"); /* weights that nobody will use */
    setting[k++] = seeds_setting(s);
    setting[k++] = cross_setting(s, point, n);
    const bool ok =
        study_file_again(out, s, setting, (int)first, (int)k, e) || error_where(e, "sweep.tune");
    for (size_t i = first; i < k; i++) free(setting[i]);
    free(setting);
    json_decref(kept);
    return ok;
}
