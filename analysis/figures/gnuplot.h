/* gnuplot.h - a chart by gnuplot: the data NAME.dat, the script NAME.gp, and what the script makes.
 *
 * What people called things reaches gnuplot only as data or in single quotes, where it substitutes
 * nothing, and gnuplot is started without a shell.  The same chart gives the same bytes: the date
 * that cairo writes into a PDF is overwritten.
 */
#ifndef ANALYSIS_FIGURES_GNUPLOT_H
#define ANALYSIS_FIGURES_GNUPLOT_H

#include "analysis/figures/chart.h"

/* Write FOLDER/NAME.dat and FOLDER/NAME.gp; the folder must exist. */
bool gnuplot_write(const chart *k, const char *folder, const char *name, error *e);

/* Make FOLDER/NAME.FORMAT of them: "svg", "png" or "pdf". */
bool gnuplot_run(const char *folder, const char *name, const char *format, error *e);

#endif
