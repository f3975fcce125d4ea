/* test_scan.c - linear recurrences against the recurrence itself, position by position in float64,
 * with a backward pass of its own that is checked by differences. */
#include "core/compute/scan.h"
#include "core/compute/threads.h"
#include "tests/floats.h"

/* Whether decays and the delta rule take part. */
enum { PLAIN, DECAY = 1, DELTA = 2, KINDS = 4 };

typedef struct problem {
    scan s;
    int kind;
    float *q, *k, *v, *decay, *beta, *dO;
} problem;

static size_t rows_of(const scan *s)
{
    return (size_t)s->B * s->S * s->H;
}

/* Keys have a length of about 1, or the delta rule diverges. */
static problem problem_open(scan s, int kind, float strongest)
{
    problem p = { .s = s, .kind = kind };
    const size_t n = rows_of(&s);
    p.q = random_floats(n * s.E, 1), p.k = random_floats(n * s.E, 1.5f / sqrtf((float)s.E));
    p.v = random_floats(n * s.Ev, 1), p.dO = random_floats(n * s.Ev, 1);
    p.decay = random_floats(n, strongest / 2), p.beta = random_floats(n, 0.5f);
    for (size_t i = 0; i < n; i++) p.decay[i] -= strongest / 2, p.beta[i] += 0.5f;
    return p;
}

static void problem_close(problem *p)
{
    free(p->q), free(p->k), free(p->v), free(p->decay), free(p->beta), free(p->dO);
}

static double *doubles(size_t n)
{
    double *x = calloc(n ? n : 1, sizeof *x);
    assert_non_null(x);
    return x;
}

/* The definition, for one head of one sequence; S (positions + 1, E, Ev) keeps every state. */
static void define(double *o, double *S, double *r, const problem *p, size_t b, size_t h)
{
    const scan *s = &p->s;
    const size_t E = s->E, V = s->Ev;
    for (size_t t = 0; t < (size_t)s->S; t++, S += E * V) {
        const size_t at = (b * s->S + t) * s->H + h;
        const float *q = p->q + at * E, *k = p->k + at * E, *v = p->v + at * V;
        const double a = p->kind & DECAY ? exp(p->decay[at]) : 1;
        for (size_t j = 0; j < V; j++) {
            double old = 0, sum = 0;
            for (size_t i = 0; i < E; i++) old += a * S[i * V + j] * k[i];
            r[t * V + j] = p->kind & DELTA ? v[j] - old : v[j];
            const double u = (p->kind & DELTA ? p->beta[at] : 1) * r[t * V + j];
            for (size_t i = 0; i < E; i++) {
                S[(E + i) * V + j] = a * S[i * V + j] + k[i] * u;
                sum += S[(E + i) * V + j] * q[i];
            }
            o[at * V + j] = s->scale * sum;
        }
    }
}

typedef struct gradients {
    double *q, *k, *v, *decay, *beta;
} gradients;

/* Through the definition, from the last position to the first. */
static void define_backward(gradients *g, const double *S, const double *r, const problem *p,
                            size_t b, size_t h)
{
    const scan *s = &p->s;
    const size_t E = s->E, V = s->Ev;
    double *dS = doubles(E * V), *du = doubles(V);
    for (size_t t = (size_t)s->S; t-- > 0;) {
        const size_t at = (b * s->S + t) * s->H + h;
        const float *q = p->q + at * E, *k = p->k + at * E, *dO = p->dO + at * V;
        const double *before = S + t * E * V, *after = before + E * V;
        const double a = p->kind & DECAY ? exp(p->decay[at]) : 1;
        const double beta = p->kind & DELTA ? p->beta[at] : 1;
        memset(du, 0, V * sizeof *du);
        for (size_t i = 0; i < E; i++)
            for (size_t j = 0; j < V; j++) {
                g->q[at * E + i] += s->scale * after[i * V + j] * dO[j];
                dS[i * V + j] += s->scale * q[i] * dO[j];
                du[j] += dS[i * V + j] * k[i];
                g->k[at * E + i] += dS[i * V + j] * beta * r[t * V + j];
            }
        for (size_t j = 0; j < V; j++) {
            g->v[at * V + j] = beta * du[j];
            if (p->kind & DELTA) g->beta[at] += du[j] * r[t * V + j];
        }
        double da = 0;
        for (size_t i = 0; i < E; i++)
            for (size_t j = 0; j < V; j++) {
                const double old = before[i * V + j];
                da += dS[i * V + j] * old;
                dS[i * V + j] *= a;
                if (!(p->kind & DELTA)) continue;
                const double dr = beta * du[j];
                da -= dr * k[i] * old;
                g->k[at * E + i] -= dr * a * old;
                dS[i * V + j] -= dr * a * k[i];
            }
        g->decay[at] = a * da;
    }
    free(dS), free(du);
}

static double *define_all(gradients *g, const problem *p)
{
    const scan *s = &p->s;
    const size_t n = rows_of(s), T = (size_t)s->S, E = s->E, V = s->Ev;
    double *o = doubles(n * V), *S = doubles((T + 1) * E * V), *r = doubles(T * V);
    if (g)
        *g = (gradients){ doubles(n * E), doubles(n * E), doubles(n * V), doubles(n), doubles(n) };
    for (size_t b = 0; b < (size_t)s->B; b++)
        for (size_t h = 0; h < (size_t)s->H; h++) {
            define(o, S, r, p, b, h);
            if (g) define_backward(g, S, r, p, b, h);
        }
    free(S), free(r);
    return o;
}

static void gradients_close(gradients *g)
{
    free(g->q), free(g->k), free(g->v), free(g->decay), free(g->beta);
}

/* The oracle's own gradient, by differences in float64; an input is a float, so the step is one. */
static void test_oracle(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        problem p = problem_open((scan){ 1, 9, 2, 4, 3, 0.5f }, kind, 0.7f);
        const size_t n = rows_of(&p.s);
        gradients g;
        free(define_all(&g, &p));
        const struct {
            float *x;
            const double *dx;
            size_t n;
            bool used;
        } INPUT[] = { { p.q, g.q, n * 4, true },
                      { p.k, g.k, n * 4, true },
                      { p.v, g.v, n * 3, true },
                      { p.decay, g.decay, n, kind & DECAY },
                      { p.beta, g.beta, n, kind & DELTA } };
        for (size_t i = 0; i < sizeof INPUT / sizeof *INPUT; i++)
            for (size_t j = 0; INPUT[i].used && j < INPUT[i].n; j++) {
                double loss[2] = { 0 };
                const float keep = INPUT[i].x[j], step = 0x1p-10f;
                for (int side = 0; side < 2; side++) {
                    INPUT[i].x[j] = side ? keep + step : keep - step;
                    double *o = define_all(NULL, &p);
                    for (size_t m = 0; m < n * 3; m++) loss[side] += o[m] * p.dO[m];
                    free(o);
                }
                const double slope = (loss[1] - loss[0]) / ((double)(keep + step) - (keep - step));
                INPUT[i].x[j] = keep;
                assert_float_equal(slope, INPUT[i].dx[j], 1e-4);
            }
        gradients_close(&g), problem_close(&p);
    }
}

/* |got - want| <= tolerance times the root mean square of want, or of 1e-2 if that is less. */
static void expect_close(const char *what, const problem *p, const float *got, const double *want,
                         size_t n, double tolerance)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += want[i] * want[i];
    const double unit = fmax(sqrt(sum / (double)n), 1e-2);
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= tolerance * (unit + fabs(want[i]))))
            fail_msg("%s[%zu] is %.9g, not %.9g (kind %d, B %d S %d H %d E %d Ev %d)", what, i,
                     got[i], want[i], p->kind, p->s.B, p->s.S, p->s.H, p->s.E, p->s.Ev);
}

/* What the variant gives to the functions of scan.h, all poisoned. */
typedef struct outputs {
    float *o, *states, *r, *dq, *dk, *dv, *ddecay, *dbeta, *dstate;
} outputs;

static outputs outputs_open(const scan *s)
{
    const size_t n = rows_of(s), heads = (size_t)s->B * s->H, floats = (size_t)s->E * s->Ev;
    return (outputs){ .o = random_floats(n * s->Ev, NAN),
                      .states = random_floats(heads * scan_chunks(s->S) * floats, NAN),
                      .r = random_floats(n * s->Ev, NAN),
                      .dq = random_floats(n * s->E, NAN),
                      .dk = random_floats(n * s->E, NAN),
                      .dv = random_floats(n * s->Ev, NAN),
                      .ddecay = random_floats(n, NAN),
                      .dbeta = random_floats(n, NAN),
                      .dstate = random_floats(heads * floats, NAN) };
}

static void outputs_close(outputs *x)
{
    free(x->o), free(x->states), free(x->r), free(x->dq), free(x->dk), free(x->dv);
    free(x->ddecay), free(x->dbeta), free(x->dstate);
}

static void forward(outputs *x, const problem *p)
{
    scan_forward(x->o, x->states, x->r, p->q, p->k, p->v, p->kind & DECAY ? p->decay : NULL,
                 p->kind & DELTA ? p->beta : NULL, &p->s);
}

static void backward(outputs *x, const problem *p)
{
    const bool decay = p->kind & DECAY, delta = p->kind & DELTA;
    scan_backward(x->dq, x->dk, x->dv, decay ? x->ddecay : NULL, delta ? x->dbeta : NULL, x->dstate,
                  p->dO, x->states, delta ? x->r : p->v, p->q, p->k, decay ? p->decay : NULL,
                  delta ? p->beta : NULL, &p->s);
}

static void check(scan s, int kind, float strongest)
{
    problem p = problem_open(s, kind, strongest);
    const size_t n = rows_of(&s);
    outputs x = outputs_open(&s);
    gradients g;
    double *o = define_all(&g, &p);
    forward(&x, &p);
    backward(&x, &p);
    expect_close("o", &p, x.o, o, n * s.Ev, 2e-5);
    expect_close("dq", &p, x.dq, g.q, n * s.E, 2e-5);
    expect_close("dk", &p, x.dk, g.k, n * s.E, 2e-5);
    expect_close("dv", &p, x.dv, g.v, n * s.Ev, 2e-5);
    if (kind & DECAY) expect_close("ddecay", &p, x.ddecay, g.decay, n, 5e-5);
    if (kind & DELTA) expect_close("dbeta", &p, x.dbeta, g.beta, n, 2e-5);
    free(o), gradients_close(&g), outputs_close(&x), problem_close(&p);
}

/* Every remainder of a chunk that a block of the triangular system, or the chunk, could mind. */
static void test_lengths(void **state)
{
    (void)state;
    static const int LENGTH[] = { 1, 2, 15, 16, 17, 33, 63, 64, 65, 79, 128, 129, 200 };
    for (size_t i = 0; i < sizeof LENGTH / sizeof *LENGTH; i++)
        for (int kind = 0; kind < KINDS; kind++)
            check((scan){ 2, LENGTH[i], 3, 5, 4, 0.7f }, kind, 0.5f);
}

static void test_widths(void **state)
{
    (void)state;
    static const int WIDTH[][2] = { { 1, 1 },   { 1, 7 },   { 16, 32 },
                                    { 33, 17 }, { 512, 3 }, { 2, 512 } };
    for (size_t i = 0; i < sizeof WIDTH / sizeof *WIDTH; i++)
        for (int kind = 0; kind < KINDS; kind++)
            check((scan){ 1, 70, 2, WIDTH[i][0], WIDTH[i][1], 1 }, kind, 0.5f);
}

/* Decays from none to one that leaves nothing, and a sequence of many chunks. */
static void test_decays(void **state)
{
    (void)state;
    static const float STRONGEST[] = { 0, 1e-4f, 3, 40, 300 };
    for (size_t i = 0; i < sizeof STRONGEST / sizeof *STRONGEST; i++)
        for (int kind = DECAY; kind < KINDS; kind += DELTA)
            check((scan){ 1, 150, 2, 8, 8, 1 }, kind, STRONGEST[i]);
    for (int kind = 0; kind < KINDS; kind++) check((scan){ 1, 3000, 1, 8, 8, 1 }, kind, 0.02f);
}

/* A sequence in parts, each after the other, is the sequence. */
static void test_extend(void **state)
{
    (void)state;
    static const int PART[][6] = {
        { 1, 1, 1, 1, 1, 145 }, { 150 }, { 64, 64, 22 }, { 63, 2, 65, 20 }
    };
    for (size_t i = 0; i < sizeof PART / sizeof *PART; i++)
        for (int kind = 0; kind < KINDS; kind++) {
            const scan whole = { 1, 150, 2, 6, 5, 0.5f };
            problem p = problem_open(whole, kind, 0.5f);
            outputs x = outputs_open(&whole);
            double *o = define_all(NULL, &p);
            float *kept = random_floats((size_t)2 * 6 * 5, 0);
            int t = 0;
            for (int j = 0; t < whole.S; t += PART[i][j], j++) {
                scan part = whole;
                part.S = PART[i][j];
                const size_t at = (size_t)t * 2;
                scan_extend(x.o + at * 5, kept, x.r + at * 5, p.q + at * 6, p.k + at * 6,
                            p.v + at * 5, kind & DECAY ? p.decay + at : NULL,
                            kind & DELTA ? p.beta + at : NULL, &part);
            }
            assert_int_equal(t, whole.S);
            expect_close("o in parts", &p, x.o, o, (size_t)150 * 2 * 5, 2e-5);
            free(o), free(kept), outputs_close(&x), problem_close(&p);
        }
}

/* A position that is NaN or infinite changes no bit of an earlier one, and is not forgotten. */
static void test_odd(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int t = 1; t < 130; t += 9)
            for (int input = 0; input < 4; input++) {
                const scan s = { 1, 130, 1, 6, 5, 1 };
                problem p = problem_open(s, kind, 0.5f);
                outputs x = outputs_open(&s);
                forward(&x, &p);
                float *o = copy(x.o, 130 * 5);
                if (input == 0) p.q[t * 6 + 1] = NAN;
                if (input == 1) p.k[t * 6 + 1] = NAN;
                if (input == 2) p.v[t * 5 + 1] = INFINITY;
                if (input == 3) p.v[t * 5 + 1] = NAN;
                forward(&x, &p);
                assert_memory_equal(x.o, o, sizeof *o * t * 5);
                assert_false(isfinite(x.o[t * 5 + 1]));
                if (input > 0) assert_false(isfinite(x.o[129 * 5 + 1]));
                free(o), outputs_close(&x), problem_close(&p);
            }
}

/* A job of several threads, of which only the first has work. */
typedef struct job {
    outputs *x;
    const problem *p;
} job;

static void run(void *arg, int thread)
{
    const job *j = arg;
    if (thread > 0) return;
    forward(j->x, j->p);
    backward(j->x, j->p);
}

static void test_threads(void **state)
{
    (void)state;
    const scan s = { 2, 200, 3, 16, 16, 1 };
    const size_t n = rows_of(&s) * 16;
    problem p = problem_open(s, DECAY | DELTA, 0.5f);
    outputs one = outputs_open(&s), many = outputs_open(&s);
    error e;
    threads *pool;
    forward(&one, &p), backward(&one, &p);
    assert_true(threads_open(&pool, 3, &e));
    threads_run(pool, run, &(job){ &many, &p });
    threads_close(pool);
    assert_memory_equal(one.o, many.o, n * sizeof(float));
    assert_memory_equal(one.dq, many.dq, n * sizeof(float));
    assert_memory_equal(one.dk, many.dk, n * sizeof(float));
    assert_memory_equal(one.dv, many.dv, n * sizeof(float));
    assert_memory_equal(one.ddecay, many.ddecay, rows_of(&s) * sizeof(float));
    outputs_close(&one), outputs_close(&many), problem_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle),  cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_widths),  cmocka_unit_test(test_decays),
        cmocka_unit_test(test_extend),  cmocka_unit_test(test_odd),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
