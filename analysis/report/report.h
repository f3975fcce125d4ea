/* report.h - a study as one page of HTML that needs nothing else: no network, no other file.
 *
 * What was asked, the verdicts, how surely, the curves, what was run where: in that order.  The
 * figures are those of `attnlab plot`, as SVG within the page; the curves can be explored by
 * dygraphs (MIT licence), which is copied into the page where it is installed.
 */
#ifndef ANALYSIS_REPORT_REPORT_H
#define ANALYSIS_REPORT_REPORT_H

#include "analysis/answers/comparison.h"

#include <stdio.h>

#define REPORT_DYGRAPHS "/usr/share/javascript/dygraphs/dygraph.min.js"

/* Write the page.  `folder` is one for the figures, which the caller removes. *bare: dygraphs is
 * not installed, so the curves stand still. */
bool report_write(FILE *out, const comparison *c, db *d, const char *folder, bool *bare, error *e);

/* The curves of every run, for page.js: {arms: [{name, colour, ink, t}], kinds: [{name, runs:
 * [[{done, points: [[tokens, loss]]}]]}]}; t is Student's, 97.5 %, for the seeds an arm has (0:
 * fewer than two).  The caller decrefs it. */
bool report_curves(json_t **curves, const comparison *c, db *d, error *e);

/* In a sentence or two: what varies, what it is compared with, what is matched, by what measure. */
bool report_design(FILE *out, const study *s, db *d, error *e);

/* What it takes to run the study again, as HTML, with the study's file. */
bool report_repeat(FILE *out, const study *s, db *d, error *e);

/* A paragraph that says how it was done, as a paper would, from what is on record. */
bool report_methods(FILE *out, const comparison *c, db *d, error *e);

#endif
