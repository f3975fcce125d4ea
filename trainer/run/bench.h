/* bench.h - how fast a configuration trains, against the rate of OpenBLAS's sgemm.
 *
 *     fraction = (model FLOPs of a step / its seconds) / (mean sgemm rate just before and after it)
 *
 * Model FLOPs a token: 6 x matmul parameters (the head, not the look-up) + 12 x heads x head_dim x
 * visible query-key pairs, all layers; those of the optimizer's own products are not among them.
 * sgemm multiplies matrices of 1024^3 on as many threads as the step, one serial product each.
 * Machines are shared: only the fraction compares.
 */
#ifndef TRAINER_RUN_BENCH_H
#define TRAINER_RUN_BENCH_H

#include "trainer/model/pass.h"

typedef struct bench_rep {
    double seconds, sgemm; /* of the step; FLOP/s around it */
    double fraction;
} bench_rep;

/* The command that a saved file names as its maker. */
#define BENCH_MAKER "attnlab bench"

typedef struct bench {
    int threads, reps;
    bench_rep *rep;
    int64_t tokens;                                    /* of a step              */
    double flops;                                      /* of a step              */
    double update_flops;                               /* of the optimizer's products in a step */
    double tokens_per_s, flops_per_s, sgemm, fraction; /* medians over the repetitions */
    double share[PARTS];                               /* of thread time                */
    double loss;                                       /* of the first step, in nats */
    size_t predicted, peak; /* bytes: as `describe` says; resident at most */
} bench;

/* One step to warm up, then `reps` of them.  With `save`, what the first one begins with - weights
 * by name, input_ids and target_ids - goes to that file first (safetensors), so that another
 * program can do the same work.  Fails if memory runs out or the file can't be written, which only
 * an earlier one may be (file.h). */
bool bench_train(bench *b, const run_spec *spec, int n_threads, int reps, const char *save,
                 error *e);
void bench_close(bench *b);

/* Seconds that one step takes with this many threads: the fastest of a few. */
bool bench_step(double *seconds, const run_spec *spec, int n_threads, error *e);

#endif
