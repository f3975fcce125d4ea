/* train.c - attnlab train CONFIG.yaml [key=value...] */
#define _DEFAULT_SOURCE
#include "trainer/run/train.h"
#include "cli/command.h"

#include "core/db/db.h"
#include "experiments/source.h"
#include "trainer/run/run_config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

typedef struct options {
    const char *resume;
    int64_t parent, lock;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "resume", 0, OPTION_TEXT,    "RUN", offsetof(options, resume), "resume this recorded run, by its uid, instead of CONFIG" },
    { "parent", 0, OPTION_INTEGER, "PID", offsetof(options, parent), "stop, as on a signal, when this process ends", NULL, 1, 1e9 },
    { "lock",   0, OPTION_INTEGER, "FD",  offsetof(options, lock),   "the run's lock, which the parent process holds and hands down", NULL, 0, 1e6 },
    { 0 },
};
// clang-format on

static bool read_config(run_spec *spec, command_call *call, const char *resume, error *e)
{
    config *settings = &spec->config;
    char uid[CONFIG_UID];
    yaml_node *file = NULL;
    const yaml_node *sweep = NULL;
    const char **word = call->argument;
    if (resume) return run_config_read(spec, uid, call->db, resume, word, call->arguments, e);
    config_init(settings);
    bool ok = config_load(settings, word[0], &file, &sweep, e);
    if (ok && sweep)
        ok = error_usage(e, "%s: has a `sweep` section: run it with `attnlab sweep`", word[0]);
    yaml_close(file);
    for (int i = 1; ok && i < call->arguments; i++) ok = config_override(settings, word[i], e);
    if (ok) command_elsewhere(call, settings);
    return ok && source_resolve(spec, settings, call->db, e);
}

static int run(command_call *call, const void *given)
{
    static run_spec spec;
    const options *o = given;
    const train_options how = { .db = call->db,
                                .again = call->again,
                                .accept = call->accept,
                                .allow_mixed = call->allow_mixed,
                                .progress = !call->quiet,
                                .summary = !call->quiet,
                                .lock = (int)o->lock };
    const bool file = call->arguments && !strchr(call->argument[0], '=');
    error e;
    if (!o->resume && !file) return command_missing(call, "CONFIG");
    if (o->resume && file)
        return command_refuse(call,
                              "--resume takes the configuration from the database: leave out "
                              "'%.100s'",
                              call->argument[0]);
    if (o->parent != OPTION_UNSET) {
        prctl(PR_SET_PDEATHSIG, SIGHUP);
        if (getppid() != (pid_t)o->parent) raise(SIGHUP); /* it ended before we could ask */
    }
    if (!read_config(&spec, call, o->resume, &e)) return command_fail(call, &e);
    const int status = train_run(&spec, &how, &e);
    if (status != STATUS_DONE) command_fail(call, &e);
    return status;
}

const command command_train = {
    .name = "train",
    .group = COMMAND_TRAIN,
    .help = "one run",
    .arguments = "[CONFIG] [KEY=VALUE...]",
    .summary =
        "Train one run and record it. CONFIG is a YAML file; --resume takes its place. A run "
        "that was cut off is resumed, and one that is done or diverged is not repeated.",
    .text =
        "The bits of a run depend on the processor and the kernels (ATTNLAB_KERNELS, OpenBLAS), "
        "so a run is not resumed with others unless --allow-mixed says so. Such a run is named "
        "by show, doctor and compare.\n\n"
        "Exit status: 0 done, 1 failed, 2 a wrong configuration, 4 diverged, 5 stopped by a "
        "signal (the same command resumes).",
    .shared = SHARED_DB | SHARED_AGAIN | SHARED_ACCEPT | SHARED_QUIET | SHARED_ALLOW_MIXED,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
