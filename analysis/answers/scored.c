/* scored.c - from the scores of runs to rows that are compared at once, and what is said of them.
 *
 * The statement is in scored.sql.
 */
#include "analysis/answers/scored.h"

#include "analysis/answers/sql.h"
#include "analysis/statistics/flip.h"
#include "core/base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const SCOPE[] = { "suite", "group", "task" };

const crossed_row *scored_at(const scored *k, int pair, int row)
{
    return &k->row[pair * k->scores->rows + row];
}

double scored_share(const crossed_row *r)
{
    const double v = r->se_items * r->se_items, all = v + r->se_seeds * r->se_seeds;
    return all > 0 ? v / all : NAN;
}

/* The items' part of every task, for one pair at the used seeds. */
static void fit_tasks(crossed_items *out, const comparison *c, const contrast_pair *p)
{
    const scores *k = c->study->scores;
    for (int t = 0; t < k->tasks; t++) {
        const size_t items = (size_t)k->task[t].items;
        double *d = error_zeroed((size_t)k->seeds * items, sizeof *d);
        int seeds = 0;
        for (int s = 0; s < k->seeds; s++) {
            if (!c->result.used[s]) continue;
            const double *arm = scores_items(k, t, p->arm, s),
                         *base = scores_items(k, t, p->base, s);
            for (size_t i = 0; i < items; i++) d[(size_t)seeds * items + i] = arm[i] - base[i];
            seeds++;
        }
        crossed_task(&out[t], d, k->task[t].weight, k->task[t].kind->accuracy, seeds, (int)items);
        free(d);
    }
}

/* One pair: the differences of all its rows (rows, seeds), their means and the items' part. */
static void fill_pair(scored *k, double *by_seed, const comparison *c, int pair)
{
    const scores *x = k->scores;
    const contrast_pair p = c->pair[pair];
    crossed_items *task = error_zeroed((size_t)x->tasks, sizeof *task);
    fit_tasks(task, c, &p);
    for (int r = 0; r < x->rows; r++) {
        const int at = pair * x->rows + r;
        crossed_row *row = &k->row[at];
        row->larger_is_better = x->row[r].kind->larger_is_better;
        /* A margin has the unit of the suite's own score. */
        const bool same = strcmp(x->row[r].kind->unit, x->row[0].kind->unit) == 0;
        row->margin = same ? c->asked.margin : NAN;
        crossed_sum(&row->items, task, x->row[r].weight, x->tasks);
        int n = 0;
        for (int s = 0; s < x->seeds; s++) {
            if (!c->result.used[s]) continue;
            const double arm = scores_value(x, r, p.arm, s), base = scores_value(x, r, p.base, s);
            by_seed[r * k->seeds + n++] = arm - base;
            k->arm[at] += arm / k->seeds, k->base[at] += base / k->seeds;
        }
    }
    free(task);
}

/* The verdict of a contrast is that of its first row. */
static void put_result(comparison *c, const scored *k, int pair)
{
    contrast *r = &c->result.row[pair];
    const crossed_row *x = scored_at(k, pair, 0);
    r->n = r->n_base = k->seeds;
    r->mean = k->arm[pair * k->scores->rows], r->base_mean = k->base[pair * k->scores->rows];
    r->diff = x->diff, r->se = hypot(x->se_seeds, x->se_items);
    r->lo = x->lo, r->hi = x->hi, r->inner_lo = x->inner_lo, r->inner_hi = x->inner_hi;
    r->p = NAN, r->p_adjusted = x->p_adjusted, r->p_equivalent = x->p_equivalent;
    r->verdict = x->verdict;
}

/* Nothing is known of a pair that is not compared. */
static void leave_pair(scored *k, int pair)
{
    for (int r = 0; r < k->scores->rows; r++) {
        crossed_row *x = &k->row[pair * k->scores->rows + r];
        *x = (crossed_row){ .diff = NAN, .se_seeds = NAN, .se_items = NAN, .these_lo = NAN };
        x->these_hi = x->lo = x->hi = x->inner_lo = x->inner_hi = x->mde = NAN;
        x->p_adjusted = x->p_equivalent = x->margin = NAN;
        k->arm[pair * k->scores->rows + r] = k->base[pair * k->scores->rows + r] = NAN;
    }
}

scored *scored_open(comparison *c)
{
    const scores *x = c->study->scores;
    const size_t pairs = (size_t)c->asked.pairs, rows = (size_t)x->rows, n = pairs * rows;
    scored *k = error_zeroed(1, sizeof *k);
    *k = (scored){ .scores = x,
                   .seeds = c->result.shared_seeds,
                   .row = error_zeroed(n, sizeof *k->row),
                   .arm = error_zeroed(n, sizeof *k->arm),
                   .base = error_zeroed(n, sizeof *k->base) };
    double *by_seed = error_zeroed(n * (size_t)k->seeds, sizeof *by_seed);
    crossed_row *tested = error_zeroed(n, sizeof *tested);
    int compared = 0;
    for (int i = 0; i < c->asked.pairs; i++) {
        if (!contrast_compared(&c->result, c->pair[i]) || !k->seeds) continue;
        fill_pair(k, by_seed + (size_t)compared * rows * (size_t)k->seeds, c, i);
        memcpy(tested + (size_t)compared++ * rows, k->row + (size_t)i * rows,
               rows * sizeof *tested);
    }
    crossed_compare(tested, by_seed, c->asked.alpha, true, compared * x->rows, k->seeds);
    for (int i = 0, at = 0; i < c->asked.pairs; i++) {
        if (!contrast_compared(&c->result, c->pair[i]) || !k->seeds) {
            leave_pair(k, i);
            continue;
        }
        memcpy(k->row + (size_t)i * rows, tested + (size_t)at++ * rows, rows * sizeof *tested);
        put_result(c, k, i);
    }
    free(by_seed), free(tested);
    return k;
}

void scored_close(scored *k)
{
    if (!k) return;
    free(k->row), free(k->arm), free(k->base);
    free(k);
}

static double finite(double x)
{
    return isfinite(x) ? x : NAN;
}

bool scored_record(const comparison *c, db *d, error *e)
{
    const scored *k = c->scored;
    bool ok = true;
    for (int i = 0; ok && i < c->asked.pairs; i++)
        for (int r = 0; ok && r < k->scores->rows; r++) {
            const crossed_row *x = scored_at(k, i, r);
            const scores_row *of = &k->scores->row[r];
            const int at = i * k->scores->rows + r;
            ok = db_run(d, e, sql_scored_store,
                        "iiintttnndddddddddddd"
                        "t",
                        c->cmp_id, c->study->arm[c->pair[i].arm].arm_id,
                        c->study->arm[c->pair[i].base].arm_id, r, SCOPE[of->scope], of->name,
                        of->group, of->items, k->seeds, k->arm[at], k->base[at], x->diff,
                        x->se_seeds, x->se_items, finite(x->these_lo), finite(x->these_hi),
                        finite(x->lo), finite(x->hi), x->p_adjusted, x->p_equivalent,
                        finite(x->mde), contrast_verdict_name(x->verdict));
        }
    return ok;
}

/* --- words ------------------------------------------------------------------------------------ */

static void put_procedure(notes *out, const comparison *c)
{
    const int n = c->scored->seeds, rows = c->scored->scores->rows * c->asked.pairs;
    if (n < 2) {
        notes_add(out, NOTE_INFO,
                  "Procedure: differences only: it takes two seeds that all arms share to know the "
                  "error of a difference between arms.");
        return;
    }
    notes_add(out, NOTE_INFO,
              "Procedure: paired by seed (n = %d) and by item, %d row%s tested at once. On these "
              "items: %s. Other items of this kind add their own error (variance components by "
              "restricted maximum likelihood, Student's t, Bonferroni); verdicts count both.",
              n, rows, rows == 1 ? "" : "s",
              flip_reaches(n, c->asked.alpha)
                  ? "joint sign-flips of whole seeds (max |t|), which assumes differences that "
                    "scatter symmetrically"
                  : "Student's t, Bonferroni, which assumes differences that are normal");
}

/* Tasks on which no arm is above guessing, or all are nearly always right: arms are alike there
 * whatever they can do. */
static void put_extremes(notes *out, const comparison *c)
{
    const scores *k = c->study->scores;
    for (int t = 0; t < k->tasks; t++) {
        const scores_task *x = &k->task[t];
        const double chance = isnan(x->chance) ? 0 : x->chance,
                     slack = fmax(0.02, 2 * sqrt(chance * (1 - chance) / x->items));
        double best = -INFINITY, least = INFINITY;
        for (int a = 0; a < k->arms; a++) {
            double sum = 0;
            int n = 0;
            for (int s = 0; s < k->seeds; s++) {
                const double mean = k->mean[(t * k->arms + a) * k->seeds + s];
                if (!isnan(mean)) sum += mean, n++;
            }
            if (n) best = fmax(best, sum / n), least = fmin(least, sum / n);
        }
        if (!x->kind->accuracy || isinf(best)) continue;
        if (best < chance + slack)
            notes_add(out, NOTE_WARNING,
                      "Task %s: no arm is above guessing (at best %.3f, guessing gives %.3g), so "
                      "it can't tell arms apart, and equal scores say nothing.",
                      x->name, best, chance);
        else if (least > 0.99)
            notes_add(out, NOTE_WARNING,
                      "Task %s: every arm is right on %.1f %% or more, so it is too easy to tell "
                      "them apart.",
                      x->name, 100 * least);
    }
}

void scored_notes(notes *out, const comparison *c)
{
    const scores *k = c->scored->scores;
    put_procedure(out, c);
    for (int t = 0; t < k->tasks; t++) {
        const scores_task *x = &k->task[t];
        if (x->items < x->all)
            notes_add(out, NOTE_WARNING,
                      "Of task %s %d of %d items are compared: the others have no %s in some run "
                      "(skipped as too long, or not a number).",
                      x->name, x->items, x->all, x->kind->name);
        if (x->items < 2)
            notes_add(out, NOTE_WARNING, "Task %s has one item, which says nothing about others.",
                      x->name);
        if (x->context[0] != x->context[1])
            notes_add(out, NOTE_INFO,
                      "Task %s was evaluated with items of up to %lld to %lld tokens, by run.",
                      x->name, (long long)x->context[0], (long long)x->context[1]);
    }
    put_extremes(out, c);
    if (k->other)
        notes_add(out, NOTE_WARNING,
                  "%lld evaluations of these runs are by another suite that is called %s too: they "
                  "are not compared. This one is %.12s.",
                  (long long)k->other, k->suite, k->sha256);
    for (int t = 0; t < k->tasks; t++)
        if (k->row[0].scope == SCORES_SUITE && k->row[0].weight[t] == 0)
            notes_add(out, NOTE_INFO,
                      "The mean of %s leaves out task %s: %s has another unit than %s.", k->suite,
                      k->task[t].name, k->task[t].kind->words, k->row[0].kind->words);
}

static int digits_for(double x)
{
    if (!(x > 0) || isinf(x)) return 4;
    const int digits = 1 - (int)floor(log10(x));
    return digits < 2 ? 2 : digits > 6 ? 6 : digits;
}

static void put_hint(FILE *out, const comparison *c, const crossed_row *r)
{
    const double share = scored_share(r);
    if (c->scored->seeds < 2) {
        fputs(" One seed says nothing about the next: run at least three.", out);
        return;
    }
    if (r->needed)
        fprintf(out,
                " If the true difference is the one seen, about %d seeds would show it to be %s "
                "(80 %% power).",
                r->needed, contrast_verdict_name(r->towards));
    else
        fputs(" If the true difference is the one seen, more seeds alone would not settle it.",
              out);
    if (share >= 0.5)
        fprintf(out, " Items make up %.0f %% of the error: more items would help more.",
                100 * share);
}

void scored_sentence(FILE *out, const comparison *c, int i, int row)
{
    const crossed_row *r = scored_at(c->scored, i, row);
    const scores_row *of = &c->scored->scores->row[row];
    const bool better = (r->diff > 0) == r->larger_is_better, said = isfinite(r->hi - r->lo);
    const int digits = digits_for(said ? (r->hi - r->lo) / 2 : fabs(r->diff) / 10);
    const double lo = r->diff > 0 ? r->lo : -r->hi, hi = r->diff > 0 ? r->hi : -r->lo;
    fprintf(out, "%s, %s against %s: ", of->name, c->study->arm[c->pair[i].arm].label,
            c->study->arm[c->pair[i].base].label);
    if (isnan(r->diff)) {
        fputs("not compared.\n", out);
        return;
    }
    fputs(contrast_verdict_name(r->verdict), out);
    if (r->verdict == CONTRAST_EQUIVALENT) fprintf(out, " within ±%g", r->margin);
    if (r->diff == 0)
        fputs(", no difference seen", out);
    else
        fprintf(out, ", %s%.*f%s%s",
                r->verdict == CONTRAST_BETTER || r->verdict == CONTRAST_WORSE ? "by "
                : better                                                      ? "better by "
                                                                              : "worse by ",
                digits, fabs(r->diff), *of->kind->unit ? " " : "", of->kind->unit);
    if (said)
        fprintf(out, " (%.*g %% simultaneous: %.*f to %.*f", number_level_digits(c->asked.alpha),
                100 * (1 - c->asked.alpha), digits, table_rounded(lo, digits), digits,
                table_rounded(hi, digits));
    fprintf(out, "%s%d seed%s, %d item%s).", said ? ", " : " (", c->scored->seeds,
            c->scored->seeds == 1 ? "" : "s", of->items, of->items == 1 ? "" : "s");
    if (r->verdict == CONTRAST_UNDECIDED) put_hint(out, c, r);
    fputc('\n', out);
}
