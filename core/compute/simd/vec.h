/* vec.h - one vector of floats, as wide as the processor has it.
 *
 * Every file of this folder is compiled once for each target: AVX-512 and AVX2 with FMA.  The same
 * text gives both, through GCC's vector extensions; intrinsics appear only where these have no
 * word for it.  SIMD(name) is a function's name in the target at hand.
 */
#ifndef CORE_COMPUTE_SIMD_VEC_H
#define CORE_COMPUTE_SIMD_VEC_H

#include <immintrin.h>
#include <math.h>
#include <stdint.h>

#define SIMD_GLUE(name, target) name##_##target
#define SIMD_NAME(name, target) SIMD_GLUE(name, target)
#define SIMD(name)              SIMD_NAME(name, SIMD_TARGET)

#ifdef __AVX512F__
enum { VW = 16, MR = 8 };
#else
enum { VW = 8, MR = 6 };
#endif
enum { NR = 2 * VW }; /* the micro-kernel makes MR rows of NR columns at a time */

typedef float vf __attribute__((vector_size(4 * VW)));
typedef int32_t vi __attribute__((vector_size(4 * VW)));
/* In memory, wherever it lies.  But across two lines of cache it costs two accesses, so a
 * function's own buffers are _Alignas(64), and rows in them whole vectors wide. */
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

INLINE vf splat(float s)
{
    return s - (vf){ 0 };
}

/* 0, 1, 2, ... */
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

/* Sums over the entries, in an order that is always the same. */
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

/* 2^x to 2e-7, relative.  x is split into an integer, which a large number added to it leaves in
 * the low bits of the sum (with 127 more: the exponent of a float), and the rest in [-1/2, 1/2],
 * whose power is a polynomial.  Exactly 0 below -126.5, infinite from 128 on; NaN stays NaN. */
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
 * one bit of the row number into the column number; after log2(VW) turns all bits have changed
 * places. */
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

#endif
