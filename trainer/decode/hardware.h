/* hardware.h - a machine as the roofline sees it: how fast it reads, computes and sends.
 *
 *     time = max(bytes / (bandwidth x efficiency), FLOPs / (peak x efficiency))
 *
 * (Williams, Waterman and Patterson 2009.)  A machine is a YAML file of the keys in hardware.c;
 * those of machines/ are built in.  Rates are of one device.
 */
#ifndef TRAINER_DECODE_HARDWARE_H
#define TRAINER_DECODE_HARDWARE_H

#include "core/base/error.h"
#include "core/compute/threads.h"

#include <stdio.h>

enum { HARDWARE_NAME = 128, HARDWARE_ROWS = 16 };

/* The types that weights and caches may have. */
typedef enum hardware_type { HARDWARE_FLOAT32, HARDWARE_BFLOAT16, HARDWARE_TYPES } hardware_type;
extern const char *const hardware_types[]; /* "float32", "bfloat16"; NULL last */
extern const int hardware_bytes[HARDWARE_TYPES];

typedef struct hardware {
    char name[HARDWARE_NAME];
    double devices, threads;       /* threads: of the processor; 0: no processor   */
    double memory;                 /* bytes of a device                            */
    double bandwidth;              /* bytes a second from memory                   */
    double cache, cache_bandwidth; /* the last-level cache; 0: not modelled        */
    double flops[HARDWARE_TYPES];  /* a second; 0: the type is not supported       */
    double link, link_latency;     /* bytes a second a device sends; seconds       */
    double overhead;               /* seconds for each layer of a walk             */
    double score_bytes;            /* kept for each attention score of a prompt    */
    double efficiency_flops, efficiency_bandwidth, efficiency_link; /* parts of the peaks */
    double efficiency_attention; /* part of the peak FLOP/s in attention         */
    int rows;                    /* linear layers of few rows: entries of curve  */
    struct {
        double rows, part; /* rows of x; part of the peak FLOP/s, weights in cache */
    } curve[HARDWARE_ROWS];
} hardware;

/* A built-in file: a machine, or a shape of a model (shapes/).  The last has no name. */
typedef struct hardware_text {
    const char *name, *help, *text;
} hardware_text;
extern const hardware_text hardware_machines[], hardware_shapes[];

/* The entry called `name`, or NULL. */
const hardware_text *hardware_find(const hardware_text *list, const char *name);

/* The machine that `name` names: built in, else a file.  Fails if there is none, or if the file has
 * an unknown or a missing key or a value out of range. */
bool hardware_open(hardware *h, const char *name, error *e);

/* The machine as a YAML file. */
void hardware_write(FILE *f, const hardware *h);

/* Part of the peak FLOP/s that a linear layer of so many rows reaches. */
double hardware_part(const hardware *h, double rows);

/* Measure this machine with the threads of a pool: takes about ten seconds.  Fails if memory runs
 * out. */
bool hardware_measure(hardware *h, threads *pool, error *e);

#endif
