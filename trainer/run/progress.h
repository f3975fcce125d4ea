/* progress.h - how far a run is, on stderr: one line redrawn on a terminal, occasional lines
 * elsewhere. */
#ifndef TRAINER_RUN_PROGRESS_H
#define TRAINER_RUN_PROGRESS_H

#include "trainer/model/batch.h"
#include "trainer/model/evaluation.h"
#include "trainer/run/journal.h"

typedef struct progress {
    bool on, terminal;
    int64_t steps, from, batch_tokens;
    int64_t began_ms, said_ms;
    double loss, loss_weight; /* an average over the last steps */
} progress;

/* Says which run begins, how much of the text b reads, and from which step on it goes. */
void progress_open(progress *p, const batch *b, const char *uid, int64_t from, bool on);
void progress_step(progress *p, const journal_row *row);
void progress_evaluation(progress *p, int64_t step, const eval_result *r, int n);
void progress_close(progress *p);

/* "1 h 02 min", "3 min 20 s" or "12 s". */
void progress_time(char *out, size_t size, double seconds);

#endif
