/* trends.c - the pairs along an axis of sizes, a line through the differences of each seed. */
#define _GNU_SOURCE /* asprintf */
#include "analysis/answers/trends.h"

#include "analysis/data/axes.h"
#include "analysis/statistics/procedure.h"
#include "analysis/statistics/verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const trends_sizes[] = { "params", "flops", "axis", NULL };

static double size_of(const study *s, const axes *x, int arm, const char *key, trends_size by)
{
    switch (by) {
    case TRENDS_PARAMS:
        return (double)s->arm[arm].n_params;
    case TRENDS_FLOPS:
        return s->arm[arm].train_flops * study_tokens(s, arm);
    default:
        return axes_number(x, arm, key);
    }
}

/* --- rows ------------------------------------------------------------------------------------- */

/* A pair along the axis: of which row, and its size. */
typedef struct place {
    int row;
    double size;
} place;

/* Number the rows: pairs whose arms and bases agree in all other axes.  row -1: not along the axis.
 */
static int number_rows(place *at, const comparison *c, const axes *x, const char *key,
                       trends_size by)
{
    axes_groups rest = axes_without(x, key, NULL), level = axes_by(x, key);
    int rows = 0;
    for (int i = 0; i < c->asked.pairs; i++) {
        const contrast_pair p = c->pair[i];
        at[i] = (place){ -1, size_of(c->study, x, p.base, key, by) };
        if (level.of[p.arm] != level.of[p.base] || !contrast_compared(&c->result, p) ||
            !(at[i].size > 0))
            continue;
        for (int k = 0; k < i && at[i].row < 0; k++)
            if (at[k].row >= 0 && rest.of[c->pair[k].arm] == rest.of[p.arm] &&
                rest.of[c->pair[k].base] == rest.of[p.base])
                at[i].row = at[k].row;
        if (at[i].row < 0) at[i].row = rows++;
    }
    axes_groups_close(&rest), axes_groups_close(&level);
    return rows;
}

/* The pairs of a row, by size. */
static void take_pairs(trends_row *r, const place *at, int row, int pairs)
{
    r->pair = error_zeroed((size_t)pairs, sizeof *r->pair);
    for (int i = 0; i < pairs; i++) {
        if (at[i].row != row) continue;
        int k = r->levels++;
        for (; k > 0 && at[r->pair[k - 1]].size > at[i].size; k--) r->pair[k] = r->pair[k - 1];
        r->pair[k] = i;
    }
}

static void fit(trends_row *r, const comparison *c, const place *at)
{
    const int S = c->asked.seeds, shared = c->result.shared_seeds;
    const size_t n = (size_t)r->levels;
    r->arm = c->pair[r->pair[0]].arm, r->base = c->pair[r->pair[0]].base;
    r->lo = r->hi = r->p = NAN;
    r->size = error_zeroed(n, sizeof *r->size), r->u = error_zeroed(n, sizeof *r->u);
    r->d = error_zeroed(n * (size_t)shared, sizeof *r->d);
    for (int l = 0; l < r->levels; l++) {
        const contrast_pair p = c->pair[r->pair[l]];
        int k = 0;
        r->size[l] = at[r->pair[l]].size, r->u[l] = log2(r->size[l]);
        for (int s = 0; s < S; s++)
            if (c->result.used[s])
                r->d[l * shared + k++] = c->y[p.arm * S + s] - c->y[p.base * S + s];
    }
    trend_fit(&r->line, r->u, r->d, r->levels, shared);
}

/* Test the slopes by the procedure of the comparison. */
static void test(trends *t, const comparison *c)
{
    procedure_estimate *row = error_zeroed((size_t)t->n, sizeof *row);
    double *by_seed = error_zeroed((size_t)t->n * (size_t)t->seeds, sizeof *by_seed);
    for (int i = 0; i < t->n; i++) {
        row[i].value = t->row[i].line.slope;
        for (int s = 0; s < t->seeds; s++)
            by_seed[i * t->seeds + s] = trend_slope(&t->row[i].line, s);
    }
    c->result.procedure->combine(row, by_seed, t->alpha, t->n, t->seeds);
    for (int i = 0; i < t->n; i++)
        t->row[i].lo = row[i].lo, t->row[i].hi = row[i].hi, t->row[i].p = row[i].p_adjusted;
    free(row), free(by_seed);
}

static void close_row(trends_row *r)
{
    free(r->pair), free(r->size), free(r->u), free(r->d), free(r->name), free(r->against);
}

/* An arm without the axis; its label if nothing else varies. */
static char *name_of(const comparison *c, const axes_groups *rest, int arm)
{
    const char *text = rest->text[rest->of[arm]];
    char *name = strdup(*text ? text : c->study->arm[arm].label);
    if (!name) error_memory();
    return name;
}

static void name_rows(trends *t, const comparison *c, const axes *x, const char *key)
{
    axes_groups rest = axes_without(x, key, NULL);
    for (int i = 0; i < t->n; i++) {
        t->row[i].name = name_of(c, &rest, t->row[i].arm);
        t->row[i].against = name_of(c, &rest, t->row[i].base);
    }
    axes_groups_close(&rest);
}

/* Keep the rows of two or more sizes. */
static bool fill(trends *t, const comparison *c, const axes *x, const char *key, error *e)
{
    const int pairs = c->asked.pairs;
    place *at = error_zeroed((size_t)pairs, sizeof *at);
    const int rows = number_rows(at, c, x, key, t->by);
    bool equal = false;
    t->row = error_zeroed((size_t)rows, sizeof *t->row);
    for (int i = 0; i < rows; i++) {
        trends_row *r = &t->row[t->n];
        *r = (trends_row){ 0 };
        take_pairs(r, at, i, pairs);
        bool distinct = r->levels > 1 && r->levels <= TREND_LEVELS && t->seeds > 0;
        for (int l = 1; l < r->levels; l++) {
            const bool same = at[r->pair[l]].size == at[r->pair[l - 1]].size;
            distinct = distinct && !same, equal = equal || same;
        }
        if (distinct)
            fit(r, c, at), t->n++;
        else
            close_row(r);
    }
    free(at);
    name_rows(t, c, x, key);
    if (t->n) return true;
    return equal ? error_usage(e,
                               "--trend '%s': some of its levels have the same size by %s: choose "
                               "another with --by",
                               key, trends_sizes[t->by])
                 : error_usage(e,
                               "--trend '%s': no arm is compared with its baseline at two or more "
                               "of its levels, with finished runs at seeds that all arms share",
                               key);
}

bool trends_open(trends *t, const comparison *c, const char *axis, trends_size by, error *e)
{
    axes x;
    *t = (trends){ .by = by,
                   .alpha = c->asked.alpha,
                   .margin = c->asked.margin,
                   .seeds = c->result.shared_seeds };
    axes_open(&x, c->study);
    const char *key = axes_find(&x, "--trend", axis, e);
    bool ok = key != NULL;
    if (ok && by == TRENDS_AXIS && !axes_numeric(&x, key))
        ok = error_usage(e, "--trend '%s': its levels are no numbers: use --by params or flops",
                         key);
    ok = ok && fill(t, c, &x, key, e);
    if (ok && !(t->axis = strdup(key))) error_memory();
    axes_close(&x);
    if (ok && verdict_paired(&c->result) && c->result.procedure->combine) test(t, c);
    if (!ok) trends_close(t);
    return ok;
}

void trends_close(trends *t)
{
    for (int i = 0; i < t->n; i++) close_row(&t->row[i]);
    free(t->row), free(t->axis);
    *t = (trends){ 0 };
}

char *trends_axis(const comparison *c)
{
    axes x;
    char *found = NULL;
    axes_open(&x, c->study);
    for (int i = 0; i < x.keys && !found; i++) {
        error ignored;
        trends t;
        if (!trends_open(&t, c, x.key[i], TRENDS_PARAMS, &ignored)) continue;
        trends_close(&t);
        if (!(found = strdup(x.key[i]))) error_memory();
    }
    axes_close(&x);
    return found;
}

/* --- words ------------------------------------------------------------------------------------ */

const char *trends_verdict(const trends *t, const trends_row *r)
{
    const double from = r->u[0], to = r->u[r->levels - 1];
    const double first = trend_at(&r->line, from), last = trend_at(&r->line, to);
    const double most = fmax(fabs(r->lo), fabs(r->hi)) * (to - from);
    if (!isnan(t->margin) && most <= t->margin) return "stays";
    if (!(r->lo > 0 || r->hi < 0)) return "undecided";
    return first * last < 0 ? "changes sign" : fabs(last) > fabs(first) ? "grows" : "closes";
}

/* A number as people write it: 1.32M. */
void trends_number(char *out, size_t size, double x)
{
    static const char *const UNIT[] = { "", "k", "M", "G", "T", "P", "E" };
    int k = 0;
    while (k < 6 && fabs(x) >= 999.5) x /= 1000, k++;
    snprintf(out, size, "%.3g%s", x, UNIT[k]);
}

void trends_size_text(char *out, size_t size, const trends *t, double x)
{
    char number[32];
    trends_number(number, sizeof number, x);
    snprintf(out, size, "%s%s%s", number, t->by == TRENDS_AXIS ? "" : " ",
             t->by == TRENDS_PARAMS  ? "parameters"
             : t->by == TRENDS_FLOPS ? "FLOPs"
                                     : "");
}

int trends_digits(const trends_row *r)
{
    const double size = isfinite(r->hi - r->lo) ? r->hi - r->lo : fabs(r->line.slope);
    const int wanted = size > 0 ? 2 - (int)floor(log10(size)) : 4;
    return wanted < 2 ? 2 : wanted > 8 ? 8 : wanted;
}

/* "+0.031 at 29.5k, ..." */
static void differences(char *out, size_t size, const trends_row *r, const comparison *c,
                        int digits)
{
    size_t n = 0;
    for (int l = 0; l < r->levels && n < size; l++) {
        char at[32];
        trends_number(at, sizeof at, r->size[l]);
        n += (size_t)snprintf(out + n, size - n, "%s%+.*f at %s", l ? ", " : "", digits,
                              table_rounded(c->result.row[r->pair[l]].diff, digits), at);
    }
}

void trends_print(const trends *t, const comparison *c, double to, table_format f, FILE *out)
{
    static const char *const NAME[] = { "arm",         "against",    "by",    "n",
                                        "differences", "a_doubling", "ci_lo", "ci_hi",
                                        "p_adjusted",  "gap",        "at",    "predicted",
                                        "pi_lo",       "pi_hi" };
    const int columns = isnan(to) ? 10 : 14;
    table k;
    table_open(&k, f, out, columns, NAME);
    for (int i = 0; i < t->n; i++) {
        const trends_row *r = &t->row[i];
        const int digits = trends_digits(r);
        char text[512] = "";
        differences(text, sizeof text, r, c, digits);
        table_text(&k, r->name), table_text(&k, r->against);
        table_text(&k, trends_sizes[t->by]), table_int(&k, t->seeds), table_text(&k, text);
        table_real(&k, r->line.slope, digits);
        table_real(&k, r->lo, digits), table_real(&k, r->hi, digits);
        table_probability(&k, r->p), table_text(&k, trends_verdict(t, r));
        if (isnan(to)) continue;
        const trend_point p = trend_predict(&r->line, log2(to), t->alpha);
        table_real(&k, to, 0), table_real(&k, p.value, digits);
        table_real(&k, p.lo, digits), table_real(&k, p.hi, digits);
    }
    table_close(&k);
}

/* "1.3 times", "12 times" */
static void times(char *out, size_t size, double factor)
{
    snprintf(out, size, factor < 10 ? "%.2g times" : "%.0f times", factor);
}

static void note_backtest(notes *out, const trends *t, const comparison *c, const trends_row *r)
{
    char size[64];
    const int digits = trends_digits(r), last = r->levels - 1;
    const trend_point p = trend_backtest(&r->line, t->alpha);
    const double seen = c->result.row[r->pair[last]].diff;
    if (isnan(p.lo)) return;
    trends_size_text(size, sizeof size, t, r->size[last]);
    notes_add(out, NOTE_INFO,
              "'%s': the smaller sizes would have predicted %+.*f (%+.*f to %+.*f) for %s, where "
              "it is %+.*f.",
              r->name, digits, p.value, digits, p.lo, digits, p.hi, size, digits, seen);
}

void trends_notes(notes *out, const trends *t, const comparison *c, double to)
{
    char size[64], far[32], span[32];
    notes_add(out, NOTE_INFO,
              "a_doubling: what a doubling of the size adds to the difference, with a simultaneous "
              "%g %% interval. A gap stays if that is within the margin from the smallest size to "
              "the largest.",
              100 * (1 - t->alpha));
    for (int i = 0; i < t->n; i++) note_backtest(out, t, c, &t->row[i]);
    if (isnan(to)) return;
    const trends_row *r = &t->row[0];
    const double first = r->size[0], last = r->size[r->levels - 1];
    trends_size_text(size, sizeof size, t, to);
    if (r->levels < 3) {
        notes_add(out, NOTE_WARNING,
                  "A line through two sizes fits them whatever the truth is, so the prediction "
                  "for %s has no interval: three sizes are the least, four or five are better.",
                  size);
        return;
    }
    times(span, sizeof span, last / first);
    times(far, sizeof far, to > last ? to / last : first / to);
    if (to >= first && to <= last)
        notes_add(out, NOTE_INFO, "%s lies between the sizes tried.", size);
    else
        notes_add(out,
                  log2(to / last) > log2(last / first) || log2(first / to) > log2(last / first)
                      ? NOTE_WARNING
                      : NOTE_INFO,
                  "%s is %s the %s size tried, and the sizes tried span %s. The interval holds if "
                  "the difference goes on along a line in the logarithm of the size with as much "
                  "scatter as here, which nothing in these data can show.",
                  size, far, to > last ? "largest" : "smallest", span);
}
