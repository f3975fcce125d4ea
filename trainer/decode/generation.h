/* generation.h - text that a model writes: a prompt is read, then tokens are drawn one by one.
 *
 *     token i ~ sampler(logits after prompt, token 1, ..., token i - 1)
 *
 * B sequences continue the same prompt with draws of their own (sampler.h); a sequence has the same
 * text whatever B is.  A sequence ends at a mark (the end of a text, or the beginning of the next
 * document), after as many tokens as were asked for, or when the context is full.  With `slide` a
 * full context is not the end: its newer half is read again as if it were a text of its own, from
 * position 0 on, and the older half is forgotten.
 */
#ifndef TRAINER_DECODE_GENERATION_H
#define TRAINER_DECODE_GENERATION_H

#include "trainer/corpus/tokenizer.h"
#include "trainer/decode/decoder.h"
#include "trainer/decode/sampler.h"

typedef enum generation_end {
    GENERATION_LENGTH,  /* as many tokens as asked for   */
    GENERATION_MARK,    /* the model ended the text      */
    GENERATION_CONTEXT, /* no room for another token     */
    GENERATION_STOPPED, /* `stop` said so                */
} generation_end;

/* The ends in words: "length", "end", "context", "stopped". */
extern const char *const generation_ends[];

typedef struct generation_row {
    int tokens; /* drawn; the mark doesn't count */
    bool ended;
    generation_end end;
} generation_row;

typedef struct generation {
    decoder d;
    sampler s;
    const tokenizer *pieces;
    bool slide;
    int32_t *history, *next; /* (B, T): what the cache holds; (B): what was drawn last */
    generation_row *row;     /* (B) */
    double read_s, write_s;  /* seconds: for the prompt, for everything after it */
    int read, written;       /* tokens of one sequence read in them              */
} generation;

/* Takes `s`, which is closed with g, also if it fails; pieces and what decoder_open needs must
 * outlive g. */
bool generation_open(generation *g, const model *m, const float *w, sampler s,
                     const tokenizer *pieces, int B, int T, bool slide, threads *pool, error *e);
void generation_close(generation *g);

/* Bytes of generation_open, weights included. */
size_t generation_memory(const model *m, int B, int T);

/* Called with what sequence b has written, as soon as it has. */
typedef void generation_emit(void *arg, int b, const char *bytes, size_t n);

/* Continue the prompt (n >= 1 tokens, at most T) by at most `most` tokens.  `stop` is asked after
 * every token.  Fails if the logits are not finite. */
bool generation_run(generation *g, const int32_t *prompt, int n, int64_t most,
                    generation_emit *emit, void *arg, bool (*stop)(void), error *e);

#endif
