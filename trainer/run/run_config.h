/* run_config.h - a recorded run's configuration, read again. */
#ifndef TRAINER_RUN_RUN_CONFIG_H
#define TRAINER_RUN_RUN_CONFIG_H

#include "trainer/config/config.h"

/* The resolved configuration of the run whose uid begins with `run`, as it began with it, after n
 * settings "key=value", none of which may change what is part of the identity.  uid: the whole of
 * it. */
bool run_config_read(config *c, char uid[CONFIG_UID], const char *db_path, const char *run,
                     const char *const *settings, int n, error *e);

#endif
