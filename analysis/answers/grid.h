/* grid.h - a comparison laid out by its axes: rows, columns, and a table for each value of the
 * rest.
 *
 * Each cell is an arm: its mean, the difference from its baseline, and the verdict.  All come from
 * one simultaneous procedure (contrast.h), so a grid is one comparison, not several small ones.
 * Modelled on Go's benchstat, which lays out benchmarks like this.
 */
#ifndef ANALYSIS_ANSWERS_GRID_H
#define ANALYSIS_ANSWERS_GRID_H

#include "analysis/answers/comparison.h"
#include "core/base/table.h"

enum { GRID_AXES = 16 }; /* at most this many on a command line */

typedef enum grid_side { GRID_TABLES, GRID_ROWS, GRID_COLS, GRID_SIDES } grid_side;

/* Which axis goes where, in the order of the command line; n 0: no grid. */
typedef struct grid_asked {
    int n;
    struct {
        grid_side side;
        const char *axis; /* as for axes_find */
    } place[GRID_AXES];
} grid_asked;

typedef struct grid grid;

/* Lay out a comparison.  If no rows were asked for, the first axis of words makes the rows (or else
 * the first axis); if no columns were, the first numeric axis makes the columns (or else the first
 * axis).  All other axes make separate tables, so that no cell averages over an axis.  Fails on an
 * axis that the study does not vary, or that is named twice.  c compares arms with their baselines
 * and must outlive the grid; the caller closes the grid. */
bool grid_open(grid **g, const comparison *c, const grid_asked *asked, error *e);
void grid_close(grid *g);

/* For people, print the tables and a line that explains the cells (on stderr for LaTeX and HTML);
 * for programs, one table with a row per cell and a column per axis. */
void grid_print(const grid *g, table_format f, FILE *out);

#endif
