/* doctor.h - is the database intact, and what can be done if it is not?
 *
 * --fix is safe: it never removes a number, nor a file that a row names.
 */
#ifndef EXPERIMENTS_DOCTOR_H
#define EXPERIMENTS_DOCTOR_H

#include "core/base/table.h"
#include "core/db/db.h"

typedef struct doctor_count {
    int found, fixed;
    int elsewhere; /* files that a copied database never had, which is fine */
} doctor_count;

/* Run every check, and print a row for each finding: check, subject, finding, remedy.  `fix` needs
 * a database opened for writing.  Fails if the database can't be read at all. */
bool doctor_run(doctor_count *n, db *d, bool fix, table_format f, FILE *out, error *e);

#endif
