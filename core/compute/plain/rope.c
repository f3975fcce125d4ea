/* rope.c - the rotation of core/compute/rope.h, pair by pair. */
#include "core/compute/plain/plain.h"

void plain_rope_turn(float *x, const float *cos, const float *sin, int S, int H, int stride,
                     int half, float sign)
{
    for (int i = 0; i < S; i++, cos += half, sin += half)
        for (int h = 0; h < H; h++, x += stride)
            for (int j = 0; j < half; j++) {
                const float u = x[j], v = x[j + half], s = sign * sin[j];
                x[j] = u * cos[j] - v * s;
                x[j + half] = v * cos[j] + u * s;
            }
}
