/* run_paths.h - the paths in a configuration, such as data.corpus.
 *
 * A relative path that was written in a file is looked for in the folder of that file, then in the
 * current folder.
 */
#ifndef TRAINER_CONFIG_RUN_PATHS_H
#define TRAINER_CONFIG_RUN_PATHS_H

#include "trainer/config/config.h"

/* Make the path of the key `name` absolute.  Fails if nothing is there, or if the whole path is too
 * long or not UTF-8. */
bool run_paths_resolve(const config *settings, char path[CONFIG_PATH], const char *name, error *e);

/* Is the path of the key `name`, not resolved yet, not beside its file, but in the current folder?
 */
bool run_paths_elsewhere(const config *settings, const char *name);

#endif
