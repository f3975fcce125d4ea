/* confound.c - see confound.h. */
#include "analysis/answers/confound.h"

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

/* What v_confound says of an arm and its baseline, for any two arms. */
static bool find_keys(json_t *list, const study *s, db *d, int arm, int base, error *e)
{
    static const char SQL[] =
        "SELECT p.key, pb.value, p.value FROM arm a JOIN arm b ON b.arm_id = ?2"
        " JOIN sweep s ON s.sweep_id = a.sweep_id JOIN config_param p ON p.config_id = a.config_id"
        " LEFT JOIN config_param pb ON pb.config_id = b.config_id AND pb.key = p.key"
        " JOIN config c ON c.config_id = a.config_id"
        " WHERE a.arm_id = ?1 AND p.value IS NOT pb.value"
        /* A hash; find_corpus says it in words. */
        " AND p.key <> 'data.corpus'"
        /* A key younger than the base's record had its default there; canonical forms leave
           defaults out. */
        " AND (pb.key NOT NULL OR instr(c.canon_json, '\"' || p.key || '\":'))"
        /* Only wsd reads it, and it is 0 elsewhere. */
        " AND NOT (p.key = 'train.decay_tokens' AND 0 IN (p.value, pb.value))"
        " AND p.key NOT IN (SELECT key FROM json_each(s.axes_json))"
        " AND p.key NOT IN (SELECT value FROM json_each(coalesce(s.match_json, '{}')))"
        /* Only yarn reads it; elsewhere it follows the context. */
        " AND NOT (p.key = 'model.rope_original_context' AND NOT EXISTS (SELECT 1 FROM "
        "config_param y"
        "  WHERE y.config_id IN (a.config_id, b.config_id) AND y.key = 'model.rope_scaling'"
        "  AND y.value = 'yarn')) ORDER BY 1";
    sqlite3_stmt *q;
    const bool ok = db_query(d, &q, e, SQL, "ii", s->arm[arm].arm_id, s->arm[base].arm_id);
    return add_rows(list, d, q, ok, e);
}

/* Another corpus, unless that is an axis; and if it is one, what the axis brings along: losses of
 * another text, or (where the metric is by the token) of tokens that other pieces make of it. */
static bool find_corpus(json_t *list, const study *s, db *d, int arm, int base, error *e)
{
    static const char SQL[] =
        "WITH text AS (SELECT arm_id, sha256, path || ' (' || substr(sha256, 1, 8) || ')' AS name,"
        "  val_bytes || ' bytes' || CASE WHEN ?4 THEN ' in ' || val_tokens || ' tokens' ELSE '' END"
        "  AS held_out FROM arm JOIN config USING(config_id) LEFT JOIN dataset USING(dataset_id)),"
        " axis(it) AS (SELECT EXISTS (SELECT 1 FROM sweep s, json_each(s.axes_json)"
        "  WHERE s.sweep_id = ?3 AND key = 'data.corpus'))"
        " SELECT CASE WHEN it THEN 'held-out text' ELSE 'corpus' END,"
        " CASE WHEN it THEN b.held_out ELSE b.name END,"
        " CASE WHEN it THEN a.held_out ELSE a.name END FROM text a, text b, axis"
        " WHERE a.arm_id = ?1 AND b.arm_id = ?2 AND a.sha256 IS NOT b.sha256"
        " AND NOT (it AND a.held_out IS b.held_out)";
    const bool by_token = strstr(s->metric.value, "n_tok") != NULL;
    sqlite3_stmt *q;
    const bool ok = db_query(d, &q, e, SQL, "iiin", s->arm[arm].arm_id, s->arm[base].arm_id,
                             s->sweep_id, by_token);
    return add_rows(list, d, q, ok, e);
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Two builds are of the same code where every file that both have is the same: one that brings
 * another variant leaves the others what they were.  Lists of "name hash", joined by ", ". */
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

/* The different values that an arm's runs have, joined. */
static char *values(const study *s, int arm, const bool *used, size_t offset)
{
    char *text = calloc(1, 1);
    if (!text) error_memory();
    for (int i = 0; i < s->seeds; i++) {
        const char *value = finished(s, arm, i, used) ? trait(s, arm, i, offset) : NULL;
        bool known = !value;
        for (int k = 0; k < i && !known; k++)
            known = finished(s, arm, k, used) && same(value, trait(s, arm, k, offset));
        if (known) continue;
        const size_t size = strlen(text) + strlen(value) + 4;
        char *longer = malloc(size);
        if (!longer) error_memory();
        snprintf(longer, size, "%s%s%s", text, *text ? " | " : "", value);
        free(text);
        text = longer;
    }
    return text;
}

/* Finished runs of the two arms that differ in it, at any seed; where they share no seed, at all.
 * True if there were. */
static bool find_trait(json_t *list, const study *s, int arm, int base, const bool *used,
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
    if (!differs) return false;
    char *of_base = values(s, base, used, offset), *of_arm = values(s, arm, used, offset);
    add(list, key, *of_base ? of_base : NULL, *of_arm ? of_arm : NULL);
    free(of_base), free(of_arm);
    return true;
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
    /* Another build of the same code is worth a word only when the code is the same. */
    if (!find_trait(*list, s, arm, base, used, "code", offsetof(study_cell, code), same_code))
        find_trait(*list, s, arm, base, used, "build", offsetof(study_cell, binary), same);
    find_trait(*list, s, arm, base, used, "host", offsetof(study_cell, host), same);
    find_trait(*list, s, arm, base, used, "BLAS kernel", offsetof(study_cell, blas), same);
    if (!strstr(s->arm[arm].axis_json, "\"train.tokens\""))
        find_trait(*list, s, arm, base, used, "tokens trained", offsetof(study_cell, tokens), same);
    find_trait(*list, s, arm, base, used, "tokens evaluated", offsetof(study_cell, evaluated),
               same);
    const study_arm *a = &s->arm[arm], *b = &s->arm[base];
    if (a->done != b->done) {
        char n[2][16];
        snprintf(n[0], sizeof n[0], "%d", b->done);
        snprintf(n[1], sizeof n[1], "%d", a->done);
        add(*list, "seeds finished", n[0], n[1]);
    }
    return true;
}
