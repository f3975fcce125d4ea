/* trends.h - does a difference grow, close or stay along an axis of sizes, and what may it be at a
 * size that was not tried?
 *
 * The pairs of a comparison that differ in nothing but their level of the axis make a row.  A
 * level's size is what its baseline has: parameters, training FLOPs, or the number on the axis.
 * Slopes are tested by the procedure of the comparison, simultaneously over the rows.
 */
#ifndef ANALYSIS_ANSWERS_TRENDS_H
#define ANALYSIS_ANSWERS_TRENDS_H

#include "analysis/answers/comparison.h"
#include "analysis/statistics/trend.h"
#include "core/base/table.h"

typedef enum trends_size { TRENDS_PARAMS, TRENDS_FLOPS, TRENDS_AXIS } trends_size;

/* "params", "flops", "axis", in the order of the enum; NULL last. */
extern const char *const trends_sizes[];

typedef struct trends_row {
    int arm, base;        /* of the smallest size */
    char *name, *against; /* both without the axis: "mqa" */
    int levels, *pair;    /* (levels) indices of pairs, ascending in size */
    double *size, *u, *d; /* (levels), log2 of it, (levels, seeds) */
    trend line;
    double lo, hi, p; /* of the slope, simultaneous 1 - alpha; NaN where seeds don't pair */
} trends_row;

typedef struct trends {
    char *axis;
    trends_size by;
    double alpha, margin;
    int n, seeds;
    trends_row *row;
} trends;

/* The rows of at least two sizes along `axis`, as the user calls it.  Fails if the study has no
 * such axis, if the sizes don't differ, or if there is no row. */
bool trends_open(trends *t, const comparison *c, const char *axis, trends_size by, error *e);
void trends_close(trends *t);

/* An axis along which the parameters change, or NULL; the caller frees it. */
char *trends_axis(const comparison *c);

/* "grows", "closes", "changes sign"; "stays" if the change from the smallest to the largest size is
 * within the margin; "undecided". */
const char *trends_verdict(const trends *t, const trends_row *r);

/* A table with a row each.  `to`: the size to predict for; NaN for none. */
void trends_print(const trends *t, const comparison *c, double to, table_format f, FILE *out);

/* Notes: what the smaller sizes would have predicted for the largest, and how far `to` is. */
void trends_notes(notes *out, const trends *t, const comparison *c, double to);

/* How many digits show a row's slope and its interval. */
int trends_digits(const trends_row *r);

/* A size in short, "1.3M"; and with its unit, "1.3M parameters". */
void trends_number(char *out, size_t size, double x);
void trends_size_text(char *out, size_t size, const trends *t, double x);

#endif
