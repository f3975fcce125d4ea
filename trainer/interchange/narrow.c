/* narrow.c - conversions between float32 and shorter types, bit by bit, the same on every
 * processor.
 *
 * float16: a float32 of exponent k has its fraction cut to 10 bits; below 2^-14 the step stays
 * 2^-24 (subnormal numbers).  A carry out of the fraction is the next exponent, as it should be.
 */
#include "trainer/interchange/narrow.h"

#include <math.h>
#include <string.h>

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x / 2^shift, to nearest, ties to even; 1 <= shift <= 31. */
static uint32_t round_shift(uint32_t x, int shift)
{
    const uint32_t kept = x >> shift, rest = x & ((1u << shift) - 1), half = 1u << (shift - 1);
    return kept + (rest > half || (rest == half && (kept & 1)));
}

uint16_t narrow_to_float16(float x)
{
    const uint32_t bits = bits_of(x), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    const int exponent = (int)(size >> 23) - 127;
    if (size > 0x7f800000) return (uint16_t)(sign | 0x7e00); /* NaN */
    if (exponent > 15) return (uint16_t)(sign | 0x7c00);
    if (exponent >= -14) return (uint16_t)(sign | round_shift(size - (112u << 23), 13));
    if (exponent < -25) return (uint16_t)sign;
    const uint32_t fraction = (size & 0x7fffff) | 0x800000;
    return (uint16_t)(sign | round_shift(fraction, -exponent - 1));
}

float narrow_from_float16(uint16_t bits)
{
    const uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 31;
    const uint32_t fraction = bits & 0x3ff;
    if (exponent == 31) return float_of(sign | 0x7f800000 | fraction << 13);
    if (exponent) return float_of(sign | (exponent + 112) << 23 | fraction << 13);
    const float size = ldexpf((float)fraction, -24);
    return sign ? -size : size;
}

uint16_t narrow_to_bfloat16(float x)
{
    const uint32_t bits = bits_of(x);
    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40); /* NaN */
    return (uint16_t)round_shift(bits, 16);
}

float narrow_from_bfloat16(uint16_t bits)
{
    return float_of((uint32_t)bits << 16);
}

size_t narrow_overflow(const float *x, size_t n, bool bfloat16)
{
    size_t i = 0;
    for (; i < n; i++) {
        const float back = bfloat16 ? narrow_from_bfloat16(narrow_to_bfloat16(x[i]))
                                    : narrow_from_float16(narrow_to_float16(x[i]));
        if (isfinite(x[i]) && !isfinite(back)) break;
    }
    return i;
}

void narrow_to_q8_0(uint8_t *out, const float *x, size_t n)
{
    for (; n >= NARROW_BLOCK; n -= NARROW_BLOCK, x += NARROW_BLOCK, out += NARROW_BLOCK_BYTES) {
        float most = 0;
        for (int i = 0; i < NARROW_BLOCK; i++) most = fmaxf(most, fabsf(x[i]));
        const float d = most / 127, inverse = d > 0 ? 1 / d : 0;
        const uint16_t scale = narrow_to_float16(d);
        memcpy(out, &scale, sizeof scale);
        for (int i = 0; i < NARROW_BLOCK; i++)
            out[sizeof scale + (size_t)i] = (uint8_t)(int8_t)roundf(x[i] * inverse);
    }
}
