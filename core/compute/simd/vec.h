/* vec.h - a vector of VW floats, as wide as the processor's registers.
 *
 * Every file of this folder except bfloat16.c is compiled twice, for AVX2 with FMA and for AVX-512.
 * GCC's vector extensions make both from the same source; intrinsics are used only for what the
 * extensions lack.  SIMD(name) is the name of a function in the target that is being compiled.
 */
#ifndef CORE_COMPUTE_SIMD_VEC_H
#define CORE_COMPUTE_SIMD_VEC_H

#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define SIMD_GLUE(name, target) name##_##target
#define SIMD_NAME(name, target) SIMD_GLUE(name, target)
#define SIMD(name)              SIMD_NAME(name, SIMD_TARGET)

#ifdef __AVX512F__
enum { VW = 16, MR = 8 };
#else
enum { VW = 8, MR = 6 };
#endif
enum { NR = 2 * VW }; /* the micro-kernel computes MR rows of NR columns at a time */

typedef float vf __attribute__((vector_size(4 * VW)));
typedef int32_t vi __attribute__((vector_size(4 * VW)));
/* A vector in memory, at any address.  One that spans two cache lines costs two accesses, so local
 * buffers are _Alignas(64) and their rows are whole vectors wide. */
typedef float vf_anywhere __attribute__((vector_size(4 * VW), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE vf load(const float *p)
{
    return *(const vf_anywhere *)p;
}

INLINE void store(float *p, vf x)
{
    *(vf_anywhere *)p = x;
}

/* The first n entries, or the whole vector if n is larger; the others are 0, or are not written. */
INLINE vf load_part(const float *p, size_t n)
{
    vf x = { 0 };
    if (n >= VW) return load(p);
    for (size_t i = 0; i < n; i++) x[i] = p[i];
    return x;
}

INLINE void store_part(float *p, vf x, size_t n)
{
    if (n >= VW)
        store(p, x);
    else
        for (size_t i = 0; i < n; i++) p[i] = x[i];
}

INLINE vf splat(float s)
{
    return s - (vf){ 0 };
}

/* (0, 1, 2, ...) */
INLINE vi counting(void)
{
#ifdef __AVX512F__
    return (vi){ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
#else
    return (vi){ 0, 1, 2, 3, 4, 5, 6, 7 };
#endif
}

/* The larger, entry by entry; b where either is NaN. */
INLINE vf larger(vf a, vf b)
{
#ifdef __AVX512F__
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#else
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#endif
}

/* The smaller, entry by entry; b where either is NaN. */
INLINE vf smaller(vf a, vf b)
{
#ifdef __AVX512F__
    return (vf)_mm512_min_ps((__m512)a, (__m512)b);
#else
    return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#endif
}

INLINE vf square_root(vf x)
{
#ifdef __AVX512F__
    return (vf)_mm512_sqrt_ps((__m512)x);
#else
    return (vf)_mm256_sqrt_ps((__m256)x);
#endif
}

/* The sum of the entries, always in the same order; exact_sum_of adds in float64. */
INLINE float sum_of(vf x)
{
#ifdef __AVX512F__
    return _mm512_reduce_add_ps((__m512)x);
#else
    const __m128 half =
        _mm_add_ps(_mm256_castps256_ps128((__m256)x), _mm256_extractf128_ps((__m256)x, 1));
    const __m128 pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
#endif
}

INLINE double exact_sum_of(vf x)
{
    double sum = 0;
    for (int i = 0; i < VW; i++) sum += x[i];
    return sum;
}

INLINE float largest_of(vf x)
{
    float top = x[0];
    for (int i = 1; i < VW; i++) top = x[i] > top ? x[i] : top;
    return top;
}

/* 2^x with a relative error of 2e-7.  x = n + f with an integer n and f in [-1/2, 1/2].  Adding a
 * large number to x leaves n in the low bits of the sum (plus 127, the bias of a float's exponent);
 * 2^f is a polynomial.  Exactly 0 below -126.5, infinite from 128 on; NaN stays NaN. */
INLINE vf exp2_of(vf x)
{
    const vf shift = splat(12582912.0f + 127);
    x = smaller(splat(128), larger(splat(-127), x));
    const vf z = x + shift, f = x - (z - shift);
    vf p = splat(0.0013276467f);
    p = p * f + splat(0.009675541f);
    p = p * f + splat(0.055507135f);
    p = p * f + splat(0.2402212f);
    p = p * f + splat(0.69314694f);
    p = p * f + splat(1.0000001f);
    return p * (vf)((vi)z << 23);
}

INLINE vf exp_of(vf x)
{
    return exp2_of(x * splat(1.44269504f));
}

/* Transpose: entry j of x[i] becomes entry i of x[j].  Interleaving x[i] with x[i + VW / 2] moves
 * one bit of the row number into the column number; after log2(VW) turns all bits have moved. */
INLINE void transpose(vf x[VW])
{
#ifdef __AVX512F__
    const vi low = { 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23 };
    const vi high = low + 8;
    enum { TURNS = 4 };
#else
    const vi low = { 0, 8, 1, 9, 2, 10, 3, 11 };
    const vi high = low + 4;
    enum { TURNS = 3 };
#endif
#pragma GCC unroll 4
    for (int turn = 0; turn < TURNS; turn++) {
        vf y[VW];
#pragma GCC unroll 8
        for (int i = 0; i < VW / 2; i++) {
            y[2 * i] = __builtin_shuffle(x[i], x[i + VW / 2], low);
            y[2 * i + 1] = __builtin_shuffle(x[i], x[i + VW / 2], high);
        }
#pragma GCC unroll 16
        for (int i = 0; i < VW; i++) x[i] = y[i];
    }
}

/* Entry by entry: x where `keep` is -1, other where it is 0. */
INLINE vf select(vi keep, vf x, vf other)
{
    return (vf)(((vi)x & keep) | ((vi)other & ~keep));
}

/* tanh(u) = 1 - 2 / (e^2u + 1), and for |u| < 1/4, where that loses digits,
 * u (1 - u^2 / 3 + 2 u^4 / 15 - 17 u^6 / 315 + 62 u^8 / 2835).  The relative error is below 1e-6.
 */
INLINE vf tanh_of(vf u)
{
    const vf u2 = u * u, far = splat(1) - splat(2) / (exp_of(u + u) + splat(1));
    vf p = splat(62 / 2835.0f);
    p = p * u2 - splat(17 / 315.0f);
    p = p * u2 + splat(2 / 15.0f);
    p = p * u2 - splat(1 / 3.0f);
    return select(u2 < splat(1 / 16.0f), u + u * (p * u2), far);
}

#endif
