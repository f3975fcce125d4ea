/* test_interchange.c - models go out and come back to the bit in every format that can hold them,
 * and are refused by the others; what Hugging Face Transformers wrote gives the logits that it
 * computed (tests/golden/interchange.py); a folder is replaced only if the same command made it.
 */
#include "tests/golden.h"
#include "tests/scratch.h"
#include "tests/unit.h"

#include "tests/exchange.h"
#include "trainer/interchange/narrow.h"
#include "trainer/model/pass.h"

#include <math.h>

static void must(bool ok, const error *e)
{
    if (!ok) fail_msg("%s", e->msg);
}

/* --- short floats ----------------------------------------------------------------------------- */

/* Every float16, and the floats around the middle of two neighbours. */
static void test_float16(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 0x7c00; bits++) {
        const float low = narrow_from_float16((uint16_t)bits);
        const float high = bits + 1 < 0x7c00 ? narrow_from_float16((uint16_t)(bits + 1)) : 65536;
        const float middle = (low + high) / 2;
        assert_int_equal(narrow_to_float16(low), bits);
        assert_int_equal(narrow_to_float16(-low), bits | 0x8000);
        assert_int_equal(narrow_to_float16(middle), bits + (bits & 1)); /* ties to even */
        assert_int_equal(narrow_to_float16(nextafterf(middle, 0)), bits);
        assert_int_equal(narrow_to_float16(nextafterf(middle, INFINITY)), bits + 1);
    }
    assert_true(isnan(narrow_from_float16(narrow_to_float16(NAN))));
    assert_int_equal(narrow_to_float16(1e30F), 0x7c00);
}

static void test_bfloat16(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 0x7f80; bits++) {
        const float low = narrow_from_bfloat16((uint16_t)bits);
        uint32_t whole = bits << 16 | 0x8000;
        float middle;
        memcpy(&middle, &whole, sizeof middle);
        assert_int_equal(narrow_to_bfloat16(low), bits);
        assert_int_equal(narrow_to_bfloat16(middle), bits + (bits & 1));
        assert_int_equal(narrow_to_bfloat16(nextafterf(middle, 0)), bits);
        assert_int_equal(narrow_to_bfloat16(nextafterf(middle, INFINITY)), bits + 1);
    }
    assert_true(isnan(narrow_from_bfloat16(narrow_to_bfloat16(NAN))));
}

/* No stored value is farther from the true one than half a step and the scale's own rounding. */
static void test_q8_0(void **state)
{
    (void)state;
    float x[2 * NARROW_BLOCK];
    uint8_t block[2 * NARROW_BLOCK_BYTES];
    for (int i = 0; i < 2 * NARROW_BLOCK; i++) x[i] = i < NARROW_BLOCK ? sinf((float)i * 7) : 0;
    narrow_to_q8_0(block, x, 2 * NARROW_BLOCK);
    for (int i = 0; i < 2 * NARROW_BLOCK; i++) {
        const uint8_t *from = block + i / NARROW_BLOCK * NARROW_BLOCK_BYTES;
        uint16_t bits;
        memcpy(&bits, from, sizeof bits);
        const float d = narrow_from_float16(bits);
        const float y = d * (float)(int8_t)from[2 + i % NARROW_BLOCK];
        assert_true(fabsf(x[i] - y) <= 0.5F * d + 127 * d / 2048 + 1e-9F);
    }
}

/* --- out and back ----------------------------------------------------------------------------- */

static void same_bundle(const bundle *a, const bundle *b, bool same_rope)
{
    assert_int_equal(a->m.n, b->m.n);
    assert_int_equal(a->m.floats, b->m.floats);
    for (int i = 0; i < a->m.n; i++) {
        assert_string_equal(a->m.tensor[i].name, b->m.tensor[i].name);
        assert_memory_equal(bundle_weights(a, i), bundle_weights(b, i),
                            a->m.tensor[i].n * sizeof(float));
    }
    for (const config_key *key = config_keys; key->name; key++) {
        char x[CONFIG_VALUE], y[CONFIG_VALUE];
        if (strncmp(key->name, "model.", 6) != 0 || (!same_rope && strstr(key->name, "rope")))
            continue;
        config_value(x, sizeof x, &a->settings, key), config_value(y, sizeof y, &b->settings, key);
        if (strcmp(x, y) != 0) fail_msg("%s: %s, then %s", key->name, x, y);
    }
    assert_int_equal(a->pieces.n, b->pieces.n);
    for (int i = 0; i < a->pieces.n; i++) {
        const piece *x = &a->pieces.item[i], *y = &b->pieces.item[i];
        assert_string_equal(x->text, y->text);
        assert_int_equal(x->type, y->type);
        assert_memory_equal(&x->score, &y->score, sizeof x->score);
    }
}

static const char *const *const CASES[] = {
    (const char *const[]){ "model.attention=mha", NULL },
    (const char *const[]){ "model.attention=gqa:n_kv_heads=2", NULL },
    (const char *const[]){ "model.attention=mqa", NULL },
    (const char *const[]){ "model.attention=window:size=5", NULL },
    (const char *const[]){ "model.tie_embeddings=true", NULL },
    (const char *const[]){ "model.head_dim=16", NULL },
    (const char *const[]){ "model.rope_scaling=linear", "model.rope_factor=2", NULL },
    (const char *const[]){ "model.rope_scaling=yarn", "model.rope_factor=4",
                           "model.rope_original_context=16", NULL },
    (const char *const[]){ "model.rope_scaling=llama3", "model.rope_factor=8",
                           "model.rope_original_context=48", NULL },
    (const char *const[]){ "model.rope_scaling=ntk", "model.rope_factor=3", NULL },
    (const char *const[]){ "model.rope_theta=500000", "model.norm_eps=1e-6", NULL },
    (const char *const[]){ "model.attention=[mha, mqa]", NULL },
};

/* What each format can't hold, by the number of the case. */
static bool can_hold(const char *format, size_t k)
{
    if (k == 11) return false; /* layers that differ */
    if (strcmp(format, "hf") == 0) return true;
    if (strcmp(format, "gguf") == 0) return k != 3;
    return k < 3 || k == 4;
}

static void test_round_trips(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof CASES / sizeof *CASES; k++)
        for (const interchange *const *f = interchanges; *f; f++) {
            bundle b, back;
            error e;
            const interchange *found;
            char path[96];
            exchange_open(&b, CASES[k], (unsigned)k);
            snprintf(path, sizeof path, "%s/%s-%zu", dir.folder, (*f)->name, k);
            if (!can_hold((*f)->name, k)) {
                assert_false(interchange_export(*f, &b, "float32", path, &e));
                assert_int_equal(e.status, STATUS_USAGE);
                assert_int_not_equal(access(path, F_OK), 0); /* nothing is left */
            } else {
                must(interchange_export(*f, &b, "float32", path, &e), &e);
                must(interchange_import(&back, &found, path, &e), &e);
                same_bundle(&b, &back, k != 9); /* ntk becomes its theta */
                bundle_close(&back);
            }
            bundle_close(&b);
        }
}

/* A folder like a run's, and the tokenizer as SentencePiece itself sees it. */
static void test_save(void **state)
{
    (void)state;
    bundle b, back;
    error e;
    tokenizer a, t;
    char path[96], corpus[CONFIG_PATH], *bytes;
    size_t n;
    exchange_open(&b, CASES[7], 3);
    snprintf(path, sizeof path, "%s/saved", dir.folder);
    must(bundle_save(&b, path, "a test", &e), &e);
    must(bundle_load(&back, corpus, path, NULL, &e), &e);
    same_bundle(&b, &back, true);
    must(tokenizer_open(&a, b.tokenizer, b.tokenizer_bytes, &e), &e);
    pieces_write(&bytes, &n, &b.pieces);
    must(tokenizer_open(&t, bytes, n, &e), &e);
    assert_string_equal(a.sha256, t.sha256);
    tokenizer_close(&a), tokenizer_close(&t);
    free(bytes);
    bundle_close(&b), bundle_close(&back);
}

/* --- what Transformers computed --------------------------------------------------------------- */

static void test_golden(void **state)
{
    (void)state;
    static const char *const NAME[] = { "gqa_llama3", "mqa_yarn_shards", "tied_linear_bfloat16",
                                        "window_float16" };
    for (size_t k = 0; k < sizeof NAME / sizeof *NAME; k++) {
        enum { T = 40 };
        char path[1024];
        int32_t token[T];
        bundle b;
        pass p;
        error e;
        const interchange *found;
        double most = 0, off = 0;
        snprintf(path, sizeof path, "interchange/%s/logits", NAME[k]);
        json_t *golden = golden_open(path);
        const json_t *rows = json_object_get(golden, "logits");
        for (int i = 0; i < T; i++) token[i] = (int32_t)golden_item(golden, "tokens", (size_t)i);
        snprintf(path, sizeof path, "%s/interchange/%s", GOLDEN, NAME[k]);
        must(interchange_import(&b, &found, path, &e), &e);
        assert_string_equal(found->name, "hf");
        must(pass_open(&p, &b.m, PASS_EVAL, 1, T, T, b.w, NULL, &e), &e);
        pass_forward(&p, token, 1);
        for (int i = 0; i < T; i++) {
            float own[16];
            assert_int_equal(b.m.config.V, 16);
            pass_logits(&p, own, i, 1);
            for (size_t v = 0; v < 16; v++) {
                const double x =
                    json_number_value(json_array_get(json_array_get(rows, (size_t)i), v));
                most = fmax(most, fabs(x)), off = fmax(off, fabs(x - (double)own[v]));
            }
        }
        if (!(off <= 1e-4 * most)) fail_msg("%s: %g of %g", NAME[k], off, most);
        pass_close(&p);
        bundle_close(&b);
        json_decref(golden);
    }
}

/* --- places ----------------------------------------------------------------------------------- */

static void refused(const interchange *f, const bundle *b, const char *path, const char *why)
{
    error e;
    if (interchange_export(f, b, "float32", path, &e)) fail_msg("%s was replaced", path);
    assert_non_null(strstr(e.msg, why));
}

static void test_places(void **state)
{
    (void)state;
    bundle b;
    error e;
    char path[96], inside[128];
    const interchange *hf = exchange_format("hf");
    exchange_open(&b, CASES[0], 1);
    snprintf(path, sizeof path, "%s/place", dir.folder);
    must(interchange_export(hf, &b, "float32", path, &e), &e);
    must(interchange_export(hf, &b, "float16", path, &e), &e); /* its own */
    snprintf(inside, sizeof inside, "%s/thesis.txt", path);
    FILE *f = fopen(inside, "w");
    assert_non_null(f);
    fclose(f);
    refused(hf, &b, path, "thesis.txt");
    assert_int_equal(access(inside, F_OK), 0);
    remove(inside);
    snprintf(inside, sizeof inside, "%s/README.md", path);
    f = fopen(inside, "w");
    fputs("not made by attnlab", f), fclose(f);
    refused(hf, &b, path, "was not made by");
    refused(exchange_format("gguf"), &b, path, "is a folder");
    bundle_weights(&b, 0)[5] = 1e6F;
    snprintf(path, sizeof path, "%s/large", dir.folder);
    assert_false(interchange_export(hf, &b, "float16", path, &e));
    assert_non_null(strstr(e.msg, "model.embed_tokens.weight has the weight 1e+06"));
    assert_int_not_equal(access(path, F_OK), 0);
    bundle_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_float16),
        cmocka_unit_test(test_bfloat16),
        cmocka_unit_test(test_q8_0),
        cmocka_unit_test_setup_teardown(test_round_trips, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_save, scratch_setup, scratch_teardown),
        cmocka_unit_test(test_golden),
        cmocka_unit_test_setup_teardown(test_places, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
