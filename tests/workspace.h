/* workspace.h - a temporary working folder for a test, with a small corpus and the files it needs.
 */
#ifndef TESTS_WORKSPACE_H
#define TESTS_WORKSPACE_H

#include "tests/unit.h"

/* open creates a temporary folder and makes it the working folder; close leaves and removes it. */
void workspace_open(void);
void workspace_close(void);

void workspace_write(const char *name, const char *text);

/* Make a folder "corpus" with a vocabulary of 300 pieces. */
void workspace_corpus(void);

#endif
