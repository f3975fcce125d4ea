/* backup.c - attnlab backup FILE: a copy of the database while runs go on. */
#include "core/db/backup.h"
#include "cli/command.h"
#include "core/db/db.h"

static int run(command_call *call, const void *given)
{
    error e;
    db d;
    (void)given;
    if (!db_open(&d, call->db, DB_READ, &e)) return command_fail(call, &e);
    const bool ok = backup_write(&d, call->argument[0], &e);
    db_close(&d);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_backup = {
    .name = "backup",
    .group = COMMAND_DATABASE,
    .help = "copy the database while runs go on",
    .arguments = "FILE",
    .summary = "Copy the database into FILE, as it is at one moment, while others write to it.",
    .text =
        "The copy is a database of its own and holds every number. Weights and checkpoints are "
        "files next to the database; they are not copied. FILE may be an earlier copy of the same "
        "database, which is replaced; any other file that exists is refused.",
    .shared = SHARED_DB,
    .run = run,
};
