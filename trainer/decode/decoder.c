/* decoder.c - chunks of tokens through pass_extend, on a pool of threads.
 *
 * A walk through the model is the job of one thread; the others help with the pieces of its
 * kernels, which are cut by shapes alone (core/compute/threads.h).  A prompt is cut into chunks
 * that depend on its length and never on B, because attention over a chunk sums in an order that
 * depends on the chunk.
 */
#include "trainer/decode/decoder.h"

#include "core/compute/rng.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int chunk_of(int T)
{
    return T < DECODER_CHUNK ? T : DECODER_CHUNK;
}

void decoder_plan(decoder_memory *out, const model *m, int B, int T)
{
    const int S = chunk_of(T);
    size_t kept, scratch, cache;
    pass_memory(&kept, &scratch, m, PASS_DECODE, B, T, S);
    cache = pass_cache(&m->config, B, T);
    out->weights = tensor_block_bytes(m->floats);
    out->cache = cache;
    out->scratch = kept - cache + scratch + tensor_block_bytes((size_t)B * (size_t)m->config.V) +
                   (size_t)B * (size_t)S * sizeof(int32_t);
    out->total = out->weights + out->cache + out->scratch;
}

bool decoder_open(decoder *d, const model *m, const float *w, int B, int T, threads *pool, error *e)
{
    const int S = chunk_of(T);
    *d = (decoder){ .m = m, .pool = pool, .B = B, .T = T };
    if (!pass_open(&d->pass, m, PASS_DECODE, B, T, S, w, NULL, e)) return false;
    d->logits = tensor_block((size_t)B * (size_t)m->config.V);
    d->token = calloc((size_t)B * (size_t)S, sizeof *d->token);
    if (d->logits && d->token) return true;
    decoder_close(d);
    return error_set(e, "out of memory for the logits of %d sequences", B);
}

void decoder_close(decoder *d)
{
    pass_close(&d->pass);
    free(d->logits), free(d->token);
    *d = (decoder){ 0 };
}

void decoder_restart(decoder *d)
{
    d->t = 0;
}

void decoder_pretend(decoder *d, int t)
{
    const rng r = rng_stream(1, 0, "bench.cache");
    float some[4096];
    assert(t >= 0 && t <= d->T);
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        some[i] = 0.1f * (float)rng_normal(&r, i, 0);
    for (int i = 0; i < d->m->config.L; i++) {
        const attn_layer *l = &d->pass.layer[i].attention;
        tensor_spec list[TENSOR_MAX] = { { 0 } };
        d->m->config.layer[i].variant->cache(&l->dims, list);
        for (int j = 0; j < tensor_list_length(list); j++)
            for (size_t k = 0, n = tensor_floats(&list[j]); k < n; k += 4096)
                memcpy(l->cache[j] + k, some, (n - k < 4096 ? n - k : 4096) * sizeof *some);
    }
    d->t = t;
}

/* One walk: S positions from d->t on; the last chunk of a call also gives logits. */
typedef struct walk {
    decoder *d;
    int S;
    bool last;
} walk;

static void run(void *arg, int thread)
{
    const walk *w = arg;
    decoder *d = w->d;
    if (thread != 0) return; /* helps */
    pass_extend(&d->pass, d->token, d->t, w->S);
    if (w->last) pass_last_logits(&d->pass, d->logits, w->S);
}

bool decoder_read(decoder *d, const int32_t *token, int n, bool (*stop)(void))
{
    const int most = chunk_of(d->T);
    assert(n >= 1 && d->t + n <= d->T);
    for (int from = 0; from < n; from += most) {
        walk w = { .d = d, .S = n - from < most ? n - from : most };
        w.last = from + w.S == n;
        for (int b = 0; b < d->B; b++)
            memcpy(d->token + (size_t)b * (size_t)w.S, token + (size_t)b * (size_t)n + (size_t)from,
                   (size_t)w.S * sizeof *token);
        threads_run(d->pool, run, &w);
        d->t += w.S;
        if (!w.last && stop && stop()) return false;
    }
    return true;
}
