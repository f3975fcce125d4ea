/* keys.c - `attnlab keys`: what a configuration, and a study, can say. */
#include "cli/command.h"
#include "core/base/table.h"
#include "experiments/study_file.h"

#include <string.h>

static void put_range(table *t, const config_key *k)
{
    char text[256] = "";
    if (k->type == CONFIG_CHOICE)
        config_words(text, sizeof text, k);
    else if (k->type == CONFIG_BOOL)
        snprintf(text, sizeof text, "true, false");
    else if (k->type == CONFIG_INT || k->type == CONFIG_COUNT || k->type == CONFIG_COUNTS)
        snprintf(text, sizeof text, "%.0f..%.0f", k->min, k->max);
    else if (k->type == CONFIG_REAL)
        snprintf(text, sizeof text, "%.10g..%.10g", k->min, k->max);
    table_text(t, text);
}

static void put_key(table *t, const config_key *k)
{
    static const char *const TYPE[] = { "int",    "count", "real",  "bool",
                                        "choice", "text",  "specs", "counts" };
    char text[128];
    table_text(t, k->name);
    table_text(t, TYPE[k->type]);
    if (k->derived)
        snprintf(text, sizeof text, "(%s)", k->derived);
    else
        snprintf(text, sizeof text, "%s", k->initial);
    table_text(t, text);
    put_range(t, k);
    table_text(t, k->identity ? "yes" : "no");
    table_text(t, k->help);
}

static int run(command_call *call, const void *given)
{
    table t;
    (void)given;
    command_rows(call);
    table_open(&t, command_format(call), stdout, 6,
               (const char *[]){ "name", "type", "default", "range", "identity", "help" });
    for (const config_key *k = config_keys; k->name; k++) put_key(&t, k);
    for (const rope_scaling *const *scaling = rope_scalings; *scaling; scaling++) {
        char name[64];
        snprintf(name, sizeof name, "model.rope_scaling=%s", (*scaling)->name);
        table_text(&t, name);
        for (int i = 0; i < 4; i++) table_text(&t, NULL);
        table_text(&t, (*scaling)->help);
    }
    for (const study_file_key *k = study_file_keys; k->name; k++) {
        table_text(&t, k->name);
        table_text(&t, k->type);
        table_text(&t, k->initial);
        table_text(&t, k->range);
        table_text(&t, NULL);
        table_text(&t, k->help);
    }
    table_close(&t);
    return STATUS_DONE;
}

const command command_keys = {
    .name = "keys",
    .group = COMMAND_REFERENCE,
    .help = "every key of a configuration and of a study",
    .summary = "List every key of a configuration: name, type, default, range and meaning.",
    .text = "Counts may be written 500k, 2M, 1G, 64Ki, 1Mi. A default in parentheses follows from "
            "other keys. A key that is not part of the identity may change from one command to the "
            "next without making another run.",
    .shared = SHARED_OUTPUT,
    .run = run,
};
