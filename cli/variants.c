/* variants.c - `attnlab variants`: what model.attention can be. */
#include "cli/command.h"
#include "core/base/table.h"
#include "variants/attn.h"

#include <stdlib.h>

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
            put_limit(f, o->value);
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

static int run(command_call *call, const void *given)
{
    table t;
    (void)given;
    command_rows(call);
    table_open(&t, command_format(call), stdout, 3,
               (const char *[]){ "name", "options", "summary" });
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

const command command_variants = {
    .name = "variants",
    .group = COMMAND_REFERENCE,
    .help = "the attention variants and their options",
    .summary =
        "List the attention variants of this build, their options (with default and range) and "
        "the papers they come from.",
    .shared = SHARED_OUTPUT,
    .run = run,
};
