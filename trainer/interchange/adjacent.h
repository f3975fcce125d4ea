/* adjacent.h - the rows of q_proj and k_proj where RoPE turns neighbours.
 *
 *     attnlab, Transformers: pair i of a head is rows i and E/2 + i
 *     llama2.c, GGUF:        pair i of a head is rows 2 i and 2 i + 1
 *
 * Both compute the same attention, because the rows of q and k change places together.
 */
#ifndef TRAINER_INTERCHANGE_ADJACENT_H
#define TRAINER_INTERCHANGE_ADJACENT_H

#include <stddef.h>
#include <string.h>

/* out = w (heads E, columns) with pairs as neighbours; or back. */
static inline void adjacent_rows(float *out, const float *w, int heads, int E, int columns,
                                 int back)
{
    const size_t width = (size_t)columns;
    for (int head = 0; head < heads; head++)
        for (int i = 0; i < E; i++) {
            const size_t half = (size_t)head * (size_t)E + (size_t)(i / 2 + i % 2 * (E / 2));
            const size_t next = (size_t)head * (size_t)E + (size_t)i;
            memcpy(out + (back ? half : next) * width, w + (back ? next : half) * width,
                   width * sizeof *out);
        }
}

#endif
