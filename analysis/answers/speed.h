/* speed.h - how fast the arms of a study decode, as `attnlab bench decode` has measured it.
 *
 * A row of bench belongs to an arm if its model has the arm's shape: attention, layers, widths and
 * vocabulary.  Of several machines or numbers of threads the one measured last is read, since times
 * of different machines must not be compared.
 */
#ifndef ANALYSIS_ANSWERS_SPEED_H
#define ANALYSIS_ANSWERS_SPEED_H

#include "analysis/data/study.h"
#include "analysis/statistics/median.h"

/* An arm at one context and batch. */
typedef struct speed_cell {
    int arm;
    int64_t context, batch;
    int n;           /* repetitions; 0: out of memory       */
    double *seconds; /* (n) of a step, in order             */
    median latency;  /* of them, with its 95 % interval     */
    double weight_bytes, cache_bytes;
} speed_cell;

typedef struct speed {
    char *where; /* "AMD EPYC, 2 threads"; NULL if nothing was measured */
    int cells;
    speed_cell *cell; /* (cells), by arm, context and batch */
} speed;

bool speed_open(speed *s, const study *of, db *d, error *e);
void speed_close(speed *s);

/* The cell of an arm, or NULL. */
const speed_cell *speed_at(const speed *s, int arm, int64_t context, int64_t batch);

/* The context and batch at which most arms were measured; of several, the longest context and then
 * the smallest batch.  False if nothing was measured. */
bool speed_common(int64_t *context, int64_t *batch, const speed *s);

/* The different contexts that were measured, ascending; at most `most`.  Returns how many. */
int speed_contexts(int64_t *context, int most, const speed *s);

#endif
