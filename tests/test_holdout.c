/* test_holdout.c - blocks that are held out are every k-th span, apart from the training text, and
 * all other text is trained on. */
#include "tests/prose.h"
#include "tests/unit.h"
#include "trainer/corpus/documents.h"
#include "trainer/corpus/holdout.h"

#include <stdlib.h>
#include <string.h>

static void test_read(void **state)
{
    (void)state;
    char words[HOLDOUT_TEXT];
    holdout h;
    error e;
    assert_true(holdout_is_blocks("blocks") && holdout_is_blocks("blocks:gap=0"));
    assert_false(holdout_is_blocks("blocks.txt") || holdout_is_blocks("./blocks"));
    assert_true(holdout_read(&h, "blocks", &e));
    holdout_describe(words, &h);
    assert_string_equal(words, "blocks:every=10:size=32000:gap=1000");
    assert_true(holdout_read(&h, "blocks:size=64Ki:every=5:gap=1.5k", &e));
    holdout_describe(words, &h);
    assert_string_equal(words, "blocks:every=5:size=65536:gap=1500");
    holdout_describe(words, &(holdout){ .fraction = 0.05 });
    assert_string_equal(words, "fraction:0.05");
    static const char *const BAD[][2] = {
        { "blocks:every=1", "every: '1' is not a whole number from 2" },
        { "blocks:size=10", "size: '10'" },
        { "blocks:size=x", "size: 'x'" },
        { "blocks:", "'' is not every=N" },
        { "blocks:span=3", "'span=3' is not every=N" },
        { "blocks:size=2k:gap=2k", "must be smaller" },
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_false(holdout_read(&h, BAD[i][0], &e));
        assert_int_equal(e.status, STATUS_USAGE);
        if (!strstr(e.msg, BAD[i][1])) fail_msg("%s: %s", BAD[i][0], e.msg);
    }
}

/* Mark each byte of a file that a list uses; none may be used twice. */
static void mark(char *used, const documents *list, const char *bytes, char as)
{
    for (int i = 0; i < list->n; i++) {
        const text *t = &list->item[i];
        assert_ptr_equal(t->bytes, bytes + t->from);
        char sha256[HASH_HEX];
        hash_bytes(sha256, t->bytes, t->n);
        assert_string_equal(sha256, t->sha256);
        for (size_t j = t->from; j < t->from + t->n; j++) {
            assert_int_equal(used[j], ' ');
            used[j] = as;
        }
    }
}

static void test_blocks(void **state)
{
    (void)state;
    enum { EVERY = 4, SIZE = 5000, GAP = 300 };
    const holdout h = { .every = EVERY, .size = SIZE, .gap = GAP };
    for (uint64_t seed = 1; seed <= 20; seed++) {
        char *bytes = prose(40000 + 7000 * (size_t)seed, seed);
        const size_t n = strlen(bytes);
        char *used = malloc(n);
        memset(used, ' ', n);
        documents train = { 0 }, val = { 0 };
        const text whole = { .path = "file", .bytes = bytes, .n = n };
        error e;
        documents_put(&train, &whole);
        assert_true(holdout_cut(&train, &val, &h, &e));
        mark(used, &train, bytes, 't'), mark(used, &val, bytes, 'v');
        size_t held = 0, gap = 0;
        for (size_t i = 0, run = 0; i < n; i++) {
            held += used[i] == 'v', gap += used[i] == ' ';
            run = used[i] == ' ' ? run + 1 : 0;
            assert_true(run <= 2 * GAP);
            if (i > 0) assert_false(used[i] + used[i - 1] == 't' + 'v'); /* never side by side */
            if (run == 0 && i > 0 && used[i - 1] == ' ') assert_true(i >= GAP);
        }
        const size_t spans = (n + SIZE / 2) / SIZE,
                     blocks = (spans + EVERY - 1 - EVERY / 2) / EVERY;
        assert_int_equal(val.n, blocks);
        assert_in_range(held, blocks * SIZE * 8 / 10, blocks * SIZE * 12 / 10);
        assert_in_range(gap, blocks * GAP, blocks * 4 * GAP);
        for (int i = 0; i < val.n; i++) { /* at least GAP on both sides */
            const size_t from = val.item[i].from, to = from + val.item[i].n;
            for (size_t j = from > GAP ? from - GAP : 0; j < from; j++)
                assert_int_equal(used[j], ' ');
            for (size_t j = to; j < to + GAP && j < n; j++) assert_int_equal(used[j], ' ');
        }
        documents_close(&train), documents_close(&val);
        free(used), free(bytes);
    }
}

/* Short documents are held out whole, every k-th of them; without a gap, nothing is lost. */
static void test_short(void **state)
{
    (void)state;
    enum { N = 50 };
    const holdout h = { .every = 10, .size = 1000, .gap = 100 };
    static char bytes[N][32];
    documents train = { 0 }, val = { 0 };
    error e;
    for (int i = 0; i < N; i++) {
        const int n = snprintf(bytes[i], sizeof bytes[i], "document %d", i);
        documents_put(&train, &(text){ .path = "file", .bytes = bytes[i], .n = (size_t)n });
    }
    assert_true(holdout_cut(&train, &val, &h, &e));
    assert_int_equal(val.n, 5);
    assert_int_equal(train.n, N - 5);
    for (int i = 0; i < val.n; i++) assert_ptr_equal(val.item[i].bytes, bytes[10 * i + 5]);
    documents_close(&train), documents_close(&val);
    documents_put(&train, &(text){ .path = "file", .bytes = bytes[0], .n = 10 });
    assert_false(holdout_cut(&train, &val, &h, &e));
    assert_non_null(strstr(e.msg, "too little text to hold out blocks:every=10"));
    documents_close(&train), documents_close(&val);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
