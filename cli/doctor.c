/* doctor.c - attnlab doctor [--fix] */
#include "experiments/doctor.h"
#include "cli/verbs.h"

#include <argp.h>
#include <unistd.h>

enum { FIX = 256 };

typedef struct arguments {
    const char *db;
    bool fix;
    table_format format;
} arguments;

static const struct argp_option OPTIONS[] = {
    { "db", 'd', "FILE", 0, "the record [ATTNLAB_DB, or attnlab.db]", 0 },
    { "fix", FIX, NULL, 0, "do what is safe", 0 },
    { "output", 'o', "FORMAT", 0, "table (default), md, csv, json or jsonl", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    error e;
    switch (key) {
    case 'd':
        a->db = value;
        return 0;
    case FIX:
        a->fix = true;
        return 0;
    case 'o':
        if (!table_format_parse(&a->format, value, &e)) argp_error(state, "%s", e.msg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .doc = "Look for what is wrong with a record and its files: integrity, references, missing "
           "cells, dead and failed runs, missing steps, arms with unequal n, mixed builds, files "
           "without rows and rows without files.  --fix marks dead runs for resumption, removes "
           "half-written files and forgets checkpoints that are not there; it also brings an older "
           "schema up to date.  Living runs are left alone.\v"
           "Exit status: 0 nothing is wrong (any more), 1 something is.",
};

static bool examine(doctor_count *n, const arguments *a, error *e)
{
    db d;
    if (access(a->db, F_OK) != 0) /* --fix would make one */
        return error_set(e, "%s: there is no such database", a->db);
    if (!db_open(&d, a->db, a->fix ? DB_WRITE : DB_READ, e)) return false;
    const bool ok = doctor_run(n, &d, a->fix, a->format, stdout, e);
    db_close(&d);
    return ok;
}

int doctor_verb(int argc, char **argv)
{
    arguments a = { .db = db_default_path() };
    doctor_count n;
    error e;
    argp_parse(&ARGP, argc, argv, 0, NULL, &a);
    if (!examine(&n, &a, &e)) {
        fprintf(stderr, "attnlab doctor: %s\n", e.msg);
        return e.status;
    }
    if (n.elsewhere)
        fprintf(
            stderr,
            "attnlab doctor: this record is a copy: %d file%s of weights %s with its original\n",
            n.elsewhere, n.elsewhere == 1 ? "" : "s", n.elsewhere == 1 ? "is" : "are");
    fprintf(stderr, "attnlab doctor: %d found, %d fixed (SQLite %s)\n", n.found, n.fixed,
            sqlite3_libversion());
    return n.found > n.fixed ? STATUS_FAILED : STATUS_DONE;
}
