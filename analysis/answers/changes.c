/* changes.c - compare a comparison with its study, and each version of the study with the one
 * before.
 *
 * The plan of a version is JSON (sweep_version.plan_json).  Arms are told apart by configuration
 * and replica, for a label changes with the axes.  Where the plan is not known, in versions that
 * are older than schema 3, only the columns of sweep_version are compared.
 */
#include "analysis/answers/changes.h"

#include "analysis/answers/sql.h"
#include "core/base/growing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 5, NAMED = 4 };

typedef struct version {
    int64_t runs, looks, seeds; /* runs, looks: how much was known when it was written */
    char *word[WORDS];          /* question, hypothesis, metric, margin, alpha; NULL: none */
    json_t *plan;               /* NULL: not known */
} version;

/* --- what this command asks for --- */

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void put_number(FILE *out, double x)
{
    isnan(x) ? fputs("none", out) : fprintf(out, "%.12g", x);
}

void changes_asked(notes *out, const comparison *c)
{
    const study *s = c->study;
    const study_stated *stated = &s->stated;
    const bool other = !study_as_stated(s);
    growing words;
    growing_open(&words);
    FILE *f = words.f;
    if (other) fprintf(f, ", metric %s (stated: %s)", s->metric.name, stated->metric.name);
    /* A margin is for its own metric, so it goes with it. */
    if (!same_number(c->asked.margin, stated->margin) && !(other && isnan(c->asked.margin))) {
        fputs(", margin ", f), put_number(f, c->asked.margin);
        fputs(" (stated: ", f), put_number(f, stated->margin), fputc(')', f);
    }
    if (!s->ledger && !same_number(c->asked.alpha, stated->alpha)) {
        fputs(", alpha ", f), put_number(f, c->asked.alpha);
        fputs(" (stated: ", f), put_number(f, stated->alpha), fputc(')', f);
    }
    if (s->at.of != STUDY_FINAL) {
        char point[64];
        study_point_print(point, sizeof point, s->at);
        fprintf(f, ", values at %s (stated: at the end)", point);
    }
    if (s->generation >= 0)
        fprintf(f, ", runs of generation %lld (stated: the newest of each)",
                (long long)s->generation);
    if (c->all) fputs(", every two arms (stated: each arm and its baseline)", f);
    char *text = growing_close(&words);
    if (*text)
        notes_add(out, NOTE_WARNING, "This comparison is not the one that the study states: %s.",
                  text + 2);
    free(text);
}

/* --- what the study stated before --- */

static void version_read(version *v, sqlite3_stmt *q)
{
    const char *plan = (const char *)sqlite3_column_text(q, 2 + WORDS);
    *v = (version){ .runs = sqlite3_column_int64(q, 0),
                    .looks = sqlite3_column_int64(q, 1),
                    .plan = plan ? json_loads(plan, 0, NULL) : NULL,
                    .seeds = sqlite3_column_int64(q, 3 + WORDS) };
    for (int i = 0; i < WORDS; i++) v->word[i] = db_column(q, 2 + i);
}

static void version_close(version *v)
{
    for (int i = 0; i < WORDS; i++) free(v->word[i]);
    json_decref(v->plan);
    *v = (version){ 0 };
}

/* "after 9 runs had finished" */
enum { WHEN = 96 };

static void after_runs(char when[WHEN], const version *now)
{
    snprintf(when, WHEN, "after %lld run%s had finished", (long long)now->runs,
             now->runs == 1 ? "" : "s");
}

/* "The margin was changed from 0.01 to 0.02 after 9 runs had finished." */
static void put_change(notes *out, const version *now, const char *what, const char *from,
                       const char *to)
{
    char looks[64] = "", when[WHEN];
    after_runs(when, now);
    if (now->looks)
        snprintf(looks, sizeof looks, " By then there had been %lld look%s.", (long long)now->looks,
                 now->looks == 1 ? "" : "s");
    notes_add(out, NOTE_WARNING, "The %s was changed from %s to %s %s.%s", what,
              from ? from : "none", to ? to : "none", when, looks);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void put_words(notes *out, const version *was, const version *now)
{
    static const char *const WHAT[WORDS] = { "question", "hypothesis", "metric", "margin",
                                             "alpha" };
    for (int i = 0; i < WORDS; i++)
        if (!same_text(was->word[i], now->word[i]))
            put_change(out, now, WHAT[i], was->word[i], now->word[i]);
}

/* {"a": 1, "b": "x"} as "a=1 and b=x", the items of a list joined by "; ". */
static void put_plain(FILE *out, const json_t *value)
{
    const char *key, *gap = "";
    json_t *item, *object = (json_t *)value; /* the macros take no const; nothing is changed */
    size_t i;
    if (json_is_string(value))
        fputs(json_string_value(value), out);
    else if (json_is_array(value)) {
        json_array_foreach(object, i, item)
        {
            if (i) fputs("; ", out);
            put_plain(out, item);
        }
    } else if (json_is_object(value)) {
        json_object_foreach(object, key, item)
        {
            fprintf(out, "%s%s=", gap, key);
            put_plain(out, item);
            gap = " and ";
        }
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
        if (!text) error_memory();
        fputs(text, out);
        free(text);
    }
}

/* NULL for an empty one; the caller frees it. */
static char *plain(const json_t *value)
{
    growing words;
    growing_open(&words);
    put_plain(words.f, value);
    char *text = growing_close(&words);
    if (*text) return text;
    free(text);
    return NULL;
}

/* A part of a plan.  Designs and tuned keys are younger than plans, which had a grid and none. */
static json_t *part_of(const version *v, const char *name)
{
    json_t *part = json_object_get(v->plan, name);
    if (part || !v->plan) return json_incref(part);
    return strcmp(name, "design") == 0 ? json_string("grid")
           : strcmp(name, "tune") == 0 ? json_object()
                                       : NULL;
}

/* Parts of the plan that are a line each; a part that one version doesn't have is not known. */
static void put_parts(notes *out, const version *was, const version *now)
{
    static const char *const PART[][2] = {
        { "baseline", "baseline" },
        { "match", "matching of the arms" },
        { "exclude", "list of excluded combinations" },
        { "design", "design" },
        { "tune", "range of the tuning" },
    };
    for (size_t i = 0; i < sizeof PART / sizeof *PART; i++) {
        json_t *a = part_of(was, PART[i][0]), *b = part_of(now, PART[i][0]);
        if (a && b && !json_equal(a, b)) {
            char *from = plain(a), *to = plain(b);
            put_change(out, now, PART[i][1], from, to);
            free(from), free(to);
        }
        json_decref(a), json_decref(b);
    }
}

/* How seeds are added: all at once, or until the contrasts are decided. */
static void put_until(notes *out, const version *was, const version *now)
{
    const json_t *a = json_object_get(was->plan, "until"), *b = json_object_get(now->plan, "until");
    if (!was->plan || !now->plan || a == b || (a && b && json_equal(a, b))) return;
    char *from = plain(a), *to = plain(b);
    put_change(out, now, "plan of looks", from, to);
    free(from), free(to);
}

/* Is there an arm with the same value of `key` and, if that is not the label, the same replica? */
static bool has_arm(const json_t *arms, const json_t *arm, const char *key)
{
    const json_t *value = json_object_get(arm, key), *replica = json_object_get(arm, "replica");
    const bool label = strcmp(key, "label") == 0;
    for (size_t i = 0; i < json_array_size(arms); i++) {
        const json_t *other = json_array_get(arms, i);
        if (json_equal(value, json_object_get(other, key)) &&
            (label || json_equal(replica, json_object_get(other, "replica"))))
            return true;
    }
    return false;
}

/* The arms of one list that the other lacks; `renewed`: those whose label it has. */
static void put_arms(notes *out, const version *now, const char *what, const json_t *some,
                     const json_t *others, bool renewed)
{
    int n = 0;
    growing words;
    growing_open(&words);
    for (size_t i = 0; i < json_array_size(some); i++) {
        const json_t *arm = json_array_get(some, i);
        if (has_arm(others, arm, "config") || has_arm(others, arm, "label") != renewed) continue;
        if (n++ < NAMED)
            fprintf(words.f, "%s%s", n > 1 ? ", " : "",
                    json_string_value(json_object_get(arm, "label")));
    }
    if (n > NAMED) fprintf(words.f, " and %d other%s", n - NAMED, n == NAMED + 1 ? "" : "s");
    char *text = growing_close(&words);
    char when[WHEN];
    after_runs(when, now);
    if (n) notes_add(out, NOTE_WARNING, "Arms were %s %s: %s.", what, when, text);
    free(text);
}

/* How many seeds of one list the other lacks. */
static int missing_seeds(const json_t *some, const json_t *others)
{
    int n = 0;
    for (size_t i = 0; i < json_array_size(some); i++) {
        bool there = false;
        for (size_t k = 0; k < json_array_size(others) && !there; k++)
            there = json_equal(json_array_get(some, i), json_array_get(others, k));
        n += !there;
    }
    return n;
}

/* Seeds that are added before the first look were not chosen by results; seeds that are removed may
 * have been as soon as a run has finished. */
static void put_seeds(notes *out, const version *was, const version *now)
{
    const json_t *a = json_object_get(was->plan, "seeds"), *b = json_object_get(now->plan, "seeds");
    const bool known = a && b;
    const int added = known ? missing_seeds(b, a) : now->seeds > was->seeds,
              removed = known ? missing_seeds(a, b) : now->seeds < was->seeds;
    if (!(removed && now->runs) && !(added && now->looks)) return;
    char when[WHEN];
    if (now->looks)
        snprintf(when, sizeof when, "after %lld look%s", (long long)now->looks,
                 now->looks == 1 ? "" : "s");
    else
        after_runs(when, now);
    if (added && removed) { /* then both lists are known */
        char *from = plain(a), *to = plain(b);
        notes_add(out, NOTE_WARNING,
                  "Seeds were replaced%s (%s by %s, %s): p and intervals do not allow for that.",
                  now->looks ? " after a look" : "", from, to, when);
        free(from), free(to);
    } else
        notes_add(out, NOTE_WARNING,
                  "Seeds were %s%s (%lld to %lld, %s): p and intervals do not allow for that.",
                  added ? "added" : "removed", now->looks ? " after a look" : "",
                  (long long)was->seeds, (long long)now->seeds, when);
}

static void compare_versions(notes *out, const version *was, const version *now)
{
    if (now->runs) {
        const json_t *before = json_object_get(was->plan, "arms"),
                     *after = json_object_get(now->plan, "arms");
        put_words(out, was, now);
        put_parts(out, was, now);
        put_until(out, was, now);
        if (before && after) {
            put_arms(out, now, "added", after, before, false);
            put_arms(out, now, "removed", before, after, false);
            put_arms(out, now, "given another configuration", after, before, true);
        }
    }
    put_seeds(out, was, now);
}

static bool read_changes(notes *out, int64_t sweep_id, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, sql_changes_versions, "i", sweep_id);
    version was = { 0 }, now;
    for (int n = 0; ok && (ok = db_next(d, q, &row, e)) && row; n++) {
        version_read(&now, q);
        if (n)
            compare_versions(out, &was, &now);
        else if (now.runs)
            notes_add(out, NOTE_INFO,
                      "%lld of the study's runs had finished, in other studies, before the study "
                      "was first written.",
                      (long long)now.runs);
        version_close(&was);
        was = now;
    }
    version_close(&was);
    sqlite3_finalize(q);
    return ok;
}

bool changes_made(notes *out, const study *s, db *d, error *e)
{
    study_note_import(out, s);
    if (!s->other.sweep_id) return read_changes(out, s->sweep_id, d, e);
    const char *const name[] = { s->other.first, s->other.name };
    const int64_t sweep_id[] = { s->sweep_id, s->other.sweep_id };
    bool ok = true;
    for (int k = 0; ok && k < 2; k++) {
        notes own = { 0 };
        ok = read_changes(&own, sweep_id[k], d, e);
        for (int i = 0; i < own.n; i++)
            notes_add(out, own.item[i].level, "Study %s: %s", name[k], own.item[i].text);
        notes_close(&own);
    }
    return ok;
}
