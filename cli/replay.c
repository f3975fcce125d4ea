/* replay.c - attnlab replay RUN [key=value...] */
#include "trainer/run/replay.h"
#include "cli/command.h"

#include <stdlib.h>

static int run(command_call *call, const void *given)
{
    const replay_options o = { .db = call->db,
                               .run = call->argument[0],
                               .settings = call->argument + 1,
                               .n = call->arguments - 1,
                               .progress = !call->quiet,
                               .format = command_format(call) };
    char *text; /* of the table, which is empty where there was nothing to compare */
    size_t size;
    error e;
    (void)given;
    FILE *out = open_memstream(&text, &size);
    if (!out) error_memory();
    const int status = replay_run(&o, out, &e);
    if (fclose(out) != 0) error_memory();
    if (size) command_rows(call), fwrite(text, 1, size, stdout);
    free(text);
    if (status != STATUS_DONE) command_fail(call, &e);
    return status;
}

const command command_replay = {
    .name = "replay",
    .group = COMMAND_TRAIN,
    .help = "train a recorded run again and compare every bit",
    .arguments = "RUN [KEY=VALUE...]",
    .summary =
        "Train a recorded run again from nothing, in a scratch database, and say whether its "
        "loss log, evaluations and weights agree bit for bit with the recorded ones; if not, "
        "from which step on, and how the program and the machine differ.",
    .text = "RUN is a uid or the start of one. Settings are keys that are not part of a run's "
            "identity, such as train.threads and data.corpus.\n\n"
            "Exit status: 0 they agree, 1 they do not, 5 stopped by a signal.",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_QUIET,
    .run = run,
};
