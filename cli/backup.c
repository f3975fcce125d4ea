/* backup.c - attnlab backup FILE: a copy of the record while runs go on. */
#include "core/db/backup.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "core/db/db.h"

typedef struct options {
    verb common;
    const char *path;
} options;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case ARGP_KEY_ARG:
        if (o->path) argp_error(state, "one file");
        o->path = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->path) argp_error(state, "give the file to write");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .parser = parse,
    .args_doc = "FILE",
    .doc = "Copy the record into FILE, as it is at one moment, while others write to it.\vThe copy "
           "is a record of its own, with every number in it.  Weights and checkpoints are files "
           "beside the database and no part of the copy.",
    .children = verb_child_db,
};

int backup_verb(int argc, char **argv)
{
    options o = { 0 };
    verb_parse(&ARGP, argc, argv, &o);
    error e;
    db d;
    if (!db_open(&d, o.common.db, DB_READ, &e)) return verb_fail(argv[0], &e);
    const bool ok = backup_write(&d, o.path, &e);
    db_close(&d);
    return ok ? STATUS_DONE : verb_fail(argv[0], &e);
}
