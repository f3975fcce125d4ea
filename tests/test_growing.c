/* test_growing.c - texts that are written piece by piece, empty ones too, and lists that keep their
 * elements while they grow. */
#include "core/base/growing.h"
#include "tests/unit.h"

#include <stdlib.h>

static void test_texts(void **state)
{
    (void)state;
    growing words;
    growing_open(&words);
    char *text = growing_close(&words);
    assert_string_equal(text, "");
    free(text);
    growing_open(&words);
    for (int i = 0; i < 3; i++) fprintf(words.f, "%s%d", i ? ", " : "", i);
    text = growing_close(&words);
    assert_string_equal(text, "0, 1, 2");
    free(text);
}

static void test_lists(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    int *list = NULL;
    for (int n = 0; n < MANY; n++) {
        list = growing_list(list, n, sizeof *list);
        list[n] = n;
    }
    for (int i = 0; i < MANY; i++) assert_int_equal(list[i], i);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
