/* study_name.h - the name that a study's YAML file gives it (sweep.name).
 *
 * The trainer's side reads whole study files, the analysis only this one key; both read it here, so
 * they accept the same spellings and refuse the rest with the same message.
 */
#ifndef CORE_BASE_STUDY_NAME_H
#define CORE_BASE_STUDY_NAME_H

#include "core/base/error.h"
#include "core/base/yaml_node.h"

enum { STUDY_NAME = 64 };

/* The name in a study file; "" if the file leaves it to the command line.  Fails if the file is not
 * a map with a section `sweep`, or if the name is not a valid one. */
bool study_name_read(char name[STUDY_NAME], const yaml_node *root, error *e);

/* The value of sweep.name: letters, digits, - _ and . but neither - nor . in front. */
bool study_name_set(char name[STUDY_NAME], const yaml_node *value, error *e);

/* The error for a study without a name; returns false. */
bool study_name_missing(const char *file, error *e);

#endif
