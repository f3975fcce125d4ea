/* study_write.h - a study as the YAML file that, read again, asks the same. */
#ifndef EXPERIMENTS_STUDY_WRITE_H
#define EXPERIMENTS_STUDY_WRITE_H

#include "experiments/study_file.h"

#include <stdio.h>

/* Write the keys that were set, by file or setting, and the section `sweep`.  `corpus`: what to
 * write for data.corpus, which a study names relative to its own folder; NULL if it has none. */
void study_write(FILE *f, const study_file *s, const char *corpus);

/* A node as YAML in flow style, every scalar in quotes: "[mha, mqa]" is ["mha", "mqa"]. */
void study_write_node(FILE *f, const yaml_node *node);

#endif
