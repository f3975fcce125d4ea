/* test_report.c - the page of a study: its content; names stay text; it loads nothing.
 *
 * test_report FILE.html [ARMS] writes the page of a study with hostile names, or of one with so
 * many arms, there, for report.sh to open in a browser.
 */
#include "tests/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double BASE[] = { 3.50, 3.52, 3.51 }, NEAR[] = { 3.504, 3.5235, 3.515 },
                    FAR[] = { 3.6, 3.61, NAN };

#define EVIL                                                                                       \
    "</script><script>document.title='owned'</script><img src=x "                                  \
    "onerror=\"document.title='owned'\">"

/* A name with a slash would be a path. */
#define STUDY "study <script>document.title=1<img src=x onerror=document.title=2>"

static void make(fixture *f)
{
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, BASE, NULL },
                                { "gqa", "gqa:n_kv_heads=2", 2, 512, 0, NEAR, NULL },
                                { EVIL, "mqa", 1, 512, 0, FAR, NULL } };
    fixture_open(f);
    fixture_study(f, STUDY, arm, 3, 3, 0.03);
    fixture_run(f, "UPDATE sweep_version SET question = 'Why <b>not</b> & \"so\"?' || char(10) ||"
                   " '<!-- ' , hypothesis = '<svg onload=document.title=1>'");
    fixture_run(f, "UPDATE sweep_version SET spec_text = 'model: {x: <script>}' || char(10) ||"
                   " '  next: line'");
    fixture_run(f, "UPDATE run SET message = '<script>document.title=2</script>'");
}

enum { SEEDS = 6, CONTEXTS = 3, MOST = 30 };

/* So many arms: three contexts of each variant, of which the third is like the baseline and the
 * others are not. */
static void make_many(fixture *f, int arms)
{
    static fixture_arm arm[MOST];
    static char label[MOST][40], attention[MOST][24], axis[MOST][96];
    static double value[MOST][SEEDS];
    for (int a = 0; a < arms; a++) {
        const int variant = arms > CONTEXTS ? a / CONTEXTS : a,
                  level = arms > CONTEXTS ? a % CONTEXTS : 0;
        snprintf(attention[a], sizeof *attention, "window:size=%d", 100 + variant);
        snprintf(label[a], sizeof *label, "%s context=%d", attention[a], 128 << level);
        snprintf(axis[a], sizeof *axis, "{\"model.attention\":\"%s\",\"model.context\":%d}",
                 attention[a], 128 << level);
        for (int s = 0; s < SEEDS; s++)
            value[a][s] = 3.5 - 0.1 * level + 0.001 * s +
                          (variant % 3 == 1   ? 0.05 + 0.001 * (s % 3)
                           : variant % 3 == 2 ? 0.02 + 0.03 * (s % 3 - 1)
                                              : 0.0005 * ((s + a) % 3));
        arm[a] = (fixture_arm){ label[a], attention[a], 8 >> variant % 4, 512, variant ? level : -1,
                                value[a], axis[a] };
    }
    fixture_open(f);
    fixture_study(f, STUDY, arm, arms, SEEDS, 0.02);
}

static char *page_of(const fixture *f, const char *path)
{
    char *out, *err;
    const char *argv[] = { "attnlab report", "--db", f->path, STUDY, "--out", path, NULL };
    if (fixture_command("report", &out, &err, argv) != 0) fail_msg("%s", err);
    free(out), free(err);
    return fixture_file(path);
}

/* The page without what is inside the library, and so is not ours. */
static void cut_library(char *page)
{
    char *from = strstr(page, "<script>/*! @license");
    if (!from) return;
    char *to = strstr(from, "</script>");
    assert_non_null(to);
    memmove(from, to, strlen(to) + 1);
}

/* What repeats the study: the newest text, and the settings that were given beside it. */
static void repeats(void **state)
{
    (void)state;
    fixture f;
    char path[128];
    make(&f);
    fixture_run(&f, "INSERT INTO sweep_version SELECT sweep_id, 2, 1, 'model: {newer: text}',"
                    " question, hypothesis, metric, direction, margin, alpha, seeds, 0, 0,"
                    " json_array('train.lr=1e-3', 'sweep.question=It''s $(so)'), NULL"
                    " FROM sweep_version");
    snprintf(path, sizeof path, "%s/page.html", f.folder);
    char *page = page_of(&f, path);
    fixture_expect(page, "<pre>model: {newer: text}</pre>");
    fixture_expect(page, "run attnlab sweep study.yaml &#39;train.lr=1e-3&#39; "
                         "&#39;sweep.question=It&#39;\\&#39;&#39;s $(so)&#39;. The same build");
    assert_null(strstr(page, "next: line"));
    free(page);
    fixture_close(&f);
}

static void stands_alone(void **state)
{
    (void)state;
    fixture f;
    char path[128];
    make(&f);
    snprintf(path, sizeof path, "%s/page.html", f.folder);
    char *page = page_of(&f, path);
    cut_library(page);
    /* Verdict first, then the rest. */
    static const char *const ORDER[] = { "<h1>",          "<h2>Verdict</h2>",
                                         "<h2>Arms</h2>", "<h2>Curves</h2>",
                                         "Notes and",     "<h2>Methods</h2>",
                                         "The data",      "</html>" };
    const char *at = page;
    for (size_t i = 0; i < sizeof ORDER / sizeof *ORDER; i++) {
        at = strstr(at, ORDER[i]);
        if (!at) fail_msg("no '%s' in its place", ORDER[i]);
    }
    fixture_expect(page, "<p class=\"lead\">Of 2 contrasts ");
    fixture_expect(page, "class=\"cell equivalent\"");
    fixture_expect(page, "class=\"badge equivalent\"");
    fixture_expect(page, "GQA with 2 of 8 key/value heads is equivalent to MHA within");
    fixture_expect(page, "Fisher&#39;s exact p");
    fixture_expect(page, "Why &lt;b&gt;not&lt;/b&gt; &amp; &quot;so&quot;?");
    fixture_expect(page, "8 runs finished, 1 diverged");
    fixture_expect(page, "Design: 3 arms, 3 seeds each; varied: model.attention: ");
    fixture_expect(page, "Metric: val_loss@512, margin of equivalence ±0.03, alpha 0.05.");
    fixture_expect(page,
                   "model: {x: &lt;script&gt;}\n  next: line"); /* the study's file, as it was */
    fixture_expect(
        page, "two one-sided tests at 0.05 each, that is, the simultaneous 90 % interval lies");
    fixture_expect(page, "one-sided and hold for all 2 contrasts at once");
    fixture_expect(page, "<th scope=\"col\">arm</th>");
    /* What people wrote is text; nothing is fetched. */
    static const char *const NEVER[] = { "<script>document",
                                         "<img",
                                         "onload=document.title=1>",
                                         "<!-- ",
                                         "src=\"",
                                         "<link",
                                         "url(http",
                                         "@import",
                                         "href=\"http" };
    for (size_t i = 0; i < sizeof NEVER / sizeof *NEVER; i++)
        if (strstr(page, NEVER[i])) fail_msg("'%s' is in the page", NEVER[i]);
    /* An id is there once. */
    fixture_expect(page, "id=\"diff-gnuplot_canvas\"");
    fixture_expect(page, "id=\"diff-narrow-gnuplot_canvas\"");
    fixture_expect(page, "id=\"loss-gnuplot_canvas\"");
    fixture_expect(page, "'#diff-gpPt");
    assert_null(strstr(page, "'#gpPt"));
    free(page);
    free(page_of(&f, path)); /* an earlier page is replaced */
    int64_t looks;
    error e;
    assert_true(db_integer(&f.d, &looks, 0, &e, "SELECT count(*) FROM comparison", NULL));
    assert_int_equal(looks, 2);
    fixture_close(&f);
}

/* A study of nine contrasts begins with one sentence and the grid of what was found; each contrast
 * is folded.  The verdicts are counted as they are in the grid. */
static void many(void **state)
{
    (void)state;
    fixture f;
    char path[128], wanted[160];
    make_many(&f, 12);
    snprintf(path, sizeof path, "%s/page.html", f.folder);
    char *page = page_of(&f, path);
    const char *grid = strstr(page, "<table class=\"grid\">");
    assert_non_null(grid);
    int count[3] = { 0 };
    static const char *const VERDICT[] = { "worse", "equivalent", "undecided" };
    for (int v = 0; v < 3; v++) {
        snprintf(wanted, sizeof wanted, "class=\"cell %s\"", VERDICT[v]);
        for (const char *at = grid; (at = strstr(at, wanted)); at++) count[v]++;
        assert_true(count[v] > 0);
    }
    assert_int_equal(count[0] + count[1] + count[2], 9);
    snprintf(
        wanted, sizeof wanted,
        "<p class=\"lead\">Of 9 contrasts %d %s worse, %d equivalent, %d undecided; nothing is "
        "better.</p>",
        count[0], count[0] == 1 ? "is" : "are", count[1], count[2]);
    fixture_expect(page, wanted);
    fixture_expect(page, "<th scope=\"col\">attention, by context</th><th scope=\"col\">128</th>");
    fixture_expect(page, "<details><summary>Each contrast in words</summary>");
    assert_true(strstr(page, "class=\"lead\"") < grid && grid < strstr(page, "<figure>"));
    assert_null(strstr(page, "<details open>"));
    free(page);
    fixture_close(&f);
}

/* A page says in one sentence why there is nothing to compare. */
static void nothing_to_compare(void **state)
{
    (void)state;
    static const struct {
        const char *change, *lead;
    } CASE[] = {
        { "UPDATE run SET status = 'planned', last_step = 0",
          ">No run is done, so there is nothing to compare: all 18 runs are not finished yet.<" },
        { "UPDATE run SET status = 'failed'",
          ">No run is done, so there is nothing to compare: all 18 runs failed.<" },
        { "UPDATE run SET status = CASE run_id % 3 WHEN 0 THEN 'planned' ELSE 'diverged' END",
          ">No run is done, so there is nothing to compare: 12 of 18 diverged, 6 of 18 are not "
          "finished yet.<" },
        { "UPDATE run SET status = 'planned' WHERE run_id NOT IN (SELECT run_id FROM arm_run JOIN "
          "arm"
          " USING(arm_id) WHERE ord = 0)",
          ">No verdict yet: 6 of 18 runs are done, too few for any contrast: 12 of 18 are not "
          "finished yet.<" },
        { "UPDATE arm SET base_arm_id = NULL", ">No arm has a baseline, so nothing is compared.<" },
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        fixture f;
        char path[128];
        make_many(&f, 3);
        fixture_run(&f, CASE[i].change);
        snprintf(path, sizeof path, "%s/page.html", f.folder);
        char *page = page_of(&f, path);
        fixture_expect(page, CASE[i].lead);
        fixture_expect(page, "</html>");
        assert_null(strstr(page, "class=\"grid\""));
        free(page);
        fixture_close(&f);
    }
}

/* A study of which no run is done has a page too, without the curves' figure. */
static void nothing_done(void **state)
{
    (void)state;
    static const double NONE[] = { NAN, NAN, NAN };
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, NONE, NULL },
                                { "mqa", "mqa", 1, 512, 0, NONE, NULL } };
    fixture f;
    char path[128];
    fixture_open(&f);
    fixture_study(&f, STUDY, arm, 2, 3, 0.03);
    snprintf(path, sizeof path, "%s/page.html", f.folder);
    char *page = page_of(&f, path);
    fixture_expect(page, "0 runs finished, 6 diverged");
    fixture_expect(page, "</html>");
    free(page);
    fixture_close(&f);
}

/* The methods say how p is computed, so that anybody can do it again. */
static void recipe(void **state)
{
    (void)state;
    static const double SIX[] = { 3.50, 3.52, 3.51, 3.53, 3.49, 3.505 },
                        MORE[] = { 3.51, 3.53, 3.515, 3.545, 3.50, 3.52 };
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, SIX, NULL },
                                { "mqa", "mqa", 1, 512, 0, MORE, NULL } };
    static const char *const WORDS[] = { "t, times the number of contrasts",
                                         "p is the larger of the two shares" };
    for (int i = 0; i < 2; i++) {
        fixture f;
        char path[128];
        fixture_open(&f);
        fixture_study(&f, STUDY, arm, 2, 3 + 3 * i, 0.03);
        snprintf(path, sizeof path, "%s/page.html", f.folder);
        char *page = page_of(&f, path);
        fixture_expect(page, WORDS[i]);
        fixture_expect(page, "2 arms were trained from scratch");
        free(page);
        fixture_run(&f, "UPDATE arm SET dropped = 1 WHERE label = 'mqa'");
        page = page_of(&f, path);
        fixture_expect(page, "1 arm was trained from scratch");
        free(page);
        fixture_close(&f);
    }
}

static void refusals(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    make(&f);
    const char *argv[] = {
        "attnlab report", "--db", f.path, "nowhere", "--out", "/tmp/x.html", NULL
    };
    assert_int_equal(fixture_command("report", &out, &err, argv), STATUS_USAGE);
    free(out), free(err);
    argv[3] = STUDY, argv[5] = f.path; /* the database */
    assert_int_equal(fixture_command("report", &out, &err, argv), STATUS_USAGE);
    fixture_expect(err, "exists and was not made by `attnlab report`");
    free(out), free(err);
    int64_t looks;
    error e;
    assert_true(db_integer(&f.d, &looks, 9, &e, "SELECT count(*) FROM comparison", NULL));
    assert_int_equal(looks, 0); /* refused before anything was looked at */
    argv[5] = "/nowhere/x.html";
    assert_int_equal(fixture_command("report", &out, &err, argv), STATUS_FAILED);
    assert_non_null(strstr(err, "/nowhere/x.html"));
    free(out), free(err);
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    if (argc >= 2) {
        fixture f;
        if (argc > 2)
            make_many(&f, atoi(argv[2]));
        else
            make(&f);
        free(page_of(&f, argv[1]));
        fixture_close(&f);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stands_alone), cmocka_unit_test(repeats),
        cmocka_unit_test(nothing_done), cmocka_unit_test(recipe),
        cmocka_unit_test(many),         cmocka_unit_test(nothing_to_compare),
        cmocka_unit_test(refusals)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
