/* pack.h - packs the right operand of the micro-kernel into panels (Goto and van de Geijn 2008).
 *
 * B (K, N) becomes panels of NR columns: panel p is (K, NR), contiguous, and holds columns
 * p NR ... p NR + NR - 1, with zeros for columns beyond N.
 */
#ifndef CORE_COMPUTE_SIMD_PACK_H
#define CORE_COMPUTE_SIMD_PACK_H

#include "core/compute/simd/vec.h"

/* Floats in the panels of B (K, N). */
INLINE long pack_floats(long K, long N)
{
    return (N + NR - 1) / NR * NR * K;
}

/* out = the panels of B (K, N), whose row k starts at B + k ldb. */
static inline void pack_rows(float *out, const float *B, long ldb, long K, long N)
{
    for (long n = 0; n < N; n += NR, out += K * NR)
        for (long k = 0; k < K; k++) {
            const float *row = B + k * ldb + n;
            float *to = out + k * NR;
            if (n + NR <= N) {
                store(to, load(row)), store(to + VW, load(row + VW));
            } else {
                for (long j = 0; j < NR; j++) to[j] = n + j < N ? row[j] : 0;
            }
        }
}

/* One panel, out (K, NR), from X (width, K), whose rows are ldx apart: out[k, j] = X[j, k] for
 * j < width, else 0. */
static inline void pack_columns_of_panel(float *out, const float *X, long ldx, long K, long width)
{
    long k = 0;
    for (; k + VW <= K && width == NR; k += VW)
        for (long j = 0; j < NR; j += VW) {
            vf x[VW];
#pragma GCC unroll 16
            for (int i = 0; i < VW; i++) x[i] = load(X + (j + i) * ldx + k);
            transpose(x);
#pragma GCC unroll 16
            for (int i = 0; i < VW; i++) store(out + (k + i) * NR + j, x[i]);
        }
    for (; k < K; k++)
        for (long j = 0; j < NR; j++) out[k * NR + j] = j < width ? X[j * ldx + k] : 0;
}

/* out = the panels of B = X^T (K, N), where row n of X (N, K) starts at X + n ldx. */
static inline void pack_columns(float *out, const float *X, long ldx, long K, long N)
{
    for (long n = 0; n < N; n += NR, out += K * NR)
        pack_columns_of_panel(out, X + n * ldx, ldx, K, N - n < NR ? N - n : NR);
}

#endif
