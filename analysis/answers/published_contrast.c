/* published_contrast.c - binomial errors of published scores, t over benchmarks, and what follows.
 */
#include "analysis/answers/published_contrast.h"

#include "analysis/statistics/student.h"
#include "core/base/number.h"
#include "core/base/table.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Half of the last digit that was printed. */
static double rounding(const published_model *m, int c)
{
    return 0.5 * pow(10, -m->digits[c]);
}

/* The mean of the columns that a printed mean is of, and whether the two agree but for rounding;
 * yes if one of them is not known. */
static bool mean_agrees(double *mean, const published *p, const published_model *m, int c)
{
    const published_column *k = &p->column[c];
    double slack = rounding(m, c);
    *mean = 0;
    for (int i = 0; i < k->parts; i++) {
        *mean += m->score[k->part[i]] / k->parts;
        slack += rounding(m, k->part[i]) / k->parts;
    }
    return !(fabs(*mean - m->score[c]) > slack + 1e-9);
}

/* The binomial variance of a score, in squared points; NaN if it has none.  A printed mean has that
 * of the mean of its parts, if that is what it is. */
static double variance_of(const published *p, const published_model *m, int c)
{
    const published_column *k = &p->column[c];
    if (k->counts) return m->score[c] * (100 - m->score[c]) / m->items[c];
    double mean, sum = k->parts && mean_agrees(&mean, p, m, c) ? 0 : NAN;
    for (int i = 0; i < k->parts; i++) {
        const int part = k->part[i];
        if (p->column[part].parts) return NAN;
        sum += variance_of(p, m, part);
    }
    return sum / ((double)k->parts * k->parts);
}

/* How many more answers are right, if that can be told. */
static void count_right(published_difference *d, const published_model *a, const published_model *b,
                        int c)
{
    if (!(a->items[c] == b->items[c])) return;
    const double n = a->items[c] / 100;
    d->right = round(a->score[c] * n) - round(b->score[c] * n);
    d->exact = rounding(a, c) * n < 0.5 && rounding(b, c) * n < 0.5;
}

static void fill(published_contrast *k, const published *p)
{
    const published_model *a = &p->model[k->model], *b = &p->model[k->base];
    double *d = error_zeroed((size_t)p->columns, sizeof *d), squares = 0;
    for (int c = 0; c < p->columns; c++) {
        published_difference *x = &k->column[c];
        *x = (published_difference){ .diff = a->score[c] - b->score[c], .right = NAN };
        /* Sums of decimals: without the noise of their last bits. */
        x->diff = round(1e9 * x->diff) / 1e9;
        x->se = sqrt(variance_of(p, a, c) + variance_of(p, b, c));
        x->z = x->se > 0 ? x->diff / x->se : NAN;
        x->lo = x->hi = NAN;
        if (p->column[c].counts) count_right(x, a, b, c);
        if (p->column[c].parts || isnan(x->diff)) continue;
        d[k->tasks++] = x->diff;
        k->better += x->diff > 0, k->worse += x->diff < 0;
        squares += x->se * x->se;
    }
    const size_t n = (size_t)k->tasks;
    k->mean = n ? gsl_stats_mean(d, 1, n) : NAN;
    k->sd = n > 1 ? gsl_stats_sd(d, 1, n) : NAN;
    k->t = k->mean / (k->sd / sqrt(k->tasks));
    k->p = 2 * student_above(fabs(k->t), k->tasks - 1);
    k->se = sqrt(squares) / k->tasks;
    free(d);
}

void published_compare(published_contrast *out, const published *p, int (*pair)[2], double alpha,
                       int n)
{
    int family = 0;
    for (int i = 0; i < n; i++) {
        out[i] = (published_contrast){ .model = pair[i][0], .base = pair[i][1] };
        out[i].column = error_zeroed((size_t)p->columns, sizeof *out[i].column);
        fill(&out[i], p);
        for (int c = 0; c < p->columns; c++) family += out[i].column[c].se > 0;
    }
    for (int i = 0; i < n; i++)
        for (int c = 0; c < p->columns; c++) {
            published_difference *x = &out[i].column[c];
            if (!(x->se > 0)) continue;
            const double half = student_critical(alpha / 2 / family, INFINITY) * x->se;
            x->lo = x->diff - half, x->hi = x->diff + half;
        }
}

void published_contrast_close(published_contrast *out, int n)
{
    for (int i = 0; i < n; i++) free(out[i].column);
}

/* --- checks ----------------------------------------------------------------------------------- */

static void check_mean(notes *out, const published *p, const published_model *m, int c)
{
    const published_column *k = &p->column[c];
    double sum;
    int alone = -1, same = 0;
    if (mean_agrees(&sum, p, m, c)) return;
    for (int i = 0; i < k->parts; i++)
        if (m->score[k->part[i]] == m->score[c]) alone = k->part[i], same++;
    if (same == 1)
        notes_add(out, NOTE_WARNING,
                  "%s of %s is printed as %.*f, but the mean of %s is %.2f: it is %s alone.",
                  k->name, m->name, m->digits[c], m->score[c], k->mean_of, sum,
                  p->column[alone].name);
    else
        notes_add(out, NOTE_WARNING, "%s of %s is printed as %.*f, but the mean of %s is %.2f.",
                  k->name, m->name, m->digits[c], m->score[c], k->mean_of, sum);
}

void published_check(notes *out, const published *p)
{
    enum { NEAR = 5 }; /* points */
    for (int c = 0; c < p->columns; c++)
        for (int m = 0; m < p->models; m++)
            if (p->column[c].parts) check_mean(out, p, &p->model[m], c);
    for (int c = 0; c < p->columns; c++) {
        double best = -INFINITY;
        for (int m = 0; m < p->models; m++)
            if (p->model[m].score[c] > best) best = p->model[m].score[c];
        if (best - p->column[c].chance < NEAR)
            notes_add(out, NOTE_INFO,
                      "%s: guessing gives %.3g %%, and no model is more than %.1f points above it.",
                      p->column[c].name, p->column[c].chance, fmax(0, best - p->column[c].chance));
    }
}

/* --- words ------------------------------------------------------------------------------------ */

static const char *number_word(int n, char text[16])
{
    static const char *const WORD[] = { "no", "one", "two", "three", "four", "five" };
    if (n < (int)(sizeof WORD / sizeof *WORD)) return WORD[n];
    snprintf(text, 16, "%d", n);
    return text;
}

/* "HumanEval: 7.9 against 7.3 is one problem of 164." */
static void say_few(FILE *out, const published *p, const published_contrast *c)
{
    enum { FEW = 5 };
    char text[16];
    for (int k = 0; k < p->columns; k++) {
        const published_difference *x = &c->column[k];
        if (!x->exact || x->right == 0 || fabs(x->right) > FEW) continue;
        const published_model *a = &p->model[c->model], *b = &p->model[c->base];
        fprintf(out, " %s: %.*f against %.*f is %s problem%s of %.0f.", p->column[k].name,
                a->digits[k], a->score[k], b->digits[k], b->score[k],
                number_word((int)fabs(x->right), text), fabs(x->right) == 1 ? "" : "s",
                a->items[k]);
    }
}

/* The benchmarks whose interval excludes 0. */
static void say_beyond(FILE *out, const published *p, const published_contrast *c, double alpha)
{
    int known = 0, beyond = 0;
    for (int k = 0; k < p->columns; k++) known += c->column[k].se > 0;
    if (!known) {
        fputs(
            " The table gives no number of right answers for these scores, so their errors are not "
            "known.",
            out);
        return;
    }
    for (int k = 0; k < p->columns; k++) {
        const published_difference *x = &c->column[k];
        if (!(x->lo > 0 || x->hi < 0)) continue;
        fprintf(out, "%s%s (%+.1f)",
                beyond++ ? ", " : " More than other items would change: ", p->column[k].name,
                x->diff);
    }
    if (beyond)
        fputc('.', out);
    else
        fprintf(out,
                " No benchmark differs by more than other items would change (%.*g %% "
                "simultaneous, %d with a binomial error).",
                number_level_digits(alpha), 100 * (1 - alpha), known);
}

void published_say(FILE *out, const published *p, const published_contrast *c, double alpha)
{
    fprintf(out, "%s against %s: ", p->model[c->model].name, p->model[c->base].name);
    if (!c->tasks) {
        fputs("no benchmark has a score of both.\n", out);
        return;
    }
    fprintf(out, "%+.2f points on average over %d benchmark%s", table_rounded(c->mean, 2), c->tasks,
            c->tasks == 1 ? "" : "s");
    if (c->tasks > 1 && c->sd > 0)
        fprintf(out, " (sd %.2f, t(%d) = %.2f, p = %.2g)", c->sd, c->tasks - 1,
                table_rounded(c->t, 2), c->p);
    fprintf(out, "; better on %d, worse on %d, equal on %d.", c->better, c->worse,
            c->tasks - c->better - c->worse);
    say_beyond(out, p, c, alpha);
    say_few(out, p, c);
    fputc('\n', out);
}
