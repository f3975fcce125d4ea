/* test_metric.c - names of metrics are read and written alike, and every kind is fit for SQL. */
#include "core/db/metric.h"

#include "core/db/db.h"
#include "tests/scratch.h"
#include "tests/unit.h"

#include <math.h>
#include <string.h>

static void check(const char *text, const char *task, const char *split, const char *unit,
                  int64_t context)
{
    metric m;
    error e;
    if (!metric_parse(&m, text, &e)) fail_msg("%s: %s", text, e.msg);
    assert_string_equal(m.name, text);
    assert_string_equal(m.task, task);
    assert_string_equal(m.split, split);
    assert_string_equal(m.unit, unit);
    assert_int_equal(m.context, context);
}

static void test_parse(void **state)
{
    (void)state;
    check("val_loss@512", "lm", "val", "nats", 512);
    check("val_loss", "lm", "val", "nats", 0);
    check("train_bpb@1", "lm", "train", "bits a byte", 1);
    check("my_split_last@999999999", "lm", "my_split", "nats", 999999999);
    check("mqar-4.val_loss@64", "mqar-4", "val", "nats", 64);
}

static void test_refuse(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "loss",
        "_loss",
        "val_",
        "val_lost@512",
        "val_loss@",
        "val_loss@0",
        "val_loss@-1",
        "val_loss@12x",
        "val_loss@ 12",
        "val_loss@1@2",
        ".val_loss",
        "a b.val_loss",
        "val_accuracy",
        "a.b.val_loss",
        "val_loss@1000000000",
        "a-name-of-a-task-with-more-than-31-characters.val_loss",
        "val-and-more-and-more-and-more-and-more-and-more-and-more-and-more-and-more-and-more-and_"
        "loss",
        NULL,
    };
    for (const char *const *text = BAD; *text; text++) {
        metric m;
        error e;
        if (metric_parse(&m, *text, &e)) fail_msg("'%s' was taken", *text);
        assert_int_equal(e.status, STATUS_USAGE);
        for (const metric_kind *const *k = metric_kinds; *k; k++)
            assert_non_null(strstr(e.msg, (*k)->name));
    }
}

/* What is written is read back, for every kind. */
static void test_write(void **state)
{
    (void)state;
    char name[METRIC_NAME];
    for (const metric_kind *const *k = metric_kinds; *k; k++) {
        metric_write(name, sizeof name, "task", "val", (*k)->name, 64);
        check(name, "task", "val", (*k)->unit, 64);
    }
    metric_write(name, sizeof name, METRIC_DEFAULT_TASK, METRIC_DEFAULT_SPLIT, METRIC_DEFAULT_KIND,
                 0);
    assert_string_equal(name, "val_loss");
    metric_write(name, 6, "task", "val", "loss", 64);
    assert_string_equal(name, "task.");
}

/* Every kind's SQL runs on the table eval, and those of text give the values worked out by hand. */
static void test_values(void **state)
{
    static const struct {
        const char *name;
        double value;
    } KNOWN[] = {
        { "loss", 1.5 }, { "last", 2.5 }, { "bpb", 0.6 * 1.4426950408889634 }, { "acc", 0.75 }
    };
    size_t known = 0;
    (void)state;
    scratch folder;
    db d;
    error e;
    scratch_open(&folder);
    assert_true(db_open(&d, scratch_path(&folder, "m.db"), DB_WRITE, &e));
    for (const metric_kind *const *k = metric_kinds; *k; k++) {
        char sql[512];
        sqlite3_stmt *s;
        bool row;
        snprintf(sql, sizeof sql,
                 "WITH e AS (SELECT 8 AS n_tok, 20 AS n_bytes, 12.0 AS nll_sum, 2 AS last_n_tok,"
                 " 5.0 AS last_nll_sum, 6 AS n_right) SELECT %s FROM e",
                 (*k)->value);
        if (!db_query(&d, &s, &e, sql, NULL) || !db_next(&d, s, &row, &e)) fail_msg("%s", e.msg);
        for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
            if (strcmp((*k)->name, KNOWN[i].name) == 0)
                assert_true(fabs(sqlite3_column_double(s, 0) - KNOWN[i].value) < 1e-12), known++;
        sqlite3_finalize(s);
        snprintf(sql, sizeof sql, "SELECT %s FROM eval e", (*k)->value); /* the real columns */
        if (!db_query(&d, &s, &e, sql, NULL)) fail_msg("%s", e.msg);
        sqlite3_finalize(s);
        assert_true(*(*k)->help);
    }
    assert_int_equal(known, sizeof KNOWN / sizeof *KNOWN);
    db_close(&d);
    scratch_close(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refuse),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
