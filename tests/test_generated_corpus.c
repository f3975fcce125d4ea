/* test_generated_corpus.c - a generated corpus holds the items of its generators, one behind the
 * other, with masks for their answers; and whatever changes it is noticed.
 */
#include "trainer/tasks/generated_corpus.h"

#include "tests/scratch.h"
#include "tests/unit.h"
#include "trainer/corpus/corpus.h"
#include "trainer/corpus/tokenizer.h"
#include "trainer/tasks/generator.h"

static char out[128];
static FILE *quiet;

static int setup(void **state)
{
    scratch_setup(state);
    quiet = fopen("/dev/null", "w");
    snprintf(out, sizeof out, "%s/corpus", dir.folder);
    return 0;
}

static int teardown(void **state)
{
    fclose(quiet);
    return scratch_teardown(state);
}

static generated_order order(int n, const char **spec)
{
    return (generated_order){
        .n = n, .spec = spec, .seed = 5, .items = { 40, 20 }, .out = out, .progress = quiet
    };
}

static void make(const generated_order *o, char sha256[HASH_HEX])
{
    manifest m;
    error e;
    if (!generated_corpus_write(&m, o, &e)) fail_msg("%s", e.msg);
    memcpy(sha256, m.sha256, HASH_HEX);
    manifest_close(&m);
}

static void open_whole(corpus *c)
{
    error e;
    if (!corpus_open(c, out, CORPUS_WHOLE, &e)) fail_msg("%s", e.msg);
}

/* Tokens and mask of a split are those of the items, made again here. */
static void check_split(const corpus *c, const corpus_split *s, const generator *g, int specs,
                        generator_part part, int items)
{
    const int T = c->item_tokens;
    assert_int_equal(s->n_tokens, (int64_t)items * T + 1);
    for (int i = 0; i < items; i++) {
        generator_item item;
        generator_make(&item, &g[i % specs], 5, part, i / specs);
        for (int at = 0; at < T; at++) {
            int32_t token;
            bool counts = false;
            corpus_read(&token, s, (int64_t)i * T + at, 1);
            assert_int_equal(token, at < item.n ? item.token[at] : GENERATOR_FILL);
            for (int k = 0; k < item.answers; k++)
                counts = counts || (at >= item.answer[k].from && at < item.answer[k].to);
            assert_int_equal(corpus_counts(s, (int64_t)i * T + at), counts);
        }
        generator_item_close(&item);
    }
    assert_false(corpus_counts(s, s->n_tokens - 1));
}

/* Two generators of different length take turns. */
static void test_tokens(void **state)
{
    (void)state;
    const char *spec[] = { "mqar:pairs=2:length=16:vocab=20", "copy:symbols=3:vocab=9" };
    generator g[2];
    corpus c;
    error e;
    char sha256[HASH_HEX];
    const generated_order o = order(2, spec);
    for (int i = 0; i < 2; i++) assert_true(generator_read(&g[i], spec[i], &e));
    make(&o, sha256);
    open_whole(&c);
    assert_string_equal(c.sha256, sha256);
    assert_int_equal(c.item_tokens, 16);
    assert_int_equal(c.vocab_size, 20);
    assert_int_equal(c.bos, GENERATOR_BOS);
    check_split(&c, &c.train, g, 2, PART_TO_TRAIN, 40);
    check_split(&c, &c.val, g, 2, PART_HELD_OUT, 20);
    assert_int_equal(corpus_token_bytes(&c, 7, 1), 0);
    corpus_close(&c);
}

/* The tokens that count of a text decode to its answers, and the others to the rest. */
static void test_text(void **state)
{
    (void)state;
    const char *spec[] = { "phonebook:entries=5:queries=2" };
    generated_order o = order(1, spec);
    char sha256[HASH_HEX], file[160], *model;
    size_t n;
    tokenizer t;
    corpus c;
    generator g;
    error e;
    o.vocab_size = 340;
    make(&o, sha256);
    open_whole(&c);
    snprintf(file, sizeof file, "%s/tokenizer.model", out);
    assert_true(file_read(&model, &n, file, 1 << 24, &e) && tokenizer_open(&t, model, n, &e) &&
                generator_read(&g, spec[0], &e));
    for (int i = 0; i < 20; i++) {
        generator_item item;
        int at = 0;
        int32_t before = t.bos, token;
        generator_make(&item, &g, 5, PART_HELD_OUT, i);
        for (int64_t k = 1; k < c.item_tokens; k++, before = token) {
            bool counts = false;
            const int64_t place = (int64_t)i * c.item_tokens + k;
            corpus_read(&token, &c.val, place, 1);
            const char *bytes = tokenizer_bytes(&t, token, before, &n);
            assert_memory_equal(bytes, item.text + at, n);
            for (int a = 0; a < item.answers; a++)
                counts = counts || (at >= item.answer[a].from && at < item.answer[a].to && n);
            assert_int_equal(corpus_counts(&c.val, place), counts);
            at += (int)n;
        }
        assert_int_equal(at, item.n);
        generator_item_close(&item);
    }
    assert_int_equal(c.item_tokens % 8, 0);
    tokenizer_close(&t), corpus_close(&c), free(model);
}

/* The same order is the same corpus; another seed, number of items or mask is another. */
static void test_identity(void **state)
{
    (void)state;
    const char *spec[] = { "copy:symbols=3:vocab=9" }, *other[] = { "induction:length=8:vocab=9" };
    char first[HASH_HEX], again[HASH_HEX];
    generated_order o = order(1, spec);
    make(&o, first), make(&o, again);
    assert_string_equal(first, again);
    manifest m;
    error e;
    o.seed = 6;
    assert_false(generated_corpus_write(&m, &o, &e));
    assert_non_null(strstr(e.msg, "holds another corpus"));
    o.force = true;
    make(&o, again);
    assert_string_not_equal(first, again);
    o.seed = 5, o.spec = other;
    make(&o, again);
    assert_string_not_equal(first, again);
    assert_true(manifest_read(&m, out, MANIFEST_WHOLE, &e));
    const char kept = *m.split[SPLIT_VAL].mask;
    *m.split[SPLIT_VAL].mask = kept == 'a' ? 'b' : 'a';
    manifest_identity(first, &m);
    assert_string_not_equal(first, again);
    manifest_close(&m);
}

/* A mask that was changed or lost is not trained on. */
static void test_damage(void **state)
{
    (void)state;
    const char *spec[] = { "copy:symbols=3:vocab=9" };
    const generated_order o = order(1, spec);
    char sha256[HASH_HEX], file[160], zero[40 * 8 + 1] = { 0 };
    corpus c;
    error e;
    make(&o, sha256);
    snprintf(file, sizeof file, "%s/train.mask", out);
    assert_true(file_write(file, zero, sizeof zero, &e));
    assert_false(corpus_open(&c, out, CORPUS_WHOLE, &e));
    assert_non_null(strstr(e.msg, "train.mask: the file has changed"));
    unlink(file);
    assert_false(corpus_open(&c, out, CORPUS_WHOLE, &e));
    assert_non_null(strstr(e.msg, "train.mask"));
    snprintf(file, sizeof file, "%s/manifest.json", out);
    char *json;
    size_t n;
    assert_true(file_read(&json, &n, file, 1 << 20, &e));
    char *at = strstr(json, "\"targets\": ");
    at[11] = at[11] == '1' ? '2' : '1';
    assert_true(file_write(file, json, n, &e));
    free(json);
    assert_false(corpus_open(&c, out, CORPUS_MANIFEST, &e));
    assert_non_null(strstr(e.msg, "the manifest has changed"));
}

static void test_refused(void **state)
{
    (void)state;
    const char *mixed[] = { "copy", "phonebook" }, *text[] = { "passkey" }, *wrong[] = { "copi" };
    const struct {
        const char **spec;
        int n, vocab_size;
        const char *why;
    } WRONG[] = {
        { mixed, 2, 0, "items of copy are tokens and those of phonebook are text" },
        { mixed, 1, 300, "which need no tokenizer" },
        { text, 1, 0, "items of passkey are text: give one of --vocab-size" },
        { wrong, 1, 0, "--generate: no generator 'copi'" },
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        generated_order o = order(WRONG[i].n, WRONG[i].spec);
        manifest m;
        error e = { 0 };
        o.vocab_size = WRONG[i].vocab_size;
        assert_false(generated_corpus_write(&m, &o, &e));
        if (!strstr(e.msg, WRONG[i].why) || e.status != STATUS_USAGE) fail_msg("%s", e.msg);
        assert_int_equal(access(out, F_OK), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tokens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
