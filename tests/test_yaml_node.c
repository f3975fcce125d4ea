/* test_yaml_node.c - which YAML is read, and where everything else is refused. */
#include "core/base/yaml_node.h"

#include "tests/scratch.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static yaml_node *parsed(const char *text)
{
    error e;
    yaml_node *root;
    if (!yaml_parse(&root, text, &e)) fail_msg("%s: %s", text, e.msg);
    return root;
}

/* The text is refused as a mistake of the user, with these words in the message. */
static void refused(const char *text, const char *words)
{
    error e = { 0 };
    yaml_node *root;
    if (yaml_parse(&root, text, &e)) fail_msg("accepted: %.60s", text);
    assert_null(root);
    assert_int_equal(e.status, STATUS_USAGE);
    if (!strstr(e.msg, words)) fail_msg("'%s' is not in '%s'", words, e.msg);
    assert_null(strchr(e.msg, '\n'));
}

static void test_scalars_stay_text(void **state)
{
    (void)state;
    static const char *const TEXT[] = { "no", "1e-3", "0x10", "~", "null", "2001-01-01", "1_000" };
    for (size_t i = 0; i < sizeof TEXT / sizeof *TEXT; i++) {
        yaml_node *root = parsed(TEXT[i]);
        assert_int_equal(root->kind, YAML_SCALAR);
        assert_string_equal(root->text, TEXT[i]);
        yaml_close(root);
    }
    yaml_node *root = parsed("");
    assert_string_equal(root->text, "");
    yaml_close(root);
}

static void test_empty(void **state)
{
    (void)state;
    yaml_node *root = parsed("a:\nb: ~\nc: null\nd:\n  # e: 1\nf: 0\ng: []\n");
    for (int i = 0; i < root->n; i++) assert_int_equal(yaml_empty(&root->item[i]), i < 4);
    assert_int_equal(root->n, 6);
    yaml_close(root);
}

static void test_tree(void **state)
{
    (void)state;
    yaml_node *root =
        parsed("model:\n  dim: 64   # width\n  attention: [window:size=8:n_kv_heads=2, mha]\n"
               "\"quoted key\": 'it''s'\n");
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->n, 2);
    const yaml_node *model = yaml_find(root, "model"), *dim = yaml_find(model, "dim");
    assert_string_equal(dim->text, "64");
    assert_int_equal(dim->line, 2);
    assert_int_equal(dim->column, 8);
    assert_int_equal(model->key[1].line, 3);
    assert_int_equal(model->key[1].column, 3);
    const yaml_node *list = yaml_find(model, "attention");
    assert_int_equal(list->kind, YAML_LIST);
    assert_int_equal(list->n, 2);
    assert_string_equal(list->item[0].text, "window:size=8:n_kv_heads=2");
    assert_string_equal(yaml_find(root, "quoted key")->text, "it's");
    assert_null(yaml_find(root, "dim"));
    yaml_close(root);
}

static void test_many_items(void **state)
{
    (void)state;
    char text[16384] = "";
    size_t n = 0;
    for (int i = 0; i < 1000; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "k%d: %d\n", i, i);
    yaml_node *root = parsed(text);
    assert_int_equal(root->n, 1000);
    assert_string_equal(yaml_find(root, "k999")->text, "999");
    yaml_close(root);
}

static void test_refused(void **state)
{
    (void)state;
    refused("a: &x 1\nb: *x\n", "anchor '&x'");
    refused("a: *x\n", "alias '*x'");
    refused("? *x\n: 1\n", "key");
    refused("*x : 1\n", "key");
    refused("a: !!str 1\n", "tag");
    refused("!!map {a: 1}\n", "tag");
    refused("&x a: 1\n", "anchor");
    refused("a: 1\nb: 2\na: 3\n", "'a' is given twice, first on line 1");
    refused("{a: 1, b: {c: 1, c: 2}}", "'c' is given twice");
    refused("a:\n  b: 1\n\na:\n  c: 2\n", "'a' is given twice, first on line 1"); /* not line 2 */
    refused("x: 1\n? a\n: - 1\na: 2\n", "'a' is given twice, first on line 2");
    refused("a: 1\n---\nb: 2\n", "second document");
    refused("[a: b: c", "");
    refused("{[a]: 1}", "key");
    refused("a: [1, 2", "");
    refused("a: 1\n b: 2\n", "");
    refused("a:\t1\n\tb: 2\n", "");
    refused("a: \"x\\0y\"\n", "0 byte");
    refused("\xff\xfe", "UTF-8");
    refused("a: \xc3\x28", "UTF-8");
    refused("a: \x01", "UTF-8");
    refused("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "levels deep");
    error e;
    yaml_node *root;
    assert_false(yaml_parse(&root, "<<: {a: 1}\n<<: {b: 2}\n", &e)); /* a key like any other */
}

/* An incomplete tree must not leak, wherever the text ends (the sanitizer checks). */
static void test_every_prefix(void **state)
{
    (void)state;
    const char *whole =
        "model: {dim: 64, attention: [mha, {a: [b, c]}]}\n? x\n: \"y\\n\"\nz: &q [1]\n";
    char text[128];
    for (size_t n = 0; n <= strlen(whole); n++) {
        error e;
        yaml_node *root;
        snprintf(text, sizeof text, "%.*s", (int)n, whole);
        if (yaml_parse(&root, text, &e)) yaml_close(root);
    }
}

/* A hostile text takes hardly any time. */
static void test_hostile(void **state)
{
    (void)state;
    enum { N = 60000 };
    static const char *const PIECE[] = { "[",     "{",  "a: ", "- ",  "? ", "[a,",
                                         "{a: {", "\"", "#",   "|\n", "a\n" };
    char *text = malloc(N + 8);
    for (size_t i = 0; i < sizeof PIECE / sizeof *PIECE; i++) {
        error e;
        yaml_node *root;
        size_t n = 0;
        while (n < N) n += (size_t)snprintf(text + n, 8, "%s", PIECE[i]);
        if (yaml_parse(&root, text, &e)) yaml_close(root);
    }
    free(text);
}

static void test_files(void **state)
{
    (void)state;
    error e;
    yaml_node *root;
    const char *path = scratch_put(&dir, "file", "a: 1\nb: [2, \xff]\n", 16);
    assert_false(yaml_read(&root, path, &e));
    assert_int_equal(e.status, STATUS_USAGE);
    char where[160];
    snprintf(where, sizeof where, "%s:2:8: ", path);
    assert_memory_equal(e.msg, where, strlen(where));

    /* A byte order mark and DOS line ends. */
    scratch_text(&dir, "file",
                 "\xef\xbb\xbf"
                 "a: 1\r\nb: 2\r\n");
    assert_true(yaml_read(&root, path, &e));
    assert_string_equal(yaml_find(root, "b")->text, "2");
    assert_string_equal(root->item[0].file, path);
    yaml_close(root);

    char *big = malloc(70000);
    memset(big, '#', 70000);
    scratch_put(&dir, "file", big, 70000);
    free(big);
    assert_false(yaml_read(&root, path, &e));
    assert_int_equal(e.status, STATUS_USAGE);
    assert_non_null(strstr(e.msg, "70000"));

    assert_int_equal(remove(path), 0);
    assert_false(yaml_read(&root, path, &e));
    assert_int_equal(e.status, STATUS_FAILED);
    assert_non_null(strstr(e.msg, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars_stay_text),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_many_items),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
