/* schema.c - attnlab schema: the tables and views, with the comments that explain them. */
#include "cli/command.h"
#include "core/db/db.h"

static int run(command_call *call, const void *given)
{
    (void)call, (void)given;
    fputs(db_schema(), stdout);
    return STATUS_DONE;
}

const command command_schema = {
    .name = "schema",
    .group = COMMAND_DATABASE,
    .help = "the tables and views of the database",
    .summary = "Print the schema of the database, with its comments, as SQL.",
    .run = run,
};
