/* budget.c - time and seeds of designs. */
#include "analysis/statistics/budget.h"

#include <math.h>

double budget_seconds(const budget_time *measured, int size, double tokens, int n)
{
    double w = 0, x = 0, y = 0, xx = 0, xy = 0, squares = 0, products = 0;
    for (int i = 0; i < n; i++) {
        if (measured[i].size != size) continue;
        w++, x += measured[i].tokens, y += measured[i].seconds;
        squares += measured[i].tokens * measured[i].tokens;
        products += measured[i].tokens * measured[i].seconds;
    }
    if (!(w > 0)) return NAN;
    xx = squares - x * x / w, xy = products - x * y / w;
    double rate = xx > 0 ? xy / xx : y / x, fixed = (y - rate * x) / w;
    if (fixed < 0) fixed = 0, rate = products / squares;
    if (rate < 0) rate = y / x, fixed = 0;
    return fixed + rate * tokens;
}

double budget_total(const budget_question *q, double seconds, int seeds)
{
    return seconds * ((double)seeds * q->arms / q->jobs + 1 - 1.0 / q->jobs);
}

static int seeds_that_fit(const budget_question *q, double seconds)
{
    const double n = floor((q->seconds / seconds - 1 + 1.0 / q->jobs) * q->jobs / q->arms);
    return n < PROMISE_SEEDS ? 0 : n > PROMISE_MOST ? PROMISE_MOST : (int)n;
}

void budget_fit(budget_row *row, forecast *f, const promise_pilot *pilot, int pilots,
                const budget_time *measured, int times, const budget_question *q)
{
    const double seconds = budget_seconds(measured, row->size, row->tokens, times);
    const int most = seeds_that_fit(q, seconds);
    row->spread = promise_predict(pilot, row->size, row->tokens, pilots);
    row->seeds = most, row->run_seconds = seconds;
    int n = most ? most : PROMISE_SEEDS;
    row->promise = promise_make(f, row->spread, q->effect, q->margin, n);
    if (most && row->promise.chance >= q->power) {
        int lo = PROMISE_SEEDS - 1;
        while (n - lo > 1) {
            const int middle = lo + (n - lo) / 2;
            const promise p = promise_make(f, row->spread, q->effect, q->margin, middle);
            if (p.chance >= q->power)
                n = middle, row->promise = p;
            else
                lo = middle;
        }
        row->seeds = n;
    }
    row->seconds = budget_total(q, seconds, n);
    row->core_seconds = seconds * n * q->arms;
}

int budget_choose(const budget_row *row, double power, int n)
{
    int most = -1, likeliest = -1;
    for (int i = 0; i < n; i++) {
        if (!row[i].seeds) continue;
        if (likeliest < 0 || row[i].promise.chance > row[likeliest].promise.chance) likeliest = i;
        if (!(row[i].promise.chance >= power)) continue;
        if (most < 0 || row[i].run_seconds > row[most].run_seconds) most = i;
    }
    return most < 0 ? likeliest : most;
}
