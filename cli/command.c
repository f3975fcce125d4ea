/* command.c - the shared options, and what every command does with its notes and errors. */
#include "cli/command.h"

#include "experiments/study_file.h"
#include "trainer/config/run_paths.h"

#include <stdlib.h>
#include <string.h>

const char *const command_groups[COMMAND_GROUPS] = { "Data",  "Train",    "Compare",  "Look",
                                                     "Model", "Database", "Reference" };

// clang-format off
#define AT(field) offsetof(command_call, field)
const option command_shared[] = {
    { "db",         'd', OPTION_TEXT,    "FILE",   AT(db),         "the database", "(ATTNLAB_DB, or attnlab.db)" },
    { "output",     'o', OPTION_CHOICE,  "FORMAT", AT(output),     "how the answer is printed", "table", 0, 0, table_formats },
    { "metric",     0,   OPTION_TEXT,    "METRIC", AT(metric),     "what is compared, such as val_bpb@512", "(the study's)" },
    { "alpha",      0,   OPTION_REAL,    "ALPHA",  AT(alpha),      "error rate", "(the study's)", STUDY_FILE_ALPHA_MIN, STUDY_FILE_ALPHA_MAX },
    { "margin",     0,   OPTION_REAL,    "MARGIN", AT(margin),     "smaller differences are equivalent", "(the study's)", 0, STUDY_FILE_MARGIN_MAX },
    { "generation", 0,   OPTION_INTEGER, "N",      AT(generation), "compare runs of this generation", "(each cell's newest)", 0, 1e9 },
    { "again",      0,   OPTION_FLAG,    NULL,     AT(again),      "train again what other code made, or what is mixed, as a new generation" },
    { "accept",     0,   OPTION_FLAG,    NULL,     AT(accept),     "keep results that other code recorded" },
    { "quiet",      'q', OPTION_FLAG,    NULL,     AT(quiet),      "show no progress" },
    { "allow-mixed", 0,  OPTION_FLAG,    NULL,     AT(allow_mixed), "resume on another processor or with other kernels, and mark the run as mixed" },
    { 0 },
};
const option option_help = { "help", 'h', OPTION_FLAG, NULL, AT(help), "show this help" };
// clang-format on

const option *command_option(const command *c, int i)
{
    int k = 0;
    for (const option *own = c->options; own && own->name; own++)
        if (k++ == i) return own;
    for (int shared = 0; command_shared[shared].name; shared++)
        if (c->shared >> shared & 1 && k++ == i) return &command_shared[shared];
    return k == i ? &option_help : NULL;
}

bool command_repeats(const option *o)
{
    return o->kind == OPTION_TEXTS || o->kind == OPTION_REALS || o->kind == OPTION_NUMBERS ||
           o->kind == OPTION_CHOICES;
}

const command *command_find(const char *name)
{
    for (const command *const *c = commands; *c; c++)
        if (strcmp((*c)->name, name) == 0) return *c;
    return NULL;
}

table_format command_format(const command_call *call)
{
    return call->command->shared & SHARED_OUTPUT ? (table_format)call->output : TABLE_TEXT;
}

bool command_prose(const command_call *call)
{
    const table_format f = command_format(call);
    return f == TABLE_TEXT || f == TABLE_MD;
}

void command_rows(command_call *call)
{
    call->document = true;
    if (command_format(call) == TABLE_JSON) fputs("{\"rows\": ", stdout);
}

void command_notes(command_call *call, notes *list)
{
    const table_format f = command_format(call);
    if (f != TABLE_JSON && f != TABLE_JSONL) notes_print(list, stderr);
    for (int i = 0; i < list->n && (f == TABLE_JSON || f == TABLE_JSONL); i++)
        notes_add(&call->notes, list->item[i].level, "%s", list->item[i].text);
    notes_close(list);
}

void command_remarks(command_call *call, notes *list)
{
    if (!command_prose(call)) {
        command_notes(call, list);
        return;
    }
    notes_print(list, stdout);
    notes_close(list);
}

void command_note(command_call *call, note_level level, const char *fmt, ...)
{
    notes list = { 0 };
    va_list args;
    va_start(args, fmt);
    notes_add_list(&list, level, fmt, args);
    va_end(args);
    command_notes(call, &list);
}

void command_elsewhere(command_call *call, const config *settings)
{
    for (const config_key *key = config_keys; key->name; key++)
        if (key->type == CONFIG_TEXT && run_paths_elsewhere(settings, key->name))
            command_note(call, NOTE_INFO,
                         "%s: '%s' is not beside %s; the one in the current folder is taken.",
                         key->name, (const char *)settings + key->offset, settings->file);
}

int command_fail(const command_call *call, const error *e)
{
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", call->name, e->msg);
    return e->status;
}

int command_refuse(const command_call *call, const char *fmt, ...)
{
    va_list args;
    fprintf(stderr, "%s: ", call->name);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, " (try `attnlab help %s`)\n", call->command->name);
    return STATUS_USAGE;
}

int command_missing(const command_call *call, const char *argument)
{
    return command_refuse(call, "missing argument: %s", argument);
}
