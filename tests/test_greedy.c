/* test_greedy.c - 200 greedy tokens through the caches equal those of Transformers' Llama and
 * Mistral with the same weights (golden/greedy.py), for mha, gqa, mqa and window.
 *
 * Weights are a function of (tensor, entry), so nothing but the tokens is stored.
 */
#include "core/compute/kernels.h"
#include "tests/golden.h"
#include "tests/settings.h"
#include "trainer/decode/decoder.h"

#include <stdlib.h>

enum { V = 97, T = 256, PROMPT = 12, TOKENS = 200 };

static float value(uint64_t tensor, uint64_t i)
{
    uint64_t h = (i * 2654435761u + tensor * 40503 + 12345) & 0xffffffff;
    h ^= h >> 15;
    h = (h * 2246822519u) & 0xffffffff;
    h ^= h >> 13;
    return (float)(h >> 8) / (float)(1 << 24) - 0.5f;
}

static void fill(const model *m, float *w)
{
    for (int k = 0; k < m->n; k++)
        for (size_t i = 0; i < m->tensor[k].n; i++)
            w[m->tensor[k].at + i] = m->tensor[k].decay ? 0.5f * value((uint64_t)k, i) : 1;
}

static int32_t largest(const float *x)
{
    int32_t best = 0;
    for (int32_t v = 1; v < V; v++)
        if (x[v] > x[best]) best = v;
    return best;
}

static void check(const char *spec, const json_t *want)
{
    static run_spec resolved;
    char attention[ATTN_SPEC + 32];
    int32_t token[PROMPT];
    model m;
    decoder d;
    threads *pool;
    error e;
    snprintf(attention, sizeof attention, "model.attention=%s", spec);
    settings_resolve(&resolved, (const char *const[]){ "model.n_layers=2", "model.dim=48",
                                                       "model.n_heads=6", "model.ffn_dim=80",
                                                       "model.vocab_size=97", "model.context=256",
                                                       "train.batch_tokens=256", attention, NULL });
    assert_true(model_open(&m, &resolved.model, &e));
    float *w = tensor_block(m.floats);
    fill(&m, w);
    for (int i = 0; i < PROMPT; i++) token[i] = 7 + i;
    assert_true(threads_open(&pool, 1, &e));
    assert_true(decoder_open(&d, &m, w, 1, T, pool, &e));
    decoder_read(&d, token, PROMPT, NULL);
    for (size_t i = 0; i < TOKENS; i++) {
        const int32_t next = largest(d.logits);
        if (next != (int32_t)golden_item(want, "tokens", i))
            fail_msg("%s: token %zu is %d, not %d", spec, i, next,
                     (int)golden_item(want, "tokens", i));
        decoder_read(&d, &next, 1, NULL);
    }
    decoder_close(&d), threads_close(pool), model_close(&m), free(w);
}

static void test_transformers(void **state)
{
    json_t *golden = golden_open("greedy"), *want;
    const char *spec;
    int n = 0;
    (void)state;
    json_object_foreach(golden, spec, want) check(spec, want), n++;
    assert_int_equal(n, 4);
    json_decref(golden);
}

int main(void)
{
    error e;
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_transformers) };
    if (!kernels_init(&e)) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
