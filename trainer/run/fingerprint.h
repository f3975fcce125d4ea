/* code.h - which code this build is made of.
 *
 * A part is what makes a recorded result outdated when it changes: `core` and `trainer` (the files
 * that decide the bits of a run; not those that print, parse or store) and each variant's file.
 * code.sh writes the tables when the program is built.
 */
#ifndef TRAINER_CODE_H
#define TRAINER_CODE_H

#include "core/error.h"
#include "core/hash.h"

typedef struct code_part {
    const char *name, *sha256; /* "core", "variants/grouped.c" */
} code_part;

extern const code_part code_parts[]; /* the last has no name */

extern const char code_version[], code_compiler[], code_flags[];
extern const char code_commit[]; /* "" outside a repository */
extern const bool code_dirty;    /* with changes that are not in that commit */

/* SHA-256 of this program's file. */
bool code_binary(char hex[HASH_HEX], error *e);

#endif
