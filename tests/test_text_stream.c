/* test_text_stream.c - however a text is cut into pieces, what has been written is UTF-8 at any
 * moment, and in the end it is the text.
 */
#include "trainer/decode/text_stream.h"

#include "core/base/growing.h"
#include "core/base/utf8.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

/* What comes out of n bytes that arrive in pieces of `each`. */
static char *through(const char *bytes, size_t n, size_t each)
{
    growing out;
    growing_open(&out);
    text_stream s = { .out = out.f };
    for (size_t i = 0; i < n; i += each) {
        text_stream_put(&s, bytes + i, n - i < each ? n - i : each);
        fflush(out.f);
        assert_true(utf8_is(out.text));
    }
    text_stream_end(&s);
    return growing_close(&out);
}

static void check(const char *bytes, size_t n, const char *want)
{
    for (size_t each = 1; each <= n; each++) {
        char *got = through(bytes, n, each);
        assert_string_equal(got, want);
        free(got);
    }
}

static void test_text(void **state)
{
    static const char TEXT[] =
        "a\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80\xed\x9f\xbf\xee\x80\x80"
        "\xe0\xa0\x80\xf4\x8f\xbf\xbf!\n";
    (void)state;
    check(TEXT, strlen(TEXT), TEXT);
}

#define BAD "\xef\xbf\xbd"

static void test_no_text(void **state)
{
    (void)state;
    check("a\xff"
          "b",
          3, "a" BAD "b");
    check("\xe6\x97", 2, BAD BAD);                 /* cut off                    */
    check("\xe6\x97!", 3, BAD BAD "!");            /* a character that is left   */
    check("\xed\xa0\x80", 3, BAD BAD BAD);         /* a surrogate                */
    check("\xc0\xaf", 2, BAD BAD);                 /* overlong                   */
    check("\xf4\x90\x80\x80", 4, BAD BAD BAD BAD); /* above U+10FFFF             */
    check("\xf0\x9f\xe2\x82\xac", 5, BAD BAD "\xe2\x82\xac");
    check("x\0y", 3, "x" BAD "y");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_text),
                                        cmocka_unit_test(test_no_text) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
