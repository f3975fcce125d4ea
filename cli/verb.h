/* verb.h - what every verb here has on its command line: --db FILE and -o FORMAT.
 *
 * verb_argp is a child of the verb's own parser; its input is a verb:
 *
 *     case ARGP_KEY_INIT: state->child_inputs[0] = &o->common; return 0;
 */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include "core/base/error.h"
#include "core/base/table.h"

#include <argp.h>

typedef struct verb {
    const char *db; /* --db, ATTNLAB_DB, or attnlab.db */
    table_format format;
} verb;

extern const struct argp_child verb_child[];    /* --db and -o */
extern const struct argp_child verb_child_db[]; /* --db alone  */

/* Parse; a wrong command line exits with STATUS_USAGE and one line. */
void verb_parse(const struct argp *parser, int argc, char **argv, void *options);

/* From within a parser: a wrong value. */
void verb_refuse(const struct argp_state *state, const error *e);

/* A number above `least` and below `most` from the command line, or verb_refuse. */
double verb_number(const struct argp_state *state, const char *option, const char *text,
                   double least, double most);

/* Say why on stderr; returns the exit status. */
int verb_fail(const char *name, const error *e);

/* Flush stdout: a full disk or a closed pipe is a failure. */
int verb_done(const char *name, int status);

#endif
