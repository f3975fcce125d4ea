/* gnuplot.h - a chart drawn by gnuplot: the data NAME.dat, the script NAME.gp, and their output.
 *
 * Names from the database are data, never commands.  The same chart gives the same bytes: the date
 * that cairo writes into a PDF is overwritten.
 */
#ifndef ANALYSIS_FIGURES_GNUPLOT_H
#define ANALYSIS_FIGURES_GNUPLOT_H

#include "analysis/figures/chart.h"

/* Write FOLDER/NAME.dat and FOLDER/NAME.gp; the folder must exist. */
bool gnuplot_write(const chart *k, const char *folder, const char *name, error *e);

/* Run the script to make FOLDER/NAME.FORMAT, where the format is "svg", "png" or "pdf".  Fails if
 * gnuplot is not installed or reports an error. */
bool gnuplot_run(const char *folder, const char *name, const char *format, error *e);

#endif
