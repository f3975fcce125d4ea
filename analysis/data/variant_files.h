/* variant_files.h - which file each attention variant is in: "mha", "variants/grouped.c", ...
 *
 * Names alternate with files; NULL ends the list.  It is generated from variants/meson.build, so
 * the analysis knows which part of the code a run used without linking the variants.
 */
#ifndef ANALYSIS_DATA_VARIANT_FILES_H
#define ANALYSIS_DATA_VARIANT_FILES_H

#include <stddef.h>

extern const char *const variant_files[];

#endif
