/* test_documents.c - files, folders, lists, lines of JSON and separators give the documents that
 * they should, and what is wrong is named with its file and line. */
#include "tests/scratch.h"
#include "tests/unit.h"
#include "trainer/corpus/documents.h"

#include <sys/stat.h>

/* The documents of d are these, up to NULL. */
static void expect(documents *d, const char *const *want)
{
    int n = 0;
    for (; want[n]; n++) {
        assert_true(n < d->n);
        if (d->item[n].n != strlen(want[n]) || memcmp(d->item[n].bytes, want[n], d->item[n].n) != 0)
            fail_msg("document %d is '%.*s', not '%s'", n, (int)d->item[n].n, d->item[n].bytes,
                     want[n]);
    }
    assert_int_equal(d->n, n);
    documents_close(d);
}

#define EXPECT(d, ...) expect(d, (const char *const[]){ __VA_ARGS__, NULL })

static documents added(const char *of, document_source source)
{
    documents d = { 0 };
    error e;
    if (!documents_add(&d, scratch_text(&dir, "file", of), &source, &e)) fail_msg("%s", e.msg);
    return d;
}

static void refused(const char *of, document_source source, const char *why)
{
    documents d = { 0 };
    error e = { 0 };
    assert_false(documents_add(&d, scratch_text(&dir, "file", of), &source, &e));
    if (!strstr(e.msg, why)) fail_msg("'%s' is not in '%s'", why, e.msg);
    assert_null(strchr(e.msg, '\n'));
    documents_close(&d);
}

static void test_json(void **state)
{
    (void)state;
    const document_source source = { .field = "text" };
    documents d =
        added("\xef\xbb\xbf{\"text\": \"one\\ntwo \\u4e00\\ud83d\\ude00\", \"id\": 1}\r\n\n"
              "{\"text\": \" \"}\n{\"id\": [], \"text\": \"three\"}",
              source);
    assert_int_equal(d.blank, 1);
    assert_int_equal(d.item[1].line, 4);
    EXPECT(&d, "one\ntwo \xe4\xb8\x80\xf0\x9f\x98\x80", "three");
    refused("{\"text\": \"a\"}\n{\"text\": \"b\"\n", source, "file:2: not JSON: ");
    refused("{\"text\": \"a\"}\n\n[1]\n", source, "file:3: not an object of JSON");
    refused("{\"text\": \"a\"}\n{\"body\": 1}\n", source, "file:2: there is no field 'text'");
    refused("{\"text\": 7}\n", source, "file:1: the field 'text' is not a string");
    refused("{\"text\": \"a\\u0000b\"}\n", source, "file:1: not JSON");
    refused("{\"text\": \"caf\xe9\"}\n", source, "file:1: not JSON");
    refused("{\"text\": \"a\"}\n{\"text\": \"a\\u2581\"}\n", source,
            "line 2, byte 1 of its text is U+2581");
    refused("\n\n", source, "there is no text in this file");
}

static void test_separator(void **state)
{
    (void)state;
    const document_source mark = { .separator = "<|end|>" }, empty_line = { .separator = "\n\n" };
    documents d = added("one<|end|>\n\n<|end|>two\nlines<|end|>", mark);
    assert_int_equal(d.blank, 2);
    assert_int_equal(d.item[1].from, 19);
    char place[64];
    text_place(place, sizeof place, &d.item[1], 4);
    assert_string_equal(place, "byte 23 (line 4)");
    EXPECT(&d, "one", "two\nlines");
    d = added("a\nb\n\nc\n\n\n\nd\n", empty_line);
    EXPECT(&d, "a\nb", "c", "d\n");
    d = added("no mark at all", mark);
    EXPECT(&d, "no mark at all");
    refused("a\n<|end|>b\ncaf\xe9", mark, "byte 14 (line 3) is not UTF-8");
}

static void test_space(void **state)
{
    (void)state;
    documents d = added("One.  Two.\r\n\r\n\r\n\tThree. ", (document_source){ .one_space = true });
    EXPECT(&d, "One. Two.\n\nThree.");
    d = added("{\"text\": \"a  b\"}\n{\"text\": \"\\u00a0\"}",
              (document_source){ .field = "text", .one_space = true });
    assert_int_equal(d.blank, 1);
    EXPECT(&d, "a b");
}

static void test_folder(void **state)
{
    (void)state;
    static const char *const FOLDER[] = { "top",        "top/b",    "top/.git",
                                          "top/corpus", "top/none", "empty" };
    for (size_t i = 0; i < sizeof FOLDER / sizeof *FOLDER; i++)
        assert_int_equal(mkdir(scratch_path(&dir, FOLDER[i]), 0777), 0);
    scratch_text(&dir, "top/c.txt", "c"), scratch_text(&dir, "top/b/2", "b2");
    scratch_text(&dir, "top/b/10", "b10"), scratch_text(&dir, "top/a", "a");
    scratch_text(&dir, "top/.git/x", "hidden"), scratch_text(&dir, "top/.hidden", "hidden");
    scratch_text(&dir, "top/corpus/train.tokens", "\xff");
    char top[128], skip[128];
    snprintf(skip, sizeof skip, "%s", scratch_path(&dir, "top/corpus"));
    snprintf(top, sizeof top, "%s", scratch_path(&dir, "top"));
    document_source source = { .skip = skip };
    documents d = { 0 };
    error e;
    if (!documents_add(&d, top, &source, &e)) fail_msg("%s", e.msg);
    assert_non_null(strstr(d.item[1].path, "top/b/10"));
    EXPECT(&d, "a", "b10", "b2", "c");
    assert_false(documents_add(&d, scratch_path(&dir, "empty"), &source, &e));
    assert_non_null(strstr(e.msg, "there is no file in this folder"));
    assert_int_equal(e.status, STATUS_USAGE);
    assert_int_equal(symlink("..", scratch_path(&dir, "top/b/loop")), 0);
    assert_false(documents_add(&d, top, &source, &e));
    assert_non_null(strstr(e.msg, "a link leads back"));
    documents_close(&d);
}

static void test_list(void **state)
{
    (void)state;
    char words[512], list[128];
    documents d = { 0 };
    document_source source = { 0 };
    error e;
    scratch_text(&dir, "one", "1"), scratch_text(&dir, "two words", "2");
    snprintf(words, sizeof words, "%s/one\r\n\n%s/two words", dir.folder, dir.folder);
    snprintf(list, sizeof list, "%s", scratch_text(&dir, "list", words));
    if (!documents_add_list(&d, list, &source, &e)) fail_msg("%s", e.msg);
    EXPECT(&d, "1", "2");
    snprintf(words, sizeof words, "%s/one\n%s/none\n", dir.folder, dir.folder);
    scratch_text(&dir, "list", words);
    assert_false(documents_add_list(&d, list, &source, &e));
    snprintf(words, sizeof words, "%s:2: %s/none: No such file", list, dir.folder);
    assert_non_null(strstr(e.msg, words));
    documents_close(&d);
    scratch_text(&dir, "list", "\n\n");
    assert_false(documents_add_list(&d, list, &source, &e));
    assert_non_null(strstr(e.msg, "names no file"));
    documents_close(&d);
}

static void test_input(void **state)
{
    (void)state;
    documents d = { 0 };
    document_source source = { .separator = "|" };
    error e;
    assert_non_null(freopen(scratch_text(&dir, "input", "one|two"), "r", stdin));
    if (!documents_add(&d, "-", &source, &e)) fail_msg("%s", e.msg);
    assert_string_equal(d.item[0].path, "standard input");
    assert_false(documents_add(&d, "-", &source, &e));
    assert_non_null(strstr(e.msg, "only once"));
    EXPECT(&d, "one", "two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),  cmocka_unit_test(test_separator),
        cmocka_unit_test(test_space), cmocka_unit_test(test_folder),
        cmocka_unit_test(test_list),  cmocka_unit_test(test_input),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
