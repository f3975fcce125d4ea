/* test_published.c - attnlab compare --published: the shipped tables say what their papers' numbers
 * allow, and files that are wrong are refused with their line. */
#include "analysis/data/published.h"
#include "tests/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int run_table(char **out, char **err, const char *const *word)
{
    const char *argv[12] = { "attnlab compare", "--published" };
    for (int n = 2; *word; n++) argv[n] = *word++;
    return fixture_command("compare", out, err, argv);
}

static void says(const char *const *word, const char *const *part)
{
    char *out, *err;
    if (run_table(&out, &err, word) != 0) fail_msg("%s: %s", word[0], err);
    for (; *part; part++) fixture_expect(out, *part);
    free(out), free(err);
}

static void near(double x, double wanted, double slack)
{
    if (!(fabs(x - wanted) <= slack)) fail_msg("%.12g, expected %.12g", x, wanted);
}

/* What Llama 2's table 18 says of GQA, from the table alone. */
static void llama2_table18(void **state)
{
    (void)state;
    char *out, *err;
    says(
        (const char *[]){ "llama2-table18", "--pairs", "all", NULL },
        (const char *[]){
            "GQA against MHA: +0.13 points on average over 11 benchmarks (sd 1.01, t(10) = 0.42, ",
            "better on 6, worse on 4, equal on 1.",
            "MQA against MHA: -0.39 points on average over 11 benchmarks (sd 1.05, t(10) = -1.23, ",
            "HumanEval: 7.9 against 7.3 is one problem of 164.",
            "MMLU: guessing gives 25 %, and no model is more than 3.0 points above it.",
            "one run a model", "arXiv:2307.09288, table 18", NULL });
    assert_int_equal(
        run_table(&out, &err,
                  (const char *[]){ "llama2-table18", "GQA", "MHA", "-o", "json", NULL }),
        0);
    json_t *rows = fixture_rows(out);
    assert_int_equal(json_array_size(rows), 12);
    for (size_t i = 0; i < 11; i++) {
        const json_t *row = json_array_get(rows, i);
        const double p = fixture_number(row, "score") / 100,
                     q = fixture_number(row, "base_score") / 100, n = fixture_number(row, "items");
        near(fixture_number(row, "se"), 100 * sqrt((p * (1 - p) + q * (1 - q)) / n), 1e-9);
        /* 11 at once: 2.8376 is the normal quantile of 1 - 0.025 / 11 */
        near(fixture_number(row, "ci_hi"),
             fixture_number(row, "diff") + 2.837580 * fixture_number(row, "se"), 1e-4);
    }
    const json_t *mean = json_array_get(rows, 11);
    near(fixture_number(mean, "diff"), 1.4 / 11, 1e-9);
    near(fixture_number(mean, "t"), 0.419568, 1e-6);
    json_decref(rows);
    free(out), free(err);
}

/* Printed means that are not the means of what they are said to be of. */
static void wrong_means(void **state)
{
    (void)state;
    char *out, *err;
    says((const char *[]){ "llama2-table3", "Llama-2-13B", "Llama-2-7B", NULL },
         (const char *[]){ "Math of Llama-2-7B is printed as 14.6, but the mean of GSM8K + MATH is "
                           "8.55: it is GSM8K alone.",
                           "Math of Llama-2-13B is printed as 28.7, but the mean of GSM8K + MATH "
                           "is 16.30: it is GSM8K alone.",
                           NULL });
    assert_int_equal(run_table(&out, &err, (const char *[]){ "llama2-table3", NULL }), 0);
    int wrong = 0;
    for (const char *at = out; (at = strstr(at, "is printed as")); at++) wrong++;
    assert_int_equal(wrong, 2); /* the groups of the other models are what they say */
    free(out), free(err);
    says((const char *[]){ "gqa-table1", NULL },
         (const char *[]){ "Average of MQA-XXL is printed as 46.6, but the mean of CNN/DM",
                           "is 46.76.", "their errors are not known", NULL });
}

/* Every shipped table has a title, a source and a baseline, and can be compared. */
static void all_tables(void **state)
{
    (void)state;
    int n = 0;
    for (const published_file *f = published_files; f->name; f++, n++) {
        published p;
        error e;
        if (!published_open(&p, f->name, &e)) fail_msg("%s", e.msg);
        assert_true(p.title && p.source && p.models > 1);
        assert_non_null(strstr(p.source, "arXiv:"));
        assert_non_null(strstr(f->text, "# baseline: "));
        says((const char *[]){ f->name, "--pairs", "all", NULL },
             (const char *[]){ p.title, NULL });
        published_close(&p);
    }
    assert_true(n >= 5);
}

static char *write_file(const fixture *f, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    fputs(text, to);
    fclose(to);
    char *out = strdup(path);
    assert_non_null(out);
    return out;
}

/* A model of one's own beside a published one, with its own number of items. */
static void own_model(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    char *path = write_file(&f, "own.csv",
                            "model,PIQA,BoolQ,Mine\r\n@items,,100,7\r\nmy model,80,50,1\r\n"),
         *out, *err;
    assert_int_equal(run_table(&out, &err,
                               (const char *[]){ "llama2-table18", "my model", "GQA", "--with",
                                                 path, "-o", "json", NULL }),
                     0);
    fixture_expect(out, "the table has no column Mine");
    json_t *rows = fixture_rows(out);
    assert_int_equal(json_array_size(rows), 3);
    const json_t *boolq = json_array_get(rows, 0), *piqa = json_array_get(rows, 1);
    near(fixture_number(boolq, "se"), 100 * sqrt(0.25 / 100 + 0.694 * 0.306 / 3270), 1e-9);
    near(fixture_number(piqa, "se"), 100 * sqrt((0.8 * 0.2 + 0.788 * 0.212) / 1838), 1e-9);
    json_decref(rows);
    free(out), free(err), free(path);
    path = write_file(&f, "share.csv", "model,PIQA\nshare,0.8\n");
    says((const char *[]){ "llama2-table18", "--with", path, NULL },
         (const char *[]){ "share against MHA", "Scores from different programs", NULL });
    assert_int_equal(
        run_table(&out, &err, (const char *[]){ "llama2-table18", "--with", path, NULL }), 0);
    fixture_expect(out, "scores are percent, so write 71 for 0.71");
    free(out), free(err), free(path);
    fixture_close(&f);
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } BAD[] = {
        { "", "there is no model" },
        { "model\nx\n", ":1: the first line names the model and at least one benchmark" },
        { "# t\nmodel,a,a\nx,1,2\n", ":2: column 3, 'a', has no name or one that is taken" },
        { "model,a\nx,1\nx,2\n", ":3: the model 'x' is there twice" },
        { "model,a\nx,101\n", ":2: a of x: '101' is not a score in percent" },
        { "model,a\nx,1.2.3\n", ":2: a of x: '1.2.3' is not a score" },
        { "model,a\nx,nan\n", "'nan' is not a score" },
        { "model,a\nx,1,2\n", ":2: a quote is not closed, or not as many columns" },
        { "model,a\nx,\"1\n", ":2: a quote is not closed" },
        { "model,a\n@items,0.5\nx,1\n", ":2: @items of a: '0.5' is not a number of items" },
        { "model,a\n@chance,200\nx,1\n", "'200' is not a percentage" },
        { "model,a\n@other,1\nx,1\n", ":2: '@other' is unknown" },
        { "model,a,b\n@mean_of,,a + c\nx,1,1\n",
          ":2: @mean_of of b: there is no other column 'c'" },
        { "# baseline: y\nmodel,a\nx,1\n", "has no model 'y'; it has x" },
        { "model,a\nx,1\n", "has a single model" },
        { "model,a\n\xff,1\n", "not a text file in UTF-8" },
    };
    fixture f;
    fixture_open(&f);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        char *out, *err, *path = write_file(&f, "bad.csv", BAD[i].text);
        const int status = run_table(&out, &err, (const char *[]){ path, NULL });
        if (status != STATUS_USAGE) fail_msg("status %d for: %s", status, BAD[i].text);
        fixture_expect(err, BAD[i].message);
        assert_string_equal(out, "");
        free(out), free(err), free(path);
    }
    const struct {
        const char *word[6], *message;
    } WORDS[] = { { { "nothing" }, "there is no published table 'nothing'" },
                  { { "llama2-table18", "XQA" }, "has no model 'XQA'; it has MHA, MQA, GQA" },
                  { { "llama2-table18", "MHA" }, "would be compared with itself" },
                  { { "llama2-table18", "--at", "tokens=1" }, "leave out the other options" },
                  { { "llama2-table18", "--with", "/nowhere.csv" }, "/nowhere.csv" } };
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        char *out, *err;
        assert_true(run_table(&out, &err, WORDS[i].word) != 0);
        fixture_expect(err, WORDS[i].message);
        free(out), free(err);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(llama2_table18), cmocka_unit_test(wrong_means),
        cmocka_unit_test(all_tables),     cmocka_unit_test(own_model),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
