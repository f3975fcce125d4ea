/* replay.c - a run trained a second time, in a database of its own in a temporary folder, and
 * compared.
 *
 * SQL compares the two value by value; IS holds for two NULLs, which is how a NaN is stored.
 */
#include "trainer/run/replay.h"

#include "core/base/file.h"
#include "core/db/db.h"
#include "trainer/run/build_row.h"
#include "trainer/run/run_config.h"
#include "trainer/run/run_start.h"
#include "trainer/run/train.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Both databases on one connection: `main` has the first run, `again` the second. */
typedef struct pair {
    db d;
    char uid[CONFIG_UID];
    int64_t a, b;    /* run_id in each                                */
    int64_t steps;   /* that both have                                */
    int64_t differs; /* first step that does, or evaluation; 0: none  */
    bool whole;      /* the first run has ended                       */
    bool weights;    /* `main` has their hash                         */
    bool same;       /* so far                                        */
} pair;

/* The last step in the database, and whether the run ended there; fails if there is none. */
static bool find_end(int64_t *last, bool *whole, const char *database, const char *uid, error *e)
{
    db d;
    int64_t ended = 0, target = 0;
    if (!db_open(&d, database, DB_READ, e)) return false;
    const bool ok =
        db_integer(&d, last, 0, e,
                   "SELECT max(step) FROM train_step JOIN run USING(run_id) WHERE run_uid=?", "t",
                   uid) &&
        db_integer(&d, &ended, 0, e,
                   "SELECT status IN ('done', 'diverged') FROM run WHERE run_uid=?", "t", uid) &&
        db_integer(&d, &target, 0, e, "SELECT target_step FROM run WHERE run_uid=?", "t", uid);
    db_close(&d);
    *whole = ended != 0;
    return ok && (*last > 0 || (*whole && target == 0) ||
                  error_set(e, "run %s has no steps in the database: nothing to compare", uid));
}

static bool pair_open(pair *p, const char *database, const char *scratch, const char *uid, error *e)
{
    *p = (pair){ .same = true };
    snprintf(p->uid, sizeof p->uid, "%s", uid);
    if (!db_open(&p->d, database, DB_READ, e)) return false;
    if (db_run(&p->d, e, "ATTACH ? AS again", "t", scratch) &&
        db_integer(&p->d, &p->a, 0, e, "SELECT run_id FROM main.run WHERE run_uid=?", "t", uid) &&
        db_integer(&p->d, &p->b, 0, e, "SELECT max(run_id) FROM again.run", NULL))
        return true;
    db_close(&p->d);
    return false;
}

/* --- the numbers ------------------------------------------------------------------------------ */

static bool count(pair *p, int64_t *n, const char *sql, error *e)
{
    return db_integer(&p->d, n, 0, e, sql, "ii", p->a, p->b);
}

static void add(table *t, const char *what, const char *then, const char *now, bool agree)
{
    table_text(t, what), table_text(t, then), table_text(t, now);
    table_text(t, agree ? "yes" : "no");
}

/* A row of the table: how many of `n` agree, and from which step on they don't. */
static void add_count(table *t, const char *what, int64_t n, int64_t differ, int64_t from)
{
    char then[64], now[96];
    snprintf(then, sizeof then, "%" PRId64, n);
    if (differ)
        snprintf(now, sizeof now, "%" PRId64 " differ, from step %" PRId64 " on", differ, from);
    else
        snprintf(now, sizeof now, "%" PRId64 " the same", n);
    add(t, what, then, now, differ == 0);
}

/* The rows that both have: `from` joins them as x and y, and `same` holds where they agree. */
static bool compare_rows(pair *p, table *t, int64_t *n, const char *what, const char *from,
                         const char *same, error *e)
{
    int64_t differ = 0, first = 0;
    char sql[512];
    snprintf(sql, sizeof sql, "SELECT count(*)%s", from);
    if (!count(p, n, sql, e)) return false;
    snprintf(sql, sizeof sql, "SELECT count(*)%s AND NOT (%s)", from, same);
    if (!count(p, &differ, sql, e)) return false;
    snprintf(sql, sizeof sql, "SELECT min(x.step)%s AND NOT (%s)", from, same);
    if (!count(p, &first, sql, e)) return false;
    add_count(t, what, *n, differ, first);
    if (differ && !p->differs) p->differs = first;
    p->same &= differ == 0;
    return true;
}

static bool compare_steps(pair *p, table *t, error *e)
{
    return compare_rows(p, t, &p->steps, "loss log (steps)",
                        " FROM main.train_step x JOIN again.train_step y ON y.step = x.step AND"
                        " y.run_id = ?2 WHERE x.run_id = ?1",
                        "x.tokens IS y.tokens AND x.loss IS y.loss AND x.grad_norm IS y.grad_norm"
                        " AND x.lr IS y.lr AND x.flags IS y.flags",
                        e);
}

static bool compare_evaluations(pair *p, table *t, error *e)
{
    int64_t n;
    return compare_rows(p, t, &n, "evaluations",
                        " FROM main.eval x JOIN again.eval y USING(step, split, task, context,"
                        " stride) WHERE x.run_id = ?1 AND y.run_id = ?2",
                        "x.nll_sum IS y.nll_sum AND x.n_tok IS y.n_tok AND"
                        " x.last_nll_sum IS y.last_nll_sum AND x.n_right IS y.n_right",
                        e);
}

/* One text of each database; a row where they differ, or `always`. */
static bool compare_text(pair *p, table *t, bool *agree, const char *what, const char *sql_then,
                         const char *sql_now, bool always, error *e)
{
    char *then = NULL, *now = NULL;
    const bool ok = db_text(&p->d, &then, e, sql_then, "i", p->a) &&
                    db_text(&p->d, &now, e, sql_now, "i", p->b);
    *agree = ok && (!then || !now ? then == now : strcmp(then, now) == 0);
    if (ok && (always || !*agree)) add(t, what, then, now, *agree);
    free(then), free(now);
    return ok;
}

static bool compare_end(pair *p, table *t, error *e)
{
    bool status, weights;
    int64_t hashed = 0;
    if (!p->whole) return true; /* it never came to an end */
    if (!compare_text(p, t, &status, "status", "SELECT status FROM main.run WHERE run_id=?",
                      "SELECT status FROM again.run WHERE run_id=?", true, e) ||
        !db_integer(&p->d, &hashed, 0, e,
                    "SELECT final_hash IS NOT NULL FROM main.run WHERE run_id=?", "i", p->a))
        return false;
    p->weights = hashed != 0;
    if (!p->weights) return true; /* it diverged */
    if (!compare_text(p, t, &weights, "weights", "SELECT final_hash FROM main.run WHERE run_id=?",
                      "SELECT final_hash FROM again.run WHERE run_id=?", true, e))
        return false;
    p->same &= weights;
    return true;
}

/* --- the environment -------------------------------------------------------------------------- */

#define HOST(which, column)                                                                        \
    "SELECT group_concat(x, ', ') FROM (SELECT DISTINCT h." column " AS x FROM " which             \
    ".attempt JOIN " which ".host h USING(host_id) WHERE run_id=? ORDER BY 1)"
#define CODE(which, column)                                                                        \
    "SELECT c." column " FROM " which ".run r JOIN " which ".code c USING(code_id) WHERE run_id=?"

static const struct {
    const char *what, *then, *now;
} ENVIRONMENT[] = {
    { "host: name", HOST("main", "hostname"), HOST("again", "hostname") },
    { "host: processor", HOST("main", "cpu_model"), HOST("again", "cpu_model") },
    { "host: isa", HOST("main", "isa"), HOST("again", "isa") },
    { "host: blas", HOST("main", "blas"), HOST("again", "blas") },
    { "host: blas_kernel", HOST("main", "blas_kernel"), HOST("again", "blas_kernel") },
    { "host: os", HOST("main", "os"), HOST("again", "os") },
    { "threads",
      "SELECT group_concat(x, ', ') FROM (SELECT DISTINCT threads AS x FROM main.attempt WHERE"
      " run_id=? ORDER BY 1)",
      "SELECT group_concat(x, ', ') FROM (SELECT DISTINCT threads AS x FROM again.attempt WHERE"
      " run_id=? ORDER BY 1)" },
    { "attempts", "SELECT attempts FROM main.run WHERE run_id=?",
      "SELECT attempts FROM again.run WHERE run_id=?" },
    { "code: compiler", CODE("main", "compiler"), CODE("again", "compiler") },
    { "code: flags", CODE("main", "cflags"), CODE("again", "cflags") },
    { "code: program", CODE("main", "binary_sha256"), CODE("again", "binary_sha256") },
};

/* The parts of the program whose source differs, by name. */
static bool compare_parts(pair *p, table *t, error *e)
{
    sqlite3_stmt *s;
    bool row, ok;
    char what[128];
    if (!db_query(&p->d, &s, e,
                  "SELECT name, f.sha256, g.sha256 FROM (SELECT name, sha256 FROM main.code_file"
                  " WHERE code_id = (SELECT code_id FROM main.run WHERE run_id=?)) f FULL JOIN"
                  " (SELECT name, sha256 FROM again.code_file) g USING(name)"
                  " WHERE f.sha256 IS NOT g.sha256 ORDER BY name",
                  "i", p->a))
        return false;
    while ((ok = db_next(&p->d, s, &row, e)) && row) {
        snprintf(what, sizeof what, "code: %s", (const char *)sqlite3_column_text(s, 0));
        add(t, what, (const char *)sqlite3_column_text(s, 1),
            (const char *)sqlite3_column_text(s, 2), false);
    }
    sqlite3_finalize(s);
    return ok;
}

static bool compare(pair *p, const replay_options *o, FILE *out, error *e)
{
    static const char *const NAMES[] = { "what", "recorded", "replayed", "agree" };
    table t;
    bool agree;
    table_open(&t, o->format, out, 4, NAMES);
    bool ok = compare_steps(p, &t, e) && compare_evaluations(p, &t, e) && compare_end(p, &t, e) &&
              compare_parts(p, &t, e);
    for (size_t i = 0; ok && i < sizeof ENVIRONMENT / sizeof *ENVIRONMENT; i++)
        ok = compare_text(p, &t, &agree, ENVIRONMENT[i].what, ENVIRONMENT[i].then,
                          ENVIRONMENT[i].now, false, e);
    table_close(&t);
    return ok;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int judge(pair *p, error *e)
{
    static const char MIXED[] = " (it is mixed: computed in more than one environment)";
    bool mixed;
    if (p->same) {
        fprintf(stderr, "attnlab: run %s: %" PRId64 " steps%s agree bit for bit%s\n", p->uid,
                p->steps, p->weights ? " and the weights" : "",
                p->whole ? "" : " (it has not ended)");
        return STATUS_DONE;
    }
    if (!build_row_mixed(&p->d, &mixed, p->a, e)) return STATUS_FAILED;
    if (p->differs)
        error_set(e, "run %s: differs from step %" PRId64 " on%s", p->uid, p->differs,
                  mixed ? MIXED : "");
    else
        error_set(e, "run %s: the loss log agrees and the weights differ%s", p->uid,
                  mixed ? MIXED : "");
    return STATUS_FAILED;
}

/* Is there something to start from in the database: the weights that the run started with?  *gone
 * says that they are missing, or not those: then their run is to be replayed, `uid`. */
static bool look_for_source(bool *gone, char uid[CONFIG_UID], const char *database,
                            const run_spec *spec, error *e)
{
    db d;
    run_start start;
    error why;
    char hex[HASH_HEX];
    *gone = false;
    if (!run_source_is(spec->config.train.init_from)) return true;
    if (!db_open(&d, database, DB_READ, e)) return false;
    if (!run_start_find(&start, &d, spec, &why)) {
        *gone = start.run_id != 0;
        if (!*gone) *e = why;
    } else
        *gone = start.file && (!hash_file(hex, start.file, &why) || strcmp(hex, start.sha256) != 0);
    snprintf(uid, CONFIG_UID, "%s", start.run_id ? start.name + strlen("run ") : "");
    const bool ok = *gone || start.exists || start.file;
    run_start_close(&start);
    db_close(&d);
    return ok;
}

/* Train a run into the scratch database, after its source if that is gone.  Returns the exit status
 * of train_run. */
static int train_again(const run_spec *spec, const replay_options *o, const char *scratch,
                       int64_t until, bool keep, error *e)
{
    bool gone;
    char uid[CONFIG_UID];
    if (!look_for_source(&gone, uid, o->db, spec, e)) return e->status;
    if (gone) {
        run_spec *source = error_zeroed(1, sizeof *source);
        fprintf(stderr,
                "attnlab: the weights of run %s, which it starts from, are gone: replaying "
                "that run first\n",
                uid);
        int status = run_config_read(source, uid, o->db, uid, NULL, 0, e) ? STATUS_DONE : e->status;
        if (status == STATUS_DONE) status = train_again(source, o, scratch, 0, true, e);
        free(source);
        if (status != STATUS_DONE) return status;
    }
    run_spec *own = error_zeroed(1, sizeof *own);
    *own = *spec;
    own->config.eval.tasks.n = 0; /* they follow from the weights */
    if (!keep) {                  /* no checkpoints, no weights: hashes are enough */
        own->config.train.save_every_tokens = 0;
        own->config.train.keep = KEEP_NONE;
    } else if (own->config.train.keep == KEEP_NONE)
        own->config.train.keep = KEEP_FINAL;
    const train_options how = { .db = scratch,
                                .sources = gone ? NULL : o->db,
                                .progress = o->progress,
                                .lock = -1,
                                .until = until };
    const int status = train_run(own, &how, e);
    free(own);
    return status;
}

int replay_run(const replay_options *o, FILE *out, error *e)
{
    static run_spec spec; /* large */
    char uid[CONFIG_UID], folder[512], scratch[600];
    pair p;
    int64_t last = 0;
    bool whole;
    if (!run_config_read(&spec, uid, o->db, o->run, o->settings, o->n, e) ||
        !find_end(&last, &whole, o->db, uid, e) ||
        !file_scratch(folder, sizeof folder, "replay", e))
        return e->status;
    snprintf(scratch, sizeof scratch, "%s/replay.db", folder);
    int status = train_again(&spec, o, scratch, whole ? 0 : last, false, e);
    if (status == STATUS_PREEMPTED)
        error_set(e, "stopped by a signal; a replay can't be resumed, so start it again");
    if ((status == STATUS_DONE || status == STATUS_DIVERGED) &&
        pair_open(&p, o->db, scratch, uid, e)) {
        p.whole = whole;
        status = compare(&p, o, out, e) ? judge(&p, e) : e->status;
        db_close(&p.d);
    } else if (status == STATUS_DONE || status == STATUS_DIVERGED)
        status = e->status;
    file_scratch_remove(folder);
    return status;
}
