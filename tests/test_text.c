/* test_text.c - unusable text is refused with its file, byte and line; splits and blanks. */
#include "core/base/utf8.h"
#include "tests/scratch.h"
#include "tests/unit.h"
#include "trainer/corpus/text.h"

#include <string.h>

/* A file as one document; the caller frees t->bytes. */
static bool text_open(text *t, const char *path, error *e)
{
    *t = (text){ .path = path };
    if (!file_read(&t->bytes, &t->n, path, 1 << 24, e)) return false;
    if (text_check(t, e)) {
        text_hash(t);
        return true;
    }
    free(t->bytes);
    return false;
}

static void expect_refused(const char *bytes, size_t n, const char *why)
{
    text t;
    error e = { 0 };
    assert_false(text_open(&t, scratch_put(&dir, "bad.txt", bytes, n), &e));
    assert_int_equal(e.status, STATUS_FAILED);
    assert_non_null(strstr(e.msg, "bad.txt: "));
    if (!strstr(e.msg, why)) fail_msg("%s", e.msg);
}

static void test_refused(void **state)
{
    (void)state;
    text t;
    error e;
    expect_refused("", 0, "empty");
    expect_refused(" \n\t\r\n ", 6, "blanks");
    expect_refused("ab\ncd\xe9 e", 8, "byte 5 (line 2) is not UTF-8 (0xe9)");
    expect_refused("\xff\xfeh\0i\0", 6, "byte 0 (line 1) is not UTF-8 (0xff)");
    expect_refused("abc\xe2\x82", 5, "byte 3 (line 1)");
    expect_refused("a\n\nb\0c", 6, "byte 4 (line 3) is zero");
    expect_refused("a \xe2\x96\x81 b", 7, "byte 2 (line 1) is U+2581");
    assert_false(text_open(&t, scratch_path(&dir, "none.txt"), &e));
    assert_false(text_open(&t, dir.folder, &e));
}

static void test_taken(void **state)
{
    (void)state;
    static const char OF[] = "\xef\xbb\xbf"
                             "caf\xc3\xa9\r\n\r\n\xf0\x9f\x98\x80";
    text t;
    error e;
    char sha256[HASH_HEX];
    assert_true(text_open(&t, scratch_text(&dir, "good.txt", OF), &e));
    /* Unchanged: neither the byte order mark nor line ends are touched. */
    assert_int_equal(t.n, strlen(OF));
    assert_memory_equal(t.bytes, OF, t.n);
    hash_bytes(sha256, OF, t.n);
    assert_string_equal(t.sha256, sha256);
    char place[64];
    text_place(place, sizeof place, &t, t.n);
    assert_string_equal(place, "byte 16 (line 3)");
    free(t.bytes);
}

static void expect_split(const char *of, double fraction, size_t at)
{
    text t, tail;
    error e;
    char sha256[HASH_HEX];
    const size_t n = strlen(of);
    assert_true(text_open(&t, scratch_text(&dir, "split.txt", of), &e));
    assert_int_equal(text_split(&t, &tail, fraction), at > 0);
    if (at > 0) {
        assert_int_equal(t.n, at);
        assert_int_equal(tail.n, n - at);
        assert_int_equal(tail.from, at);
        assert_memory_equal(tail.bytes, of + at, n - at);
        hash_bytes(sha256, of, at);
        assert_string_equal(t.sha256, sha256);
        hash_bytes(sha256, of + at, n - at);
        assert_string_equal(tail.sha256, sha256);
    } else
        assert_int_equal(t.n, n);
    free(t.bytes);
}

static void test_split(void **state)
{
    (void)state;
    expect_split("aaaa\nbbbb\ncccc\ndddd\n", 0.5, 15); /* the line with the middle stays whole */
    expect_split("aaaa\nbbbb\ncccc\ndddd\n", 0.01, 0);
    expect_split("aaaa\nbbbb\ncccc\ndddd\n", 0.1, 18); /* no line begins there: cut at a word */
    expect_split("aaaa bbbb cccc ddddd", 0.5, 15);     /* no lines: words */
    expect_split("\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80", 0.5, 6); /* no words: characters */
    expect_split("a", 0.5, 0);
    expect_split("a\n\n\n\n\n\n", 0.5, 0);
}

/* The cut is near the place that is asked for, whatever the text is like. */
static void test_split_far(void **state)
{
    (void)state;
    enum { N = 133838 };
    static const char *const UNIT[] = { "x", "word ", "One. ", "\xe4\xb8\x80" };
    for (size_t i = 0; i < sizeof UNIT / sizeof *UNIT; i++) {
        char *of = malloc(N + 8);
        size_t n = 0;
        while (n < N - 9) n += (size_t)sprintf(of + n, "%s", UNIT[i]);
        /* The only line that begins in the last tenth. */
        n += (size_t)sprintf(of + n, "\nthe end\n");
        text t = { .path = "far", .bytes = of, .n = n }, tail;
        assert_true(text_split(&t, &tail, 0.1));
        assert_in_range(tail.n, n * 9 / 100, n / 10);
        assert_int_equal(t.n + tail.n, n);
        assert_int_equal(utf8_valid(tail.bytes, tail.n), tail.n);
        if (i == 1) assert_int_equal(of[t.n - 1], ' ');
        if (i == 2) assert_memory_equal(of + t.n - 2, ". ", 2);
        free(of);
    }
}

static void expect_one_space(const char *of, const char *normal)
{
    char bytes[128];
    snprintf(bytes, sizeof bytes, "%s", of);
    text t = { .bytes = bytes, .n = strlen(of) };
    text_one_space(&t);
    assert_int_equal(t.n, strlen(normal));
    assert_memory_equal(bytes, normal, t.n);
    text_one_space(&t); /* once is enough */
    assert_int_equal(t.n, strlen(normal));
}

static void test_one_space(void **state)
{
    (void)state;
    expect_one_space("One.  Two.\t\tThree.", "One. Two. Three.");
    expect_one_space("  a \r\n\tb\r\rc\n\n\n \n\nd \n\n", "a\nb\n\nc\n\nd\n");
    expect_one_space("a\xc2\xa0 b\xc2\xa9", "a b\xc2\xa9");
    expect_one_space("plain text\n\nas it is\n", "plain text\n\nas it is\n");
    expect_one_space(" \xc2\xa0\n", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_taken),
        cmocka_unit_test(test_split),     cmocka_unit_test(test_split_far),
        cmocka_unit_test(test_one_space),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
