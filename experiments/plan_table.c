/* plan_table.c - the cells of a study as a table, with the time they will take.
 *
 *     seconds of a run = steps x seconds of a step + evaluated tokens as steps without backward
 *
 * A forward pass takes about a third of a step.
 */
#include "experiments/plan_table.h"

#include "core/base/growing.h"
#include "trainer/run/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* "model.attention: mha -> mqa, model.ffn_dim: 192 -> 208": every key in which an arm differs from
 * its base; the caller frees it. */
static char *differences(const arms *a, const arm *x)
{
    const config *own = &x->spec.config, *base = &a->arm[x->base].spec.config;
    int n = 0;
    growing words;
    growing_open(&words);
    for (const config_key *k = config_keys; k->name; k++) {
        char was[CONFIG_VALUE], is[CONFIG_VALUE];
        if (config_is_seed(k) || !k->identity) continue;
        config_value(was, sizeof was, base, k);
        config_value(is, sizeof is, own, k);
        if (strcmp(was, is) != 0)
            fprintf(words.f, "%s%s: %.60s -> %.60s", n++ ? ", " : "", k->name, was, is);
    }
    return growing_close(&words);
}

static void put_base(table *t, const arms *a, const arm *x)
{
    char *text = x->base < 0 ? NULL : differences(a, x);
    table_text(t, x->base < 0 ? NULL : a->arm[x->base].label);
    table_text(t, text);
    free(text);
}

void plan_table_arms(const arms *a, table_format f)
{
    table t;
    table_open(&t, f, stdout, 4, (const char *[]){ "arm", "n_params", "against", "differs in" });
    for (int i = 0; i < a->n; i++) {
        table_text(&t, a->arm[i].label), table_int(&t, a->arm[i].cost.total);
        put_base(&t, a, &a->arm[i]);
    }
    table_close(&t);
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
                                        "seconds",
                                        "against",
                                        "differs" };
    enum { COLUMNS = sizeof NAME / sizeof *NAME };
    const bool people = table_for_people(f);
    table t;
    table_open(&t, f, stdout, people ? COLUMNS - 2 : COLUMNS, NAME);
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
        if (!people) put_base(&t, a, r);
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
