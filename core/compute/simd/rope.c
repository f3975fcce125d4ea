/* rope.c - the rotation of core/compute/rope.c, VW pairs at a time. */
#include "core/compute/simd/simd.h"

void SIMD(rope_turn)(float *x, const float *cos, const float *sin, int S, int H, int stride,
                     int half, float sign)
{
    for (int i = 0; i < S; i++, cos += half, sin += half)
        for (int h = 0; h < H; h++, x += stride) {
            float *a = x, *b = x + half;
            int j = 0;
            for (; j + VW <= half; j += VW) {
                const vf u = load(a + j), v = load(b + j), c = load(cos + j);
                const vf s = splat(sign) * load(sin + j);
                store(a + j, u * c - v * s);
                store(b + j, v * c + u * s);
            }
            for (; j < half; j++) {
                const float u = a[j], v = b[j], s = sign * sin[j];
                a[j] = u * cos[j] - v * s;
                b[j] = v * cos[j] + u * s;
            }
        }
}
