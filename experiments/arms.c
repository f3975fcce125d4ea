/* arms.c - the combinations of the study's design, without what sweep.exclude names. */
#include "experiments/arms.h"

#include "core/db/metric.h"
#include "experiments/match.h"
#include "experiments/source.h"
#include "experiments/study_axes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Does the combination have every value of a partial assignment? */
static bool covers(const study_file *s, const yaml_node *partial, const int *at)
{
    for (int i = 0; i < s->axes; i++) {
        const study_file_axis *x = &s->axis[i];
        const yaml_node *value = yaml_find(partial, x->name);
        if (value && !study_file_same(s, x->key, value, &x->value[at[i]])) return false;
    }
    return true;
}

static bool excluded(const study_file *s, const int *at)
{
    for (int i = 0; s->exclude && i < s->exclude->n; i++)
        if (covers(s, &s->exclude->item[i], at)) return true;
    return false;
}

/* "model.attention=mqa, model.context=512": an arm that has no label yet. */
static void describe(char *out, size_t size, const study_file *s, const int *at)
{
    char value[CONFIG_VALUE];
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; i < s->axes && n < size; i++) {
        study_file_value(value, sizeof value, &s->axis[i].value[at[i]]);
        n += (size_t)snprintf(out + n, size - n, "%s%s=%s", i ? ", " : "", s->axis[i].name, value);
    }
}

static bool set_values(config *settings, const study_file *s, const int *at, error *e)
{
    for (int i = 0; i < s->axes; i++)
        if (!study_axes_set(settings, &s->axis[i], at[i], e)) return false;
    return true;
}

static bool list_arms(arms *a, const study_file *s, error *e)
{
    const int64_t n = design_count(s);
    if (n > DESIGN_MOST)
        return error_usage(e, "sweep.axes: more than %d combinations", DESIGN_MOST);
    for (int64_t i = 0; i < n; i++) {
        int at[STUDY_FILE_AXES] = { 0 };
        design_place(at, s, i);
        if (excluded(s, at)) continue;
        if (a->n == ARMS_MAX) return error_usage(e, "sweep.axes: more than %d arms", ARMS_MAX);
        arm *more = realloc(a->arm, (size_t)(a->n + 1) * sizeof *more);
        if (!more) return error_set(e, "out of memory for %d arms", a->n + 1);
        a->arm = more;
        arm *new = &a->arm[a->n++];
        *new = (arm){ .base = -1, .spec.config = s->base };
        memcpy(new->at, at, sizeof at);
        if (!set_values(&new->spec.config, s, at, e)) return false;
    }
    return a->n > 0 || error_usage(e, "sweep.exclude: excludes every arm");
}

/* Arms of different context read the same text: a span is the longest context of them all. */
static bool set_span(arms *a, error *e)
{
    char setting[64];
    int64_t longest = 0;
    for (int i = 0; i < a->n; i++)
        if (a->arm[i].spec.config.model.context > longest)
            longest = a->arm[i].spec.config.model.context;
    snprintf(setting, sizeof setting, "data.span=%lld", (long long)longest);
    for (int i = 0; i < a->n; i++) {
        config *settings = &a->arm[i].spec.config;
        if (!config_given(settings, config_find("data.span")) &&
            !config_override(settings, setting, e))
            return false;
    }
    return true;
}

static bool resolve(arms *a, const study_file *s, error *e)
{
    const source_place place = { s->file->file, s->db, s->settings_json, s->depth };
    for (int i = 0; i < a->n; i++) {
        char text[ARM_LABEL];
        run_spec *spec = &a->arm[i].spec;
        if (source_find(&spec->config, &a->arm[i].from, &a->sources, &place, e) &&
            run_spec_resolve(spec, &spec->config, e))
            continue;
        describe(text, sizeof text, s, a->arm[i].at);
        return s->axes ? error_where(e, "arm %s", text) : false;
    }
    return true;
}

/* A large number as people write it: 500000, not 5e+05. */
static void put_whole(char *text, size_t size)
{
    const double x = strtod(text, NULL);
    if (fabs(x) < 1e15) snprintf(text, size, "%.0f", x);
}

/* "5%" of what the source was trained on: the label keeps it. */
static bool is_part(const yaml_node *value)
{
    const size_t n = value->kind == YAML_SCALAR ? strlen(value->text) : 0;
    return n > 0 && value->text[n - 1] == '%';
}

/* Axes with one value are left out.  The attention has no key in front, nor have named levels; a
 * context is "@512". */
static void label(arm *a, const study_file *s)
{
    char value[CONFIG_VALUE];
    size_t n = 0;
    for (int i = 0; i < s->axes && n < sizeof a->label; i++) {
        const config_key *k = s->axis[i].key;
        const bool path = k && k->type == CONFIG_TEXT;
        if (s->axis[i].n == 1) continue;
        if (!k) {
            n += (size_t)snprintf(a->label + n, sizeof a->label - n, "%s%s", n ? " " : "",
                                  s->axis[i].value[a->at[i]].text);
            continue;
        }
        if (path || is_part(&s->axis[i].value[a->at[i]]))
            study_file_value(value, sizeof value, &s->axis[i].value[a->at[i]]);
        else
            config_value(value, sizeof value, &a->spec.config, k);
        if (k->type == CONFIG_REAL && strstr(value, "e+")) put_whole(value, sizeof value);
        const char *leaf = strrchr(k->name, '.') + 1, *last = strrchr(value, '/');
        const char *sign = "=";
        if (k->type == CONFIG_SPECS) leaf = "", sign = "";
        if (strcmp(k->name, "model.context") == 0) leaf = "", sign = "@";
        const bool study = run_source_is_study(value);
        n += (size_t)snprintf(a->label + n, sizeof a->label - n, "%s%s%s%s", n ? " " : "", leaf,
                              sign,
                              study                     ? value + strlen("study:")
                              : path && last && last[1] ? last + 1
                              : path && !*value         ? "none"
                                                        : value);
    }
    if (n == 0)
        config_value(a->label, sizeof a->label, &a->spec.config, config_find("model.attention"));
}

/* No two arms may have one configuration; a label that is taken gets a number. */
static bool check_labels(arms *a, error *e)
{
    bool ok = true;
    for (int i = 0; ok && i < a->n; i++) {
        arm *x = &a->arm[i];
        for (int j = 0; ok && j < i; j++) {
            const arm *y = &a->arm[j];
            if (strcmp(x->spec.id, y->spec.id) == 0 &&
                x->spec.config.train.replica == y->spec.config.train.replica)
                ok = error_usage(e, "sweep.axes: arms %d and %d are the same configuration, '%s'",
                                 j + 1, i + 1, x->label);
            else if (strcmp(x->label, y->label) == 0) { /* paths that end alike */
                const size_t room = sizeof x->label - 8, n = strlen(x->label);
                snprintf(x->label + (n < room ? n : room), 8, " #%d", i + 1);
            }
        }
    }
    return ok;
}

/* In a staircase: the step before, at the same levels of sweep.cross.  No arm is left out there. */
static void find_steps(arms *a, const study_file *s)
{
    const int crossings = (int)design_crossings(s);
    for (int i = crossings; i < a->n; i++) a->arm[i].base = i - crossings;
}

/* The arm with the baseline's values, all else the same. */
static bool find_bases(arms *a, const study_file *s, error *e)
{
    if (s->design->chained) find_steps(a, s);
    for (int i = 0; s->baseline && i < a->n; i++) {
        arm *x = &a->arm[i];
        if (covers(s, s->baseline, x->at)) continue;
        for (int j = 0; j < a->n && x->base < 0; j++) {
            bool same = covers(s, s->baseline, a->arm[j].at);
            for (int k = 0; k < s->axes; k++)
                if (!yaml_find(s->baseline, s->axis[k].name))
                    same = same && a->arm[j].at[k] == x->at[k];
            if (same) x->base = j;
        }
        if (x->base < 0 && s->design == designs)
            return error_usage(e, "sweep.exclude: excludes the baseline of the arm '%s'", x->label);
        if (x->base < 0)
            return yaml_error(s->baseline, e,
                              "sweep.baseline: the arm '%s' has no baseline, an arm with these "
                              "values and otherwise its own: name every axis in which they differ",
                              x->label);
    }
    return true;
}

/* Every arm must be evaluated at the length that is compared. */
static bool check_metric(const arms *a, study_file *s, error *e)
{
    const int64_t first = a->arm[0].spec.config.model.context;
    char usual[METRIC_NAME];
    metric_write(usual, sizeof usual, METRIC_DEFAULT_TASK, METRIC_DEFAULT_SPLIT,
                 METRIC_DEFAULT_KIND, first);
    for (int i = 1; i < a->n && !*s->metric; i++)
        if (a->arm[i].spec.config.model.context != first)
            return error_usage(e,
                               "sweep.metric: the context is an axis, so name a length at which "
                               "all arms are evaluated, such as %s",
                               usual);
    if (!*s->metric) snprintf(s->metric, sizeof s->metric, "%s", usual);
    metric m;
    if (!metric_parse(&m, s->metric, e)) return false;
    if (metric_is_suite(&m)) return true;
    const int64_t length = m.context;
    for (int i = 0; i < a->n; i++) {
        const config_counts *t = &a->arm[i].spec.config.eval.context;
        bool there = false;
        for (int j = 0; j < t->n; j++) there = there || t->item[j] == length;
        if (!there)
            return error_usage(e,
                               "sweep.metric: the arm '%s' is not evaluated at %lld: add it to "
                               "eval.context",
                               a->arm[i].label, (long long)length);
    }
    return true;
}

static bool match(arms *a, const study_file *s, error *e)
{
    for (int i = 0; i < a->n; i++) {
        arm *x = &a->arm[i];
        if (x->base < 0) continue;
        const arm *base = &a->arm[x->base];
        if (!match_ffn(&x->spec, &x->cost, &base->spec, &base->cost, s->match, e))
            return error_where(e, "sweep.match: the arm '%s'", x->label);
        x->residual = (double)x->cost.total / (double)base->cost.total - 1;
    }
    return true;
}

/* May each arm start from its source, and has that the seeds of the study? */
static bool check_sources(arms *a, const study_file *s, error *e)
{
    for (int i = 0; i < a->n; i++) {
        arm *x = &a->arm[i];
        if (!x->from.spec) continue;
        if (!source_check(&x->spec, &x->from, e)) return error_where(e, "the arm '%s'", x->label);
        const study_file *other = x->from.study ? &x->from.study->study : NULL;
        for (int k = 0; other && k < s->seeds; k++) {
            const int64_t seed = x->from.seed >= 0 ? x->from.seed : s->seed[k];
            int j = 0;
            while (j < other->seeds && other->seed[j] != seed) j++;
            if (j == other->seeds)
                return error_usage(
                    e,
                    "train.init_from: the study '%s' has no seed %lld: add it to its "
                    "sweep.seeds, or leave it out here",
                    other->name, (long long)seed);
        }
    }
    return true;
}

bool arms_open(arms *a, study_file *s, error *e)
{
    *a = (arms){ 0 };
    bool ok = list_arms(a, s, e) && set_span(a, e) && resolve(a, s, e);
    for (int i = 0; ok && i < a->n; i++) {
        label(&a->arm[i], s);
        a->arm[i].seeds = s->start ? s->start : s->seeds;
        model_cost_of(&a->arm[i].cost, &a->arm[i].spec.model);
    }
    ok = ok && find_bases(a, s, e) && match(a, s, e) && check_sources(a, s, e) &&
         check_labels(a, e) && check_metric(a, s, e);
    if (!ok) arms_close(a);
    return ok;
}

bool arms_tune(arms *a, const study_file *s, const double *value, error *e)
{
    for (int i = 0; i < a->n; i++) {
        char setting[96];
        run_spec *spec = &a->arm[i].spec;
        snprintf(setting, sizeof setting, "%s=%.10g", s->tune.key->name, value[i]);
        if (!config_override(&spec->config, setting, e) ||
            !run_spec_resolve(spec, &spec->config, e))
            return error_where(e, "arm '%s'", a->arm[i].label);
    }
    return true;
}

void arms_close(arms *a)
{
    free(a->arm);
    source_close(a->sources);
    *a = (arms){ 0 };
}

void arm_spec(run_spec *spec, const arm *a, int seed)
{
    *spec = a->spec;
    spec->config.train.seed = spec->config.train.data_seed = seed;
}
