/* attention_score.h - scores of a strip of MR queries, with a function applied while they are in
 * registers.
 *
 *     out (MR, n) = f(q (MR, E) K^T)      n a multiple of VW, K^T in panels (pack.h)
 *
 *     RAW        f(s) = s
 *     POWER      f(s) = 2^s
 *     SHIFTED    f(s) = 2^(s - by)         by (MR), one number for each row
 *     TIMES      f(s) = p (s - by)         p (MR, n), laid out like out
 *
 * This is one step of tiled attention (Dao et al., FlashAttention, 2022).  The usual head widths
 * are compiled as constants, so that addresses are known and the powers of many vectors overlap.
 */
#ifndef CORE_COMPUTE_SIMD_ATTENTION_SCORE_H
#define CORE_COMPUTE_SIMD_ATTENTION_SCORE_H

#include "core/compute/simd/attention_tile.h"

enum { RAW, POWER, SHIFTED, TIMES };

INLINE void score_body(int E, int V, int mode, float *out, const float *q, long ldq,
                       const float *panel, const float *by, const float *p)
{
    vf c[MR][2];
#pragma GCC unroll 8
    for (int i = 0; i < MR; i++) c[i][0] = c[i][1] = (vf){ 0 };
#pragma GCC unroll 8
    for (int e = 0; e < E; e++) {
        vf b[2];
#pragma GCC unroll 2
        for (int j = 0; j < V; j++) b[j] = load(panel + e * NR + VW * j);
#pragma GCC unroll 8
        for (int i = 0; i < MR; i++) {
            const vf a = splat(q[i * ldq + e]);
#pragma GCC unroll 2
            for (int j = 0; j < V; j++) c[i][j] += a * b[j];
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 2
        for (int j = 0; j < V; j++) {
            const int at = i * SCORES + VW * j;
            vf x = c[i][j];
            if (mode == POWER) x = exp2_of(x);
            if (mode == SHIFTED) x = exp2_of(x - splat(by[i]));
            if (mode == TIMES) x = load(p + at) * (x - splat(by[i]));
            store(out + at, x);
        }
}

INLINE void score_panel(int E, int V, int mode, float *out, const float *q, long ldq,
                        const float *panel, const float *by, const float *p)
{
    switch (E) {
    case 16:
        score_body(16, V, mode, out, q, 16, panel, by, p);
        break;
    case 32:
        score_body(32, V, mode, out, q, 32, panel, by, p);
        break;
    case 64:
        score_body(64, V, mode, out, q, 64, panel, by, p);
        break;
    case 128:
        score_body(128, V, mode, out, q, 128, panel, by, p);
        break;
    default:
        score_body(E, V, mode, out, q, ldq, panel, by, p);
    }
}

/* The scores of keys from..from+n-1 in the panels, NR at a time where a panel allows it.  ldq is E
 * rounded up to whole vectors. */
INLINE void score(int mode, float *out, const float *q, const float *panels, int from, int n, int E,
                  long ldq, const float *by, const float *p)
{
    for (int c = 0; c < n;) {
        const int at = from + c;
        const float *panel = panels + (size_t)(at / NR) * NR * E + at % NR;
        if (at % NR == 0 && c + NR <= n) {
            score_panel(E, TWO, mode, out + c, q, ldq, panel, by, p ? p + c : NULL);
            c += NR;
        } else {
            score_panel(E, ONE, mode, out + c, q, ldq, panel, by, p ? p + c : NULL);
            c += VW;
        }
    }
}

#endif
