/* bench_decode.h - attnlab bench decode and bench prefill. */
#ifndef CLI_BENCH_DECODE_H
#define CLI_BENCH_DECODE_H

#include "cli/command.h"
#include "trainer/decode/decode_rate.h"

/* What spans the grid.  Empty lists: the attention, the context and the threads of the
 * configuration; batches that double from 1 on until nothing fits into memory. */
typedef struct bench_decode_grid {
    decode_phase phase;
    const char *study;     /* whose arms are measured, instead of `attention`; NULL: none */
    const char **settings; /* (n_settings) "key=value" for the study */
    int n_settings;
    option_texts attention; /* the first is the baseline */
    option_numbers context, batch, threads;
    int tokens, reps; /* of a sequence in a repetition; repetitions */
    int64_t memory;   /* bytes that may be used; OPTION_UNSET: what the machine has */
    int64_t max_batch;
} bench_decode_grid;

/* Measure the grid on models of the shape of `base`, store every repetition, and print medians. */
int bench_decode(command_call *call, const bench_decode_grid *grid, const run_spec *base);

#endif
