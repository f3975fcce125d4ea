/* report.c - attnlab report STUDY --out FILE.html: a study as one page. */
#include "analysis/report/report.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "core/base/file.h"

#include <string.h>

typedef struct options {
    verb common;
    const char *study, *out, *metric;
} options;

enum { KEY_OUT = 1000, KEY_METRIC };

static const struct argp_option OPTIONS[] = {
    { "out", KEY_OUT, "FILE", 0, "Write the page into this file", 0 },
    { "metric", KEY_METRIC, "METRIC", 0, "Such as val_bpb@512 (the study's metric)", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case KEY_OUT:
        o->out = arg;
        return 0;
    case KEY_METRIC:
        o->metric = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->study) argp_error(state, "one study");
        o->study = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->study || !o->out) argp_error(state, "give a study and --out FILE.html");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "STUDY --out FILE.html",
    .doc = "Write a study as one page of HTML: question, verdicts, figures, curves to explore, "
           "methods, record.\vThe page needs no network and no other file.  It is a look at the "
           "data, and is recorded as one.",
    .children = verb_child_db,
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
static void record(comparison *c, const options *o, const char *name)
{
    error e;
    db d;
    char line[512];
    snprintf(line, sizeof line, "%s %s --out %s", name, o->study, o->out);
    bool ok = db_open(&d, o->common.db, DB_WRITE, &e);
    if (ok) {
        ok = comparison_record(c, &d, line, &e);
        if (ok) db_tidy(&d);
        db_close(&d);
    }
    if (!ok) fprintf(stderr, "%s: this look is not recorded: %s\n", name, e.msg);
}

int report_verb(int argc, char **argv)
{
    options o = { 0 };
    verb_parse(&ARGP, argc, argv, &o);
    error e;
    db d;
    study s;
    comparison c;
    bool bare = false;
    if (!db_open(&d, o.common.db, DB_READ, &e)) return verb_fail(argv[0], &e);
    bool ok = study_open(&s, &d, o.study, o.metric, -1, &e);
    if (ok) {
        ok = comparison_open(&c, &s, &d, false, &e);
        if (ok) {
            record(&c, &o, argv[0]);
            ok = write_page(&c, &d, o.out, &bare, &e);
            comparison_close(&c);
        }
        study_free(&s);
    }
    db_close(&d);
    if (!ok) return verb_fail(argv[0], &e);
    if (bare)
        fprintf(stderr, "%s: the curves stand still: install dygraphs (Debian: libjs-dygraphs)\n",
                argv[0]);
    printf("%s\n", o.out);
    return verb_done(argv[0], STATUS_DONE);
}
