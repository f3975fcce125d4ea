/* narrow.h - float32 to and from the shorter types of other formats.
 *
 *     float16    1 sign, 5 exponent, 10 fraction bits (IEEE 754 binary16)
 *     bfloat16   the upper 16 bits of a float32
 *     q8_0       blocks of 32: a float16 scale d = max|x| / 127, then 32 int8 round(x / d)  (ggml)
 *
 * Rounding is to nearest, ties to even (q8_0: ties away from zero, as in ggml).
 */
#ifndef TRAINER_INTERCHANGE_NARROW_H
#define TRAINER_INTERCHANGE_NARROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NARROW_BLOCK = 32, NARROW_BLOCK_BYTES = 34 };

uint16_t narrow_to_float16(float x); /* an x beyond 65504 becomes infinite */
float narrow_from_float16(uint16_t bits);
uint16_t narrow_to_bfloat16(float x);
float narrow_from_bfloat16(uint16_t bits);

/* The index of the first finite x (n) that is infinite as float16 or bfloat16; n if there is none.
 */
size_t narrow_overflow(const float *x, size_t n, bool bfloat16);

/* out = n floats (a multiple of NARROW_BLOCK) in blocks of NARROW_BLOCK_BYTES. */
void narrow_to_q8_0(uint8_t *out, const float *x, size_t n);

#endif
