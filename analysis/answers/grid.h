/* grid.h - a comparison by its axes: one down, one across, one table for each value of the rest.
 *
 * Each cell is an arm: its mean, the difference from its own baseline, and the verdict on it - all
 * of the one simultaneous procedure of contrast.h, so a grid is the same comparison laid out, not
 * several small ones.  After Go's benchstat, which lays out benchmarks so.
 */
#ifndef ANALYSIS_ANSWERS_GRID_H
#define ANALYSIS_ANSWERS_GRID_H

#include "analysis/answers/comparison.h"
#include "core/base/table.h"

enum { GRID_AXES = 16 }; /* at most, on a command line */

typedef enum grid_side { GRID_TABLES, GRID_ROWS, GRID_COLS, GRID_SIDES } grid_side;

/* Where axes were asked to go, in the order of the command line; none: no grid. */
typedef struct grid_asked {
    int n;
    struct {
        grid_side side;
        const char *axis; /* as axes_find takes it */
    } place[GRID_AXES];
} grid_asked;

typedef struct grid grid;

/* Axes that nobody placed: where no rows were asked for, the first of words goes down (else the
 * first of any kind); where no columns were, the first of numbers (else the first) goes across;
 * all others part the tables, so no cell ever averages over an axis.  Refused: an axis that the
 * study does not vary, or that has two places.  c compares arms with their baselines, and stays. */
bool grid_open(grid **g, const comparison *c, const grid_asked *asked, error *e);
void grid_close(grid *g);

/* For people the tables and a line that explains the cells (on stderr for LaTeX and HTML, which
 * are tables alone); for programs one table, a row a cell,
 * with a column for each axis. */
void grid_print(const grid *g, table_format f, FILE *out);

#endif
