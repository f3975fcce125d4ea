/* score_fixture.c - suites, items and scores, written as an evaluation would. */
#include "tests/score_fixture.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define DO(...)                                                                                    \
    do {                                                                                           \
        error why_;                                                                                \
        if (!(__VA_ARGS__)) fail_msg("%s", why_.msg);                                              \
    } while (0)

double score_random(int t, int a, int s, int i)
{
    uint64_t h = (uint64_t)(((t * 31 + a) * 131 + s) * 10007 + i) + 1;
    for (int k = 0; k < 3; k++) { /* splitmix64 (Steele et al., OOPSLA 2014) */
        h += 0x9e3779b97f4a7c15U;
        h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9U;
        h = (h ^ h >> 27) * 0x94d049bb133111ebU;
        h ^= h >> 31;
    }
    return (double)(h >> 11) / 9007199254740992.0;
}

int64_t score_suite(fixture *f, const char *name, const score_task *task, int tasks)
{
    db *d = &f->d;
    DO(db_begin(d, &why_));
    DO(db_run(d, &why_,
              "INSERT INTO suite(sha256, name, path) VALUES(?1 || (SELECT count(*) FROM suite), ?1,"
              " '/suites/' || ?1)",
              "t", name));
    const int64_t suite = db_last_id(d);
    for (int t = 0; t < tasks; t++) {
        DO(db_run(d, &why_,
                  "INSERT INTO task(suite_id, ord, name, grp, kind, metric, n_items, chance)"
                  " VALUES(?, ?, ?, ?, 'choice', ?, ?, 0.25)",
                  "intttn", suite, t, task[t].name, task[t].group, task[t].metric, task[t].items));
        const int64_t id = db_last_id(d);
        for (int i = 0; i < task[t].items; i++)
            DO(db_run(d, &why_, "INSERT INTO task_item VALUES(?, ?, 'item ' || ?2, ?, ?, ?)",
                      "innnd", id, i, 64 * (1 + i % 4), 1 << (2 + i % 6), i % 5 / 4.0));
    }
    DO(db_commit(d, &why_));
    return suite;
}

/* One run, all tasks. */
static void score_run(fixture *f, int64_t suite, score_of *of, int context, int64_t run, int a,
                      int s)
{
    db *d = &f->d;
    int64_t tasks = 0;
    DO(db_integer(d, &tasks, 0, &why_, "SELECT count(*) FROM task WHERE suite_id = ?", "i", suite));
    for (int t = 0; t < tasks; t++) {
        int64_t items = 0, task = 0;
        DO(db_integer(d, &task, 0, &why_, "SELECT task_id FROM task WHERE suite_id = ? AND ord = ?",
                      "in", suite, t));
        DO(db_integer(d, &items, 0, &why_, "SELECT n_items FROM task WHERE task_id = ?", "i",
                      task));
        DO(db_run(d, &why_,
                  "INSERT INTO task_eval(run_id, step, task_id, context, n_scored, n_skipped,"
                  " n_truncated) SELECT run_id, last_step, ?2, ?3, ?4, 0, 0 FROM run"
                  " WHERE run_id = ?1",
                  "iini", run, task, context, items));
        const int64_t eval = db_last_id(d);
        for (int i = 0; i < items; i++) {
            const double x = of(t, a, s, i);
            if (isnan(x)) continue;
            DO(db_run(
                d, &why_,
                "INSERT INTO task_score(task_eval_id, item, acc, acc_norm, margin, nll, n_tok,"
                " n_bytes) VALUES(?, ?, ?3, 1 - ?3, ?3 / 2, ?3, 4, 12)",
                "ind", eval, i, x));
        }
    }
}

void score_runs(fixture *f, int64_t suite, score_of *of, int context)
{
    sqlite3_stmt *q;
    int64_t run[256];
    int arm[256], seed[256], n = 0;
    bool row = true;
    DO(db_query(&f->d, &q, &why_,
                "SELECT r.run_id, a.ord, ar.pair_key - 1 FROM arm a JOIN arm_run ar USING(arm_id)"
                " JOIN run r USING(run_id) WHERE a.sweep_id = ? AND r.status = 'done'",
                "i", f->sweep_id));
    for (;;) {
        DO(db_next(&f->d, q, &row, &why_));
        if (!row) break;
        assert_true(n < 256);
        run[n] = sqlite3_column_int64(q, 0), arm[n] = sqlite3_column_int(q, 1);
        seed[n++] = sqlite3_column_int(q, 2);
    }
    sqlite3_finalize(q);
    DO(db_begin(&f->d, &why_));
    for (int i = 0; i < n; i++) score_run(f, suite, of, context, run[i], arm[i], seed[i]);
    DO(db_commit(&f->d, &why_));
}
