/* arms.c - the grid; see arms.h. */
#include "experiments/arms.h"

#include "core/db/metric.h"
#include "experiments/match.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The next combination, the last axis fastest; false after the last. */
static bool advance(int *at, const sweep *s)
{
    for (int i = s->axes - 1; i >= 0; i--) {
        if (++at[i] < s->axis[i].n) return true;
        at[i] = 0;
    }
    return false;
}

/* Does the combination have every value of a partial assignment? */
static bool covers(const sweep *s, const yaml_node *partial, const int *at)
{
    for (int i = 0; i < s->axes; i++) {
        const sweep_axis *x = &s->axis[i];
        const yaml_node *value = yaml_find(partial, x->key->name);
        if (value && !sweep_same(s, x->key, value, &x->value[at[i]])) return false;
    }
    return true;
}

static bool excluded(const sweep *s, const int *at)
{
    for (int i = 0; s->exclude && i < s->exclude->n; i++)
        if (covers(s, &s->exclude->item[i], at)) return true;
    return false;
}

/* "model.attention=mqa, model.context=512": an arm that has no label yet. */
static void describe(char *out, size_t size, const sweep *s, const int *at)
{
    char value[CONFIG_VALUE];
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; i < s->axes && n < size; i++) {
        sweep_value(value, sizeof value, &s->axis[i].value[at[i]]);
        n += (size_t)snprintf(out + n, size - n, "%s%s=%s", i ? ", " : "", s->axis[i].key->name,
                              value);
    }
}

static bool set_values(config *c, const sweep *s, const int *at, error *e)
{
    for (int i = 0; i < s->axes; i++)
        if (!config_set(c, s->axis[i].key, &s->axis[i].value[at[i]], e)) return false;
    return true;
}

static bool list_arms(arms *a, const sweep *s, error *e)
{
    int at[SWEEP_AXES] = { 0 };
    do {
        if (excluded(s, at)) continue;
        if (a->n == ARMS_MAX) return error_usage(e, "sweep.axes: more than %d arms", ARMS_MAX);
        arm *more = realloc(a->arm, (size_t)(a->n + 1) * sizeof *more);
        if (!more) return error_set(e, "no memory for %d arms", a->n + 1);
        a->arm = more;
        arm *new = &a->arm[a->n++];
        *new = (arm){ .base = -1, .c = s->base };
        memcpy(new->at, at, sizeof at);
        if (!set_values(&new->c, s, at, e)) return false;
    } while (advance(at, s));
    return a->n > 0 || error_usage(e, "sweep.exclude: leaves no arm");
}

/* Arms of different context read the same text: a span is the longest context of them all. */
static bool set_span(arms *a, error *e)
{
    char setting[64];
    int64_t longest = 0;
    for (int i = 0; i < a->n; i++)
        if (a->arm[i].c.model.context > longest) longest = a->arm[i].c.model.context;
    snprintf(setting, sizeof setting, "data.span=%lld", (long long)longest);
    for (int i = 0; i < a->n; i++) {
        config *c = &a->arm[i].c;
        if (!config_given(c, config_find("data.span")) && !config_override(c, setting, e))
            return false;
    }
    return true;
}

static bool resolve(arms *a, const sweep *s, error *e)
{
    for (int i = 0; i < a->n; i++) {
        char text[ARM_LABEL];
        if (config_resolve(&a->arm[i].c, e)) continue;
        describe(text, sizeof text, s, a->arm[i].at);
        return s->axes ? error_where(e, "arm %s", text) : false;
    }
    return true;
}

/* Axes with one value tell nothing.  The attention speaks for itself, a context is "@512". */
static void label(arm *a, const sweep *s)
{
    char value[CONFIG_VALUE];
    size_t n = 0;
    for (int i = 0; i < s->axes && n < sizeof a->label; i++) {
        const config_key *k = s->axis[i].key;
        const bool path = k->type == CONFIG_TEXT;
        if (s->axis[i].n == 1) continue;
        if (path)
            sweep_value(value, sizeof value, &s->axis[i].value[a->at[i]]);
        else
            config_value(value, sizeof value, &a->c, k);
        const char *leaf = strrchr(k->name, '.') + 1, *last = strrchr(value, '/');
        const char *sign = "=";
        if (k->type == CONFIG_SPECS) leaf = "", sign = "";
        if (strcmp(k->name, "model.context") == 0) leaf = "", sign = "@";
        n += (size_t)snprintf(a->label + n, sizeof a->label - n, "%s%s%s%s", n ? " " : "", leaf,
                              sign, path && last && last[1] ? last + 1 : value);
    }
    if (n == 0) config_value(a->label, sizeof a->label, &a->c, config_find("model.attention"));
}

/* No configuration twice, and no label. */
static bool check_labels(arms *a, error *e)
{
    char(*id)[CONFIG_ID] = calloc((size_t)a->n, sizeof *id);
    bool ok = id || error_set(e, "no memory for %d arms", a->n);
    for (int i = 0; ok && i < a->n; i++) {
        arm *x = &a->arm[i];
        config_id(&x->c, id[i]);
        for (int j = 0; ok && j < i; j++) {
            if (strcmp(id[i], id[j]) == 0 && x->c.train.replica == a->arm[j].c.train.replica)
                ok = error_usage(e, "sweep.axes: arms %d and %d are one configuration, '%s'", j + 1,
                                 i + 1, x->label);
            else if (strcmp(x->label, a->arm[j].label) == 0) { /* paths that end alike */
                const size_t room = sizeof x->label - 8, n = strlen(x->label);
                snprintf(x->label + (n < room ? n : room), 8, " #%d", i + 1);
            }
        }
    }
    free(id);
    return ok;
}

/* The arm with the baseline's values, all else the same. */
static bool find_bases(arms *a, const sweep *s, error *e)
{
    for (int i = 0; s->baseline && i < a->n; i++) {
        arm *x = &a->arm[i];
        if (covers(s, s->baseline, x->at)) continue;
        for (int j = 0; j < a->n && x->base < 0; j++) {
            bool same = covers(s, s->baseline, a->arm[j].at);
            for (int k = 0; k < s->axes; k++)
                if (!yaml_find(s->baseline, s->axis[k].key->name))
                    same = same && a->arm[j].at[k] == x->at[k];
            if (same) x->base = j;
        }
        if (x->base < 0)
            return error_usage(e, "sweep.exclude: leaves the arm '%s' without its baseline",
                               x->label);
    }
    return true;
}

/* The length that is compared must be one that every arm is evaluated at. */
static bool check_metric(const arms *a, sweep *s, error *e)
{
    const int64_t first = a->arm[0].c.model.context;
    char usual[METRIC_NAME];
    metric_write(usual, sizeof usual, METRIC_DEFAULT_TASK, METRIC_DEFAULT_SPLIT,
                 METRIC_DEFAULT_KIND, first);
    for (int i = 1; i < a->n && !*s->metric; i++)
        if (a->arm[i].c.model.context != first)
            return error_usage(e,
                               "sweep.metric: the context is an axis, so name one length that all "
                               "arms are evaluated at, such as %s",
                               usual);
    if (!*s->metric) snprintf(s->metric, sizeof s->metric, "%s", usual);
    metric m;
    if (!metric_parse(&m, s->metric, e)) return false;
    const int64_t length = m.context;
    for (int i = 0; i < a->n; i++) {
        const config_counts *t = &a->arm[i].c.eval.context;
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

static bool price(arms *a, error *e)
{
    for (int i = 0; i < a->n; i++) {
        model_config m;
        if (!config_model(&a->arm[i].c, &m, e)) return false;
        model_cost_of(&a->arm[i].cost, &m);
    }
    return true;
}

bool arms_open(arms *a, sweep *s, error *e)
{
    *a = (arms){ 0 };
    bool ok = list_arms(a, s, e) && set_span(a, e) && resolve(a, s, e);
    for (int i = 0; ok && i < a->n; i++) label(&a->arm[i], s);
    ok = ok && find_bases(a, s, e) && price(a, e) && match_arms(a, s, e) && check_labels(a, e) &&
         check_metric(a, s, e);
    if (!ok) arms_close(a);
    return ok;
}

void arms_close(arms *a)
{
    free(a->arm);
    *a = (arms){ 0 };
}

void arm_config(config *c, const arm *a, int seed)
{
    *c = a->c;
    c->train.seed = c->train.data_seed = seed;
}
