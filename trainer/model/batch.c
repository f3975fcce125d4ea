/* batch.c - the order of an epoch: the shuffle of Fisher and Yates (Durstenfeld 1964), drawn from
 * the counter-based generator.
 *
 *     for i = n - 1 down to 1:  swap order[i] and order[j], j uniform in 0..i
 *
 * The order follows from (data seed, epoch), so a checkpoint need not hold it.
 */
#include "trainer/model/batch.h"

#include "core/compute/rng.h"

#include <stdlib.h>

int64_t batch_steps(const config *c)
{
    return (c->train.tokens + c->train.batch_tokens - 1) / c->train.batch_tokens;
}

int64_t batch_epoch(int64_t n_tokens, int64_t span)
{
    return (n_tokens - 1) / span * span; /* each token predicts the next */
}

bool batch_due(const config *c, int64_t step, int64_t every)
{
    const int64_t now = step * c->train.batch_tokens, before = now - c->train.batch_tokens;
    return every > 0 && now / every > before / every;
}

bool batch_open(batch *b, const config *c, const corpus *text, error *e)
{
    *b = (batch){ .text = &text->train,
                  .span = c->data.span,
                  .spans_a_step = c->train.batch_tokens / c->data.span,
                  .steps = batch_steps(c),
                  .sequences = (int)(c->train.batch_tokens / c->model.context),
                  .context = (int)c->model.context,
                  .seed = (uint64_t)c->train.data_seed,
                  .epoch = -1 };
    b->spans = batch_epoch(b->text->n_tokens, b->span) / b->span;
    if (b->spans < 1)
        return error_set(e,
                         "%s: the training text has only %lld tokens, but data.span=%lld (by "
                         "default the context) needs at least %lld",
                         text->path, (long long)b->text->n_tokens, (long long)b->span,
                         (long long)b->span + 1);
    b->order = malloc((size_t)b->spans * sizeof *b->order);
    return b->order
               ? true
               : error_set(e, "out of memory for the order of %lld spans", (long long)b->spans);
}

void batch_close(batch *b)
{
    free(b->order);
    *b = (batch){ 0 };
}

/* A number below n from 64 random bits: the high half of their product (Lemire 2019).  Without his
 * correction the bias is below n / 2^64. */
__extension__ typedef unsigned __int128 wide;

static int64_t below(uint64_t bits, int64_t n)
{
    return (int64_t)(((wide)bits * (uint64_t)n) >> 64);
}

static void shuffle(batch *b, int64_t epoch)
{
    const rng r = rng_stream(b->seed, 0, "data.epoch");
    for (int64_t i = 0; i < b->spans; i++) b->order[i] = i;
    for (int64_t i = b->spans - 1; i > 0; i--) {
        uint64_t bits[4];
        rng_bits(bits, &r, (uint64_t)epoch, (uint64_t)i);
        const int64_t j = below(bits[0], i + 1), swap = b->order[i];
        b->order[i] = b->order[j], b->order[j] = swap;
    }
    b->epoch = epoch;
}

void batch_read(batch *b, int32_t *token, int32_t *target, int64_t step)
{
    for (int64_t i = 0; i < b->spans_a_step; i++, token += b->span, target += b->span) {
        const int64_t nth = (step - 1) * b->spans_a_step + i;
        if (nth / b->spans != b->epoch) shuffle(b, nth / b->spans);
        const int64_t from = b->order[nth % b->spans] * b->span;
        corpus_read(token, b->text, from, b->span);
        corpus_read(target, b->text, from + 1, b->span);
        for (int64_t k = 0; b->text->mask && k < b->span; k++)
            if (!corpus_counts(b->text, from + 1 + k)) target[k] = -1;
    }
}
