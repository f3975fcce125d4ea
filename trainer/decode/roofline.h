/* roofline.h - what reading a prompt and decoding would cost on a machine, by arithmetic alone.
 *
 *     time of a walk = linear + attention + link + overhead
 *     linear    = max(bytes of weights / bandwidth, 2 weights x rows / FLOPs a second)
 *     attention = max(bytes of the cache / bandwidth, FLOPs of the scores and values / rate)
 *     link      = two all-reduces of the residual stream a layer
 *
 * Bytes and FLOPs come from the declarations of the model and its attention, as bench decode's do,
 * so any variant can be asked.  Tensor parallelism (Shoeybi et al. 2019): N devices share every
 * matrix and the query heads.  Of G key/value heads a device has G / N, or one whole head if G < N:
 * it is then duplicated (Pope et al. 2022; Llama 2, appendix A.2.1).  A state of H heads that no
 * length changes is shared by heads; a cache that all heads use is duplicated.  The other way is to
 * give each device the cache of some of the sequences, for two more exchanges a layer.
 */
#ifndef TRAINER_DECODE_ROOFLINE_H
#define TRAINER_DECODE_ROOFLINE_H

#include "trainer/decode/hardware.h"
#include "trainer/model/model.h"

typedef struct roofline {
    const model *m;
    const hardware *h;
    int devices;
    hardware_type weights, cache; /* products run in the type of the weights */
    bool by_sequence;             /* caches are cut by sequences instead of heads */
} roofline;

typedef enum roofline_bound {
    ROOFLINE_WEIGHTS,  /* reading weights          */
    ROOFLINE_CACHE,    /* reading the cache        */
    ROOFLINE_FLOPS,    /* arithmetic               */
    ROOFLINE_LINK,     /* sending between devices  */
    ROOFLINE_OVERHEAD, /* everything else          */
    ROOFLINE_BOUNDS
} roofline_bound;
extern const char *const roofline_bounds[]; /* "weights", "cache", "flops", "link", "overhead" */

/* Seconds of a walk, and what takes most of them. */
typedef struct roofline_time {
    double linear, attention, link, overhead, total;
    roofline_bound bound;
} roofline_time;

/* B sequences read S more positions, from t on; logits of the last one. */
void roofline_walk(roofline_time *out, const roofline *r, int B, int S, int t);

/* Bytes of a device that has room for B sequences of T positions and reads prompts of S at once. */
typedef struct roofline_memory {
    double weights, cache, scratch, total;
} roofline_memory;
void roofline_memory_of(roofline_memory *out, const roofline *r, int B, int S, int T);

#endif
