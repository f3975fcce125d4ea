/* conformance_gradient.c - backward against differences of forward, for x and each parameter w.
 *
 *     <dw, u> = d/dh <dy, y(w + h u)>
 *
 * u is random; the claimed gradient, where the signal is largest; and parts of it.  One step h
 * cannot suit all: a gradient that a unit norm concentrates in few entries bends within a step that
 * rounding demands elsewhere.  So the differences, central and of fourth order, are taken on a
 * ladder of h,
 *
 *     h = 10^-1, 10^-1.5, ... 10^-6
 *
 * and three rungs in a row that agree have converged; the estimate is the middle one, and its error
 * at most their spread (as in Ridders, Accurate computation of F'(x), 1982, without extrapolation).
 * Only what has converged is compared.  Sums are in float64, and h u is what float32 makes of it.
 */
#include "tests/conformance.h"
#include "tests/promise.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { RUNGS = 11, PARTS = 4 };

static const double SLACK = 5e-3;    /* of the slope: what a right gradient may differ by      */
static const double SPREAD = 1e-2;   /* of the slope: rungs that agree, along the gradient     */
static const double ROUNDING = 2e-6; /* of sum |dy y|: a slope that rounding may make          */
static const double ENOUGH = 1e-3;   /* of the slope: a spread that needs no smaller h */

/* What is varied, and what backward says of it. */
typedef struct target {
    const trial *t;
    float *at;         /* the tensor that forward reads    */
    const float *grad; /* its claimed gradient             */
    size_t n;
    const float *dy;
    double rounding; /* a slope that rounding may make   */
    double noise;    /* the same, at h = 1               */
} target;

typedef struct ladder {
    int n; /* rungs climbed */
    double h[RUNGS], slope[RUNGS], claim[RUNGS];
    int best;      /* the middle of the three rungs that agree best */
    double spread; /* of their differences from the claim           */
} ladder;

/* One rung: the slope at h and the claimed slope for the very same points. */
static void climb(ladder *l, const target *g, const float *u, float *keep, float *y[4], double h)
{
    static const int STEP[] = { -2, -1, 1, 2 }, WEIGHT[] = { 1, -8, 8, -1 };
    const rig *r = &g->t->r;
    double slope = 0, claim = 0;
    for (int i = 0; i < 4; i++) {
        for (size_t j = 0; j < g->n; j++) {
            g->at[j] = keep[j] + (float)(STEP[i] * h) * u[j];
            claim += WEIGHT[i] * (double)g->grad[j] * ((double)g->at[j] - keep[j]);
        }
        r->v->forward(&r->l, y[i], g->t->x);
    }
    memcpy(g->at, keep, g->n * sizeof *keep);
    for (size_t j = 0; j < g->t->n; j++)
        slope += g->dy[j] * (8 * ((double)y[2][j] - y[1][j]) - ((double)y[3][j] - y[0][j]));
    l->h[l->n] = h, l->slope[l->n] = slope / (12 * h), l->claim[l->n] = claim / (12 * h);
    l->n++;
}

/* Take the last three rungs if they agree better than all before, or if `last` well enough. */
static void weigh(ladder *l, bool last)
{
    double low = INFINITY, high = -INFINITY;
    if (l->n < 3) return;
    for (int i = l->n - 3; i < l->n; i++) {
        const double gap = l->slope[i] - l->claim[i];
        low = fmin(low, gap), high = isnan(gap) ? INFINITY : fmax(high, gap);
    }
    const double slope = fmax(fabs(l->claim[l->n - 2]), fabs(l->slope[l->n - 2]));
    if (high - low < l->spread || (last && high - low <= SPREAD * slope))
        l->spread = high - low, l->best = l->n - 2;
}

static double size_of(const ladder *l)
{
    return fmax(fabs(l->claim[l->best]), fabs(l->slope[l->best]));
}

/* Climb until three rungs agree, or if `last` all the way: what saturates is straight at large h
 * too. */
static void measure(ladder *l, const target *g, const float *u, bool last)
{
    float *keep = rig_block("a copy", g->n, 0), *y[4];
    for (int i = 0; i < 4; i++) y[i] = rig_block("y", g->t->n, NAN);
    memcpy(keep, g->at, g->n * sizeof *keep);
    *l = (ladder){ .spread = INFINITY };
    for (int i = 0; i < RUNGS; i++) {
        climb(l, g, u, keep, y, pow(10, -1 - i / 2.0));
        weigh(l, last);
        if (!last && l->spread <= ENOUGH * size_of(l)) break;
    }
    for (int i = 0; i < 4; i++) rig_free(y[i]);
    rig_free(keep);
}

/* What is wrong with a gradient; all 0 if nothing is. */
typedef struct flaw {
    bool wrong;
    char text[256];
    ladder l; /* none climbed: there is nothing to print */
    double allowed;
} flaw;

__attribute__((format(printf, 2, 3))) static void set(flaw *f, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(f->text, sizeof f->text, fmt, args);
    va_end(args);
    f->wrong = true;
}

/* Is the claimed slope along u what differences say?  `along` names the direction. */
static void measure_once(flaw *f, const target *g, const float *u, const char *along,
                         bool must_converge, bool last)
{
    ladder *l = &f->l;
    measure(l, g, u, last);
    const double is = l->slope[l->best], claim = l->claim[l->best], size = size_of(l);
    f->wrong = false;
    f->allowed =
        SLACK * size + 2 * fmin(l->spread, SPREAD * size) + g->rounding + g->noise / l->h[l->best];
    if (l->spread > SPREAD * size + g->rounding) {
        if (must_converge)
            set(f, "along %s differences of forward do not converge: is it smooth?", along);
    } else if (!(fabs(is - claim) <= f->allowed)) {
        if (is == 0)
            set(f, "along %s backward says %.6g, but y does not change", along, claim);
        else
            set(f, "along %s backward says %.6g, differences converge to %.6g, a ratio of %.4f",
                along, claim, is, claim / is);
    }
}

/* Rounding may agree by chance, but not in two directions, and a slope at large h may be that of
 * something saturated: what is wrong along u has to be wrong along a neighbour of u, where all
 * rungs are climbed. */
static void compare(flaw *f, const target *g, float *u, const char *along, bool must_converge)
{
    if (f->wrong) return;
    measure_once(f, g, u, along, must_converge, false);
    if (!f->wrong) return;
    for (size_t j = 0; j < g->n; j++) u[j] *= 1 + 0.3f * rig_uniform();
    measure_once(f, g, u, along, must_converge, true);
}

/* u is the gradient in entries from..to, scaled to rms 1, and 0 elsewhere.  False if it is 0. */
static bool along_gradient(float *u, const target *g, size_t from, size_t to)
{
    const double rms =
        sqrt(rig_dot(g->grad + from, g->grad + from, to - from) / (double)(to - from));
    memset(u, 0, g->n * sizeof *u);
    for (size_t j = from; j < to && rms > 0; j++) u[j] = (float)(g->grad[j] / rms);
    return rms > 0;
}

static void check_tensor(flaw *f, const target *g)
{
    char along[64];
    const size_t nan = rig_nan(g->grad, g->n);
    *f = (flaw){ 0 };
    if (nan < g->n) {
        set(f, "entry %zu is NaN: 0 / 0, or scratch that is not written?", nan);
        return;
    }
    float *u = rig_block("a direction", g->n, 1);
    compare(f, g, u, "a random direction", false);
    if (along_gradient(u, g, 0, g->n)) compare(f, g, u, "itself", true);
    for (size_t i = 0; i < PARTS && g->n >= 4 * PARTS; i++) {
        const size_t from = g->n * i / PARTS, to = g->n * (i + 1) / PARTS;
        snprintf(along, sizeof along, "its entries %zu to %zu", from, to - 1);
        if (!along_gradient(u, g, from, to)) rig_fill(u + from, to - from, 1);
        compare(f, g, u, along, false);
    }
    rig_free(u);
}

static void print_ladder(const flaw *f)
{
    const ladder *l = &f->l;
    if (l->n)
        promise_detail("allowed: %.3g (%.3g of the slope, twice the spread, rounding)", f->allowed,
                       SLACK);
    for (int i = 0; i < l->n; i++)
        promise_detail("h = %-8.2g differences say %-12.6g backward %-12.6g ratio %.4f%s", l->h[i],
                       l->slope[i], l->claim[i], l->claim[i] / l->slope[i],
                       i == l->best ? "  <- converged here" : "");
}

/* Report the flaws.  Which gradients are right tells where backward goes wrong. */
static void report(const flaw *f, char (*name)[STORE_TEXT], int n)
{
    char list[2][TENSOR_MAX * STORE_TEXT] = { "", "" };
    for (int i = 0; i < n; i++) {
        char *text = list[f[i].wrong];
        snprintf(text + strlen(text), sizeof list[0] - strlen(text), "%s%.*s", *text ? ", " : "",
                 (int)strcspn(name[i], " "), name[i]);
    }
    for (int i = 0; i < n; i++) {
        if (!f[i].wrong) continue;
        promise_broken("gradient of %s: %s", name[i], f[i].text);
        print_ladder(&f[i]);
        promise_detail("wrong: %s; right: %s", list[1], *list[0] ? list[0] : "none");
        promise_end();
    }
}

/* A second pass overwrites dx and doubles the gradients of the weights. */
static void check_twice(const trial *t, float *y, const float *dx, const float *dy)
{
    const rig *r = &t->r;
    float *again = rig_block("dx", t->n, NAN), *once[TENSOR_MAX];
    for (int i = 0; i < r->dw.n; i++) {
        const size_t n = tensor_floats(&r->dw.spec[i]);
        once[i] = rig_block("a copy", n, 0);
        memcpy(once[i], r->dw.at[i], n * sizeof(float));
    }
    rig_forward(r, y, t->x);
    memcpy(again, dx, t->n * sizeof *dx);
    rig_backward(r, again, dy, t->x);
    promise(rig_gap(dx, again, t->n) <= 1e-5f,
            "overwrite: backward adds to dx, but has to overwrite it");
    for (int i = 0; i < r->dw.n; i++) {
        const size_t n = tensor_floats(&r->dw.spec[i]);
        double worst = 0, most = 0;
        for (size_t j = 0; j < n; j++) {
            worst = fmax(worst, fabs(r->dw.at[i][j] - 2.0 * once[i][j]));
            most = fmax(most, fabs(once[i][j]));
        }
        promise(worst <= 1e-4 * most + 1e-6,
                "accumulate of %s: backward overwrites its gradient, but has to add to it",
                r->dw.spec[i].name);
        rig_free(once[i]);
    }
    rig_free(again);
}

void check_gradient(const trial *t)
{
    const rig *r = &t->r;
    float *y = rig_block("y", t->n, NAN), *dy = rig_block("dy", t->n, 1),
          *dx = rig_block("dx", t->n, NAN);
    double work = 0, square = 0;
    store_fill(&r->dw, 0);
    rig_forward(r, y, t->x);
    rig_backward(r, dx, dy, t->x);
    if (rig_nan(dx, t->n) < t->n) { /* it was NaN before: is it added to? */
        rig_fill(dx, t->n, 0);
        rig_backward(r, dx, dy, t->x);
        promise(rig_nan(dx, t->n) < t->n,
                "overwrite: backward adds to dx, but has to overwrite it");
    }
    for (size_t i = 0; i < t->n; i++) {
        const double part = fabs((double)dy[i] * y[i]);
        work += part, square += part * part;
    }

    static flaw flaws[TENSOR_MAX + 1];
    static char name[TENSOR_MAX + 1][STORE_TEXT];
    const tensor_spec like = { "x", { r->l.dims.B, r->l.dims.T, r->l.dims.D } };
    target g = {
        .t = t, .dy = dy, .rounding = ROUNDING * work, .noise = FLT_EPSILON * sqrt(square)
    };
    for (int i = 0; i < r->w.n; i++) {
        store_describe(name[i], &r->w.spec[i]);
        g.at = r->w.at[i], g.grad = r->dw.at[i], g.n = tensor_floats(&r->w.spec[i]);
        check_tensor(&flaws[i], &g);
    }
    store_describe(name[r->w.n], &like);
    g.at = t->x, g.grad = dx, g.n = t->n;
    check_tensor(&flaws[r->w.n], &g);
    report(flaws, name, r->w.n + 1);
    check_twice(t, y, dx, dy);
    rig_free(y), rig_free(dy), rig_free(dx);
}
