/* look.h - a command that shows verdicts is a look at the data, and is counted as one.
 *
 * compare, plot, report and frontier record a row each in the tables `comparison` and
 * `comparison_row`: one command is one look, however many figures it draws.  Looking twice counts
 * twice, because between two looks one may decide what to do next.
 */
#ifndef CLI_LOOK_H
#define CLI_LOOK_H

#include "analysis/answers/comparison.h"
#include "cli/command.h"

typedef struct look {
    db d;
    study study;
    comparison comparison; /* of that study: a look is not copied */
} look;

/* Take --alpha and --margin of the command line in place of what the study states. */
void look_options(study *s, const command_call *call);

/* Open the database for reading and the study that the first argument names, with the options of
 * the command line.  If it fails, both are closed. */
bool look_study(db *d, study *s, const command_call *call, error *e);

/* The same, and compare each arm with its baseline or, if `all`, every two arms.  Nothing is
 * recorded. */
bool look_open(look *l, const command_call *call, bool all, error *e);
void look_close(look *l);

/* Record the comparison and the command line.  A database that can't be written is looked at all
 * the same, with a note. */
void look_record(comparison *c, command_call *call);

/* Tell, on stderr or in the JSON, in what the comparison departs from the study and what the study
 * stated before; for a command that doesn't print all notes of a comparison. */
bool look_changes(command_call *call, const comparison *c, db *d, error *e);

#endif
