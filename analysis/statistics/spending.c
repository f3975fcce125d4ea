/* spending.c - the joint distribution of Student's t at several looks, by integration, one value
 * at a time.
 *
 * T depends on the direction of x = (x_1 ... x_n) alone, which is uniform on a sphere and
 * independent of the length.  Let p be the angle between x and the plane that is perpendicular to
 * (1 ... 1):
 *
 *     T = sqrt(n - 1) tan(p),      density of p ~ cos(p)^(n - 2)
 *
 * One more value turns the direction by an angle q that is independent of all before, with density
 * ~ cos(q)^(n - 1):
 *
 *     sqrt(n + 1) sin(p') = cos(q) sqrt(n) sin(p) + sin(q)
 *
 * So p is a Markov chain, though T is not a sum of independent parts.  With G(p) the probability
 * that no look before has crossed its critical value and that the angle is at most p, each value
 * takes one integral over q, and each look cuts G off at its critical angle.
 */
#include "analysis/statistics/spending.h"

#include "analysis/statistics/student.h"
#include "core/base/error.h"

#include <assert.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <math.h>

enum { GRID = 256, NODES = 96 };
#define REACH 8.5 /* standard deviations; what lies beyond is less than 1e-16 */
#define POWER 1.5

/* G at GRID + 1 equal steps from lo to hi; 0 below lo, and `whole` above hi. */
typedef struct chain {
    int n; /* values so far */
    double lo, hi, whole, g[GRID + 1];
} chain;

double spending_share(double alpha, int n, int max)
{
    return alpha * pow((double)n / max, POWER);
}

/* The largest angle that matters with n values: nearly all of the sphere lies below it. */
static double widest(int n)
{
    return REACH * REACH < n ? asin(REACH / sqrt(n)) : M_PI_2;
}

/* G(p), by the cubic through the four nearest nodes. */
static double chain_at(const chain *k, double p)
{
    if (p <= k->lo) return 0;
    if (p >= k->hi) return k->whole;
    const double x = (p - k->lo) / (k->hi - k->lo) * GRID;
    int i = (int)x - 1;
    if (i < 0) i = 0;
    if (i > GRID - 3) i = GRID - 3;
    const double u = x - i, *g = k->g + i;
    return -g[0] * (u - 1) * (u - 2) * (u - 3) / 6 + g[1] * u * (u - 2) * (u - 3) / 2 -
           g[2] * u * (u - 1) * (u - 3) / 2 + g[3] * u * (u - 1) * (u - 2) / 6;
}

/* Before any look, of n values: Student's t itself. */
static void chain_start(chain *k, int n)
{
    *k = (chain){ .n = n, .lo = -widest(n), .hi = widest(n), .whole = 1 };
    for (int i = 0; i <= GRID; i++) {
        const double p = k->lo + (k->hi - k->lo) * i / GRID;
        const double t = sqrt(n - 1) * tan(p);
        k->g[i] = i == 0 ? 0 : i == GRID ? 1 : 1 - student_above(t, n - 1);
    }
}

/* One more value. */
static void chain_add(chain *k, const gsl_integration_glfixed_table *rule)
{
    double q[NODES], weight[NODES], sum = 0;
    const double most = widest(k->n);
    for (size_t j = 0; j < NODES; j++) {
        gsl_integration_glfixed_point(-most, most, j, &q[j], &weight[j], rule);
        weight[j] *= pow(cos(q[j]), k->n - 1);
        sum += weight[j];
    }
    chain next = { .n = k->n + 1, .lo = -widest(k->n + 1), .hi = widest(k->n + 1) };
    next.whole = k->whole;
    const double root = sqrt(k->n), root_next = sqrt(next.n);
    for (int i = 0; i <= GRID; i++) {
        const double x = root_next * sin(next.lo + (next.hi - next.lo) * i / GRID);
        double g = 0;
        for (int j = 0; j < NODES; j++) {
            const double y = (x - sin(q[j])) / (root * cos(q[j]));
            g += weight[j] * (y <= -1 ? 0 : y >= 1 ? k->whole : chain_at(k, asin(y)));
        }
        next.g[i] = g / sum;
    }
    *k = next;
}

/* Cut off what has crossed: everything above `angle` and, on two sides, below its negative. */
static void chain_cut(chain *k, double angle, bool two_sided)
{
    chain rest = { .n = k->n, .lo = two_sided ? -angle : k->lo, .hi = angle };
    if (rest.hi > k->hi) rest.hi = k->hi;
    if (rest.lo < k->lo) rest.lo = k->lo;
    const double below = chain_at(k, rest.lo);
    for (int i = 0; i <= GRID; i++)
        rest.g[i] = chain_at(k, rest.lo + (rest.hi - rest.lo) * i / GRID) - below;
    rest.whole = rest.g[GRID];
    *k = rest;
}

typedef struct tail {
    const chain *k;
    bool two_sided;
} tail;

/* Minus what lies beyond an angle: it rises with the angle, as student_halve wants. */
static double inside(double angle, const void *context)
{
    const tail *t = context;
    const double above = t->k->whole - chain_at(t->k, angle);
    return -(above + (t->two_sided ? chain_at(t->k, -angle) : 0));
}

void spending_bounds(double *c, const int *n, const double *spent, bool two_sided, int looks)
{
    gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(NODES);
    if (!rule) error_memory();
    chain k = { 0 };
    for (int i = 0; i < looks; i++) {
        c[i] = INFINITY;
        if (n[i] < 2 || n[i] == k.n) continue;
        assert(n[i] > k.n && spent[i] > 0 && spent[i] < 1);
        const bool first = k.n == 0;
        if (first) chain_start(&k, n[i]);
        while (k.n < n[i]) chain_add(&k, rule);
        const double share = spent[i] - (1 - k.whole);
        if (!(share > 0)) continue;
        tail t = { &k, two_sided };
        double angle;
        if (first) { /* closed form */
            c[i] = student_critical(two_sided ? share / 2 : share, n[i] - 1);
            angle = atan(c[i] / sqrt(n[i] - 1));
        } else {
            angle = student_halve(inside, &t, -share, two_sided ? 0 : k.lo, k.hi, 1e-10);
            c[i] = sqrt(n[i] - 1) * tan(angle);
        }
        if (angle < k.hi) chain_cut(&k, angle, two_sided);
    }
    gsl_integration_glfixed_table_free(rule);
}
