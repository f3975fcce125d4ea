/* blocks.h - a study whose seeds are added until its contrasts are decided: the next block. */
#ifndef CLI_BLOCKS_H
#define CLI_BLOCKS_H

#include "cli/command.h"
#include "core/db/db.h"
#include "experiments/arms.h"

/* Give each arm as many seeds as its contrasts need by the results in the database, where the study
 * has its rows; *grew says whether any has more than before.  Where each contrast stands is said if
 * `aloud`, and when nothing more is needed.  Does nothing in a study whose seeds are all planned at
 * once. */
bool blocks_grow(bool *grew, arms *r, const study_file *s, db *d, bool aloud, error *e);

/* The seeds of each arm by now, without a word; a study that is not in the database has its first
 * block. */
bool blocks_recall(arms *r, const study_file *s, db *d, error *e);

#endif
