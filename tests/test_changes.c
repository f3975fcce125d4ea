/* test_changes.c - what is changed after results were seen is told, wherever verdicts are printed,
 * and each command that shows them is one look.
 */
#include "tests/heads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void open_study(fixture *f)
{
    fixture_open(f);
    fixture_study(f, "heads", HEADS, 3, 4, 0.02);
    fixture_run(f, "UPDATE sweep_version SET plan_json = '{\"exclude\": [], \"baseline\":"
                   " {\"model.attention\": \"mha\"}, \"match\": {}, \"seeds\": [1, 2, 3, 4],"
                   " \"arms\": [{\"label\": \"mha\", \"config\": \"a\", \"replica\": 0},"
                   " {\"label\": \"mqa\", \"config\": \"b\", \"replica\": 0}]}'");
}

/* The next version is the newest one with `changes`, a list of SQL's SET. */
static void change(fixture *f, const char *changes, int runs, int looks)
{
    char sql[1024];
    fixture_run(f, "CREATE TEMP TABLE next AS SELECT * FROM sweep_version ORDER BY version DESC"
                   " LIMIT 1");
    snprintf(sql, sizeof sql,
             "UPDATE next SET version = version + 1, runs_done = %d, looks = %d%s%s", runs, looks,
             *changes ? ", " : "", changes);
    fixture_run(f, sql);
    fixture_run(f, "INSERT INTO sweep_version SELECT * FROM next");
    fixture_run(f, "DROP TABLE next");
}

/* What a command prints, both streams together; it must succeed. */
static char *answer(const fixture *f, const char *name, const char *a, const char *b, const char *c,
                    const char *d)
{
    char *out, *err, *both;
    size_t size;
    const int status = fixture_command(
        name, &out, &err, (const char *[]){ name, "--db", f->path, "heads", a, b, c, d, NULL });
    if (status != 0) fail_msg("%s: status %d: %s", name, status, err);
    FILE *all = open_memstream(&both, &size);
    assert_non_null(all);
    fprintf(all, "%s%s", out, err);
    fclose(all);
    free(out), free(err);
    return both;
}

/* `compare` after one change tells `words`, or nothing of a change if that is NULL. */
static void told(const char *changes, int runs, int looks, const char *words)
{
    fixture f;
    open_study(&f);
    change(&f, changes, runs, looks);
    char *text = answer(&f, "compare", NULL, NULL, NULL, NULL);
    if (words)
        fixture_expect(text, words);
    else if (strstr(text, "changed") || strstr(text, "Seeds were") || strstr(text, "Arms were"))
        fail_msg("%s is told:\n%s", changes, text);
    free(text);
    fixture_close(&f);
}

#define PLAN(path, json) "plan_json = json_set(plan_json, '" path "', json('" json "'))"

static void every_change(void **state)
{
    (void)state;
    told("", 12, 3, NULL);
    told("margin = 0.05", 0, 0, NULL);
    told("margin = 0.05", 12, 0,
         "! The margin was changed from 0.02 to 0.05 after 12 runs had finished.\n");
    told("margin = NULL", 1, 1,
         "! The margin was changed from 0.02 to none after 1 run had finished. By then there had "
         "been 1 look.\n");
    told("alpha = 1e-5", 12, 2,
         "! The alpha was changed from 0.05 to 1e-05 after 12 runs had finished. By then there had "
         "been 2 looks.\n");
    told("metric = 'val_bpb@512'", 12, 0, "metric was changed from val_loss@512 to val_bpb@512");
    told("question = 'Why?'", 12, 0,
         "question was changed from Does sharing cost anything? to Why? after 12");
    told("hypothesis = 'None.'", 12, 0, "hypothesis was changed from none to None. after");
    told("hypothesis = ''", 12, 0, NULL); /* there was none, either */
    told(PLAN("$.baseline", "{\"model.attention\": \"mqa\", \"train.lr\": 0.001}"), 12, 0,
         "baseline was changed from model.attention=mha to model.attention=mqa and "
         "train.lr=0.001 after 12 runs");
    told(PLAN("$.match", "{\"params\": \"model.ffn_dim\"}"), 12, 0,
         "matching of the arms was changed from none to params=model.ffn_dim after");
    told(PLAN("$.exclude", "[{\"model.attention\": \"gqa\"}, {\"train.lr\": 1}]"), 12, 0,
         "list of excluded combinations was changed from none to model.attention=gqa; train.lr=1 "
         "after");
    told(PLAN("$.exclude", "[{\"model.attention\": \"gqa\"}]"), 0, 0, NULL);
}

static void arms(void **state)
{
    (void)state;
    static const char MORE[] =
        PLAN("$.arms[#]", "{\"label\": \"gqa\", \"config\": \"c\", \"replica\": 0}");
    told(MORE, 12, 1, "! Arms were added after 12 runs had finished: gqa.\n");
    told(MORE, 0, 0, NULL);
    told("plan_json = json_remove(plan_json, '$.arms[1]')", 12, 0,
         "! Arms were removed after 12 runs had finished: mqa.\n");
    told("plan_json = json_set(plan_json, '$.arms[1].config', 'c')", 12, 0,
         "! Arms were given another configuration after 12 runs had finished: mqa.\n");
    told("plan_json = json_set(plan_json, '$.arms[1].replica', 1)", 12, 0,
         "given another configuration");
    told("plan_json = json_set(plan_json, '$.arms[1].label', 'mqa lr=0.001')", 12, 0, NULL);
}

static void seeds(void **state)
{
    (void)state;
    told("seeds = 6, " PLAN("$.seeds", "[1, 2, 3, 4, 5, 6]"), 12, 2,
         "! Seeds were added after a look (4 to 6, after 2 looks): p and intervals do not");
    told("seeds = 6, " PLAN("$.seeds", "[1, 2, 3, 4, 5, 6]"), 12, 0, NULL);
    told("seeds = 3, " PLAN("$.seeds", "[1, 2, 3]"), 12, 1,
         "! Seeds were removed after a look (4 to 3, after 1 look): p and intervals do not");
    told("seeds = 3, " PLAN("$.seeds", "[1, 2, 3]"), 12, 0,
         "! Seeds were removed (4 to 3, after 12 runs had finished): p and intervals do not");
    told(PLAN("$.seeds", "[1, 2, 3, 9]"), 12, 1,
         "! Seeds were replaced after a look (1; 2; 3; 4 by 1; 2; 3; 9, after 1 look): p and");
    told(PLAN("$.seeds", "[4, 3, 2, 1]"), 12, 1, NULL);
    told("seeds = 3, plan_json = NULL", 12, 1, "Seeds were removed after a look (4 to 3"); /* old */

    /* Up, then down again: both are told. */
    fixture f;
    open_study(&f);
    change(&f, "seeds = 5, " PLAN("$.seeds", "[1, 2, 3, 4, 5]"), 12, 1);
    change(&f, "seeds = 4, " PLAN("$.seeds", "[1, 2, 3, 4]"), 15, 2);
    char *text = answer(&f, "compare", NULL, NULL, NULL, NULL);
    fixture_expect(text, "Seeds were added after a look (4 to 5, after 1 look)");
    fixture_expect(text, "Seeds were removed after a look (5 to 4, after 2 looks)");
    free(text);
    fixture_close(&f);
}

/* Runs of another study are known when this one is written. */
static void known_before(void **state)
{
    (void)state;
    fixture f;
    open_study(&f);
    fixture_run(&f, "UPDATE sweep_version SET runs_done = 7");
    char *text = answer(&f, "compare", NULL, NULL, NULL, NULL);
    fixture_expect(text, "7 of the study's runs had finished, in other studies, before the study "
                         "was first written.");
    free(text);
    fixture_close(&f);
}

/* Whatever the command line takes from the study, and nothing that it only repeats. */
static void on_the_command_line(void **state)
{
    (void)state;
    static const struct {
        const char *option[4], *words;
    } CASE[] = {
        { { "--margin", "0.05" }, "margin 0.05 (stated: 0.02)." },
        { { "--alpha", "0.1" }, "alpha 0.1 (stated: 0.05)." },
        { { "--margin", "0.02", "--alpha", "0.05" }, NULL },
        { { "--metric", "val_bpb@512" }, "metric val_bpb@512 (stated: val_loss@512)." },
        { { "--metric", "lm.val_loss@512" }, NULL },
        { { "--metric", "val_loss" }, NULL },
        { { "--at", "tokens=82k" }, "values at tokens=82000 (stated: at the end)." },
        { { "--at", "final" }, NULL },
        { { "--pairs", "all" }, "every two arms (stated: each arm and its baseline)." },
        { { "--generation", "0" }, "runs of generation 0 (stated: the newest of each)." },
        { { "--pairs", "base" }, NULL },
        { { "--margin", "0.05", "-o", "json" }, "margin 0.05 (stated: 0.02).\"" },
        { { "--margin", "0.05", "--interactions" }, "margin 0.05 (stated: 0.02)." },
        { { "--margin", "0.05", "--rows", "attention" }, "margin 0.05 (stated: 0.02)." },
        { { "--margin", "0.05", "--alpha", "0.1" },
          "margin 0.05 (stated: 0.02), alpha 0.1 (stated: 0.05)." },
    };
    static const char LEAD[] = "This comparison is not the one that the study states: ";
    fixture f;
    open_study(&f);
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        const char *const *o = CASE[i].option;
        char *text = answer(&f, "compare", o[0], o[1], o[2], o[3]), *at = strstr(text, LEAD);
        if (!CASE[i].words && at) fail_msg("%s %s: %s", o[0], o[1], at);
        if (CASE[i].words && !at) fail_msg("%s %s: nothing in %s", o[0], o[1], text);
        if (CASE[i].words)
            assert_memory_equal(at + strlen(LEAD), CASE[i].words, strlen(CASE[i].words));
        free(text);
    }
    fixture_close(&f);
}

/* Every command that shows verdicts tells of the changes; all but power are looks, one each. */
static void every_command(void **state)
{
    (void)state;
    static const struct {
        const char *name, *option[4];
        int looks;
    } CASE[] = {
        { "compare", { NULL }, 1 },
        { "compare", { "--interactions" }, 1 },
        { "compare", { "-o", "csv" }, 1 },
        { "plot", { "--format", "tex", "--out", "" }, 1 },
        { "plot", { "--format", "tex", "--out", "" }, 1 },
        { "report", { "--out", "/page.html" }, 1 },
        { "frontier", { NULL }, 1 },
        { "power", { NULL }, 0 },
        { "power", { "--alpha", "0.05" }, 0 },
    };
    fixture f;
    open_study(&f);
    change(&f, "margin = 0.05", 12, 1);
    int looks = 0;
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        const char *word[4];
        char path[128], folder[128], *page = NULL;
        for (int k = 0; k < 4; k++) word[k] = CASE[i].option[k];
        snprintf(folder, sizeof folder, "%s/out", f.folder);
        snprintf(path, sizeof path, "%s/page.html", f.folder);
        if (word[3]) word[3] = folder;
        if (strcmp(CASE[i].name, "report") == 0) word[1] = path;
        char *text = answer(&f, CASE[i].name, word[0], word[1], word[2], word[3]);
        if (strcmp(CASE[i].name, "report") == 0) {
            page = fixture_file(path);
        }
        /* What a command shows of itself, such as every pair of a frontier, is no departure. */
        assert_null(strstr(page ? page : text, "This comparison is not the one"));
        fixture_expect(page ? page : text,
                       "The margin was changed from 0.02 to 0.05 after 12 runs had finished.");
        free(text), free(page);
        looks += CASE[i].looks;
        int64_t n, newest;
        error e;
        assert_true(db_integer(&f.d, &n, 0, &e, "SELECT count(*) FROM comparison", NULL));
        assert_true(db_integer(&f.d, &newest, 0, &e, "SELECT max(look) FROM comparison", NULL));
        if (n != looks || newest != looks) fail_msg("%s: %d looks", CASE[i].name, (int)n);
    }
    char *text = answer(&f, "power", "--alpha", "0.1", NULL, NULL);
    fixture_expect(text, "alpha 0.1 (stated: 0.05)");
    free(text);
    text = answer(&f, "frontier", "--margin", "0.1", NULL, NULL);
    fixture_expect(text, "margin 0.1 (stated: 0.05)");
    free(text);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change),
        cmocka_unit_test(arms),
        cmocka_unit_test(seeds),
        cmocka_unit_test(known_before),
        cmocka_unit_test(on_the_command_line),
        cmocka_unit_test(every_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
