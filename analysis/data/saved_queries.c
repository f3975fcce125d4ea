/* saved_queries.c - find and list the saved queries, whose table is generated from
 * queries/NAME.sql. */
#include "analysis/data/saved_queries.h"

#include "analysis/data/lookup.h"
#include "core/base/growing.h"

#include <stdlib.h>
#include <string.h>

const saved_query *saved_query_find(const char *name)
{
    for (const saved_query *query = saved_queries; query->name; query++)
        if (strcmp(query->name, name) == 0) return query;
    return NULL;
}

static bool check_number(const char *key, const char *value, error *e)
{
    enum { DIGITS = 9 };
    const size_t n = strspn(value, "0123456789");
    return (n > 0 && n <= DIGITS && !value[n] && strtol(value, NULL, 10) > 0) ||
           error_usage(e, "%s=%.100s: this is not a whole number above 0", key, value);
}

static bool check_context(db *d, const char *value, error *e)
{
    int64_t there;
    char *known;
    if (!check_number("context", value, e) ||
        !db_integer(d, &there, 0, e, "SELECT 1 FROM eval WHERE context = ? LIMIT 1", "i",
                    (int64_t)strtol(value, NULL, 10)))
        return false;
    if (there) return true;
    if (!db_text(d, &known, e,
                 "SELECT group_concat(context, ', ') FROM (SELECT DISTINCT context FROM eval"
                 " ORDER BY context)",
                 NULL))
        return false;
    error_usage(e, "%s: no run was evaluated at context %s; there is %.200s", d->path, value,
                known ? known : "no evaluation yet");
    free(known);
    return false;
}

static bool check_run(db *d, const char *value, error *e)
{
    int64_t run;
    return lookup_run_maybe(d, &run, value, e) &&
           (run ||
            error_usage(e, "%s: no run '%.100s'; `attnlab ls` lists the runs", d->path, value));
}

/* A suite or a task, by its name in the table of that name. */
static bool check_name(db *d, const char *key, const char *value, error *e)
{
    const bool suite = strcmp(key, "suite") == 0;
    int64_t there;
    char *known;
    if (!db_integer(d, &there, 0, e,
                    suite ? "SELECT 1 FROM suite WHERE name = ?"
                          : "SELECT 1 FROM task WHERE name = ?",
                    "t", value))
        return false;
    if (there) return true;
    if (!db_text(d, &known, e,
                 suite ? "SELECT group_concat(DISTINCT name) FROM suite"
                       : "SELECT group_concat(DISTINCT name) FROM task",
                 NULL))
        return false;
    error_usage(e, "%s: no %s '%.100s'; there is %.300s", d->path, key, value,
                known ? known : "none yet");
    free(known);
    return false;
}

bool saved_query_value(char **bound, db *d, const char *key, const char *value, error *e)
{
    int64_t study;
    *bound = NULL;
    if (strcmp(key, "study") == 0)
        return lookup_study(d, &study, value, e) &&
               db_text(d, bound, e, "SELECT name FROM sweep WHERE sweep_id = ?", "i", study);
    const bool ok =
        strcmp(key, "run") == 0                                  ? check_run(d, value, e)
        : strcmp(key, "context") == 0                            ? check_context(d, value, e)
        : strcmp(key, "points") == 0 || strcmp(key, "most") == 0 ? check_number(key, value, e)
        : strcmp(key, "suite") == 0 || strcmp(key, "task") == 0  ? check_name(d, key, value, e)
                                                                 : true;
    if (ok && !(*bound = strdup(value))) error_memory();
    return ok;
}

void saved_query_list(table_format f, FILE *out)
{
    table t;
    table_open(&t, f, out, 3, (const char *[]){ "name", "parameters", "help" });
    for (const saved_query *query = saved_queries; query->name; query++) {
        table_text(&t, query->name), table_text(&t, query->parameters);
        table_text(&t, query->help);
    }
    table_close(&t);
}

char *saved_query_names(void)
{
    growing words;
    growing_open(&words);
    for (const saved_query *query = saved_queries; query->name; query++)
        fprintf(words.f, "%s%s", query == saved_queries ? "" : ", ", query->name);
    return growing_close(&words);
}
