/* doctor.c - attnlab doctor [--fix] */
#include "experiments/doctor.h"
#include "cli/command.h"

typedef struct options {
    bool fix;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "fix", 0, OPTION_FLAG, NULL, offsetof(options, fix), "repair what can be repaired safely" },
    { 0 },
};
// clang-format on

static bool examine(doctor_count *n, command_call *call, bool fix, error *e)
{
    db d;
    if (!db_open(&d, call->db, fix ? DB_CHANGE : DB_READ, e)) return false;
    command_rows(call);
    const bool ok = doctor_run(n, &d, fix, command_format(call), stdout, e);
    db_close(&d);
    return ok;
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    doctor_count n;
    error e;
    if (!examine(&n, call, o->fix, &e)) return command_fail(call, &e);
    if (n.elsewhere)
        command_note(call, NOTE_INFO,
                     "This database is a copy: %d file%s of weights %s with the original.",
                     n.elsewhere, n.elsewhere == 1 ? "" : "s", n.elsewhere == 1 ? "is" : "are");
    command_note(call, NOTE_INFO, "%d found, %d fixed (SQLite %s)", n.found, n.fixed,
                 sqlite3_libversion());
    return n.found > n.fixed ? STATUS_FAILED : STATUS_DONE;
}

const command command_doctor = {
    .name = "doctor",
    .group = COMMAND_DATABASE,
    .help = "find and repair what is wrong with a database",
    .summary = "Look for what is wrong with a database and its files.",
    .text =
        "It checks integrity, references, missing cells, dead and failed runs, missing steps, "
        "arms with unequal numbers of seeds, mixed builds, files without rows and rows without "
        "files.\n\n"
        "--fix marks dead runs so that they are resumed, removes half-written files, forgets "
        "checkpoints whose file is gone, and brings an older schema up to date. Runs that are at "
        "work are left alone.\n\n"
        "Exit status: 0 nothing is wrong (any more), 1 something is.",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
