/* doctor.h - is the record whole, and what is to be done where it is not?
 *
 * What --fix does is safe: it never removes a number, nor a file that a row names.
 */
#ifndef EXPERIMENTS_DOCTOR_H
#define EXPERIMENTS_DOCTOR_H

#include "core/base/table.h"
#include "core/db/db.h"

typedef struct doctor_count {
    int found, fixed;
    int elsewhere; /* files that a copy of a record never had: nothing is wrong with that */
} doctor_count;

/* Look at everything, and print a row for each thing found: check, subject, finding, remedy.
 * `fix` needs a database that can be written.  Fails where the database cannot be read at all. */
bool doctor_run(doctor_count *n, db *d, bool fix, table_format f, FILE *out, error *e);

#endif
