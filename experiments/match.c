/* match.c - model.ffn_dim of an arm, chosen so that its parameters equal its base's. */
#include "experiments/match.h"

#include <math.h>

enum { MULTIPLE = 8 };

static bool set_ffn(arm *a, int64_t ffn, error *e)
{
    char setting[64];
    snprintf(setting, sizeof setting, "model.ffn_dim=%lld", (long long)ffn);
    if (!config_override(&a->spec.config, setting, e) ||
        !run_spec_resolve(&a->spec, &a->spec.config, e))
        return error_where(e, "sweep.match: arm '%s'", a->label);
    model_cost_of(&a->cost, &a->spec.model);
    return true;
}

static int64_t nearest(double width)
{
    const int64_t f = MULTIPLE * llround(width / MULTIPLE);
    return f < MULTIPLE ? MULTIPLE : f;
}

static bool match_params(arm *a, const arm *base, error *e)
{
    const double f0 = (double)a->spec.config.model.ffn_dim, p0 = (double)a->cost.total;
    const double slope = (double)a->cost.params[MODEL_FFN] / f0;
    if (!set_ffn(a, nearest(f0 + ((double)base->cost.total - p0) / slope), e)) return false;
    const double off = (double)a->cost.total / (double)base->cost.total - 1;
    if (fabs(off) <= MATCH_TOLERANCE) return true;
    return error_usage(e,
                       "sweep.match: the arm '%s' has %+.2f %% parameters of '%s' at the nearest "
                       "model.ffn_dim, %lld; at most %g %% are allowed",
                       a->label, 100 * off, base->label, (long long)a->spec.config.model.ffn_dim,
                       100 * MATCH_TOLERANCE);
}

static bool match_llama2(arm *a, const arm *base, error *e)
{
    const int G = a->cost.n_kv_heads;
    if (G == 0)
        return error_usage(
            e,
            "sweep.match: the preset llama2 needs the same number of key/value heads "
            "in every layer; the arm '%s' differs",
            a->label);
    const double factor = G == 1 ? 1.33 : G < a->spec.config.model.n_heads ? 1.3 : 1;
    return set_ffn(a, nearest(factor * (double)base->spec.config.model.ffn_dim), e);
}

bool match_arms(arms *a, const study_file *s, error *e)
{
    for (int i = 0; i < a->n; i++) {
        arm *x = &a->arm[i];
        if (x->base < 0) continue;
        const arm *base = &a->arm[x->base];
        if (s->match == MATCH_PARAMS && !match_params(x, base, e)) return false;
        if (s->match == MATCH_LLAMA2 && !match_llama2(x, base, e)) return false;
        x->residual = (double)x->cost.total / (double)base->cost.total - 1;
    }
    return true;
}
