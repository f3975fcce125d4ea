/* run.c - one run of a command, from its words to its exit status. */
#include "cli/run.h"

#include "cli/help.h"
#include "cli/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The command line as it is stored with a comparison. */
static char *join(const char *name, char **word, int n)
{
    char *line;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    if (!out) error_memory();
    fputs(name, out);
    for (int i = 0; i < n; i++) fprintf(out, " %s", word[i]);
    if (fclose(out) != 0) error_memory();
    return line;
}

/* End the document that command_rows began. */
static void finish(command_call *call)
{
    const table_format f = command_format(call);
    if (call->document && f == TABLE_JSON) {
        fputs(",\n \"notes\": ", stdout);
        notes_print_json(&call->notes, stdout);
        fputs("}\n", stdout);
    } else if (call->document && f == TABLE_JSONL && call->notes.n) {
        fputs("{\"notes\": ", stdout);
        notes_print_json(&call->notes, stdout);
        fputs("}\n", stdout);
    } else
        notes_print(&call->notes, stderr);
    notes_close(&call->notes);
}

int run_command(const command *c, const char *db, char **word, int n)
{
    command_call call = { .command = c };
    void *options = error_zeroed(1, c->size + 1);
    error e;
    int status = STATUS_DONE;
    snprintf(call.name, sizeof call.name, "attnlab %s", c->name);
    call.line = join(call.name, word, n);
    parse_init(&call, options);
    if (db) call.db = db;
    if (!parse_words(&call, options, word, n, &e))
        status = command_refuse(&call, "%s", e.msg);
    else if (call.help)
        help_command(stdout, c);
    else
        status = c->run(&call, options);
    finish(&call);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status != STATUS_USAGE) {
        error_set(&e, "standard output: %s", strerror(errno));
        status = command_fail(&call, &e);
    }
    parse_close(&call, options);
    free(options), free(call.line);
    return status;
}
