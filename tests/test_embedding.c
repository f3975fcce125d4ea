/* test_embedding.c - the token shift: against its equation, its gradient by the scalar product, and
 * decoding in pieces of any size, also after going back, against whole sequences.
 */
#include "trainer/model/embedding.h"

#include "tests/settings.h"
#include "tests/unit.h"
#include "trainer/model/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { D = 6, V = 5, S = 4 };

static void fill(float *out, size_t n, int seed)
{
    for (size_t i = 0; i < n; i++) out[i] = (float)sin((double)i * 1.7 + seed);
}

static void test_equation(void **state)
{
    (void)state;
    const int32_t token[S] = { 3, 0, 0, 4 };
    float E[V * D], x[S * D];
    fill(E, V * D, 1);
    for (int32_t before = -1; before < V; before++) {
        embedding_forward(x, E, token, before, TOKEN_SHIFT_HALF, S, D);
        for (int t = 0; t < S; t++) {
            const int32_t last = t > 0 ? token[t - 1] : before;
            for (int i = 0; i < D; i++) {
                const double part = last >= 0 ? 0.5 * E[last * D + (i + D / 2) % D] : 0;
                assert_true(fabs(x[t * D + i] - (E[token[t] * D + i] + part)) < 1e-6);
            }
        }
    }
    embedding_forward(x, E, token, 2, TOKEN_SHIFT_NONE, S, D);
    for (int t = 0; t < S; t++) assert_memory_equal(x + t * D, E + token[t] * D, D * sizeof *x);
}

/* x is linear in E, so dx . x(E) = dE . E, where dE is added to what is there. */
static void test_gradient(void **state)
{
    (void)state;
    const int32_t token[S] = { 3, 0, 0, 4 };
    for (int shift = 0; shift < TOKEN_SHIFTS; shift++) {
        float E[V * D], x[S * D], dx[S * D], dE[V * D];
        double here = 0, there = 0;
        fill(E, V * D, 1), fill(dx, S * D, 2);
        for (int i = 0; i < V * D; i++) dE[i] = 1;
        embedding_forward(x, E, token, -1, shift, S, D);
        embedding_backward(dE, dx, token, shift, S, D);
        for (int i = 0; i < S * D; i++) here += (double)dx[i] * x[i];
        for (int i = 0; i < V * D; i++) there += (double)(dE[i] - 1) * E[i];
        assert_true(fabs(here - there) < 1e-5);
    }
}

enum { T = 24, B = 2, VOCABULARY = 40 };

static void decode(pass *p, const int32_t *token, int from, int n)
{
    int32_t piece[B * T];
    for (int b = 0; b < B; b++)
        memcpy(piece + b * n, token + b * T + from, (size_t)n * sizeof *piece);
    pass_extend(p, piece, from, n);
}

/* Logits of the position just decoded, of both sequences, are those of the whole sequences. */
static void expect_logits(const pass *whole, const pass *p, int position, int n)
{
    float got[VOCABULARY], want[VOCABULARY];
    for (int b = 0; b < B; b++) {
        pass_logits(whole, want, b * T + position, 1);
        pass_logits(p, got, (b + 1) * n - 1, 1);
        for (int v = 0; v < VOCABULARY; v++) assert_true(fabs(got[v] - want[v]) < 1e-6);
    }
}

static void test_decoding(void **state)
{
    (void)state;
    static run_spec spec;
    settings_resolve(&spec, (const char *const[]){ "model.n_layers=2", "model.dim=16",
                                                   "model.n_heads=2", "model.vocab_size=40",
                                                   "model.context=24", "model.token_shift=half",
                                                   "train.batch_tokens=48", NULL });
    model m;
    pass whole, p;
    error e;
    int32_t token[B * T], other[B * T];
    for (int i = 0; i < B * T; i++) token[i] = i * 7 % VOCABULARY, other[i] = i * 11 % VOCABULARY;
    assert_true(model_open(&m, &spec.model, &e));
    float *w = tensor_block(m.floats);
    assert_non_null(w);
    model_init(&m, w, 1, 0);
    assert_true(pass_open(&whole, &m, PASS_EVAL, B, T, T, w, NULL, &e));
    assert_true(pass_open(&p, &m, PASS_DECODE, B, T, T, w, NULL, &e));
    pass_forward(&whole, token, B);
    for (int n = 1; n <= 8; n++) {
        decode(&p, other, 0, T);
        for (int t = 0; t < T; t += n) {
            const int left = T - t < n ? T - t : n;
            decode(&p, token, t, left);
            expect_logits(&whole, &p, t + left - 1, left);
        }
        decode(&p, token, 9, 2); /* back to an earlier position, in the middle of the text */
        expect_logits(&whole, &p, 10, 2);
    }
    pass_close(&whole), pass_close(&p);
    free(w);
    model_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equation),
        cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_decoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
