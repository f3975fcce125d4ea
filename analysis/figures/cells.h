/* cells.h - a table as squares of colour, each with a text: what heat maps are made of. */
#ifndef ANALYSIS_FIGURES_CELLS_H
#define ANALYSIS_FIGURES_CELLS_H

#include "analysis/figures/figure.h"

enum { CELLS_COLUMNS = 4 }; /* panels side by side */

/* One panel of squares. */
typedef struct cells {
    int panel, series, rows;
} cells;

/* Add a panel, with the words of its rows and columns. */
cells cells_open(figure *f, const char *title, int rows, char *const *row, int cols,
                 char *const *col);

/* Fill a square with a colour and a text.  If value is NaN the square stays empty; the colour must
 * then be white. */
void cells_put(figure *f, const cells *g, int row, int col, double value, const char *colour,
               const char *text);

/* Draw a frame around a square. */
void cells_frame(figure *f, const cells *g, int row, int col);

#endif
