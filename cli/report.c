/* report.c - attnlab report STUDY --out FILE.html: a study as one page. */
#include "analysis/report/report.h"
#include "cli/command.h"
#include "core/base/file.h"

#include <string.h>

typedef struct options {
    const char *out;
} options;

static const option OPTIONS[] = {
    { "out", 0, OPTION_TEXT, "FILE", offsetof(options, out), "write the page into this file" },
    { 0 },
};

static bool write_page(const comparison *c, db *d, const char *path, bool *bare, error *e)
{
    char folder[4096]; /* that the figures are drawn in */
    if (!file_scratch(folder, sizeof folder, "report", e)) return false;
    file_draft page;
    bool ok = file_draft_open(&page, path, e);
    if (ok) {
        ok = report_write(page.f, c, d, folder, bare, e);
        if (ok)
            ok = file_draft_close(&page, e);
        else
            file_draft_drop(&page);
    }
    file_scratch_remove(folder);
    return ok;
}

/* A database that cannot be written is reported on all the same. */
static void record(comparison *c, command_call *call, const char *out)
{
    error e;
    db d;
    char line[512];
    snprintf(line, sizeof line, "%s %s --out %s", call->name, call->argument[0], out);
    bool ok = db_open(&d, call->db, DB_WRITE, &e);
    if (ok) {
        ok = comparison_record(c, &d, line, &e);
        if (ok) db_tidy(&d);
        db_close(&d);
    }
    if (!ok) command_note(call, NOTE_WARNING, "This look is not recorded: %s", e.msg);
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    error e;
    db d;
    study s;
    comparison c;
    bool bare = false;
    if (!o->out) return command_refuse(call, "missing option: --out FILE");
    if (!db_open(&d, call->db, DB_READ, &e)) return command_fail(call, &e);
    bool ok = study_open(&s, &d, call->argument[0], call->metric, -1, &e);
    if (ok) {
        ok = comparison_open(&c, &s, &d, false, &e);
        if (ok) {
            comparison_power(&c);
            record(&c, call, o->out);
            ok = write_page(&c, &d, o->out, &bare, &e);
            comparison_close(&c);
        }
        study_free(&s);
    }
    db_close(&d);
    if (!ok) return command_fail(call, &e);
    if (bare)
        command_note(call, NOTE_INFO,
                     "The curves cannot be explored: dygraphs is not installed "
                     "(Debian: libjs-dygraphs).");
    printf("%s\n", o->out);
    return STATUS_DONE;
}

const command command_report = {
    .name = "report",
    .group = COMMAND_LOOK,
    .help = "a study as one page of HTML",
    .arguments = "STUDY",
    .summary = "Write a study as one page of HTML: question, verdicts, figures, curves to explore, "
               "methods, runs.",
    .text = "--out is required. The page needs no network and no other file. It is a look at the "
            "data, and is recorded as one.",
    .shared = SHARED_DB | SHARED_METRIC,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
