/* report.h - a study as one page of HTML that needs no network and no other file.
 *
 * In this order: the question, the verdicts in one sentence and a grid, how certain they are, the
 * curves, and what was run where.  The figures are those of `attnlab plot`, as SVG within the page.
 * The curves can be explored with dygraphs (MIT licence), which is copied into the page if it is
 * installed.
 */
#ifndef ANALYSIS_REPORT_REPORT_H
#define ANALYSIS_REPORT_REPORT_H

#include "analysis/answers/comparison.h"

#include <stdio.h>

/* The command that a page names as its maker (file.h). */
#define REPORT_MAKER "attnlab report"

#define REPORT_DYGRAPHS "/usr/share/javascript/dygraphs/dygraph.min.js"

/* Write the page.  `folder` is a scratch folder for the figures; the caller removes it.  *bare:
 * dygraphs is not installed, so the curves are a fixed figure. */
bool report_write(FILE *out, const comparison *c, db *d, const char *folder, bool *bare, error *e);

/* How the page begins: one sentence that says how many contrasts have which verdict, or why there
 * is none; and a grid of the differences. */
void report_verdicts(FILE *out, const comparison *c);

/* The verdict of each contrast as a sentence, folded if there are more than a few. */
void report_words(FILE *out, const comparison *c);

/* The curves of every run, for page.js:
 *
 *     {arms: [{name, colour, dash, point, t}],
 *      kinds: [{name, runs: [[{done, points: [[tokens, loss]]}]]}]}
 *
 * where t is the 97.5 % quantile of Student's t for the arm's seeds (0 for fewer than two).  The
 * caller decrefs it. */
bool report_curves(json_t **curves, const comparison *c, db *d, error *e);

/* In a sentence or two: what varies, the baseline, what is matched, and the metric. */
bool report_design(FILE *out, const study *s, db *d, error *e);

/* What is needed to run the study again, with the study's file, as HTML. */
bool report_repeat(FILE *out, const study *s, db *d, error *e);

/* A methods paragraph as in a paper, from what the database says. */
bool report_methods(FILE *out, const comparison *c, db *d, error *e);

#endif
