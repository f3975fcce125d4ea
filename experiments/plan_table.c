/* plan_table.c - see cells.h. */
#include "experiments/plan_table.h"

#include "experiments/eta.h"
#include "trainer/corpus/corpus.h"
#include "trainer/run/train.h"

#include <math.h>
#include <stdlib.h>

/* Tokens that all evaluations of a run put through the model. */
static bool evaluated_tokens(double *out, const config *c, error *e)
{
    corpus text;
    if (!corpus_open(&text, c->data.corpus, CORPUS_MANIFEST, e)) return false;
    double tokens = (double)text.val.n_tokens, passes = 0;
    corpus_close(&text);
    if (c->eval.tokens && (double)c->eval.tokens < tokens) tokens = (double)c->eval.tokens;
    for (int i = 0; i < c->eval.context.n; i++) /* windows overlap where the stride is shorter */
        passes += c->eval.stride ? (double)c->eval.context.item[i] / (double)c->eval.stride : 1;
    *out = tokens * passes * ceil((double)c->train.tokens / (double)c->eval.every_tokens);
    return true;
}

static bool pending(const plan *p, const arm *a)
{
    for (int i = 0; i < p->n; i++)
        if (p->cell[i].arm == a && !plan_finished(&p->cell[i].run)) return true;
    return false;
}

bool plan_table_measure(double *out, const arms *a, const plan *p, int n_threads, error *e)
{
    for (int i = 0; i < a->n; i++) {
        const config *c = &a->arm[i].c;
        double step, evaluated = 0;
        out[i] = 0;
        if (!pending(p, &a->arm[i])) continue;
        if (!train_measure(&step, c, n_threads, e) ||
            (*c->data.corpus && !evaluated_tokens(&evaluated, c, e)))
            return error_where(e, "arm '%s'", a->arm[i].label);
        const double batch = (double)c->train.batch_tokens;
        const double steps = ceil((double)c->train.tokens / batch);
        out[i] = step * (steps + evaluated / batch / 3); /* forward is a third of a step */
    }
    return true;
}

/* What is left of a cell, of the seconds that the whole takes. */
static double left(const cell *x, double seconds)
{
    if (plan_finished(&x->run)) return 0;
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
        table_int(&t, r->c.model.ffn_dim);
        table_real(&t, r->cost.train_flops, 0);
        table_real(&t, r->cost.kv_bytes, 0);
        table_text(&t, x->run.status);
        table_int(&t, x->run.last_step > 0 ? x->run.last_step : 0);
        table_real(&t, left(x, seconds[r - a->arm]), 1);
    }
    table_close(&t);
}

double plan_table_left(const plan *p, const arms *a, const double *seconds, int jobs)
{
    double *rest = calloc((size_t)p->n, sizeof *rest);
    if (!rest) return NAN;
    for (int i = 0; i < p->n; i++) rest[i] = left(&p->cell[i], seconds[p->cell[i].arm - a->arm]);
    const double last = eta_deal(rest, p->n, jobs);
    free(rest);
    return last;
}
