/* interaction.c - find the pairs that lie along an axis, and test how their differences change. */
#include "analysis/answers/interaction.h"

#include "analysis/data/axes.h"
#include "analysis/statistics/procedure.h"
#include "analysis/statistics/verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "{arm without the axis} {base without it}": pairs with the same name belong together. */
static char *name_of(const axes *x, contrast_pair p, const char *key)
{
    char *part[2];
    for (int i = 0; i < 2; i++) {
        json_t *rest = json_copy(x->of[i ? p.base : p.arm]);
        json_object_del(rest, key);
        part[i] = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS);
        json_decref(rest);
        if (!part[i]) error_memory();
    }
    const size_t size = strlen(part[0]) + strlen(part[1]) + 2;
    char *name = error_zeroed(size, 1);
    snprintf(name, size, "%s %s", part[0], part[1]);
    free(part[0]), free(part[1]);
    return name;
}

/* A set of pairs along an axis. */
typedef struct group {
    char *name;
    int n, *pair; /* indices of pairs, ascending in x */
} group;

/* The level of the i-th pair of a group. */
static double level(const group *g, const comparison *c, const axes *x, const char *key, int i)
{
    return axes_number(x, c->pair[g->pair[i]].arm, key);
}

static void sort_pairs(group *g, const comparison *c, const axes *x, const char *key)
{
    for (int i = 1; i < g->n; i++)
        for (int k = i; k > 0 && level(g, c, x, key, k) < level(g, c, x, key, k - 1); k--) {
            const int swap = g->pair[k];
            g->pair[k] = g->pair[k - 1], g->pair[k - 1] = swap;
        }
}

static int find_groups(group *g, const comparison *c, const axes *x, const char *key)
{
    int n = 0;
    for (int i = 0; i < c->asked.pairs; i++) {
        const contrast_pair p = c->pair[i];
        const double number = axes_number(x, p.arm, key);
        if (isnan(number) || number != axes_number(x, p.base, key)) continue;
        if (!contrast_compared(&c->result, p)) continue;
        char *name = name_of(x, p, key);
        int k = 0;
        while (k < n && strcmp(g[k].name, name) != 0) k++;
        if (k == n) {
            g[n++] = (group){ name, 0, error_zeroed((size_t)c->asked.pairs, sizeof(int)) };
        } else {
            free(name);
        }
        g[k].pair[g[k].n++] = i;
    }
    for (int k = 0; k < n; k++) sort_pairs(&g[k], c, x, key);
    return n;
}

/* Weights of the least-squares slope on log2 x. */
static void put_weights(double *w, const double *x, int n)
{
    double mean = 0, square = 0;
    for (int i = 0; i < n; i++) mean += log2(x[i]) / n;
    for (int i = 0; i < n; i++) square += (log2(x[i]) - mean) * (log2(x[i]) - mean);
    for (int i = 0; i < n; i++) w[i] = (log2(x[i]) - mean) / square;
}

/* The difference of a pair at a seed. */
static double difference(const comparison *c, int pair, int seed)
{
    const contrast_pair p = c->pair[pair];
    const int S = c->asked.seeds;
    return c->y[p.arm * S + seed] - c->y[p.base * S + seed];
}

/* Fill in a row except its test, and its slope at each seed. */
static void describe(interaction *r, double *slope, const comparison *c, const group *g,
                     const axes *x, const char *key)
{
    const size_t n = (size_t)g->n;
    *r = (interaction){ .axis = strdup(key),
                        .levels = g->n,
                        .x = error_zeroed(n, sizeof(double)),
                        .diff = error_zeroed(n, sizeof(double)),
                        .pair = error_zeroed(n, sizeof(int)),
                        .arm = c->pair[g->pair[0]].arm,
                        .base = c->pair[g->pair[0]].base,
                        .n = c->result.shared_seeds,
                        .lo = NAN,
                        .hi = NAN,
                        .p_adjusted = NAN };
    double *w = error_zeroed(n, sizeof *w);
    if (!r->axis) error_memory();
    for (int l = 0; l < g->n; l++) {
        r->x[l] = level(g, c, x, key, l);
        r->diff[l] = c->result.row[g->pair[l]].diff;
        r->pair[l] = g->pair[l];
    }
    put_weights(w, r->x, g->n);
    for (int l = 0; l < g->n; l++) r->slope += w[l] * r->diff[l];
    int k = 0;
    for (int s = 0; s < c->asked.seeds; s++) {
        if (!c->result.used[s]) continue;
        for (int l = 0; l < g->n; l++) slope[k] += w[l] * difference(c, g->pair[l], s);
        k++;
    }
    free(w);
}

/* Test the slopes, by_seed (n, shared seeds), by the procedure of the comparison. */
static void test(interaction *r, const double *by_seed, const comparison *c, int n)
{
    procedure_estimate *row = error_zeroed((size_t)n, sizeof *row);
    for (int i = 0; i < n; i++) row[i].value = r[i].slope;
    c->result.procedure->combine(row, by_seed, c->asked.alpha, n, c->result.shared_seeds);
    for (int i = 0; i < n; i++)
        r[i].lo = row[i].lo, r[i].hi = row[i].hi, r[i].p_adjusted = row[i].p_adjusted;
    free(row);
}

static void add_axis(interactions *k, const comparison *c, const axes *x, const char *key)
{
    const size_t pairs = (size_t)c->asked.pairs, seeds = (size_t)c->result.shared_seeds;
    group *g = error_zeroed(pairs, sizeof *g);
    double *slope = error_zeroed(pairs * seeds, sizeof *slope);
    const int found = find_groups(g, c, x, key);
    int n = 0;
    interaction *row = k->row + k->n;
    for (int i = 0; i < found; i++) {
        bool distinct = g[i].n > 1;
        for (int l = 1; l < g[i].n; l++)
            distinct = distinct && level(&g[i], c, x, key, l) > level(&g[i], c, x, key, l - 1);
        if (!distinct) {
            free(g[i].name), free(g[i].pair);
            continue;
        }
        describe(&row[n], slope + (size_t)n * seeds, c, &g[i], x, key);
        g[n++] = g[i];
    }
    if (n && verdict_paired(&c->result) && !c->staged) test(row, slope, c, n);
    k->n += n;
    for (int i = 0; i < n; i++) free(g[i].name), free(g[i].pair);
    free(g), free(slope);
}

void interaction_find(interactions *k, const comparison *c)
{
    *k = (interactions){ 0 };
    axes x;
    axes_open(&x, c->study);
    k->row = error_zeroed((size_t)c->asked.pairs * (size_t)x.keys, sizeof *k->row);
    for (int i = 0; i < x.keys; i++) add_axis(k, c, &x, x.key[i]);
    axes_close(&x);
}

void interaction_close(interactions *k)
{
    for (int i = 0; i < k->n; i++) {
        free(k->row[i].axis), free(k->row[i].x), free(k->row[i].diff);
        free(k->row[i].pair);
    }
    free(k->row);
    *k = (interactions){ 0 };
}

const char *interaction_verdict(const interaction *r)
{
    return r->lo > 0 ? "rises" : r->hi < 0 ? "falls" : "undecided";
}

int interaction_digits(const interaction *r)
{
    const double size = isfinite(r->hi - r->lo) ? r->hi - r->lo : fabs(r->slope);
    const int wanted = size > 0 ? 2 - (int)floor(log10(size)) : 4;
    return wanted < 2 ? 2 : wanted > 8 ? 8 : wanted;
}

void interaction_print(const interactions *k, const comparison *c, table_format f, FILE *out)
{
    table t;
    table_open(&t, f, out, 10,
               (const char *[]){ "arm", "against", "axis", "n", "differences", "a_doubling",
                                 "ci_lo", "ci_hi", "p_adjusted", "verdict" });
    for (int i = 0; i < k->n; i++) {
        const interaction *r = &k->row[i];
        const int digits = interaction_digits(r);
        char text[512] = "";
        for (int l = 0; l < r->levels; l++) {
            const size_t n = strlen(text);
            snprintf(text + n, sizeof text - n, "%s%+.*f at %.10g", l ? ", " : "", digits,
                     table_rounded(r->diff[l], digits), r->x[l]);
        }
        table_text(&t, c->study->arm[r->arm].label), table_text(&t, c->study->arm[r->base].label);
        table_text(&t, r->axis), table_int(&t, r->n), table_text(&t, text);
        table_real(&t, r->slope, digits), table_real(&t, r->lo, digits);
        table_real(&t, r->hi, digits), table_probability(&t, r->p_adjusted);
        table_text(&t, interaction_verdict(r));
    }
    table_close(&t);
}
