/* contrast.c - the values that a contrast is made of, and the family of those that are compared. */
#include "analysis/statistics/contrast.h"

#include "core/base/error.h"

#include <math.h>
#include <stdlib.h>

static const double *row_of(const contrast_study *s, int arm)
{
    return s->y + (size_t)arm * (size_t)s->seeds;
}

int contrast_count(const contrast_study *s, int arm)
{
    int n = 0;
    for (int i = 0; i < s->seeds; i++) n += !isnan(row_of(s, arm)[i]);
    return n;
}

bool contrast_compared(const contrast_result *r, contrast_pair p)
{
    return !r->left_out[p.arm] && !r->left_out[p.base];
}

int contrast_pairs(const contrast_result *r, const contrast_study *s)
{
    int n = 0;
    for (int i = 0; i < s->pairs; i++) n += contrast_compared(r, s->pair[i]);
    return n;
}

int contrast_gather(double *out, const contrast_study *s, int arm, const bool *used)
{
    int n = 0;
    for (int i = 0; i < s->seeds; i++) {
        const double y = row_of(s, arm)[i];
        if (used ? used[i] : !isnan(y)) out[n++] = y;
    }
    return n;
}

int contrast_values(double *out, const contrast_result *r, const contrast_study *s, int arm)
{
    return contrast_gather(out, s, arm, r->independent || !r->shared_seeds ? NULL : r->used);
}

/* The pairs form stars around their bases (maxt.h), unless an arm of one pair is the base of
 * another. Then each pair is taken as a star of its own, which can only make intervals wider
 * (Sidak's inequality), or all pairs as a clique if every two arms are compared. */
maxt_family contrast_family(int *size, const contrast_result *r, const contrast_study *s)
{
    maxt_family f = { 0, size, 0 };
    int *star_of = error_zeroed((size_t)s->arms, sizeof *star_of);
    bool *is_arm = error_zeroed((size_t)s->arms, sizeof *is_arm), stars = true;
    const int n = contrast_pairs(r, s);
    int arms = 0;
    for (int i = 0; i < s->pairs; i++) {
        if (!contrast_compared(r, s->pair[i])) continue;
        stars = stars && !is_arm[s->pair[i].arm];
        is_arm[s->pair[i].arm] = true;
    }
    for (int i = 0; i < s->pairs; i++)
        if (contrast_compared(r, s->pair[i])) stars = stars && !is_arm[s->pair[i].base];
    for (int a = 0; a < s->arms; a++) arms += !r->left_out[a];
    if (!stars && n == arms * (arms - 1) / 2) f.clique = arms;
    for (int i = 0; i < s->pairs; i++) {
        if (!contrast_compared(r, s->pair[i])) continue;
        int *star = &star_of[s->pair[i].base];
        if (!stars || !*star) {
            size[f.stars++] = 0;
            *star = f.stars;
        }
        size[*star - 1]++;
    }
    free(star_of), free(is_arm);
    return f;
}

void contrast_close(contrast_result *r)
{
    free(r->left_out), free(r->used), free(r->row);
    *r = (contrast_result){ 0 };
}

const char *contrast_verdict_name(contrast_verdict v)
{
    static const char *const NAME[] = { "undecided", "equivalent", "better", "worse" };
    return NAME[v];
}
