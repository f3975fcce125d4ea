/* replay.c - attnlab replay RUN [key=value...] */
#include "trainer/run/replay.h"
#include "cli/verbs.h"
#include "core/db/db.h"

#include <argp.h>

enum { MAX_SETTINGS = 64 };

typedef struct arguments {
    replay_options o;
    const char *setting[MAX_SETTINGS];
} arguments;

static const struct argp_option OPTIONS[] = {
    { "db", 'd', "FILE", 0, "the record [ATTNLAB_DB, or attnlab.db]", 0 },
    { "output", 'o', "FORMAT", 0, "table (default), md, csv, json or jsonl", 0 },
    { "quiet", 'q', NULL, 0, "say nothing on the way", 0 },
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    arguments *a = state->input;
    error e;
    switch (key) {
    case 'd':
        a->o.db = arg;
        return 0;
    case 'o':
        if (!table_format_parse(&a->o.format, arg, &e)) argp_error(state, "%s", e.msg);
        return 0;
    case 'q':
        a->o.progress = false;
        return 0;
    case ARGP_KEY_ARG:
        if (!a->o.run)
            a->o.run = arg;
        else if (a->o.n < MAX_SETTINGS)
            a->setting[a->o.n++] = arg;
        else
            argp_error(state, "more than %d settings", MAX_SETTINGS);
        return 0;
    case ARGP_KEY_END:
        if (!a->o.run) argp_error(state, "give a run (its uid, or the start of it)");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "RUN [KEY=VALUE...]",
    .doc = "Train a recorded run again from nothing, in a scratch database, and say whether its "
           "loss log, evaluations and weights agree bit for bit with what is on record; if not, "
           "from which step on, and what is other about the program and the machine.  Settings are "
           "those outside of a run's identity, such as train.threads and data.corpus.\v"
           "Exit status: 0 they agree, 1 they do not, 5 stopped by a signal.",
};

int replay_verb(int argc, char **argv)
{
    arguments a = { .o = { .db = db_default_path(), .progress = true } };
    error e;
    a.o.settings = a.setting;
    argp_parse(&ARGP, argc, argv, 0, NULL, &a);
    const int status = replay_run(&a.o, stdout, &e);
    if (status != STATUS_DONE) fprintf(stderr, "attnlab replay: %s\n", e.msg);
    return status;
}
