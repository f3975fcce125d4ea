/* generation.c - the loop: draw, write, read what was drawn.
 *
 * Sequences that have ended go on reading their last token, because all advance together; nothing
 * that they compute is used.
 */
#include "trainer/decode/generation.h"

#include "core/base/timer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *const generation_ends[] = { "length", "end", "context", "stopped" };

size_t generation_memory(const model *m, int B, int T)
{
    decoder_memory need;
    decoder_plan(&need, m, B, T);
    return need.total + (size_t)B * (size_t)T * sizeof(int32_t);
}

bool generation_open(generation *g, const model *m, const float *w, sampler s,
                     const tokenizer *pieces, int B, int T, bool slide, threads *pool, error *e)
{
    *g = (generation){ .s = s, .pieces = pieces, .slide = slide };
    if (!decoder_open(&g->d, m, w, B, T, pool, e)) {
        sampler_close(&g->s);
        return false;
    }
    g->history = calloc((size_t)B * (size_t)T, sizeof *g->history);
    g->next = calloc((size_t)B, sizeof *g->next);
    g->row = calloc((size_t)B, sizeof *g->row);
    if (g->history && g->next && g->row) return true;
    generation_close(g);
    return error_set(e, "out of memory for %d sequences of %d tokens", B, T);
}

void generation_close(generation *g)
{
    decoder_close(&g->d), sampler_close(&g->s);
    free(g->history), free(g->next), free(g->row);
    *g = (generation){ 0 };
}

/* Read n more tokens of each sequence, token (B, n), and remember them. */
static bool read_tokens(generation *g, const int32_t *token, int n, bool (*stop)(void))
{
    const size_t T = (size_t)g->d.T, at = (size_t)g->d.t;
    for (size_t b = 0; b < (size_t)g->d.B; b++)
        memcpy(g->history + b * T + at, token + b * (size_t)n, (size_t)n * sizeof *token);
    return decoder_read(&g->d, token, n, stop);
}

static bool read_prompt(generation *g, const int32_t *prompt, int n, bool (*stop)(void))
{
    int32_t *all = error_zeroed((size_t)g->d.B * (size_t)n, sizeof *all);
    for (size_t b = 0; b < (size_t)g->d.B; b++)
        memcpy(all + b * (size_t)n, prompt, (size_t)n * sizeof *all);
    const double began = timer_now();
    decoder_restart(&g->d);
    const bool ok = read_tokens(g, all, n, stop);
    g->read_s = timer_now() - began, g->read = n;
    free(all);
    return ok;
}

/* The context is full: read the newer half of it again, from position 0 on. */
static bool slide(generation *g, bool (*stop)(void))
{
    const int T = g->d.T, kept = T / 2;
    int32_t *half = error_zeroed((size_t)g->d.B * (size_t)kept + 1, sizeof *half);
    for (size_t b = 0; b < (size_t)g->d.B; b++)
        memcpy(half + b * (size_t)kept, g->history + (b + 1) * (size_t)T - kept,
               (size_t)kept * sizeof *half);
    decoder_restart(&g->d);
    const bool ok = kept == 0 || read_tokens(g, half, kept, stop);
    free(half);
    return ok;
}

static void end(generation *g, generation_end how)
{
    for (int b = 0; b < g->d.B; b++)
        if (!g->row[b].ended) g->row[b].ended = true, g->row[b].end = how;
}

/* Draw token i of every sequence that goes on.  *going is how many still do. */
static bool draw(int *going, generation *g, int64_t i, const int32_t *before, generation_emit *emit,
                 void *arg, error *e)
{
    const tokenizer *t = g->pieces;
    *going = 0;
    for (int b = 0; b < g->d.B; b++) {
        generation_row *row = &g->row[b];
        int32_t token;
        size_t n;
        if (row->ended) continue;
        if (!sampler_draw(&token, &g->s, g->d.logits + (size_t)b * (size_t)g->s.V, (uint64_t)b,
                          (uint64_t)i, e))
            return false;
        if (token == t->bos || token == t->eos) {
            row->ended = true, row->end = GENERATION_MARK;
            continue;
        }
        const char *bytes = tokenizer_bytes(t, token, before ? *before : g->next[b], &n);
        emit(arg, b, bytes, n);
        g->next[b] = token, row->tokens++, ++*going;
    }
    return true;
}

bool generation_run(generation *g, const int32_t *prompt, int n, int64_t most,
                    generation_emit *emit, void *arg, bool (*stop)(void), error *e)
{
    int going = g->d.B;
    assert(n >= 1 && n <= g->d.T);
    memset(g->row, 0, (size_t)g->d.B * sizeof *g->row);
    g->write_s = 0, g->written = 0;
    if (!read_prompt(g, prompt, n, stop)) end(g, GENERATION_STOPPED), going = 0;
    const double began = timer_now();
    for (int64_t i = 0; i < most && going > 0; i++) {
        if (!draw(&going, g, i, i ? NULL : &prompt[n - 1], emit, arg, e)) return false;
        if (going == 0 || i + 1 == most) break;
        if (stop && stop()) {
            end(g, GENERATION_STOPPED);
            break;
        }
        if (g->d.t == g->d.T && !g->slide) {
            end(g, GENERATION_CONTEXT);
            break;
        }
        if (g->d.t == g->d.T && !slide(g, stop)) {
            end(g, GENERATION_STOPPED);
            break;
        }
        read_tokens(g, g->next, 1, NULL);
        g->written++;
    }
    end(g, GENERATION_LENGTH);
    g->write_s = timer_now() - began;
    return true;
}
