/* plateau.h - when does a run leave the first plateau of its training loss, and how much of the
 * spread of the final losses does that moment explain?
 *
 * Small models stay for a while at the loss that the frequencies of the pieces give, and then fall
 * fast, once attention has found something to attend to (Olsson et al. 2022, arXiv:2209.11895, for
 * induction heads).  The moment of leaving is the step at which a run passes a level of the loss
 * that is the same for all runs of a study.  The level follows from the curves:
 *
 *   1. Each curve is smoothed: at step t the mean over the steps from t / 1.1 to 1.1 t.
 *   2. The losses between where the runs begin and where the middle one of them ends are cut into
 *      PLATEAU_BINS equal bins.  h(bin) is the time that runs spend in it, in ln(steps), on average
 *      over the runs that have passed it, smoothed over three bins.
 *   3. The plateau is the bin where min(h / least h before it, h / least h after it) is largest.
 *      There is none if that number is below PLATEAU_CONTRAST.
 *   4. The level is the bin after it in which h is least: where runs fall fastest, the moment of
 *      passing is best defined.
 *
 * What the moment explains is r^2 of final loss and ln(moment), both about the means of their arms.
 * Runs of one seed are not independent, so the interval is by the jackknife over seeds, of atanh r,
 * with Student's t.
 */
#ifndef ANALYSIS_STATISTICS_PLATEAU_H
#define ANALYSIS_STATISTICS_PLATEAU_H

#include <stdbool.h>

enum { PLATEAU_BINS = 40, PLATEAU_CONTRAST = 2, PLATEAU_FEWEST = 40 /* steps of a run */ };

/* The training loss of a run: n finite losses at the steps 1 to n. */
typedef struct plateau_run {
    int n;
    const double *loss;
    double moment; /* found: the step, not whole; NaN: it never passed the level, or no level */
} plateau_run;

typedef struct plateau {
    bool found;
    double stay, level; /* losses: of the plateau, and that which is passed */
    double contrast;    /* how much slower the plateau is than what is before and after it */
} plateau;

/* Find the plateau of all runs together, and the moment of each.  Runs of fewer than PLATEAU_FEWEST
 * steps have no moment. */
void plateau_find(plateau *p, plateau_run *run, int runs);

/* The smoothed loss at a step from 1 to n, which need not be whole. */
double plateau_smooth(const plateau_run *run, double step);

typedef struct plateau_share {
    double r2, lo, hi; /* 95 % interval; NaN: unknown */
    bool later_is_worse;
} plateau_share;

/* moment, final (arms, seeds): NaN where there is none. */
void plateau_explain(plateau_share *out, const double *moment, const double *final, int arms,
                     int seeds);

#endif
