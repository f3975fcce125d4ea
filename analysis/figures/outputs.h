/* outputs.h - figures that are complete go to the folder that the user named, all or none.
 *
 * Figures are drawn in a scratch folder.  Every file gets a mark in a comment (file.h), and
 * replaces only what bears that mark: an earlier drawing, never a file of the user's.
 */
#ifndef ANALYSIS_FIGURES_OUTPUTS_H
#define ANALYSIS_FIGURES_OUTPUTS_H

#include "core/base/error.h"

/* The command that the files name as their maker. */
#define OUTPUTS_MAKER "attnlab plot"

/* Copy the files of n figures, of the formats FIGURES_* (figures.h), from the folder `from` into
 * the folder `to`, which exists.  Nothing is written if any of them must not be (error_usage). */
bool outputs_place(const char *to, const char *from, const char *const *name, unsigned formats,
                   int n, error *e);

#endif
