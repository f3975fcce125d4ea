/* merge.c - attnlab merge A.db B.db... --into C.db: the databases of several machines as one. */
#include "experiments/merge.h"
#include "cli/command.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct options {
    const char *into;
    bool no_weights;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "into",       0, OPTION_TEXT, "FILE", offsetof(options, into),       "the database that gets everything; made if there is none" },
    { "no-weights", 0, OPTION_FLAG, NULL,   offsetof(options, no_weights), "leave weights and checkpoints where they are" },
    { 0 },
};
// clang-format on

static void print(command_call *call, const merge_count *count)
{
    static const char *const NAMES[] = { "database", "runs_new", "runs_further", "runs_known",
                                         "finished", "studies",  "looks",        "files",
                                         "MB",       "missing" };
    table t;
    command_rows(call);
    table_open(&t, command_format(call), stdout, sizeof NAMES / sizeof *NAMES, NAMES);
    for (int i = 0; i < call->arguments; i++) {
        const merge_count *c = &count[i];
        table_text(&t, call->argument[i]);
        table_int(&t, c->added), table_int(&t, c->continued), table_int(&t, c->known);
        table_int(&t, c->finished), table_int(&t, c->studies), table_int(&t, c->looks);
        table_int(&t, c->files), table_real(&t, (double)c->bytes * 1e-6, 1);
        table_int(&t, c->missing);
    }
    table_close(&t);
}

static void explain(command_call *call, const merge_count *count, const char *into)
{
    int64_t missing = 0, cut_off = 0, added = 0, continued = 0, known = 0;
    for (int i = 0; i < call->arguments; i++) {
        missing += count[i].missing, cut_off += count[i].cut_off;
        added += count[i].added, continued += count[i].continued, known += count[i].known;
    }
    command_note(call, NOTE_INFO,
                 "%s: %" PRId64 " runs new, %" PRId64 " further than before, %" PRId64 " known",
                 into, added, continued, known);
    if (cut_off)
        command_note(call, NOTE_WARNING,
                     "%" PRId64 " run%s marked as running, but no process here trains %s: cut off, "
                     "or still at work on another machine; merge again when finished",
                     cut_off, cut_off == 1 ? " is" : "s are", cut_off == 1 ? "it" : "them");
    if (missing)
        command_note(call, NOTE_WARNING,
                     "%" PRId64 " file%s of weights %s not beside the database (its folder .runs): "
                     "the numbers are merged without %s",
                     missing, missing == 1 ? "" : "s", missing == 1 ? "is" : "are",
                     missing == 1 ? "it" : "them");
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    error e;
    if (!o->into) return command_refuse(call, "missing option: --into FILE");
    const merge_order order = { call->argument, call->arguments, o->into, !o->no_weights };
    merge_count *count = error_zeroed((size_t)call->arguments, sizeof *count);
    const bool ok = merge_run(count, &order, &e);
    if (ok) {
        print(call, count);
        explain(call, count, o->into);
    }
    free(count);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_merge = {
    .name = "merge",
    .group = COMMAND_DATABASE,
    .help = "join the databases of several machines",
    .arguments = "DATABASE...",
    .summary = "Join databases: their studies, runs, evaluations, benchmarks and looks, with the "
               "weights beside them. Everything is merged or, if it fails, nothing.",
    .text =
        "Studies, arms and runs are the same if their identity is; merging again changes nothing. "
        "A finished run replaces one that is not, and the later checkpoint an earlier one. Two "
        "different results of one run are refused, with both values. The newest version of a study "
        "says what its arms are.\n\n"
        "The databases are only read. One of an older schema is merged as well. No process may be "
        "training their runs on this machine.\n\n"
        "docs/scaling.md shows how a study is run on many machines: attnlab sweep --shard.",
    .shared = SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
