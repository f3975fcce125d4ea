/* recall.h - a recorded run's configuration, read again. */
#ifndef TRAINER_RECALL_H
#define TRAINER_RECALL_H

#include "trainer/config.h"

/* The resolved configuration of the run whose uid begins with `run`, as it began with it, after n
 * settings "key=value", none of which may change what is part of the identity.  uid: the whole of
 * it. */
bool recall_config(config *c, char uid[CONFIG_UID], const char *db_path, const char *run,
                   const char *const *settings, int n, error *e);

#endif
