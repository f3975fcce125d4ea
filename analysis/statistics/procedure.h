/* procedure.h - statistical procedures: one table entry and one file per procedure.
 *
 * A procedure tests every contrast of a study at once: intervals, p and verdicts all come from it.
 * contrast.c takes the first one of the table that applies.  To add one, write NAME.c, which ends
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
    double alpha;
} procedure_case;

/* A comparison that is planned: the contrasts that have to hold at once, and the arms compared. */
typedef struct procedure_plan {
    maxt_family family;
    int arms;
    double alpha;
} procedure_plan;

/* A linear combination of arms, such as a slope over several contrasts. */
typedef struct procedure_estimate {
    double value, se;  /* given: the estimate, and its standard error by the rows of the result */
    double lo, hi;     /* found: simultaneous 1 - alpha interval */
    double p_adjusted; /* found: of no effect, in the family */
} procedure_estimate;

typedef struct procedure {
    const char *name;    /* in tables: "sign-flips" */
    const char *assumes; /* completes "assumes ..."; "" if nothing is tested */
    const char *recipe;  /* how p is computed, in sentences that let others do it again; or NULL */
    bool paired;         /* tests differences seed by seed, at the seeds that all arms share */
    bool independent;    /* takes all runs of two arms as independent, whatever their seeds */

    bool (*applies)(const procedure_case *k);

    /* What was done, in words, without the assumptions. */
    void (*describe)(char *text, size_t size, const contrast_result *r);

    /* Fill in the rows of r from se on: standard errors, intervals and p.  Means, differences and
     * the runs that count are known already. */
    void (*compute)(contrast_result *r, const contrast_study *s);

    /* Test linear combinations of arms.  by_seed (rows, r->shared_seeds): the value of each at
     * every seed; `family`: which of them share a baseline.  Only where `paired`; NULL elsewhere.
     */
    void (*combine)(procedure_estimate *row, const double *by_seed, const maxt_family *family,
                    const contrast_result *r, double alpha, int rows);

    /* For planning: degrees of freedom with `seeds` seeds per arm (`row`: a contrast that is known
     * already, or NULL), and the critical value of |t|, of a difference or of equivalence. */
    double (*freedom)(const procedure_plan *p, const contrast *row, int seeds);
    double (*critical)(const procedure_plan *p, double df, int seeds, bool equivalence);
} procedure;

/* Every procedure, in order of precedence; ends with NULL.  The last one always applies. */
extern const procedure *const procedures[];

const procedure *procedure_choose(const procedure_case *k);

/* What procedures based on t have in common. */

/* |x| / se; 0 if x is 0, even if se is 0, as it is when runs agree bit for bit. */
double procedure_t(double x, double se);

/* How far inside the margin the difference is, in standard errors; negative outside. */
double procedure_t_inside(const contrast *c, double margin);

/* Set both intervals of a row from critical values: of two sides (`outer`) and of one (`inner`). */
void procedure_intervals(contrast *c, double outer, double inner);

#endif
