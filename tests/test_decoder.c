/* test_decoder.c - decoding through the caches against the whole sequence at once, for every
 * variant of the build: the same greedy tokens, logits equal but for rounding, and bits that depend
 * neither on other sequences nor on threads.
 */
#include "trainer/decode/decoder.h"

#include "core/compute/kernels.h"
#include "tests/settings.h"
#include "trainer/decode/generation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { T = 48, V = 61, PROMPT = 21 };

typedef struct subject {
    run_spec spec;
    model m;
    float *w;
} subject;

static void subject_open(subject *s, const char *attention)
{
    char spec[ATTN_SPEC + 32];
    error e;
    snprintf(spec, sizeof spec, "model.attention=%s", attention);
    settings_resolve(&s->spec, (const char *const[]){ "model.n_layers=2", "model.dim=64",
                                                      "model.n_heads=4", "model.ffn_dim=96",
                                                      "model.vocab_size=61", "model.context=48",
                                                      "train.batch_tokens=48", spec, NULL });
    assert_true(model_open(&s->m, &s->spec.model, &e));
    s->w = tensor_block(s->m.floats);
    model_init(&s->m, s->w, 7, 0);
    for (size_t i = 0; i < s->m.floats; i++) s->w[i] *= 4; /* attention that is not uniform */
}

static void subject_close(subject *s)
{
    model_close(&s->m), free(s->w);
}

static int32_t largest(const float *x)
{
    int32_t best = 0;
    for (int32_t v = 1; v < V; v++)
        if (x[v] > x[best]) best = v;
    return best;
}

/* token (T): the prompt continued greedily without a cache; logits (T, V) of every position. */
static void continue_whole(const subject *s, int32_t *token, float *logits)
{
    pass p;
    error e;
    assert_true(pass_open(&p, &s->m, PASS_EVAL, 1, T, T, s->w, NULL, &e));
    for (int t = PROMPT; t <= T; t++) {
        for (int i = t; i < T; i++) token[i] = 0; /* not seen */
        pass_forward(&p, token, 1);
        pass_logits(&p, logits, 0, T);
        if (t < T) token[t] = largest(logits + (size_t)(t - 1) * V);
    }
    pass_close(&p);
}

static void compare(const char *spec, const char *how, const float *got, const float *want, int t)
{
    float size = 0;
    for (int v = 0; v < V; v++) size = fmaxf(size, fabsf(want[v]));
    for (int v = 0; v < V; v++)
        if (!(fabsf(got[v] - want[v]) <= 1e-4f * size))
            fail_msg("%s, %s, position %d: logit %d is %g, not %g", spec, how, t, v, got[v],
                     want[v]);
}

/* The prompt in pieces of `chunk`, then token by token. */
static void check_chunks(const subject *s, const char *spec, int chunk, const int32_t *token,
                         const float *logits)
{
    decoder d;
    threads *pool;
    error e;
    char how[32];
    snprintf(how, sizeof how, "chunks of %d", chunk);
    assert_true(threads_open(&pool, 1, &e));
    assert_true(decoder_open(&d, &s->m, s->w, 1, T, pool, &e));
    for (int t = 0; t < T;) {
        const int left = PROMPT - t, n = t >= PROMPT ? 1 : left < chunk ? left : chunk;
        assert_true(decoder_read(&d, token + t, n, NULL));
        t += n;
        compare(spec, how, d.logits, logits + (size_t)(t - 1) * V, t - 1);
        if (t >= PROMPT && t < T) assert_int_equal(largest(d.logits), token[t]);
    }
    decoder_close(&d);
    threads_close(pool);
}

static const char *const SPECS[] = { "window:size=5:n_kv_heads=2", "gqa:n_kv_heads=2",
                                     "[mqa, window:size=16]" };

static const char *spec_of(int i)
{
    int n = 0;
    while (attn_variants[n]) n++;
    if (i < n) return attn_variants[i]->name;
    return i - n < (int)(sizeof SPECS / sizeof *SPECS) ? SPECS[i - n] : NULL;
}

static void test_as_without_cache(void **state)
{
    static const int CHUNKS[] = { 1, 2, 7, 17, PROMPT };
    int32_t token[T];
    float *logits = malloc(sizeof *logits * T * V);
    (void)state;
    for (int i = 0; spec_of(i); i++) {
        static subject s;
        subject_open(&s, spec_of(i));
        for (int t = 0; t < T; t++) token[t] = (t * 29 + 3) % V;
        continue_whole(&s, token, logits);
        for (size_t j = 0; j < sizeof CHUNKS / sizeof *CHUNKS; j++)
            check_chunks(&s, spec_of(i), CHUNKS[j], token, logits);
        subject_close(&s);
    }
    free(logits);
}

/* All logits of B sequences, each with a text of its own: (steps, B, V). */
static float *read_all(const subject *s, int B, int n_threads)
{
    float *out = malloc(sizeof *out * (size_t)(T - PROMPT + 1) * (size_t)B * V), *at = out;
    int32_t *prompt = malloc(sizeof *prompt * (size_t)B * PROMPT);
    int32_t *next = malloc(sizeof *next * (size_t)B);
    decoder d;
    threads *pool;
    error e;
    assert_true(threads_open(&pool, n_threads, &e));
    assert_true(decoder_open(&d, &s->m, s->w, B, T, pool, &e));
    for (int b = 0; b < B; b++)
        for (int t = 0; t < PROMPT; t++) prompt[b * PROMPT + t] = (b * 5 + t * 29 + 3) % V;
    decoder_read(&d, prompt, PROMPT, NULL);
    for (int t = PROMPT; t <= T; t++, at += B * V) {
        memcpy(at, d.logits, sizeof *at * (size_t)B * V);
        for (int b = 0; b < B; b++) next[b] = largest(d.logits + (size_t)b * V);
        if (t < T) decoder_read(&d, next, 1, NULL);
    }
    decoder_close(&d), threads_close(pool);
    free(prompt), free(next);
    return out;
}

/* Sequence 0 of a batch has the bits that it has alone, with any number of threads. */
static void test_bits(void **state)
{
    static const int SHAPES[][2] = { { 1, 3 }, { 2, 1 }, { 5, 2 }, { 17, 1 }, { 40, 3 } };
    (void)state;
    if (strcmp(kernels_name(), "openblas") == 0) skip();
    for (int i = 0; spec_of(i); i++) {
        static subject s;
        subject_open(&s, spec_of(i));
        float *alone = read_all(&s, 1, 1);
        for (size_t j = 0; j < sizeof SHAPES / sizeof *SHAPES; j++) {
            const int B = SHAPES[j][0];
            float *all = read_all(&s, B, SHAPES[j][1]);
            for (int k = 0; k <= T - PROMPT; k++)
                if (memcmp(alone + k * V, all + (size_t)k * B * V, sizeof *all * V) != 0)
                    fail_msg("%s: bits differ in a batch of %d, %d threads, step %d", spec_of(i), B,
                             SHAPES[j][1], k);
            free(all);
        }
        free(alone);
        subject_close(&s);
    }
}

static void count(void *arg, int b, const char *bytes, size_t n)
{
    (void)bytes, (void)n;
    ((int *)arg)[b]++;
}

/* With --slide, what follows a full context is what its newer half alone is followed by. */
static void test_slide(void **state)
{
    static subject s;
    error e;
    threads *pool;
    sampler draws;
    generation g;
    decoder d;
    int32_t prompt[T];
    size_t at[V + 1] = { 0 };
    uint8_t blank[V] = { 0 };
    char bytes[1] = { 0 };
    int emitted[1] = { 0 };
    const tokenizer pieces = {
        .V = V, .bos = -1, .eos = -1, .bytes = bytes, .at = at, .blank = blank
    };
    (void)state;
    subject_open(&s, "mha");
    for (int t = 0; t < T; t++) prompt[t] = (t * 29 + 3) % V;
    assert_true(threads_open(&pool, 1, &e));
    assert_true(sampler_open(&draws, 0, 0, 1, 1, V, &e));
    assert_true(generation_open(&g, &s.m, s.w, draws, &pieces, 1, T, true, pool, &e));
    assert_true(generation_run(&g, prompt, T, 2, count, emitted, NULL, &e));
    assert_int_equal(g.row[0].tokens, 2);
    assert_int_equal(emitted[0], 2);
    assert_int_equal(g.row[0].end, GENERATION_LENGTH);
    assert_int_equal(g.d.t, T / 2 + 1);

    assert_true(decoder_open(&d, &s.m, s.w, 1, T, pool, &e));
    decoder_read(&d, prompt, T, NULL);
    const int32_t first = largest(d.logits);
    decoder_restart(&d);
    decoder_read(&d, prompt + T - T / 2, T / 2, NULL);
    decoder_read(&d, &first, 1, NULL);
    assert_int_equal(g.next[0], largest(d.logits));
    decoder_close(&d);

    g.slide = false;
    assert_true(generation_run(&g, prompt, T, 9, count, emitted, NULL, &e));
    assert_int_equal(g.row[0].tokens, 1);
    assert_int_equal(g.row[0].end, GENERATION_CONTEXT);
    generation_close(&g), threads_close(pool), subject_close(&s);
}

int main(void)
{
    error e;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_without_cache),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_slide),
    };
    if (!kernels_init(&e)) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
