/* workspace.h - a folder of the test's own, with a small corpus in it; and what is written there.
 */
#ifndef TESTS_WORKSPACE_H
#define TESTS_WORKSPACE_H

#include "tests/unit.h"

/* Make a temporary folder and go there; leave it, and everything in it is removed. */
void workspace_open(void);
void workspace_close(void);

void workspace_write(const char *name, const char *text);

/* A folder "corpus", of 300 pieces. */
void workspace_corpus(void);

#endif
