/* import_runs.c - attnlab import-runs FILE --study NAME: results that were made elsewhere. */
#include "analysis/data/import_runs.h"
#include "cli/command.h"

#include <math.h>

typedef struct options {
    const char *study, *baseline, *question;
    option_texts higher;
} options;

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "study",    0, OPTION_TEXT,  "NAME",   AT(study),    "what to call the study" },
    { "baseline", 0, OPTION_TEXT,  "ARM",    AT(baseline), "the arm that others are compared with", "(the first in the file)" },
    { "higher",   0, OPTION_TEXTS, "METRIC", AT(higher),   "of this metric higher is better; of the others lower is" },
    { "question", 0, OPTION_TEXT,  "TEXT",   AT(question), "the question that the study asks" },
    { 0 },
};
// clang-format on

static bool import(command_call *call, const options *o, const results_file *r, error *e)
{
    static const double ALPHA = 0.05; /* a study's default */
    const import_runs order = { .file = call->argument[0],
                                .study = o->study,
                                .metric = call->metric,
                                .baseline = o->baseline,
                                .question = o->question,
                                .margin = call->margin,
                                .alpha = isnan(call->alpha) ? ALPHA : call->alpha,
                                .higher = o->higher.item,
                                .n_higher = o->higher.n };
    bool known;
    db d;
    if (!db_open(&d, call->db, DB_WRITE, e)) return false;
    const bool ok = import_runs_write(&known, &d, &order, r, e);
    db_tidy(&d);
    db_close(&d);
    if (ok && known)
        command_note(call, NOTE_INFO, "%s: the study '%s' has been imported from this file already",
                     call->db, o->study);
    else if (ok)
        command_note(call, NOTE_INFO, "%s: %d results are now the study '%s' (SHA-256 %.12s)",
                     call->db, r->n, o->study, r->sha256);
    return ok;
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    results_file r;
    notes list = { 0 };
    error e;
    if (!o->study) return command_refuse(call, "missing option: --study NAME");
    bool ok = results_file_read(&r, &list, call->argument[0], &e);
    if (ok) {
        ok = import(call, o, &r, &e);
        results_file_close(&r);
    }
    ok ? command_notes(call, &list) : notes_close(&list);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_import_runs = {
    .name = "import-runs",
    .group = COMMAND_DATABASE,
    .help = "take results of training elsewhere as a study",
    .arguments = "FILE",
    .summary = "Read results that attnlab did not make, such as those of a training on GPUs, so "
               "that compare, power, curves, frontier, plot and report work on them.",
    .text =
        "FILE is CSV with a first line of names, or one JSON object a line. Columns: arm, seed, "
        "metric and value; and where known step, tokens, parameters and kv_bytes (of cache, a "
        "token). A row is one value of one metric of one run; runs with the same seed are paired. "
        "An empty value, nan or an infinity is a run that diverged. With several steps, the last "
        "is the final one.\n\n"
        "The study carries the hash of the file and is marked as imported wherever it is shown. It "
        "can't be replayed. If a name is taken, nothing is changed. Training FLOPs are counted as "
        "6 times the parameters.",
    .shared = SHARED_DB | SHARED_METRIC | SHARED_ALPHA | SHARED_MARGIN,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
