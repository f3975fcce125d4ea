/* run_weights.h - the newest weights of a run, checked against what the database knows of them. */
#ifndef TRAINER_RUN_RUN_WEIGHTS_H
#define TRAINER_RUN_RUN_WEIGHTS_H

#include "core/db/db.h"
#include "trainer/config/config.h"

typedef struct run_weights {
    char *folder, *file; /* of the run, with its config.yaml; the weights */
    char *corpus_sha256; /* of the corpus that it was trained on; NULL: unknown */
} run_weights;

/* Find the newest weights of the run with this uid.  Fails if it has none, or if the file's SHA-256
 * is not the one in the database.  The caller closes w, also after a failure. */
bool run_weights_find(run_weights *w, db *d, const char *uid, error *e);
void run_weights_close(run_weights *w);

/* Is the corpus in this folder still the one with that SHA-256?  Unknown (NULL) counts as yes. */
bool run_weights_check_corpus(const char *folder, const char *sha256, error *e);

/* Read FOLDER/config.yaml for the shape of a model (run_spec_model).  `corpus` is the corpus it
 * names; settings name none, since weights that are there need neither text nor train.init_from. */
bool run_weights_config(config *settings, char corpus[CONFIG_PATH], const char *folder, error *e);

#endif
