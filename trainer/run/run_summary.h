/* run_summary.h - what a finished run left, in one line on stderr.
 *
 *     run 93f0a1b2c3d4 is done: val_loss@512 3.4712; weights: PATH; next: attnlab show 93f0a1b2c3d4
 */
#ifndef TRAINER_RUN_RUN_SUMMARY_H
#define TRAINER_RUN_RUN_SUMMARY_H

#include "trainer/run/run_row.h"

/* The loss is the last one on held-out text, at the longest context.  Fails if the database does.
 */
bool run_summary_print(db *d, const run_row *r, error *e);

#endif
