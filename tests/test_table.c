/* test_table.c - one table in every format; JSON and CSV are read back to the same values. */
#include "core/base/table.h"
#include "tests/unit.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const COLUMNS[] = { "name", "n", "loss" };
static const char AWKWARD[] = "a,\"b\"\\\n\t\x01|\xc3\xa9";

/* Two rows, one of them awkward, or none. */
static char *print(table_format f, int rows)
{
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    table t;
    table_open(&t, f, out, 3, COLUMNS);
    if (rows > 0) table_text(&t, "mha"), table_int(&t, -7), table_real(&t, 0.1, 2);
    if (rows > 1) table_text(&t, AWKWARD), table_int(&t, INT64_MAX), table_real(&t, NAN, 2);
    if (rows > 2) table_text(&t, NULL), table_int(&t, 0), table_real(&t, 1.0 / 3, 2);
    table_close(&t);
    fclose(out);
    return text;
}

static void expect_text(table_format f, int rows, const char *text)
{
    char *found = print(f, rows);
    assert_string_equal(found, text);
    free(found);
}

/* The text of a table of one number, without the name of its column. */
static double read_back(double x, table_format f)
{
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    table t;
    table_open(&t, f, out, 1, COLUMNS);
    table_real(&t, x, 1);
    table_close(&t);
    fclose(out);
    const double back = strtod(strchr(text, '\n') + 1, NULL);
    free(text);
    return back;
}

static void test_text(void **state)
{
    (void)state;
    expect_text(TABLE_TEXT, 1, "name   n  loss\nmha   -7  0.10\n");
    expect_text(TABLE_TEXT, 0, "name  n  loss\n");
    assert_false(signbit(read_back(-0.0, TABLE_TEXT)) || signbit(read_back(-0.004, TABLE_TEXT)) ||
                 signbit(read_back(-0.0, TABLE_CSV)));
    expect_text(TABLE_MD, 1, "| name |  n | loss |\n|---|---:|---:|\n| mha  | -7 | 0.10 |\n");
    char *found = print(TABLE_MD, 3); /* one line per row, whatever is in it */
    int lines = 0;
    for (const char *at = found; (at = strchr(at, '\n')); at++) lines++;
    assert_int_equal(lines, 5);
    assert_non_null(strstr(found, "\\|"));
    free(found);
}

static void test_latex(void **state)
{
    (void)state;
    expect_text(TABLE_LATEX, 1,
                "\\begin{tabular}{lrr}\n\\toprule\nname & n & loss \\\\\n\\midrule\n"
                "mha & $-$7 & 0.10 \\\\\n\\bottomrule\n\\end{tabular}\n");
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    table t;
    table_open(&t, TABLE_LATEX, out, 1, (const char *[]){ "a_b" });
    table_text(&t, "\\input{x}%\n$^~&#<\u00b1>");
    table_text(&t, "[2pt]*");          /* no argument and no star of the \\ before it */
    table_text(&t, "a--b ``c''\"d\""); /* no dash, no typographic quotes          */
    table_close(&t);
    fclose(out);
    assert_non_null(strstr(text, "\n{[}2pt{]}{*} \\\\\n"));
    assert_non_null(strstr(text, "\na-{}-b \\textasciigrave{}\\textasciigrave{}c"
                                 "\\textquotesingle{}\\textquotesingle{}\\char34{}d\\char34{}"));
    assert_non_null(strstr(text, "a\\_b"));
    assert_non_null(
        strstr(text, "\\textbackslash{}input\\{x\\}\\% \\$\\textasciicircum{}\\textasciitilde{}"
                     "\\&\\#\\textless{}$\\pm$\\textgreater{}"));
    free(text);
}

static void test_html(void **state)
{
    (void)state;
    expect_text(TABLE_HTML, 1,
                "<table>\n<thead><tr><th scope=\"col\">name</th><th scope=\"col\">n</th><th "
                "scope=\"col\">loss</th></tr></thead>\n<tbody>\n"
                "<tr><td>mha</td><td class=\"n\">-7</td><td class=\"n\">0.10</td></tr>\n</tbody>\n"
                "</table>\n");
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    table_put_html(out, "<script>alert('x\"&\n')");
    fclose(out);
    assert_string_equal(text, "&lt;script&gt;alert(&#39;x&quot;&amp; &#39;)");
    free(text);
}

static void test_csv(void **state)
{
    (void)state;
    expect_text(TABLE_CSV, 0, "name,n,loss\n");
    expect_text(TABLE_CSV, 3,
                "name,n,loss\nmha,-7,0.1\n\"a,\"\"b\"\"\\\n\t\x01|\xc3\xa9\",9223372036854775807,"
                "\n,0,0.3333333333333333\n");
}

static void expect_rows(const json_t *rows, size_t n)
{
    assert_true(json_is_array(rows));
    assert_int_equal(json_array_size(rows), n);
    const json_t *first = json_array_get(rows, 0), *second = json_array_get(rows, 1);
    if (n > 0) {
        assert_string_equal(json_string_value(json_object_get(first, "name")), "mha");
        assert_true(json_integer_value(json_object_get(first, "n")) == -7);
        assert_true(json_real_value(json_object_get(first, "loss")) == 0.1);
    }
    if (n > 1) {
        assert_string_equal(json_string_value(json_object_get(second, "name")), AWKWARD);
        assert_true(json_integer_value(json_object_get(second, "n")) == INT64_MAX);
        assert_true(json_is_null(json_object_get(second, "loss")));
    }
    if (n > 2) {
        const json_t *third = json_array_get(rows, 2);
        assert_true(json_is_null(json_object_get(third, "name")));
        assert_true(json_real_value(json_object_get(third, "loss")) == 1.0 / 3);
    }
}

static void test_json(void **state)
{
    (void)state;
    for (int n = 0; n <= 3; n++) {
        char *text = print(TABLE_JSON, n);
        json_t *rows = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        expect_rows(rows, (size_t)n);
        json_decref(rows);
        free(text);

        rows = json_array();
        char *lines = print(TABLE_JSONL, n), *rest = lines;
        for (char *line; (line = strtok_r(rest, "\n", &rest));)
            json_array_append_new(rows, json_loads(line, JSON_REJECT_DUPLICATES, NULL));
        expect_rows(rows, (size_t)n);
        json_decref(rows);
        free(lines);
    }
}

/* The text of a table of one probability, without the name of its column. */
static void expect_probability(double p, table_format f, const char *cell)
{
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    table t;
    table_open(&t, f, out, 1, COLUMNS);
    table_probability(&t, p);
    table_close(&t);
    fclose(out);
    const char *found = strchr(text, '\n') + 1;
    assert_string_equal(found + strspn(found, " "), cell);
    free(text);
}

/* A small probability is never shown as 0; programs get all digits. */
static void test_probability(void **state)
{
    (void)state;
    expect_probability(0.09375, TABLE_TEXT, "0.0938\n");
    expect_probability(1e-4, TABLE_TEXT, "0.0001\n");
    expect_probability(3.4e-15, TABLE_TEXT, "3e-15\n");
    expect_probability(0, TABLE_TEXT, "0.0000\n");
    expect_probability(NAN, TABLE_TEXT, "\n");
    expect_probability(3.4e-15, TABLE_CSV, "3.4e-15\n");
}

/* The fewest of 15 to 17 digits that read back. */
static void expect_fewest(double x)
{
    char *text, fewest[64];
    size_t n;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(fewest, sizeof fewest, "loss\n%.*g\n", digits, x);
        if (strtod(fewest + 5, NULL) == x) break;
    }
    FILE *out = open_memstream(&text, &n);
    table t;
    table_open(&t, TABLE_CSV, out, 1, (const char *[]){ "loss" });
    table_real(&t, x, 1);
    table_close(&t);
    fclose(out);
    assert_string_equal(text, fewest);
    free(text);
}

/* Programs get every double exactly, people get it rounded, however large it is. */
static void test_exact(void **state)
{
    (void)state;
    uint64_t bits = 1;
    for (int i = 0; i < 2000; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        double x;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x)) continue;
        assert_true(read_back(x, TABLE_CSV) == x);
        expect_fewest(x);
        assert_true(fabs(read_back(x, TABLE_TEXT) - x) <= 0.05 + 1e-5 * fabs(x));
    }
    for (int i = 1; i < 20000; i++) {
        expect_fewest(i / 1000.0), expect_fewest(i * 0.1 + 0.2), expect_fewest(1.0 / i);
        expect_fewest(-i * 1e-7), expect_fewest(i * 1e300), expect_fewest(i * 5e-324);
        expect_fewest(9 + i / 1e15), expect_fewest(nextafter(i / 100.0, 1e9));
        expect_fewest(i * 1e11);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const NAME[] = { "table", "md", "csv", "json", "jsonl", "latex", "html" };
    for (int i = 0; i <= TABLE_HTML; i++) assert_string_equal(table_formats[i], NAME[i]);
    assert_null(table_formats[TABLE_HTML + 1]);
}

/* JSON is UTF-8, whatever a path or a command line was. */
static void test_json_string(void **state)
{
    (void)state;
    char *json = table_json_string("caf\xe9/\xc3\xa9 \xf0\x9f\x98\"\n");
    assert_string_equal(json, "\"caf?/\xc3\xa9 ???\\\"\\n\"");
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),        cmocka_unit_test(test_latex),
        cmocka_unit_test(test_html),        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_json),        cmocka_unit_test(test_probability),
        cmocka_unit_test(test_exact),       cmocka_unit_test(test_names),
        cmocka_unit_test(test_json_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
