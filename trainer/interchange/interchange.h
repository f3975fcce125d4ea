/* interchange.h - the formats in which a model leaves attnlab and comes in, one C file each.
 *
 *     export: bundle -> write -> files          import: files -> read -> bundle
 *
 * A bundle is a model in attnlab's own terms (bundle.h), so a format knows nothing of the others.
 * Each ends in one `const interchange`, listed in meson.build.  A format refuses what it can't
 * express; it never approximates in silence.
 */
#ifndef TRAINER_INTERCHANGE_INTERCHANGE_H
#define TRAINER_INTERCHANGE_INTERCHANGE_H

#include "trainer/interchange/bundle.h"
#include "trainer/interchange/folder_draft.h"

typedef struct interchange {
    const char *name, *help;
    const char *const *types; /* number formats it can write, the default first; NULL last */
    bool folder;              /* a folder of several files, or one file */
    const char *const *files; /* of a folder: every name that write may make; NULL last */

    /* Can the format hold this model?  Needs no weights.  Only what no format holds, such as a
     * token shift, is refused elsewhere, by interchange_export. */
    bool (*can_express)(const bundle *b, error *e);

    /* Write into a folder, or into one file that is still open.  `type` is one of `types`.  The one
     * that isn't used is NULL.  Fails on a weight that the type can't hold. */
    bool (*write_folder)(const bundle *b, const char *type, const folder_draft *to, error *e);
    bool (*write_file)(const bundle *b, const char *type, FILE *to, error *e);

    /* Does `path` look like this format (a magic number, the name of a file)?  NULL where another
     * entry reads it. */
    bool (*recognizes)(const char *path);

    /* Fill an empty bundle.  Fails, naming the file and the tensor, on whatever is not understood.
     */
    bool (*read)(bundle *b, const char *path, error *e);
} interchange;

/* Every format, NULL last.  Generated from meson.build. */
extern const interchange *const interchanges[];

/* Write a bundle to `path`, all of it or nothing.  Only an earlier export is replaced. */
bool interchange_export(const interchange *format, const bundle *b, const char *type,
                        const char *path, error *e);

/* Read a model in whatever format it is.  *format is that format. */
bool interchange_import(bundle *b, const interchange **format, const char *path, error *e);

#endif
