/* verb.c - see verb.h. */
#include "cli/verb.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct argp_option OPTIONS[] = {
    { "db", 'd', "FILE", 0, "The database (ATTNLAB_DB; attnlab.db)", 0 },
    { "output", 'o', "FORMAT", 0, "table, md, csv, json, jsonl, latex or html", 0 },
    { 0 },
};
static const struct argp_option OPTIONS_DB[] = {
    { "db", 'd', "FILE", 0, "The database (ATTNLAB_DB; attnlab.db)", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    verb *v = state->input;
    error e;
    switch (key) {
    case ARGP_KEY_INIT: {
        const char *db = getenv("ATTNLAB_DB");
        *v = (verb){ .db = db && *db ? db : "attnlab.db", .format = TABLE_TEXT };
        return 0;
    }
    case 'd':
        v->db = arg;
        return 0;
    case 'o':
        if (!table_format_parse(&v->format, arg, &e)) verb_refuse(state, &e);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = { .options = OPTIONS, .parser = parse };
static const struct argp ARGP_DB = { .options = OPTIONS_DB, .parser = parse };
const struct argp_child verb_child[] = { { &ARGP, 0, NULL, 0 }, { 0 } };
const struct argp_child verb_child_db[] = { { &ARGP_DB, 0, NULL, 0 }, { 0 } };

void verb_parse(const struct argp *parser, int argc, char **argv, void *options)
{
    argp_err_exit_status = STATUS_USAGE;
    argp_parse(parser, argc, argv, 0, NULL, options);
}

void verb_refuse(const struct argp_state *state, const error *e)
{
    argp_failure(state, STATUS_USAGE, 0, "%s", e->msg);
}

double verb_number(const struct argp_state *state, const char *option, const char *text,
                   double least, double most)
{
    char *end;
    error e;
    const double x = strtod(text, &end);
    if (end == text || *end || !(x > least && x < most)) {
        if (isinf(most))
            error_usage(&e, "%s '%s': give a number above %g", option, text, least);
        else
            error_usage(&e, "%s '%s': give a number between %g and %g", option, text, least, most);
        verb_refuse(state, &e);
    }
    return x;
}

int verb_fail(const char *name, const error *e)
{
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", name, e->msg);
    return e->status;
}

int verb_done(const char *name, int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    error e;
    error_set(&e, "the output cannot be written: %s", strerror(errno));
    return verb_fail(name, &e);
}
