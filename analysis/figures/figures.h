/* figures.h - the figures of a study; each writes FOLDER/KIND.FORMAT, with its data and script. */
#ifndef ANALYSIS_FIGURES_FIGURES_H
#define ANALYSIS_FIGURES_FIGURES_H

#include "analysis/answers/comparison.h"
#include "analysis/figures/style.h"

typedef enum figures_kind {
    FIGURES_LOSS,        /* loss against tokens, FLOPs or seconds by arm; the last quarter beside */
    FIGURES_DIFF,        /* paired differences: intervals, seeds, margin                          */
    FIGURES_HEAT,        /* differences by two axes, ~ where undecided                            */
    FIGURES_INTERACTION, /* differences along an axis of numbers                                  */
    FIGURES_POSITION,    /* loss by position in the window                                        */
    FIGURES_MATRIX,      /* the metric by training context and evaluation context                 */
    FIGURES_FRONTIER,    /* the metric against KV bytes a token                                   */
    FIGURES_RATE,        /* the metric against the learning rate                                  */
    FIGURES_KINDS
} figures_kind;

enum { FIGURES_SVG = 1, FIGURES_PNG = 2, FIGURES_PDF = 4, FIGURES_TEX = 8, FIGURES_ALL = 15 };

typedef struct figures_request {
    const comparison *c;
    db *d;
    const style *style; /* NULL: the default */
    unsigned formats;
    study_measure x;         /* of FIGURES_LOSS; STUDY_FINAL is STUDY_TOKENS */
    const char *rows, *cols; /* axes of FIGURES_HEAT; NULL: the study's first two */
} figures_request;

/* "loss", ...; what files are called. */
const char *figures_name(figures_kind kind);

/* Draw one.  Where the record has not what it takes, nothing is written and `needs` says what that
 * would be; else it is "". */
enum { FIGURES_NEEDS = 512 };
bool figures_draw(char needs[FIGURES_NEEDS], const char *folder, figures_kind kind,
                  const figures_request *r, error *e);

#endif
