/* micro.h - the micro-kernel: the small product in registers that all products here are made of.
 *
 *     C (rows, V VW) = or +=  A (rows, K) B (K, V VW)        rows <= MR, V = 1 or 2
 *
 * A(i, k) = A[i ai + k ak] is only broadcast, so any layout will do: by rows, by columns, or inside
 * a larger tensor.  Row k of B is the V VW floats that start at B + k ldb.  All of C stays in
 * registers (MR x 2 vectors), as in GotoBLAS (Goto and van de Geijn, Anatomy of high-performance
 * matrix multiplication, 2008).
 */
#ifndef CORE_COMPUTE_SIMD_MICRO_H
#define CORE_COMPUTE_SIMD_MICRO_H

#include "core/compute/simd/vec.h"

enum { SET, ADD };         /* = or +=                                */
enum { NEAR, FAR };        /* FAR: C is not in cache, so prefetch it */
enum { ONE = 1, TWO = 2 }; /* vectors in a row                       */

INLINE void micro_body(int rows, int V, int mode, int where, float *C, long ldc, const float *A,
                       long ai, long ak, const float *B, long ldb, long K)
{
    vf c[MR][2];
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int j = 0; j < V; j++) c[i][j] = (vf){ 0 };
    if (where == FAR)
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            __builtin_prefetch(C + i * ldc, 1);
            __builtin_prefetch(C + i * ldc + NR - 1, 1);
        }
    for (long k = 0; k < K; k++) {
        vf b[2];
#pragma GCC unroll 2
        for (int j = 0; j < V; j++) b[j] = load(B + k * ldb + VW * j);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            const vf a = splat(A[i * ai + k * ak]);
#pragma GCC unroll 2
            for (int j = 0; j < V; j++) c[i][j] += a * b[j];
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int j = 0; j < V; j++) {
            float *at = C + i * ldc + VW * j;
            store(at, mode == ADD ? load(at) + c[i][j] : c[i][j]);
        }
}

/* The number of rows is a constant in each case, so that C can stay in registers. */
INLINE void micro(int rows, int V, int mode, int where, float *C, long ldc, const float *A, long ai,
                  long ak, const float *B, long ldb, long K)
{
    switch (rows) {
    case 1:
        micro_body(1, V, mode, where, C, ldc, A, ai, ak, B, ldb, K);
        break;
    case 2:
        micro_body(2, V, mode, where, C, ldc, A, ai, ak, B, ldb, K);
        break;
    case 3:
        micro_body(3, V, mode, where, C, ldc, A, ai, ak, B, ldb, K);
        break;
    case 4:
        micro_body(4, V, mode, where, C, ldc, A, ai, ak, B, ldb, K);
        break;
    case 5:
        micro_body(5, V, mode, where, C, ldc, A, ai, ak, B, ldb, K);
        break;
    case 6:
        micro_body(6, V, mode, where, C, ldc, A, ai, ak, B, ldb, K);
        break;
#ifdef __AVX512F__
    case 7:
        micro_body(7, V, mode, where, C, ldc, A, ai, ak, B, ldb, K);
        break;
    case 8:
        micro_body(8, V, mode, where, C, ldc, A, ai, ak, B, ldb, K);
        break;
#endif
    }
}

#endif
