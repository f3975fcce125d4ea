/* compare_published.h - attnlab compare --published TABLE: models of a published table. */
#ifndef CLI_COMPARE_PUBLISHED_H
#define CLI_COMPARE_PUBLISHED_H

#include "cli/command.h"

/* Compare the models of a table, with those of the files in `with` beside them, and print it;
 * returns the exit status.  `all`: every two models. */
int compare_published(command_call *call, const char *name, const option_texts *with, bool all);

#endif
