/* test_text.c - unusable text is refused with its file, byte and line; UTF-8 is recognised exactly.
 *
 * The oracle for UTF-8: a byte sequence is a character if decoding it to a code point and encoding
 * that again gives the same bytes.
 */
#include "core/base/utf8.h"
#include "tests/prose.h"
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

static size_t write_character(unsigned char *out, uint32_t c)
{
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char FIRST[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = n - 1; i > 0; i--, c >>= 6) out[i] = (unsigned char)(0x80 | (c & 63));
    out[0] = (unsigned char)(FIRST[n] | c);
    return n;
}

/* Length of the character that s begins with, by brute force; 0 if there is none. */
static size_t oracle(const unsigned char *s, size_t n)
{
    for (size_t length = 1; length <= 4 && length <= n; length++) {
        static const unsigned char MASK[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
        uint32_t c = s[0] & MASK[length];
        for (size_t i = 1; i < length; i++) c = c << 6 | (s[i] & 63);
        unsigned char again[4];
        if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) continue;
        if (write_character(again, c) == length && memcmp(again, s, length) == 0) return length;
    }
    return 0;
}

static void expect_same(const unsigned char *s, size_t n)
{
    size_t at = 0;
    for (size_t length; at < n && (length = oracle(s + at, n - at)) > 0;) at += length;
    assert_int_equal(utf8_valid((const char *)s, n), at);
}

static void test_every_character(void **state)
{
    (void)state;
    unsigned char s[4];
    for (uint32_t c = 0; c <= 0x110000; c++) {
        const size_t n = write_character(s, c);
        const bool right = c <= 0x10ffff && (c < 0xd800 || c >= 0xe000);
        assert_int_equal(utf8_valid((const char *)s, n), right ? n : 0);
        for (size_t cut = 1; cut < n; cut++) assert_int_equal(utf8_valid((const char *)s, cut), 0);
    }
}

static void test_every_pair(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 65536; i++) {
        const unsigned char s[] = { (unsigned char)(i >> 8), (unsigned char)i };
        expect_same(s, 2);
    }
}

static void test_random(void **state)
{
    (void)state;
    static const unsigned char EDGE[] = { 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
                                          0xc1, 0xc2, 0xdf, 0xe0, 0xec, 0xed, 0xee, 0xef,
                                          0xf0, 0xf3, 0xf4, 0xf5, 0xf8, 0xff, 'a' };
    uint64_t seed = 1;
    for (int i = 0; i < 300000; i++) {
        unsigned char s[20];
        const size_t n = prose_random(&seed) % sizeof s;
        for (size_t j = 0; j < n; j++)
            s[j] = prose_random(&seed) % 2 ? EDGE[prose_random(&seed) % sizeof EDGE] : 'a';
        expect_same(s, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_taken),
        cmocka_unit_test(test_split),      cmocka_unit_test(test_split_far),
        cmocka_unit_test(test_one_space),  cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_every_pair), cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
