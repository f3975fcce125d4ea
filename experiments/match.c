/* match.c - model.ffn_dim of an arm, chosen so that its parameters equal its base's. */
#include "experiments/match.h"

#include <math.h>

enum { MULTIPLE = 8 };

static bool set_ffn(run_spec *spec, model_cost *cost, int64_t ffn, error *e)
{
    char setting[64];
    snprintf(setting, sizeof setting, "model.ffn_dim=%lld", (long long)ffn);
    if (!config_override(&spec->config, setting, e) || !run_spec_resolve(spec, &spec->config, e))
        return false;
    model_cost_of(cost, &spec->model);
    return true;
}

static int64_t nearest(double width)
{
    const int64_t f = MULTIPLE * llround(width / MULTIPLE);
    return f < MULTIPLE ? MULTIPLE : f;
}

static bool match_params(run_spec *spec, model_cost *cost, const model_cost *base, error *e)
{
    const double f0 = (double)spec->config.model.ffn_dim, p0 = (double)cost->total;
    const double slope = (double)cost->params[MODEL_FFN] / f0;
    const int64_t ffn = nearest(f0 + ((double)base->total - p0) / slope);
    if (!set_ffn(spec, cost, ffn, e)) return false;
    const double off = (double)cost->total / (double)base->total - 1;
    if (fabs(off) <= MATCH_TOLERANCE) return true;
    return error_usage(e,
                       "%+.2f %% parameters of its baseline at the nearest model.ffn_dim, %lld; at "
                       "most %g %% are allowed",
                       100 * off, (long long)ffn, 100 * MATCH_TOLERANCE);
}

static bool match_llama2(run_spec *spec, model_cost *cost, const run_spec *base, error *e)
{
    const int G = cost->n_kv_heads;
    if (G == 0)
        return error_usage(e, "the preset llama2 needs the same number of key/value heads in every "
                              "layer, and they differ here");
    const double factor = G == 1 ? 1.33 : G < spec->config.model.n_heads ? 1.3 : 1;
    return set_ffn(spec, cost, nearest(factor * (double)base->config.model.ffn_dim), e);
}

bool match_ffn(run_spec *spec, model_cost *cost, const run_spec *base, const model_cost *base_cost,
               study_file_match how, error *e)
{
    switch (how) {
    case MATCH_PARAMS:
        return match_params(spec, cost, base_cost, e);
    case MATCH_LLAMA2:
        return match_llama2(spec, cost, base, e);
    case MATCH_NONE:
        break;
    }
    return true;
}
