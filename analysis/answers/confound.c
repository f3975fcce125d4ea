/* confound.c - find in what else two arms differ, from the database and from what the runs report.
 *
 * The statements are in confound.sql.
 */
#include "analysis/answers/confound.h"

#include "analysis/answers/sql.h"
#include "core/base/growing.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void add(json_t *list, const char *key, const char *base, const char *arm)
{
    json_t *entry = json_pack("{s:s, s:s?, s:s?}", "key", key, "base", base, "arm", arm);
    if (!entry || json_array_append_new(list, entry) != 0) error_memory();
}

/* Rows of (key, base, arm). */
static bool add_rows(json_t *list, db *d, sqlite3_stmt *q, bool ok, error *e)
{
    bool row = true;
    while (ok && (ok = db_next(d, q, &row, e)) && row)
        add(list, (const char *)sqlite3_column_text(q, 0), (const char *)sqlite3_column_text(q, 1),
            (const char *)sqlite3_column_text(q, 2));
    sqlite3_finalize(q);
    return ok;
}

static bool find_keys(json_t *list, const study *s, db *d, int arm, int base, error *e)
{
    sqlite3_stmt *q;
    const bool ok = db_query(d, &q, e, sql_confound_keys, "iin", s->arm[arm].arm_id,
                             s->arm[base].arm_id, s->other.sweep_id != 0);
    return add_rows(list, d, q, ok, e);
}

/* Another corpus, or other held-out text if the corpus is an axis. */
static bool find_corpus(json_t *list, const study *s, db *d, int arm, int base, error *e)
{
    const bool by_token = strstr(s->metric.value, "n_tok") != NULL;
    sqlite3_stmt *q;
    const bool ok =
        db_query(d, &q, e, sql_confound_corpus, "iiin", s->arm[arm].arm_id, s->arm[base].arm_id,
                 s->other.sweep_id ? (int64_t)0 : s->sweep_id, by_token);
    return add_rows(list, d, q, ok, e);
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Two runs have the same code if every part that both used is the same: another variant is no
 * confound of its own.  The texts are lists of "name hash", joined by ", ". */
static bool same_code(const char *a, const char *b)
{
    if (!a || !b) return a == b;
    for (const char *at = a; *at;) {
        const size_t whole = strcspn(at, ","), name = strcspn(at, " ") + 1;
        for (const char *other = b; *other;) {
            const size_t n = strcspn(other, ",");
            const bool meets = strncmp(at, other, name) == 0;
            if (meets && (n != whole || strncmp(at, other, n) != 0)) return false;
            other += n + strspn(other + n, ", ");
        }
        at += whole + strspn(at + whole, ", ");
    }
    return true;
}

static const char *trait(const study *s, int arm, int seed, size_t offset)
{
    return *(char *const *)((const char *)study_at(s, arm, seed) + offset);
}

static bool finished(const study *s, int arm, int seed, const bool *used)
{
    return used[seed] && study_at(s, arm, seed)->status == STUDY_DONE;
}

/* The distinct values of an arm's runs, joined; the caller frees the text. */
static char *values(const study *s, int arm, const bool *used, size_t offset)
{
    const char *gap = "";
    growing words;
    growing_open(&words);
    for (int i = 0; i < s->seeds; i++) {
        const char *value = finished(s, arm, i, used) ? trait(s, arm, i, offset) : NULL;
        bool known = !value;
        for (int k = 0; k < i && !known; k++)
            known = finished(s, arm, k, used) && same(value, trait(s, arm, k, offset));
        if (known) continue;
        fprintf(words.f, "%s%s", gap, value);
        gap = " | ";
    }
    return growing_close(&words);
}

/* Add a trait to the list if finished runs of the two arms differ in it: at any shared seed or, if
 * they share none, at any two seeds. */
static void find_trait(json_t *list, const study *s, int arm, int base, const bool *used,
                       const char *key, size_t offset, bool (*equal)(const char *, const char *))
{
    bool differs = false, shared = false;
    for (int i = 0; i < s->seeds; i++) {
        if (!finished(s, arm, i, used) || !finished(s, base, i, used)) continue;
        shared = true;
        differs = differs || !equal(trait(s, arm, i, offset), trait(s, base, i, offset));
    }
    for (int i = 0; !shared && i < s->seeds; i++)
        for (int k = 0; finished(s, arm, i, used) && k < s->seeds; k++)
            differs = differs || (finished(s, base, k, used) &&
                                  !equal(trait(s, arm, i, offset), trait(s, base, k, offset)));
    if (!differs) return;
    char *of_base = values(s, base, used, offset), *of_arm = values(s, arm, used, offset);
    add(list, key, *of_base ? of_base : NULL, *of_arm ? of_arm : NULL);
    free(of_base), free(of_arm);
}

/* Runs that were resumed with other kernels or on another processor. */
static void find_mixed(json_t *list, const study *s, int arm, int base, const bool *used)
{
    const int side[2] = { base, arm };
    int mixed[2] = { 0 };
    char n[2][32];
    for (int k = 0; k < 2; k++) {
        int done = 0;
        for (int i = 0; i < s->seeds; i++) {
            if (!finished(s, side[k], i, used)) continue;
            done++;
            mixed[k] += study_at(s, side[k], i)->mixed;
        }
        snprintf(n[k], sizeof n[k], "%d of %d", mixed[k], done);
    }
    if (mixed[0] + mixed[1] > 0) add(list, "mixed runs", n[0], n[1]);
}

bool confound_find(json_t **list, const study *s, db *d, int arm, int base, const bool *used,
                   error *e)
{
    *list = json_array();
    if (!*list) error_memory();
    if (!find_keys(*list, s, d, arm, base, e) || !find_corpus(*list, s, d, arm, base, e)) {
        json_decref(*list);
        *list = NULL;
        return false;
    }
    find_trait(*list, s, arm, base, used, "code", offsetof(study_cell, code), same_code);
    find_trait(*list, s, arm, base, used, "compiler", offsetof(study_cell, compiler), same);
    find_trait(*list, s, arm, base, used, "host", offsetof(study_cell, host), same);
    find_trait(*list, s, arm, base, used, "kernels", offsetof(study_cell, kernels), same);
    find_trait(*list, s, arm, base, used, "BLAS kernel", offsetof(study_cell, blas), same);
    find_mixed(*list, s, arm, base, used);
    if (s->other.sweep_id || !strstr(s->arm[arm].axis_json, "\"train.tokens\""))
        find_trait(*list, s, arm, base, used, "tokens trained", offsetof(study_cell, tokens), same);
    find_trait(*list, s, arm, base, used, "tokens evaluated", offsetof(study_cell, evaluated),
               same);
    const study_arm *a = &s->arm[arm], *b = &s->arm[base];
    if (a->done != b->done && !s->stated.start) { /* arms of such a study stop at different looks */
        char n[2][16];
        snprintf(n[0], sizeof n[0], "%d", b->done);
        snprintf(n[1], sizeof n[1], "%d", a->done);
        add(*list, "seeds finished", n[0], n[1]);
    }
    return true;
}
