/* plan.c - a study's rows: sweep, sweep_version, arm, arm_run, and a run for each cell.
 *
 * What a study may not change under its name is compared with the rows that it has; what it may
 * change makes a new version.
 */
#include "experiments/plan.h"

#include "core/db/metric.h"
#include "experiments/plan_json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void plan_close(plan *p)
{
    free(p->cell);
    *p = (plan){ 0 };
}

void plan_identity(char uid[CONFIG_UID], const arm *a, int seed)
{
    run_spec spec;
    arm_spec(&spec, a, seed);
    run_spec_uid(uid, &spec, 0);
}

int plan_shard(const char *uid, int n)
{
    char start[9] = "";
    strncat(start, uid, sizeof start - 1);
    return 1 + (int)(strtoul(start, NULL, 16) % (unsigned long)n);
}

/* Is the cell one of those that are planned here? */
static bool is_ours(const study_file *s, const arm *a, int seed)
{
    char uid[CONFIG_UID];
    if (!s->shards && !s->only) return true;
    plan_identity(uid, a, seed);
    return s->only ? strcmp(uid, s->only) == 0 : plan_shard(uid, s->shards) == s->shard;
}

static bool plan_open(plan *p, const arms *a, const study_file *s, error *e)
{
    *p = (plan){ .cell = calloc((size_t)a->n * (size_t)s->seeds, sizeof *p->cell) };
    if (!p->cell) return error_set(e, "out of memory for %d x %d cells", a->n, s->seeds);
    for (int k = 0; k < s->seeds; k++)
        for (int i = 0; i < a->n; i++)
            if (k < a->arm[i].seeds && is_ours(s, &a->arm[i], s->seed[k]))
                p->cell[p->n++] = (cell){ .arm = &a->arm[i], .seed = s->seed[k] };
    if (p->n > 0 || !s->only) return true;
    plan_close(p);
    return error_usage(e, "--only: no cell of the study '%s' is %s", s->name, s->only);
}

bool plan_look(plan *p, db *d, const arms *a, const study_file *s, error *e)
{
    if (!plan_open(p, a, s, e)) return false;
    for (int i = 0; i < p->n; i++) {
        cell *x = &p->cell[i];
        run_spec spec;
        bool found = false;
        arm_spec(&spec, x->arm, x->seed);
        if (d && !run_row_find(d, &x->run, &found, &spec, e)) {
            plan_close(p);
            return false;
        }
        if (found) continue;
        x->run = (run_row){ .last_step = -1, .status = RUN_NEW };
        run_spec_uid(x->run.uid, &spec, 0);
    }
    return true;
}

/* --- the study's rows ------------------------------------------------------------------------- */

typedef struct writer {
    db *d;
    const arms *a;
    const study_file *s;
    int64_t sweep_id;
    bool known; /* there was a study of this name */
    error *e;
} writer;

/* Runs can't be added to a study that was imported. */
static bool check_own(writer *w)
{
    int64_t imported;
    return db_integer(w->d, &imported, 0, w->e, "SELECT 1 FROM import WHERE sweep_id=?", "i",
                      w->sweep_id) &&
           (!imported || error_usage(w->e,
                                     "sweep.name: the study '%s' was imported: choose another "
                                     "name",
                                     w->s->name));
}

/* Find or insert the study's row.  Its old axes stay until the fixed keys have been compared; then
 * update_sweep fills it in. */
static bool write_sweep(writer *w)
{
    db *d = w->d;
    if (!db_integer(d, &w->sweep_id, 0, w->e, "SELECT sweep_id FROM sweep WHERE name=?", "t",
                    w->s->name))
        return false;
    w->known = w->sweep_id != 0;
    if (w->known) return check_own(w);
    const bool ok = db_run(d, w->e,
                           "INSERT INTO sweep(name, created_ms, design, axes_json, baseline_json)"
                           " VALUES(?,?,?,'{}','{}')",
                           "tit", w->s->name, db_now_ms(), w->s->design->name);
    w->sweep_id = db_last_id(d);
    return ok;
}

static bool update_sweep(writer *w)
{
    char *axes = plan_json_axes(w->s), *baseline = plan_json_baseline(w->s),
         *tune = plan_json_tune(w->s);
    const bool ok = db_run(w->d, w->e,
                           "UPDATE sweep SET design=?, axes_json=?, match_json=?, baseline_json=?,"
                           " tune_json=? WHERE sweep_id=?",
                           "ttttti", w->s->design->name, axes, plan_json_match(w->s), baseline,
                           tune, w->sweep_id);
    free(axes), free(baseline), free(tune);
    return ok;
}

/* Does the key differ from arm to arm?  One that an arm doesn't read has its default there. */
static bool differs(const arms *a, const config_key *k)
{
    char first[CONFIG_VALUE], value[CONFIG_VALUE];
    config_value(first, sizeof first, &a->arm[0].spec.config, k);
    for (int i = 1; i < a->n; i++) {
        config_value(value, sizeof value, &a->arm[i].spec.config, k);
        if (strcmp(value, first) != 0) return true;
    }
    return false;
}

/* A derived key is not fixed by itself; the span is, since it is the same for the whole study. */
static bool is_fixed(const writer *w, const char *key)
{
    const config_key *k = config_find(key);
    if (!k || study_file_varies(w->s, key) || differs(w->a, k)) return false;
    if (w->s->match != MATCH_NONE && strcmp(key, "model.ffn_dim") == 0) return false;
    return !k->derived || config_given(&w->s->base, k) || strcmp(key, "data.span") == 0;
}

/* Fails if a key that is no axis differs from the arms that the database has. */
static bool check_fixed(writer *w)
{
    sqlite3_stmt *q;
    bool row, ok = true;
    if (!w->known) return true;
    if (!db_query(w->d, &q, w->e,
                  "SELECT DISTINCT p.key, o.value, p.value FROM arm a"
                  " JOIN sweep s USING(sweep_id)"
                  " JOIN config_param o ON o.config_id = a.config_id"
                  " JOIN config_param p ON p.key = o.key AND p.config_id = ?"
                  " WHERE a.sweep_id = ? AND a.dropped = 0 AND o.value IS NOT p.value"
                  " AND p.key NOT IN (SELECT key FROM v_axis_key v WHERE v.sweep_id = a.sweep_id)"
                  " AND p.key NOT IN (SELECT value FROM json_each(coalesce(s.match_json, '{}')))"
                  " ORDER BY p.key",
                  "ti", w->a->arm[0].spec.id, w->sweep_id))
        return false;
    while (ok && (ok = db_next(w->d, q, &row, w->e)) && row) {
        const char *key = (const char *)sqlite3_column_text(q, 0);
        if (!is_fixed(w, key)) continue;
        ok = error_usage(w->e,
                         "sweep.name: the study '%s' in the database has %s = %s, this one %s: "
                         "give this one another name",
                         w->s->name, key, (const char *)sqlite3_column_text(q, 1),
                         (const char *)sqlite3_column_text(q, 2));
    }
    sqlite3_finalize(q);
    return ok;
}

/* Which way is better, as sweep_version.direction has it. */
static const char *direction_of(const study_file *s)
{
    metric m;
    error ignored;
    const bool ok = metric_parse(&m, s->metric, &ignored); /* it was parsed when it was read */
    assert(ok), (void)ok;
    return m.larger_is_better ? "max" : "min";
}

/* Is this what the newest version says? */
static bool find_version(writer *w, int64_t *version, int64_t *same, const char *json)
{
    return db_integer(w->d, version, 0, w->e,
                      "SELECT max(version) FROM sweep_version WHERE sweep_id=?", "i",
                      w->sweep_id) &&
           db_integer(w->d, same, 0, w->e,
                      "SELECT 1 FROM sweep_version WHERE sweep_id=? AND version=? AND spec_text=?"
                      " AND settings_json=? AND plan_json IS ?",
                      "iittt", w->sweep_id, *version, w->s->text, w->s->settings_json, json);
}

/* A new version if the text, the settings or what they come to has changed, with what was known at
 * that time: the runs of the cells that the study had and of those that it has now. */
static bool write_version(writer *w)
{
    const study_file *s = w->s;
    int64_t same = 0, version = 0, done = 0, looks = 0;
    db *d = w->d;
    char *json = plan_json(s, w->a);
    const bool ok =
        find_version(w, &version, &same, json) &&
        (same ||
         (db_integer(d, &done, 0, w->e,
                     "SELECT count(DISTINCT run_id) FROM arm JOIN arm_run USING(arm_id) JOIN run"
                     " USING(run_id) WHERE sweep_id=? AND status IN ('done', 'diverged')",
                     "i", w->sweep_id) &&
          db_integer(d, &looks, 0, w->e, "SELECT count(*) FROM comparison WHERE sweep_id=?", "i",
                     w->sweep_id) &&
          db_run(d, w->e,
                 "INSERT INTO sweep_version(sweep_id, version, at_ms, spec_text, question,"
                 " hypothesis, metric, direction, margin, alpha, seeds, runs_done, looks,"
                 " settings_json, plan_json) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                 "iiitttttddniitt", w->sweep_id, version + 1, db_now_ms(), s->text, s->question,
                 s->hypothesis, s->metric, direction_of(s), s->margin, s->alpha, s->seeds, done,
                 looks, s->settings_json, json)));
    free(json);
    return ok;
}

/* --- arms and runs ---------------------------------------------------------------------------- */

static bool write_arm(writer *w, int64_t *arm_id, const arm *x, int ord)
{
    char *values = plan_json_arm(w->s, x);
    const char *id = x->spec.id;
    const int64_t replica = x->spec.config.train.replica;
    const bool ok =
        run_row_config(w->d, &x->spec, w->e) && /* other shards have its runs */
        db_run(w->d, w->e,
               "INSERT INTO arm(sweep_id, ord, label, config_id, replica, axis_json)"
               " VALUES(?,?,?,?,?,?) ON CONFLICT(sweep_id, config_id, replica) DO UPDATE SET"
               " ord=excluded.ord, label=excluded.label, axis_json=excluded.axis_json, dropped=0,"
               " base_arm_id=NULL",
               "inttit", w->sweep_id, ord, x->label, id, replica, values) &&
        db_integer(w->d, arm_id, 0, w->e,
                   "SELECT arm_id FROM arm WHERE sweep_id=? AND config_id=? AND replica=?", "iti",
                   w->sweep_id, id, replica);
    free(values);
    return ok;
}

/* Arms by their identity; dropped arms keep their rows, after the others.  *gone counts those that
 * the study had until now: 2 in `dropped` stands for the others meanwhile. */
static bool write_arms(writer *w, int64_t *arm_id, int64_t *gone)
{
    const int n = w->a->n;
    if (!db_run(w->d, w->e, "UPDATE arm SET dropped=dropped+1, ord=-1-arm_id WHERE sweep_id=?", "i",
                w->sweep_id))
        return false;
    for (int i = 0; i < n; i++)
        if (!write_arm(w, &arm_id[i], &w->a->arm[i], i)) return false;
    for (int i = 0; i < n; i++) {
        const int base = w->a->arm[i].base;
        if (base >= 0 && !db_run(w->d, w->e, "UPDATE arm SET base_arm_id=? WHERE arm_id=?", "ii",
                                 arm_id[base], arm_id[i]))
            return false;
    }
    return db_integer(w->d, gone, 0, w->e,
                      "SELECT count(*) FROM arm WHERE sweep_id=? AND dropped=1", "i",
                      w->sweep_id) &&
           db_run(w->d, w->e,
                  "UPDATE arm SET dropped=1, ord=?+arm_id WHERE sweep_id=? AND dropped>0", "ni", n,
                  w->sweep_id);
}

/* The configurations, which arms refer to, and the runs. */
static bool write_runs(writer *w, plan *p, bool again)
{
    for (int i = 0; i < p->n; i++) {
        run_spec spec;
        arm_spec(&spec, p->cell[i].arm, p->cell[i].seed);
        if (!run_row_plan(w->d, &p->cell[i].run, &spec, again, w->e)) return false;
    }
    return true;
}

static bool link_runs(writer *w, const plan *p, const int64_t *arm_id)
{
    for (int i = 0; i < p->n; i++) {
        const cell *x = &p->cell[i];
        if (!db_run(w->d, w->e,
                    "INSERT INTO arm_run(arm_id, run_id, pair_key) VALUES(?,?,?)"
                    " ON CONFLICT(arm_id, pair_key) DO UPDATE SET run_id=excluded.run_id",
                    "iin", arm_id[x->arm - w->a->arm], x->run.run_id, x->seed))
            return false;
    }
    return true;
}

/* The cells of seeds that the study no longer has. */
static bool unlink_runs(writer *w)
{
    char *seeds = plan_json_seeds(w->s);
    const bool ok = db_run(w->d, w->e,
                           "DELETE FROM arm_run WHERE pair_key NOT IN (SELECT value FROM"
                           " json_each(?)) AND arm_id IN"
                           " (SELECT arm_id FROM arm WHERE sweep_id=? AND dropped=0)",
                           "ti", seeds, w->sweep_id);
    free(seeds);
    return ok;
}

static bool check_code(const plan *p, error *e)
{
    int outdated = 0;
    for (int i = 0; i < p->n; i++) outdated += p->cell[i].run.outdated;
    return outdated == 0 ||
           error_set(e,
                     "%d of %d runs %s outdated: other code made %s; --again trains a new "
                     "generation, --accept takes what is there",
                     outdated, p->n, outdated == 1 ? "is" : "are", outdated == 1 ? "it" : "them");
}

static bool write(writer *w, plan *p, bool again, bool accept)
{
    int64_t *arm_id = calloc((size_t)w->a->n, sizeof *arm_id);
    if (!arm_id) return error_set(w->e, "out of memory for %d arms", w->a->n);
    const bool ok = write_runs(w, p, again) && (accept || check_code(p, w->e)) && write_sweep(w) &&
                    check_fixed(w) && write_arms(w, arm_id, &p->dropped) &&
                    link_runs(w, p, arm_id) && write_version(w) && unlink_runs(w) &&
                    update_sweep(w);
    free(arm_id);
    return ok;
}

bool plan_write(plan *p, db *d, const arms *a, const study_file *s, bool again, bool accept,
                error *e)
{
    writer w = { .d = d, .a = a, .s = s, .e = e };
    if (!plan_open(p, a, s, e)) return false;
    bool ok = db_begin(d, e);
    if (ok && !write(&w, p, again, accept)) {
        ok = false;
        db_rollback(d);
    } else if (ok)
        ok = db_commit(d, e);
    if (!ok) plan_close(p);
    return ok;
}
