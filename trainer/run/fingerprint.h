/* fingerprint.h - what this build is made of.
 *
 * A run in the database is outdated if one of the parts that it used has changed since: `core`
 * (core/base, core/compute, variants/attn.*, the compiler's flags), `trainer` (trainer/config,
 * corpus and model, and the loop in trainer/run), and the files of the attention variants, the RoPE
 * scaling and the optimizer that it used.  Whole folders are hashed, headers and build files too: too
 * much outdates a run that would come out the same, too little would mix different code in silence.
 * fingerprint.sh writes the tables when the program is built.
 */
#ifndef TRAINER_RUN_FINGERPRINT_H
#define TRAINER_RUN_FINGERPRINT_H

#include <stdbool.h>

typedef struct fingerprint_part {
    const char *name, *sha256; /* "core", "variants/grouped.c" */
} fingerprint_part;

extern const fingerprint_part fingerprint_parts[]; /* the last has no name */

extern const char fingerprint_version[], fingerprint_compiler[], fingerprint_flags[];
extern const char fingerprint_commit[]; /* "" outside a repository */
extern const bool fingerprint_dirty;    /* with changes that are not in that commit */

#endif
