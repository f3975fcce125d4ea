/* plan_table.c - the cells of a study as a table, with the time they will take.
 *
 *     seconds of a run = steps x seconds of a step + evaluated tokens as steps without backward
 *
 * A forward pass takes about a third of a step.
 */
#include "experiments/plan_table.h"

#include "trainer/run/bench.h"

#include <math.h>
#include <stdlib.h>

/* Tokens that all evaluations of a run put through the model. */
static double evaluated_tokens(const run_spec *spec)
{
    const config *settings = &spec->config;
    double tokens = (double)spec->corpus.val_tokens, passes = 0;
    if (settings->eval.tokens && (double)settings->eval.tokens < tokens)
        tokens = (double)settings->eval.tokens;
    const int64_t stride = settings->eval.stride; /* shorter than a window: windows overlap */
    for (int i = 0; i < settings->eval.context.n; i++)
        passes += stride ? (double)settings->eval.context.item[i] / (double)stride : 1;
    const double evaluations =
        ceil((double)settings->train.tokens / (double)settings->eval.every_tokens);
    return tokens * passes * (evaluations > 0 ? evaluations : 1);
}

static bool pending(const plan *p, const arm *a)
{
    for (int i = 0; i < p->n; i++)
        if (p->cell[i].arm == a && !run_status_final(p->cell[i].run.status)) return true;
    return false;
}

bool plan_table_measure(double *out, const arms *a, const plan *p, int n_threads, error *e)
{
    for (int i = 0; i < a->n; i++) {
        const run_spec *spec = &a->arm[i].spec;
        double step;
        out[i] = 0;
        if (!pending(p, &a->arm[i])) continue;
        if (!bench_step(&step, spec, n_threads, e))
            return error_where(e, "arm '%s'", a->arm[i].label);
        const double batch = (double)spec->config.train.batch_tokens;
        const double steps = ceil((double)spec->config.train.tokens / batch);
        out[i] = step * (steps + evaluated_tokens(spec) / batch / 3);
    }
    return true;
}

/* What is left of a cell, of the seconds that the whole takes. */
static double left(const cell *x, double seconds)
{
    if (run_status_final(x->run.status)) return 0;
    if (x->run.last_step <= 0 || x->run.target_step <= 0) return seconds;
    return seconds * (1 - (double)x->run.last_step / (double)x->run.target_step);
}

void plan_table_print(const plan *p, const arms *a, const double *seconds, table_format f)
{
    static const char *const NAME[] = { "arm",
                                        "seed",
                                        "run",
                                        "n_params",
                                        "residual_percent",
                                        "ffn_dim",
                                        "train_flops_per_token",
                                        "kv_bytes_per_token",
                                        "status",
                                        "step",
                                        "seconds" };
    table t;
    table_open(&t, f, stdout, sizeof NAME / sizeof *NAME, NAME);
    for (int i = 0; i < p->n; i++) {
        const cell *x = &p->cell[i];
        const arm *r = x->arm;
        table_text(&t, r->label);
        table_int(&t, x->seed);
        table_text(&t, x->run.uid);
        table_int(&t, r->cost.total);
        table_real(&t, r->base >= 0 ? 100 * r->residual : NAN, 3);
        table_int(&t, r->spec.config.model.ffn_dim);
        table_real(&t, r->cost.train_flops, 0);
        table_real(&t, r->cost.kv_bytes, 0);
        table_text(&t, run_status_word(x->run.status));
        table_int(&t, x->run.last_step > 0 ? x->run.last_step : 0);
        table_real(&t, left(x, seconds[r - a->arm]), 1);
    }
    table_close(&t);
}

double plan_table_eta(const double *seconds, int n, int workers)
{
    double *free_at = calloc((size_t)workers, sizeof *free_at), last = 0;
    if (!free_at) return NAN;
    for (int i = 0; i < n; i++) {
        int next = 0;
        for (int j = 1; j < workers; j++)
            if (free_at[j] < free_at[next]) next = j;
        free_at[next] += seconds[i];
        last = fmax(last, free_at[next]);
    }
    free(free_at);
    return last;
}

double plan_table_left(const plan *p, const arms *a, const double *seconds, int jobs)
{
    double *rest = calloc((size_t)p->n, sizeof *rest);
    if (!rest) return NAN;
    for (int i = 0; i < p->n; i++) rest[i] = left(&p->cell[i], seconds[p->cell[i].arm - a->arm]);
    const double last = plan_table_eta(rest, p->n, jobs);
    free(rest);
    return last;
}
