/* merge_rows.c - copying rows; each statement is prepared once for a table.
 *
 * Parts of what the destination did not have are read by the key of the whole, in order, and
 * appended.  So millions of steps cost one look-up a run.
 */
#include "experiments/merge_rows.h"

#include "core/base/growing.h"

#include <stdlib.h>
#include <string.h>

void merge_rows_close(merge_work *x)
{
    for (int i = 0; i < MERGE_TABLES; i++) {
        for (int k = 0; k < x->map[i].texts; k++) free(x->map[i].text[k]);
        free(x->map[i].text), free(x->map[i].link);
    }
    free(x->version), free(x->newest);
}

merge_link *merge_rows_link(merge_work *x, int table, int64_t id)
{
    merge_map *m = &x->map[table];
    return id > 0 && id < m->n && m->link[id].id ? &m->link[id] : NULL;
}

void merge_rows_set(merge_work *x, int table, int64_t id, int64_t to, merge_part part)
{
    merge_map *m = &x->map[table];
    if (id >= m->n) {
        const int64_t n = 2 * id + 64;
        m->link = realloc(m->link, (size_t)n * sizeof *m->link);
        if (!m->link) error_memory();
        memset(m->link + m->n, 0, (size_t)(n - m->n) * sizeof *m->link);
        m->n = n;
    }
    m->link[id] = (merge_link){ to, part };
}

/* --- one row -----------------------------------------------------------------------------------
 */

/* The number that a version of a study has in the destination. */
static int64_t version_of(const merge_work *x, int64_t sweep, int64_t version)
{
    for (int i = 0; i < x->versions; i++)
        if (x->version[i].sweep == sweep && x->version[i].from == version) return x->version[i].to;
    return version;
}

/* Bind column c of the row as the destination has it. */
static void bind(merge_work *x, const merge_table *t, int c, sqlite3_stmt *to, sqlite3_stmt *q)
{
    const int parent = t->column[c].parent;
    if (c == t->id) {
        sqlite3_bind_null(to, c + 1);
    } else if (parent != MERGE_NONE && sqlite3_column_type(q, c) == SQLITE_INTEGER) {
        const merge_link *link = merge_rows_link(x, parent, sqlite3_column_int64(q, c));
        link ? sqlite3_bind_int64(to, c + 1, link->id) : sqlite3_bind_null(to, c + 1);
    } else if (c == t->version && t->sweep != MERGE_NONE) {
        const int64_t sweep = sqlite3_column_int64(q, t->sweep);
        sqlite3_bind_int64(to, c + 1, version_of(x, sweep, sqlite3_column_int64(q, c)));
    } else
        sqlite3_bind_value(to, c + 1, sqlite3_column_value(q, c));
}

void merge_rows_bind(merge_work *x, int table, sqlite3_stmt *to, sqlite3_stmt *q)
{
    const merge_table *t = &x->schema->table[table];
    for (int c = 0; c < t->n; c++) bind(x, t, c, to, q);
}

bool merge_rows_insert(merge_work *x, int table, sqlite3_stmt *q, sqlite3_stmt *insert)
{
    bool row;
    merge_rows_bind(x, table, insert, q);
    const bool ok = db_next(x->into, insert, &row, x->e);
    sqlite3_reset(insert);
    return ok || error_where(x->e, "table %s", x->schema->table[table].name);
}

/* The id of the row of the destination with the same key; 0 if there is none. */
static bool find(merge_work *x, int64_t *id, const merge_table *t, sqlite3_stmt *q,
                 sqlite3_stmt *lookup)
{
    bool row;
    for (int k = 0; k < t->keys; k++) bind(x, t, t->key[k], lookup, q);
    const bool ok = db_next(x->into, lookup, &row, x->e);
    *id = ok && row ? sqlite3_column_int64(lookup, 0) : 0;
    sqlite3_reset(lookup);
    return ok;
}

/* --- tables ------------------------------------------------------------------------------------
 */

typedef struct statements {
    sqlite3_stmt *select, *insert, *lookup;
} statements;

static bool prepare(merge_work *x, statements *s, const merge_table *t, const char *where)
{
    char *select = merge_schema_select(t, where), *lookup = merge_schema_lookup(t),
         *insert = merge_schema_insert(t, t->unique ? "ON CONFLICT DO NOTHING" : "");
    *s = (statements){ 0 };
    const bool ok = db_query(x->from, &s->select, x->e, select, NULL) &&
                    db_query(x->into, &s->insert, x->e, insert, NULL) &&
                    db_query(x->into, &s->lookup, x->e, lookup, NULL);
    free(select), free(insert), free(lookup);
    return ok;
}

static void finish(statements *s)
{
    sqlite3_finalize(s->select), sqlite3_finalize(s->insert), sqlite3_finalize(s->lookup);
}

/* What to do with a row, by the rows that it refers to. */
static merge_part part_of(merge_work *x, const merge_table *t, sqlite3_stmt *q)
{
    merge_part part = MERGE_ADDED;
    for (int c = 0; c < t->n; c++) {
        const merge_column *column = &t->column[c];
        if (column->parent == MERGE_NONE || sqlite3_column_type(q, c) != SQLITE_INTEGER) continue;
        const merge_link *link = merge_rows_link(x, column->parent, sqlite3_column_int64(q, c));
        if (!link) return MERGE_SKIPPED;
        if (!column->owned) continue;
        if (link->part == MERGE_SKIPPED || (link->part == MERGE_ADDED && !t->unique))
            return MERGE_SKIPPED;
        if (link->part == MERGE_TAKEN) part = MERGE_TAKEN;
    }
    return part;
}

/* A row of a table whose rows have ids, or that are parts of nothing. */
static bool merge_row(merge_work *x, int table, statements *s)
{
    const merge_table *t = &x->schema->table[table];
    const merge_part part = part_of(x, t, s->select);
    int64_t id = 0;
    if (part == MERGE_SKIPPED) return true;
    if (part != MERGE_TAKEN && !find(x, &id, t, s->select, s->lookup)) return false;
    const bool known = id != 0;
    if (!known && !merge_rows_insert(x, table, s->select, s->insert)) return false;
    if (!known && t->id == MERGE_NONE && t->keys == 1) {
        merge_map *m = &x->map[table];
        m->text = growing_list(m->text, m->texts, sizeof *m->text);
        m->text[m->texts++] = db_column(s->select, t->key[0]);
    }
    if (t->id != MERGE_NONE)
        merge_rows_set(x, table, sqlite3_column_int64(s->select, t->id),
                       known ? id : db_last_id(x->into), known ? MERGE_SKIPPED : MERGE_TAKEN);
    return true;
}

bool merge_rows_where(merge_work *x, int table, const char *where)
{
    const merge_table *t = &x->schema->table[table];
    statements s;
    bool row, ok = prepare(x, &s, t, where);
    while (ok && (ok = db_next(x->from, s.select, &row, x->e)) && row) ok = merge_row(x, table, &s);
    finish(&s);
    return ok;
}

/* The parts of one row, by its key, which is bound already. */
static bool merge_parts_of(merge_work *x, int table, statements *s)
{
    bool row, ok = true;
    while (ok && (ok = db_next(x->from, s->select, &row, x->e)) && row)
        ok = merge_rows_insert(x, table, s->select, s->insert);
    sqlite3_reset(s->select);
    return ok;
}

/* The parts of all rows that were copied. */
static bool merge_parts(merge_work *x, int table)
{
    const merge_table *t = &x->schema->table[table];
    const merge_map *m = &x->map[t->column[t->key[0]].parent];
    growing where;
    statements s;
    growing_open(&where);
    fprintf(where.f, "WHERE \"%s\" = ?1 ORDER BY ", t->column[t->key[0]].name);
    for (int k = 0; k < t->keys; k++)
        fprintf(where.f, "%s\"%s\"", k ? ", " : "", t->column[t->key[k]].name);
    char *text = growing_close(&where);
    bool ok = prepare(x, &s, t, text);
    free(text);
    for (int64_t id = 1; ok && id < m->n; id++) {
        if (m->link[id].part != MERGE_TAKEN) continue;
        sqlite3_bind_int64(s.select, 1, id);
        ok = merge_parts_of(x, table, &s);
    }
    for (int k = 0; ok && k < m->texts; k++) {
        sqlite3_bind_text(s.select, 1, m->text[k], -1, SQLITE_STATIC);
        ok = merge_parts_of(x, table, &s);
    }
    finish(&s);
    return ok;
}

/* Is every row of the table part of a row that is the same everywhere once it is there? */
static bool is_part(const merge_work *x, const merge_table *t)
{
    static const char *const CHANGING[] = { "sweep", "arm" };
    const int owner = merge_schema_owner(t);
    bool yes = t->id == MERGE_NONE && owner != MERGE_NONE && owner == t->key[0];
    for (size_t i = 0; yes && i < sizeof CHANGING / sizeof *CHANGING; i++)
        yes = strcmp(x->schema->table[t->column[owner].parent].name, CHANGING[i]) != 0;
    return yes;
}

bool merge_rows_table(merge_work *x, int table)
{
    return is_part(x, &x->schema->table[table]) ? merge_parts(x, table)
                                                : merge_rows_where(x, table, "ORDER BY 1");
}
