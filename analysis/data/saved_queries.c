/* saved_queries.c - find and list the saved queries, whose table is generated from
 * queries/NAME.sql. */
#include "analysis/data/saved_queries.h"

#include <string.h>

const saved_query *saved_query_find(const char *name)
{
    for (const saved_query *query = saved_queries; query->name; query++)
        if (strcmp(query->name, name) == 0) return query;
    return NULL;
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
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) error_memory();
    for (const saved_query *query = saved_queries; query->name; query++)
        fprintf(out, "%s%s", query == saved_queries ? "" : ", ", query->name);
    fclose(out);
    return text;
}
