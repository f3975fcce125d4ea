/* merge_schema.c - tables, keys and references by SQLite's own tables of the schema
 * (sqlite.org/pragma.html#pragfunc). */
#include "experiments/merge_schema.h"

#include "core/base/growing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int merge_schema_find(const merge_schema *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->table[i].name, name) == 0) return i;
    return MERGE_NONE;
}

int merge_schema_column(const merge_table *t, const char *name)
{
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->column[i].name, name) == 0) return i;
    return MERGE_NONE;
}

int merge_schema_owner(const merge_table *t)
{
    for (int i = 0; i < t->n; i++)
        if (t->column[i].owned) return i;
    return MERGE_NONE;
}

/* --- reading it --------------------------------------------------------------------------------
 */

/* The names of the columns; the primary key, which is the key of rows without an id of their own.
 */
static bool read_columns(merge_table *t, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row, ok, integer = false;
    if (!db_query(d, &q, e, "SELECT name, pk, type FROM pragma_table_info(?) ORDER BY cid", "t",
                  t->name))
        return false;
    while ((ok = db_next(d, q, &row, e)) && row) {
        if (t->n == MERGE_COLUMNS) {
            ok = error_set(e, "%s: the table %s has more than %d columns", d->path, t->name,
                           MERGE_COLUMNS);
            break;
        }
        if (sqlite3_column_int(q, 1)) {
            t->key[t->keys++] = t->n;
            integer = strcmp((const char *)sqlite3_column_text(q, 2), "INTEGER") == 0;
        }
        t->column[t->n++] = (merge_column){ .name = db_column(q, 0), .parent = MERGE_NONE };
    }
    sqlite3_finalize(q);
    t->id = t->keys == 1 && integer ? t->key[0] : MERGE_NONE;
    t->unique = true;
    t->sweep = merge_schema_column(t, "sweep_id"), t->version = merge_schema_column(t, "version");
    return ok;
}

static bool read_references(merge_table *t, const merge_schema *known, bool *waits, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row, ok;
    *waits = false;
    if (!db_query(d, &q, e, "SELECT \"from\", \"table\", on_delete FROM pragma_foreign_key_list(?)",
                  "t", t->name))
        return false;
    while ((ok = db_next(d, q, &row, e)) && row) {
        const char *parent = (const char *)sqlite3_column_text(q, 1);
        const int at = merge_schema_column(t, (const char *)sqlite3_column_text(q, 0));
        merge_column *c = &t->column[at];
        c->owned = strcmp((const char *)sqlite3_column_text(q, 2), "CASCADE") == 0;
        c->parent = strcmp(parent, t->name) == 0 ? known->n : merge_schema_find(known, parent);
        *waits = *waits || c->parent == MERGE_NONE;
        if (at == t->id) t->id = MERGE_NONE; /* its rows are numbered by those of another table */
    }
    sqlite3_finalize(q);
    return ok;
}

/* The key of rows that have an id of their own. */
static bool read_key(merge_table *t, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row, ok;
    if (t->id == MERGE_NONE) return true;
    t->keys = 0;
    if (!db_query(d, &q, e,
                  "SELECT c.name FROM pragma_index_list(?1) i JOIN pragma_index_info(i.name) c"
                  " WHERE i.seq = (SELECT max(seq) FROM pragma_index_list(?1) WHERE origin = 'u')"
                  " ORDER BY c.seqno",
                  "t", t->name))
        return false;
    while ((ok = db_next(d, q, &row, e)) && row)
        t->key[t->keys++] = merge_schema_column(t, (const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    t->unique = t->keys > 0;
    for (int i = 0; !t->unique && i < t->n; i++)
        if (i != t->id) t->key[t->keys++] = i;
    return ok;
}

static void close_table(merge_table *t)
{
    for (int i = 0; i < t->n; i++) free(t->column[i].name);
    free(t->name);
    *t = (merge_table){ 0 };
}

/* Add the table if all that it refers to is there already. */
static bool add_table(merge_schema *s, const char *name, db *d, error *e)
{
    bool waits;
    if (s->n == MERGE_TABLES) return error_set(e, "%s: more than %d tables", d->path, MERGE_TABLES);
    merge_table *t = &s->table[s->n];
    *t = (merge_table){ .name = strdup(name) };
    if (!t->name) error_memory();
    const bool ok =
        read_columns(t, d, e) && read_references(t, s, &waits, d, e) && read_key(t, d, e);
    if (ok && !waits)
        s->n++;
    else
        close_table(t);
    return ok;
}

bool merge_schema_open(merge_schema *s, db *d, error *e)
{
    bool ok = true;
    int before;
    s->n = 0;
    do { /* one layer of tables after the other */
        sqlite3_stmt *q;
        bool row;
        before = s->n;
        if (!db_query(d, &q, e,
                      "SELECT name FROM sqlite_schema WHERE type = 'table'"
                      " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
                      NULL))
            return false;
        while (ok && (ok = db_next(d, q, &row, e)) && row) {
            const char *name = (const char *)sqlite3_column_text(q, 0);
            if (merge_schema_find(s, name) == MERGE_NONE) ok = add_table(s, name, d, e);
        }
        sqlite3_finalize(q);
    } while (ok && s->n > before);
    if (!ok) merge_schema_close(s);
    return ok;
}

void merge_schema_close(merge_schema *s)
{
    for (int i = 0; i < s->n; i++) close_table(&s->table[i]);
    s->n = 0;
}

/* --- statements --------------------------------------------------------------------------------
 */

static void put_names(FILE *f, const merge_table *t)
{
    for (int i = 0; i < t->n; i++) fprintf(f, "%s\"%s\"", i ? ", " : "", t->column[i].name);
}

char *merge_schema_select(const merge_table *t, const char *where)
{
    growing text;
    growing_open(&text);
    fputs("SELECT ", text.f);
    put_names(text.f, t);
    fprintf(text.f, " FROM \"%s\" %s", t->name, where);
    return growing_close(&text);
}

char *merge_schema_insert(const merge_table *t, const char *conflict)
{
    growing text;
    growing_open(&text);
    fprintf(text.f, "INSERT INTO \"%s\"(", t->name);
    put_names(text.f, t);
    fputs(") VALUES(", text.f);
    for (int i = 0; i < t->n; i++) fprintf(text.f, "%s?%d", i ? ", " : "", i + 1);
    fprintf(text.f, ") %s", conflict);
    return growing_close(&text);
}

char *merge_schema_lookup(const merge_table *t)
{
    growing text;
    growing_open(&text);
    fprintf(text.f, "SELECT %s%s%s FROM \"%s\"", t->id == MERGE_NONE ? "1" : "\"",
            t->id == MERGE_NONE ? "" : t->column[t->id].name, t->id == MERGE_NONE ? "" : "\"",
            t->name);
    for (int i = 0; i < t->keys; i++)
        fprintf(text.f, "%s \"%s\" IS ?%d", i ? " AND" : " WHERE", t->column[t->key[i]].name,
                t->key[i] + 1);
    return growing_close(&text);
}
