/* pgfplots.h - a chart for LaTeX: NAME.tex, TikZ by pgfplots, made to be edited.
 *
 * The file compiles alone, and by \input in a paper that loads pgfplots.  The numbers stand in it;
 * colours have names, panels are in units of \attnlabunit, words are the paper's font.  Words from
 * the record are text: every character that TeX would act upon is written as a command that prints
 * it.
 */
#ifndef ANALYSIS_FIGURES_PGFPLOTS_H
#define ANALYSIS_FIGURES_PGFPLOTS_H

#include "analysis/figures/chart.h"

/* Write FOLDER/NAME.tex; the folder must exist. */
bool pgfplots_write(const chart *k, const char *folder, const char *name, error *e);

#endif
