/* procedure.h - statistical procedures: one table entry and one file per procedure.
 *
 * A procedure tests every contrast of a study at once: intervals, p and verdicts all come from it.
 * verdict.c takes the first one of the table that applies.  To add one, write NAME.c, which ends
 * in `const procedure procedure_NAME`, and list NAME in meson.build, before those it takes
 * precedence over.
 */
#ifndef ANALYSIS_STATISTICS_PROCEDURE_H
#define ANALYSIS_STATISTICS_PROCEDURE_H

#include "analysis/statistics/contrast.h"

/* What the choice depends on. */
typedef struct procedure_case {
    int seeds;     /* seeds that all compared arms share */
    bool repeated; /* some pair has at least two values on both sides, whatever their seeds */
    bool planned;  /* the study planned its looks (contrast_study.look) */
    double alpha;
} procedure_case;

/* A comparison that is planned: the contrasts that have to hold at once, and the level. */
typedef struct procedure_plan {
    maxt_family family;
    double alpha;
} procedure_plan;

/* What a procedure will find, in true standard errors of a difference (forecast.h).  By Student's
 * t, from degrees of freedom and critical values; or, if `samples` is not 0, from intervals that
 * were simulated about a true difference of 0. */
typedef struct procedure_forecast {
    double df;           /* NaN: nothing can be found */
    double outer, inner; /* critical values of |t| and of one side (contrast.h) */
    int samples;
    double *outer_hi;            /* (samples), ascending: upper ends of intervals of 1 - alpha */
    double *outer_half;          /* (samples), ascending: half of their widths */
    double *inner_lo, *inner_hi; /* (samples): inner intervals */
} procedure_forecast;

/* A linear combination of arms, such as a slope over several contrasts. */
typedef struct procedure_estimate {
    double value;      /* given: the estimate */
    double lo, hi;     /* found: simultaneous 1 - alpha interval */
    double p_adjusted; /* found: of no effect, in the family */
} procedure_estimate;

typedef struct procedure {
    const char *name;    /* in tables: "sign-flips" */
    const char *assumes; /* completes "assumes ..."; "" if nothing is tested */
    const char *recipe;  /* how p is computed, in sentences that let others do it again; or NULL */
    bool paired;         /* tests differences seed by seed, at the seeds that all arms share */
    bool staged;         /* each contrast has its own seeds, up to the look that decided it */
    bool independent;    /* takes all runs of two arms as independent, whatever their seeds */

    bool (*applies)(const procedure_case *k);

    /* What was done, in words, without the assumptions. */
    void (*describe)(char *text, size_t size, const contrast_result *r);

    /* Fill in the rows of r from se on: standard errors, intervals and p.  Means, differences and
     * the runs that count are known already. */
    void (*compute)(contrast_result *r, const contrast_study *s);

    /* Test linear combinations of arms, all rows at once.  by_seed (rows, seeds): the value of each
     * at every seed.  Only where `paired` and not `staged`; NULL elsewhere. */
    void (*combine)(procedure_estimate *row, const double *by_seed, double alpha, int rows,
                    int seeds);

    /* For planning: what would be found with `seeds` seeds per arm.  `row`: a contrast that is
     * known already, or NULL; with 0 seeds, those of the row.  Arrays are the caller's, who frees
     * them. */
    void (*forecast)(procedure_forecast *f, const procedure_plan *p, const contrast *row,
                     int seeds);
} procedure;

/* Every procedure, in order of precedence; ends with NULL.  The last one always applies. */
extern const procedure *const procedures[];

const procedure *procedure_choose(const procedure_case *k);

/* What procedures based on t have in common. */

/* |x| / se; 0 if x is 0, even if se is 0, as it is when runs agree bit for bit. */
double procedure_t(double x, double se);

/* The differences of a row's pair at the shared seeds, d (shared seeds); fill in the standard error
 * of their mean, and its degrees of freedom. */
void procedure_subtract(contrast *c, double *d, const contrast_result *r, const contrast_study *s);

/* Fill in intervals and p of a row by Student's t with its se and df, by Bonferroni's bound over
 * `family` contrasts.  Differences that agree to the last digit, but are not 0, have no error that
 * could be estimated: nothing is excluded then. */
void procedure_student(contrast *c, int family, double alpha, double margin);

/* What that finds with df degrees of freedom. */
void procedure_forecast_student(procedure_forecast *f, const procedure_plan *p, double df);

#endif
