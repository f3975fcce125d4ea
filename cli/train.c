/* train.c - attnlab train CONFIG.yaml [key=value...] */
#define _DEFAULT_SOURCE
#include "trainer/run/train.h"
#include "cli/verbs.h"

#include "core/db/db.h"
#include "trainer/run/run_config.h"

#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { MAX_SETTINGS = 256, DB = 'd', AGAIN = 256, ACCEPT, RESUME, PARENT, LOCK };

typedef struct arguments {
    train_options o;
    const char *resume;
    long parent;
    int n;
    const char *word[MAX_SETTINGS]; /* the file, if any, and settings */
} arguments;

static const struct argp_option OPTIONS[] = {
    { "db", DB, "FILE", 0, "the record [ATTNLAB_DB, or attnlab.db]", 0 },
    { "resume", RESUME, "RUN", 0, "go on with a recorded run, by its uid, instead of CONFIG", 0 },
    { "again", AGAIN, NULL, 0, "train anew what other code recorded, as a new generation", 0 },
    { "accept", ACCEPT, NULL, 0, "take what other code recorded as it is", 0 },
    { "quiet", 'q', NULL, 0, "say nothing on the way", 0 },
    { "parent", PARENT, "PID", 0, "stop, as on a signal, when this process ends", 0 },
    { "lock", LOCK, "FD", 0, "the run's lock, which the parent took and handed down", 0 },
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case DB:
        a->o.db = arg;
        break;
    case RESUME:
        a->resume = arg;
        break;
    case AGAIN:
        a->o.again = true;
        break;
    case ACCEPT:
        a->o.accept = true;
        break;
    case 'q':
        a->o.progress = false;
        break;
    case PARENT:
        a->parent = strtol(arg, NULL, 10);
        break;
    case LOCK:
        a->o.lock = (int)strtol(arg, NULL, 10);
        break;
    case ARGP_KEY_ARG:
        if (a->n == MAX_SETTINGS) argp_error(state, "more than %d settings", MAX_SETTINGS);
        a->word[a->n++] = arg;
        break;
    case ARGP_KEY_END:
        if (a->o.again && a->o.accept) argp_error(state, "--again and --accept exclude each other");
        if (!a->resume && (a->n == 0 || strchr(a->word[0], '=')))
            argp_error(state, "the first argument is the configuration's file");
        if (a->resume && a->n > 0 && !strchr(a->word[0], '='))
            argp_error(state, "--resume takes the configuration from the record, not from a file");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static bool read_config(run_spec *spec, const arguments *a, error *e)
{
    config *c = &spec->config;
    char uid[CONFIG_UID];
    yaml_node *file = NULL;
    const yaml_node *sweep = NULL;
    if (a->resume) return run_config_read(spec, uid, a->o.db, a->resume, a->word, a->n, e);
    config_init(c);
    bool ok = config_load(c, a->word[0], &file, &sweep, e);
    if (ok && sweep)
        ok = error_usage(e, "%s: has a `sweep` section: run it with `attnlab sweep`", a->word[0]);
    yaml_close(file);
    for (int i = 1; ok && i < a->n; i++) ok = config_override(c, a->word[i], e);
    return ok && run_spec_resolve(spec, c, e);
}

int train_verb(int argc, char **argv)
{
    static const struct argp ARGP = {
        OPTIONS,
        parse,
        "CONFIG.yaml [key=value...]\n--resume RUN",
        "Train one run and record it; resume it where it was cut off; say so "
        "where it is done.\v"
        "Exit status: 0 done, 1 failed, 2 a wrong configuration, 4 diverged, "
        "5 stopped by a signal (the same command goes on).",
        NULL,
        NULL,
        NULL
    };
    static run_spec spec;
    arguments a = { .o = { .db = db_default_path(), .progress = true, .lock = -1 } };
    error e;
    argp_parse(&ARGP, argc, argv, 0, NULL, &a);
    if (a.parent > 0) {
        prctl(PR_SET_PDEATHSIG, SIGHUP);
        if (getppid() != (pid_t)a.parent) raise(SIGHUP); /* it ended before we could ask */
    }
    int status = STATUS_DONE;
    if (!read_config(&spec, &a, &e))
        status = e.status;
    else
        status = train_run(&spec, &a.o, &e);
    if (status != STATUS_DONE) fprintf(stderr, "attnlab train: %s\n", e.msg);
    return status;
}
