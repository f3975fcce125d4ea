/* test_utf8.c - UTF-8 is recognised exactly.
 *
 * The oracle: a byte sequence is a character if decoding it to a code point and encoding that again
 * gives the same bytes.
 */
#include "core/base/utf8.h"
#include "tests/prose.h"
#include "tests/unit.h"

#include <string.h>

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
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
