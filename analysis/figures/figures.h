/* figures.h - the figures of a study: one table entry and one file per kind.
 *
 * A figure called NAME writes FOLDER/NAME.svg, .png, .pdf and .tex, next to its data (NAME.dat) and
 * its gnuplot script (NAME.gp).  To add one, write figure_NAME.c and list NAME in meson.build.
 */
#ifndef ANALYSIS_FIGURES_FIGURES_H
#define ANALYSIS_FIGURES_FIGURES_H

#include "analysis/answers/comparison.h"
#include "analysis/figures/chart.h"

typedef struct figure figure; /* a figure while it is made: figure.h */

typedef struct figure_kind {
    const char *name;  /* also the name of its files */
    const char *help;  /* what it shows, in one line */
    const char *needs; /* what a study must have for it: "an arm with a baseline" */
    bool (*make)(figure *f, error *e);
} figure_kind;

/* Every kind, in the order of meson.build; ends with NULL. */
extern const figure_kind *const figure_kinds[];

enum { FIGURES_SVG = 1, FIGURES_PNG = 2, FIGURES_PDF = 4, FIGURES_TEX = 8, FIGURES_ALL = 15 };

typedef struct figures_request {
    const comparison *c;
    db *d;
    const style *style; /* NULL: the default */
    unsigned formats;
    study_measure x;         /* x axis of "loss"; STUDY_FINAL means STUDY_TOKENS */
    bool narrow;             /* for a page of about 360 pixels */
    const char *rows, *cols; /* axes of "heat"; NULL: the study's first two */
    const char *const *with; /* (withs): further studies of "width" */
    int withs;
} figures_request;

/* The kind called `name`; NULL if there is none. */
const figure_kind *figures_find(const char *name);

/* The looks of a study's arms (arms), for the caller to free: one identity per arm, which every
 * figure of the study uses.  Arms with the same variant share a colour if there are few enough
 * variants; no two arms share colour and point. */
chart_look *figures_looks(const study *s, const style *style);

/* Write a chart that has been placed (chart_place) into an existing folder, as NAME.svg etc., with
 * its data and its gnuplot script. */
bool figures_write(const chart *k, const char *folder, const char *name, unsigned formats,
                   error *e);

/* Draw one figure into an existing folder.  If the study lacks what the kind needs, nothing is
 * written and `missing` says what; otherwise `missing` is "". */
enum { FIGURES_MISSING = 512 };
bool figures_draw(char missing[FIGURES_MISSING], const char *folder, const figure_kind *kind,
                  const figures_request *r, error *e);

#endif
