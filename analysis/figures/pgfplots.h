/* pgfplots.h - a chart for LaTeX: NAME.tex, TikZ by pgfplots, meant to be edited.
 *
 * The file compiles by itself, and by \input in a paper that loads pgfplots.  It contains the
 * numbers; colours have names, panels are sized in \attnlabunit, and words use the paper's font.
 */
#ifndef ANALYSIS_FIGURES_PGFPLOTS_H
#define ANALYSIS_FIGURES_PGFPLOTS_H

#include "analysis/figures/chart.h"

/* Write FOLDER/NAME.tex; the folder must exist. */
bool pgfplots_write(const chart *k, const char *folder, const char *name, error *e);

#endif
