/* fingerprint.h - which code this build is made of.
 *
 * A part is what makes a recorded result outdated when it changes: `core` and `trainer` (the files
 * that decide the bits of a run; not those that print, parse or store) and each variant's file.
 * code.sh writes the tables when the program is built.
 */
#ifndef TRAINER_RUN_FINGERPRINT_H
#define TRAINER_RUN_FINGERPRINT_H

#include "core/base/error.h"
#include "core/base/hash.h"

typedef struct fingerprint_part {
    const char *name, *sha256; /* "core", "variants/grouped.c" */
} fingerprint_part;

extern const fingerprint_part fingerprint_parts[]; /* the last has no name */

extern const char fingerprint_version[], fingerprint_compiler[], fingerprint_flags[];
extern const char fingerprint_commit[]; /* "" outside a repository */
extern const bool fingerprint_dirty;    /* with changes that are not in that commit */

/* SHA-256 of this program's file. */
bool fingerprint_binary(char hex[HASH_HEX], error *e);

#endif
