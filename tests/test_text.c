/* test_text.c - text that cannot be used is refused, by file, byte and line. */
#include "tests/scratch.h"
#include "tests/unit.h"
#include "trainer/corpus/text.h"

static scratch dir;

static int setup(void **state)
{
    (void)state;
    scratch_open(&dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_close(&dir);
    return 0;
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
    assert_int_equal(t.n, strlen(OF)); /* as it is: neither mark nor line ends are touched */
    assert_memory_equal(t.bytes, OF, t.n);
    hash_bytes(sha256, OF, t.n);
    assert_string_equal(t.sha256, sha256);
    assert_int_equal(text_line(&t, t.n), 3);
    text_close(&t);
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
    text_close(&t);
}

static void test_split(void **state)
{
    (void)state;
    expect_split("aaaa\nbbbb\ncccc\ndddd\n", 0.5, 15); /* the line that half lies in stays */
    expect_split("aaaa\nbbbb\ncccc\ndddd\n", 0.01, 0);
    expect_split("aaaa\nbbbb\ncccc\ndddd\n", 0.1, 18); /* no line begins there: cut this one */
    expect_split("aaaa bbbb cccc dddd", 0.5, 15);      /* no lines: words */
    expect_split("\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80", 0.5, 6); /* no words: characters */
    expect_split("a", 0.5, 0);
    expect_split("a\n\n\n\n\n\n", 0.5, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_split),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
