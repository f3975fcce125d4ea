/* test_threads.c - grids: every piece once, whoever is idle; and kernels whose bits do not depend
 * on how many threads helped. */
#include "core/compute/backend.h"
#include "core/compute/kernels.h"
#include "core/compute/rope.h"
#include "core/compute/threads.h"
#include "tests/unit.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4 };

typedef struct count {
    int owners, rounds, pieces;
    atomic_int visits[MOST][100];
    atomic_int wrong;
} count;

typedef struct own {
    count *c;
    int thread;
} own;

static void visit(void *arg, int i)
{
    const own *o = arg;
    atomic_fetch_add(&o->c->visits[o->thread][i], 1);
}

/* Threads below c->owners post grids, one after the other; the rest have nothing to do. */
static void post(void *arg, int thread)
{
    count *c = arg;
    own o = { c, thread };
    if (thread >= c->owners) return;
    for (int round = 1; round <= c->rounds; round++) {
        threads_grid(c->pieces, visit, &o);
        for (int i = 0; i < c->pieces; i++) /* all done when it returns */
            if (c->visits[thread][i] != round) c->wrong++;
    }
}

static void test_every_piece_once(void **state)
{
    (void)state;
    static const int PIECES[] = { 0, 1, 2, 3, 100 };
    error e;
    for (int n = 1; n <= MOST; n++) {
        threads *t;
        assert_true(threads_open(&t, n, &e));
        for (int owners = 1; owners <= n; owners++)
            for (int i = 0; i < 5; i++) {
                static count c;
                memset(&c, 0, sizeof c);
                c.owners = owners, c.rounds = 200, c.pieces = PIECES[i];
                threads_run(t, post, &c);
                assert_int_equal(c.wrong, 0);
                for (int j = 0; j < owners; j++)
                    for (int k = 0; k < c.pieces; k++) assert_int_equal(c.visits[j][k], 200);
            }
        threads_close(t);
    }
}

static void test_outside_a_job(void **state)
{
    (void)state;
    static count c = { .pieces = 7 };
    own o = { &c, 2 };
    threads_grid(7, visit, &o);
    for (int i = 0; i < 7; i++) assert_int_equal(c.visits[2][i], 1);
}

/* One job that calls every kernel; the sizes are large enough to be cut. */
enum { T = 700, H = 6, E = 16, D = 192, F = 520, V = 1031, ROOM = T * V };

typedef struct work {
    const backend *p;
    int G, window;
    float *in[6], *out[12]; /* ROOM each */
    double loss;
} work;

static void compute(void *arg, int thread)
{
    work *w = arg;
    const backend *p = w->p;
    const int G = w->G;
    float **in = w->in, **out = w->out;
    if (thread > 0) return;
    const attention a = { .S = T,
                          .T = T,
                          .H = H,
                          .G = G,
                          .E = E,
                          .Ev = E,
                          .q_row = H * E,
                          .k_row = G * E,
                          .v_row = G * E,
                          .o_row = H * E,
                          .q_head = E,
                          .k_head = E,
                          .v_head = E,
                          .o_head = E,
                          .scale = 0.25f,
                          .window = w->window };
    p->linear(out[0], in[0], in[1], T, D, F);
    p->linear_backward(out[1], out[2], in[2], in[0], in[1], T, D, F, 1);
    p->attention_forward(out[3], out[4], in[0], in[1], in[2], &a);
    p->attention_backward(out[5], out[6], out[7], in[3], out[3], out[4], in[0], in[1], in[2], &a);
    if (p != &backend_plain && p->bfloat16_runs && p->bfloat16_runs()) {
        p->bfloat16_linear(out[0], in[0], in[1], T, D, F);
        p->bfloat16_linear_backward(out[1], out[2], in[2], in[0], in[1], T, D, F, 1);
    }
    if (p != backend_chosen()) return;
    rmsnorm(out[8], out[9], in[0], in[4], T, D, 1e-5f);
    rmsnorm_backward(out[10], out[11], in[1], in[0], out[9], in[4], T, D, 1);
    swiglu(out[0], in[0], out[0], (size_t)T * F);
    swiglu_backward(in[5], out[0], out[1], in[3], in[5], in[2], (size_t)T * F - 3);
    vector_add(out[2], in[4], (size_t)T * F - 5);
    int32_t target[T];
    for (int i = 0; i < T; i++) target[i] = i % 7 == 3 ? -1 : i % V;
    w->loss = cross_entropy(out[9], in[4], target, T, V);
    w->loss += cross_entropy_backward(out[9], in[4], target, T, V, 0.1f);
    rope r;
    error e;
    const rope_config c = { .theta = 10000 };
    assert_true(rope_open(&r, &c, T, E, &e));
    rope_forward(out[3], &r, 1, T, H, E, 0);
    rope_close(&r);
}

static void fill(work *w)
{
    uint64_t bits = 7;
    float **block[] = { w->in, w->out };
    const int n[] = { 6, 12 };
    for (int b = 0; b < 2; b++)
        for (int i = 0; i < n[b]; i++) {
            if (!block[b][i]) block[b][i] = malloc(ROOM * sizeof(float));
            for (size_t j = 0; j < ROOM; j++) {
                bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
                block[b][i][j] = (float)(bits >> 40) / (float)(1 << 23) - 1;
            }
        }
    w->loss = 0;
}

static void check_bits(const backend *p, int G, int window)
{
    error e;
    work one = { .p = p, .G = G, .window = window }, many = one;
    fill(&one);
    compute(&one, 0);
    for (int n = 2; n <= MOST; n++) {
        threads *t;
        assert_true(threads_open(&t, n, &e));
        fill(&many);
        threads_run(t, compute, &many);
        threads_close(t);
        if (one.loss != many.loss) fail_msg("%s: %d threads change a sum", p->name, n);
        for (int i = 0; i < 12; i++)
            if (memcmp(one.out[i], many.out[i], ROOM * sizeof(float)))
                fail_msg("%s, G %d, window %d: %d threads change output %d", p->name, G, window, n,
                         i);
    }
    for (int i = 0; i < 6; i++) free(one.in[i]), free(many.in[i]);
    for (int i = 0; i < 12; i++) free(one.out[i]), free(many.out[i]);
}

static void test_help_changes_no_bit(void **state)
{
    (void)state;
    static const int GROUPS[] = { 1, 2, 6 };
    for (int i = 0; backends[i]; i++)
        for (int g = 0; g < 3 && backends[i]->runs(); g++) {
            if (backends[i] == &backend_plain && g > 0) continue; /* slow, and never cut */
            check_bits(backends[i], GROUPS[g], T);
            check_bits(backends[i], GROUPS[g], 90);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_piece_once),
        cmocka_unit_test(test_outside_a_job),
        cmocka_unit_test(test_help_changes_no_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
