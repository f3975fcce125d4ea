/* verdict.h - which arms differ, by how much, and how certain that is.
 *
 * Seeds pair the arms.  The number of seeds that all arms share decides which procedure is used
 * (procedure.h); the first that applies is taken:
 *
 *   sequential.c   studies that planned to add seeds until they are decided: Student's t at each
 *                  planned look, alpha spent over the looks, Bonferroni's bound
 *   flip.c         from 6 seeds on (more if alpha is below 2 / 2^6): each contrast's own paired
 *                  standard error, joint sign-flips of whole seeds
 *   paired.c       2 to 5 seeds: each contrast's own paired standard error, Student's t with n - 1
 *                  degrees of freedom, Bonferroni's bound; assumes normal differences, because no
 *                  test without an assumption can reach alpha here
 *   welch.c        no shared seeds, but several runs: Welch's t with Bonferroni's bound
 *   differences.c  one run per arm: differences without a test
 *
 * Intervals, p and verdicts all come from that one simultaneous procedure:
 *
 *   equivalent  the inner interval lies inside (-margin, margin): two one-sided tests at alpha each
 *               (Schuirmann 1987), simultaneous whichever side of each contrast is in question. For
 *               one contrast it is the (1 - 2 alpha) interval; for more it is a little wider
 *   better      otherwise, the (1 - alpha) interval excludes 0 on the good side
 *   worse       ... on the bad side
 *   undecided   otherwise; power.h says how many seeds would settle it
 *
 * Holm's step-down is not used: it rejects a little more often than Bonferroni, but no two-sided
 * simultaneous intervals agree with it.
 */
#ifndef ANALYSIS_STATISTICS_VERDICT_H
#define ANALYSIS_STATISTICS_VERDICT_H

#include "analysis/statistics/contrast.h"

/* Compare the arms of s, which may be dropped afterwards; contrast_close frees r. */
void verdict_compute(contrast_result *r, const contrast_study *s);

/* Were differences tested seed by seed, at the shared seeds? */
bool verdict_paired(const contrast_result *r);

/* One line that names the procedure and what it assumes. */
enum { VERDICT_TEXT = 512 }; /* has room for it */
void verdict_describe(char *text, size_t size, const contrast_result *r);

#endif
