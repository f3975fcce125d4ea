/* report.c - attnlab report STUDY --out FILE.html: a study as one page. */
#include "analysis/report/report.h"
#include "cli/command.h"
#include "cli/look.h"
#include "core/base/file.h"

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
    bool ok = file_output_open(&page, path, REPORT_MAKER, NULL, NULL, e);
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

static int run(command_call *call, const void *given)
{
    const options *o = given;
    error e;
    look l;
    bool bare = false;
    if (!o->out) return command_refuse(call, "missing option: --out FILE");
    if (!file_output_check(o->out, REPORT_MAKER, NULL, NULL, &e) || !look_open(&l, call, false, &e))
        return command_fail(call, &e);
    comparison_power(&l.comparison);
    look_record(&l.comparison, call);
    const bool ok = write_page(&l.comparison, &l.d, o->out, &bare, &e);
    look_close(&l);
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
            "data, and is recorded as one. FILE may be an earlier report, which is replaced; any "
            "other file that exists is refused.",
    .shared = SHARED_DB | SHARED_METRIC,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
