/* run.h - one run of a command. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/command.h"

/* Run `attnlab NAME word...` (n words, without program and name) and return the exit status.  `db`
 * (may be NULL) is a --db that stood before the name. */
int run_command(const command *c, const char *db, char **word, int n);

#endif
