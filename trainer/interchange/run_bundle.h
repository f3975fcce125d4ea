/* run_bundle.h - the model that a run in the database has trained. */
#ifndef TRAINER_INTERCHANGE_RUN_BUNDLE_H
#define TRAINER_INTERCHANGE_RUN_BUNDLE_H

#include "core/db/db.h"
#include "trainer/interchange/bundle.h"

/* Load the newest weights of the run whose uid starts with `run`; its card has identity, corpus and
 * results.  `tokenizer` as in bundle_load.  Fails if there is no such run or it has no weights, and
 * if they or the corpus are not those that the database knows. */
bool run_bundle_load(bundle *b, db *d, const char *run, const char *tokenizer, error *e);

#endif
