/* variants.c - `attnlab variants`: what model.attention can be. */
#include "cli/verbs.h"
#include "core/base/table.h"
#include "variants/attn.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

typedef struct arguments {
    table_format format;
} arguments;

static const struct argp_option OPTIONS[] = {
    { "output", 'o', "FORMAT", 0, "table (default), md, csv, json or jsonl", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    error e;
    if (key != 'o') return ARGP_ERR_UNKNOWN;
    if (!table_format_parse(&a->format, value, &e)) argp_error(state, "%s", e.msg);
    return 0;
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .doc = "List the attention variants of this build, their options (with default and range) and "
           "where they come from.",
};

static void put_limit(FILE *f, double x)
{
    if (x <= INT_MIN || x >= INT_MAX)
        fputs("...", f);
    else
        fprintf(f, "%g", x);
}

/* "size=128 (1..): keys that a query sees; ..." */
static char *options_of(const attn_variant *v)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    if (!f) error_memory();
    const char *before = "";
    for (const attn_option *o = v->options; o && o->name; o++) {
        if (o->kind == ATTN_FIXED) continue;
        fprintf(f, "%s%s=", before, o->name);
        if (o->value == ATTN_HEADS)
            fputs("n_heads", f);
        else
            fprintf(f, "%g", o->value);
        fputs(" (", f);
        put_limit(f, o->min);
        fputs("..", f);
        if (o->max < INT_MAX) put_limit(f, o->max);
        fprintf(f, "): %s", o->help);
        before = "; ";
    }
    if (fclose(f) != 0) error_memory();
    return text;
}

int variants_verb(int argc, char **argv)
{
    arguments a = { TABLE_TEXT };
    argp_parse(&ARGP, argc, argv, 0, NULL, &a);
    table t;
    table_open(&t, a.format, stdout, 3, (const char *[]){ "name", "options", "summary" });
    for (const attn_variant *const *v = attn_variants; *v; v++) {
        char *options = options_of(*v);
        table_text(&t, (*v)->name);
        table_text(&t, options);
        table_text(&t, (*v)->summary);
        free(options);
    }
    table_close(&t);
    return STATUS_DONE;
}
