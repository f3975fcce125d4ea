/* run_config.h - the configuration that a run in the database began with, read back. */
#ifndef TRAINER_RUN_RUN_CONFIG_H
#define TRAINER_RUN_RUN_CONFIG_H

#include "core/db/db.h"
#include "trainer/config/run_spec.h"

/* The uid that starts with `run`.  Fails if there is none, or more than one. */
bool run_config_find(char uid[CONFIG_UID], db *d, const char *run, error *e);

/* The run whose uid starts with `run`, resolved from its config.yaml and n settings "key=value".
 * uid is its whole uid.  Fails if there is no such run or several, or if a setting changes the
 * identity. */
bool run_config_read(run_spec *spec, char uid[CONFIG_UID], const char *db_path, const char *run,
                     const char *const *settings, int n, error *e);

#endif
