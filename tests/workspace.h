/* workspace.h - a temporary working folder for a test, with a small corpus if it needs one. */
#ifndef TESTS_WORKSPACE_H
#define TESTS_WORKSPACE_H

#include "tests/unit.h"

/* For cmocka: open creates a temporary folder and makes it the working folder; close leaves and
 * removes it. */
int workspace_open(void **state);
int workspace_close(void **state);

/* The same, with a folder "corpus" that has a vocabulary of 300 pieces. */
int workspace_open_corpus(void **state);

void workspace_write(const char *name, const char *text);

#endif
