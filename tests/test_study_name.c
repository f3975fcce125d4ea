/* test_study_name.c - `attnlab sweep` and the analysis find the same name in every valid spelling
 * of a study file, and refuse the others with the same message. */
#include "analysis/data/lookup.h"
#include "core/base/study_name.h"
#include "experiments/study_file.h"

#include "tests/workspace.h"

#include <stdio.h>
#include <string.h>

static const char *const VALID[] = {
    "sweep:\n  name: heads\n",
    "sweep:\n    name: heads\n",                        /* another indentation */
    "sweep:\n name: heads\n",                           /* the least */
    "sweep: {name: heads}\n",                           /* flow style */
    "sweep: {question: q, name: heads}\n",              /* not the first key */
    "sweep: {question: q,\n        name: heads}\n",     /* over two lines */
    "{sweep: {name: heads}}\n",                         /* all of it */
    "{\"sweep\": {\"name\": \"heads\", \"seeds\": 3}}", /* JSON */
    "sweep:\n  name: \"heads\"\n",
    "sweep:\n  name: 'heads'\n",
    "sweep:\n  \"name\": heads\n",
    "'sweep':\n  name: heads\n",
    "sweep:\n  name: \"h\\x65ads\"\n", /* an escape */
    "sweep:\n  name: \"he\\\n    ads\"\n",
    "sweep:\n  name: >-\n    heads\n",
    "sweep:\n  name: |-\n    heads\n",
    "sweep:\n  name:\n    heads\n",
    "sweep:\n  name: heads # not tails\n",
    "sweep: # name: tails\n  # name: tails\n  name: heads\n",
    "# sweep: {name: tails}\n\nsweep:\n\n  name: heads\n",
    "sweep:\r\n  name: heads\r\n",
    "\xef\xbb\xbfsweep:\n  name: heads\n", /* a byte order mark */
    "---\nsweep:\n  name: heads\n",
    "%YAML 1.1\n---\nsweep:\n  name: heads\n...\n",
    "sweep:\n  question: |\n    name: tails\n  name: heads\n", /* text that looks like a key */
    "sweep:\n  question: >\n    what\n\n    name: tails\n  name: heads\n",
    "sweep:\n  question: \"name: tails\"\n  name: heads\n",
    "sweep:\n  question: \xc3\xa4ndert es \xe2\x86\x92 etwas?\n  name: heads\n",
    "model:\n  dim: 64\nsweep:\n  name: heads\ntrain:\n  tokens: 1M\n",
    "sweep:\n  axes: {model.dim: [64, 128]}\n  baseline: {model.dim: 64}\n  name: heads\n",
    "sweep:   \n\n  name :   heads   \n\n\n",
    "sweep:\n  ? name\n  : heads\n", /* an explicit key */
    "sweep:\n  name: heads",         /* no end of the last line */
};

static const char *const INVALID[] = {
    "",
    "heads\n",
    "- sweep\n",
    "model: {dim: 64}\n",
    "sweep: heads\n",
    "sweep:\n",
    "sweep: [name, heads]\n",
    "sweep: {seeds: 3}\n",
    "sweep: {name: }\n",
    "sweep: {name: two words}\n",
    "sweep: {name: a/b}\n",
    "sweep: {name: -a}\n",
    "sweep: {name: .a}\n",
    "sweep: {name: [heads]}\n",
    "sweep: {name: >-\n heads}\n",
    "sweep:\n  name: heads\n  name: heads\n",
    "sweep:\n\tname: heads\n",
    "sweep: {name: heads\n",
    "sweep: {name: \"heads}\n",
    "sweep: {name: &n heads}\n",
    "sweep: {name: !!str heads}\n",
    "sweep: {name: heads}\n---\nsweep: {name: tails}\n",
    "sweep: {name: h\xff"
    "ads}\n",
    "sweep: {name: \"he\\0ads\"}\n",
    "sweep: {name: x123456789x123456789x123456789x123456789x123456789x123456789x123}\n",
};

static int open_with_study(void **state)
{
    db d;
    error e;
    if (workspace_open(state) != 0) return 1;
    if (!db_open(&d, "a.db", DB_WRITE, &e)) fail_msg("%s", e.msg);
    const bool ok = db_begin(&d, &e) &&
                    db_run(&d, &e,
                           "INSERT INTO sweep(name, created_ms, design, axes_json, baseline_json)"
                           " VALUES('heads', 0, 'grid', '{}', '{}')",
                           NULL) &&
                    db_commit(&d, &e);
    if (!ok) fail_msg("%s", e.msg);
    db_close(&d);
    return 0;
}

static void test_same_name(void **state)
{
    (void)state;
    db d;
    error e;
    assert_true(db_open(&d, "a.db", DB_READ, &e));
    for (size_t i = 0; i < sizeof VALID / sizeof *VALID; i++) {
        study_file s;
        int64_t id = 0;
        workspace_write("study.yaml", VALID[i]);
        if (!study_file_read(&s, "study.yaml", NULL, 0, &e)) fail_msg("%s\n%s", VALID[i], e.msg);
        assert_string_equal(s.name, "heads");
        study_file_close(&s);
        if (!lookup_study(&d, &id, "study.yaml", &e)) fail_msg("%s\n%s", VALID[i], e.msg);
        assert_true(id > 0);
        if (!lookup_study(&d, &id, "./", &e)) fail_msg("%s\n%s", VALID[i], e.msg);
    }
    db_close(&d);
}

static void test_same_message(void **state)
{
    (void)state;
    db d;
    error e;
    assert_true(db_open(&d, "a.db", DB_READ, &e));
    for (size_t i = 0; i < sizeof INVALID / sizeof *INVALID; i++) {
        study_file s;
        int64_t id = 0;
        error theirs = { 0 }, ours = { 0 };
        workspace_write("study.yaml", INVALID[i]);
        if (study_file_read(&s, "study.yaml", NULL, 0, &theirs))
            fail_msg("accepted: %s", INVALID[i]);
        if (lookup_study(&d, &id, "study.yaml", &ours)) fail_msg("found: %s", INVALID[i]);
        assert_string_equal(theirs.msg, ours.msg);
        assert_int_equal(theirs.status, ours.status);
        assert_int_equal(strncmp(ours.msg, "study.yaml:", 11), 0);
    }
    db_close(&d);
}

static void test_by_word(void **state)
{
    (void)state;
    db d;
    error e;
    int64_t id = 0;
    assert_true(db_open(&d, "a.db", DB_READ, &e));
    assert_true(lookup_study(&d, &id, "heads", &e) && id > 0);
    assert_true(lookup_study_maybe(&d, &id, "tails", &e) && id == 0);
    assert_false(lookup_study(&d, &id, "tails", &e));
    assert_non_null(strstr(e.msg, "no study 'tails'; it has heads"));
    assert_false(lookup_study_maybe(&d, &id, "nowhere/study.yaml", &e));
    assert_int_equal(e.status, STATUS_FAILED);
    db_close(&d);
}

int main(void)
{
    assert_true(sizeof VALID / sizeof *VALID >= 30);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_name),
        cmocka_unit_test(test_same_message),
        cmocka_unit_test(test_by_word),
    };
    return cmocka_run_group_tests(tests, open_with_study, workspace_close);
}
