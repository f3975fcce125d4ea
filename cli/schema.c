/* schema.c - attnlab schema: the tables and views, with the comments that explain them. */
#include "cli/verb.h"
#include "cli/verbs.h"
#include "core/db/db.h"

#include <stdio.h>

static const struct argp ARGP = {
    .doc = "Print the schema of the database, with its comments, as SQL.",
};

int schema_verb(int argc, char **argv)
{
    verb_parse(&ARGP, argc, argv, NULL);
    fputs(db_schema(), stdout);
    return verb_done(argv[0], STATUS_DONE);
}
