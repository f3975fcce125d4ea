/* generate.c - attnlab generate RUN|CHECKPOINT */
#include "cli/command.h"
#include "core/base/file.h"
#include "core/base/growing.h"
#include "core/base/table.h"
#include "core/base/utf8.h"
#include "core/compute/threads.h"
#include "trainer/decode/generation.h"
#include "trainer/decode/model_source.h"
#include "trainer/decode/text_stream.h"
#include "trainer/model/memory.h"
#include "trainer/run/stop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *prompt, *prompt_file, *tokenizer;
    int64_t tokens, top_k, seed, batch, context, threads;
    double temperature, top_p;
    bool slide;
} options;

enum { BATCH_MAX = 4096, CONTEXT_MAX = 1 << 24, THREADS_MAX = 1024 };
static const size_t PROMPT_LIMIT = (size_t)64 << 20;

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "prompt",      'p', OPTION_TEXT,    "TEXT", AT(prompt),      "the text to continue (without one, a new document begins)" },
    { "prompt-file", 'f', OPTION_TEXT,    "FILE", AT(prompt_file), "the same from a file of UTF-8" },
    { "tokens",      'n', OPTION_COUNT,   "N",    AT(tokens),      "at most so many tokens", "256", 1, 1e9 },
    { "temperature", 0,   OPTION_REAL,    "X",    AT(temperature), "below 1 the likely gets likelier; 0 takes the most likely token", "1", 0, 100 },
    { "top-k",       0,   OPTION_INTEGER, "K",    AT(top_k),       "draw from the K most likely tokens; 0 from all", "0", 0, 1e6 },
    { "top-p",       0,   OPTION_REAL,    "P",    AT(top_p),       "draw from the fewest tokens that have probability P together", "1", 1e-6, 1 },
    { "seed",        0,   OPTION_INTEGER, "N",    AT(seed),        "of the draws", "1", 0, 9e15 },
    { "batch",       'b', OPTION_INTEGER, "N",    AT(batch),       "write so many continuations of the same prompt", "1", 1, BATCH_MAX },
    { "context",     0,   OPTION_COUNT,   "N",    AT(context),     "positions that the model can look at", "(those it was trained with)", 1, CONTEXT_MAX },
    { "slide",       0,   OPTION_FLAG,    NULL,   AT(slide),       "go on when the context is full: read its newer half again, forget the rest" },
    { "tokenizer",   0,   OPTION_TEXT,    "FILE", AT(tokenizer),   "a SentencePiece model", "(the folder's, or the corpus's)" },
    { "threads",     't', OPTION_INTEGER, "N",    AT(threads),     "threads", "(one per processor)", 1, THREADS_MAX },
    { 0 },
};
// clang-format on

/* The prompt and its tokens with BOS in front.  The caller frees both. */
typedef struct prompt {
    char *text;
    size_t bytes;
    int32_t *token;
    size_t n;
} prompt;

static void prompt_close(prompt *p)
{
    free(p->text), free(p->token);
}

static bool check_text(const prompt *p, const char *where, error *e)
{
    const size_t good = utf8_valid(p->text, p->bytes);
    const char *zero = memchr(p->text, '\0', p->bytes);
    if (p->bytes == 0)
        return error_usage(e, "%s: the prompt is empty: leave it out to begin a new document",
                           where);
    if (zero)
        return error_usage(e, "%s: byte %zu is NUL, which no text contains", where,
                           (size_t)(zero - p->text) + 1);
    if (good < p->bytes)
        return error_usage(e, "%s: not UTF-8: byte %zu (0x%02x) is no part of a character", where,
                           good + 1, (unsigned char)p->text[good]);
    return true;
}

static bool read_text(prompt *p, const options *o, error *e)
{
    if (o->prompt && o->prompt_file)
        return error_usage(e, "--prompt and --prompt-file: only one of them can be given");
    if (!o->prompt && !o->prompt_file) return true;
    if (o->prompt) {
        p->bytes = strlen(o->prompt), p->text = strdup(o->prompt);
        if (!p->text) error_memory();
    } else if (!file_read(&p->text, &p->bytes, o->prompt_file, PROMPT_LIMIT, e))
        return error_where(e, "--prompt-file");
    return check_text(p, o->prompt ? "--prompt" : o->prompt_file, e);
}

static bool encode(prompt *p, const tokenizer *t, int T, error *e)
{
    int32_t *ids = NULL;
    size_t n = 0;
    if (p->text && !tokenizer_encode(&ids, &n, t, p->text, p->bytes, e)) return false;
    p->token = error_zeroed(n + 1, sizeof *p->token);
    p->token[0] = t->bos, p->n = n + 1;
    if (n > 0) memcpy(p->token + 1, ids, n * sizeof *ids);
    free(ids);
    if (p->n <= (size_t)T) return true;
    return error_usage(e,
                       "the prompt has %zu tokens, but the context only %d positions, one of them "
                       "for the beginning of the text: shorten the prompt, or set --context",
                       n, T);
}

/* One sequence is written as it comes; of several, each is kept until all have ended. */
typedef struct texts {
    text_stream *stream; /* (B) */
    growing *kept;       /* (B); NULL: written at once */
} texts;

static void emit(void *arg, int b, const char *bytes, size_t n)
{
    texts *t = arg;
    text_stream_put(&t->stream[b], bytes, n);
    if (!t->kept) fflush(stdout);
}

static bool stopped(void)
{
    return stop_signal() != 0;
}

static double per_second(double n, double seconds)
{
    return seconds > 0 ? n / seconds : 0;
}

static void print_rates(const generation *g, const prompt *p)
{
    char used[MEMORY_TEXT];
    memory_print(used, (double)generation_memory(g->d.m, g->d.B, g->d.T));
    fprintf(stderr, "attnlab: prefill %zu tokens in %.3f s", p->n * (size_t)g->d.B, g->read_s);
    fprintf(stderr, " (%.0f tokens/s), decode %" PRId64 " in %.3f s (%.1f tokens/s), %s\n",
            per_second((double)p->n * g->d.B, g->read_s), (int64_t)g->written * g->d.B, g->write_s,
            per_second((double)g->written * g->d.B, g->write_s), used);
}

/* What was kept, by rows or as text. */
static void print_kept(command_call *call, const generation *g, const prompt *p, char **text)
{
    static const char *const NAMES[] = { "sequence", "prompt_tokens", "tokens", "ended", "text" };
    const table_format f = command_format(call);
    table t;
    if (f == TABLE_TEXT) {
        for (int b = 0; b < g->d.B; b++)
            printf("=== %d of %d\n%s%s\n", b + 1, g->d.B, p->text ? p->text : "", text[b]);
        return;
    }
    command_rows(call);
    table_open(&t, f, stdout, 5, NAMES);
    for (int b = 0; b < g->d.B; b++) {
        table_int(&t, b), table_int(&t, (int64_t)p->n), table_int(&t, g->row[b].tokens);
        table_text(&t, generation_ends[g->row[b].end]), table_text(&t, text[b]);
    }
    table_close(&t);
}

static int write_texts(command_call *call, generation *g, const prompt *p, int64_t most, error *e)
{
    const int B = g->d.B;
    const bool keep = B > 1 || command_format(call) != TABLE_TEXT;
    texts t = { .stream = error_zeroed((size_t)B, sizeof *t.stream) };
    char **text = error_zeroed((size_t)B, sizeof *text);
    if (keep) t.kept = error_zeroed((size_t)B, sizeof *t.kept);
    for (int b = 0; b < B; b++) {
        if (keep) growing_open(&t.kept[b]);
        t.stream[b].out = keep ? t.kept[b].f : stdout;
    }
    if (!keep && p->text) fwrite(p->text, 1, p->bytes, stdout), fflush(stdout);
    const bool ok = generation_run(g, p->token, (int)p->n, most, emit, &t, stopped, e);
    for (int b = 0; b < B; b++) {
        text_stream_end(&t.stream[b]);
        if (keep) text[b] = growing_close(&t.kept[b]);
    }
    if (ok && keep) print_kept(call, g, p, text);
    if (!keep) putchar('\n');
    for (int b = 0; b < B; b++) free(text[b]);
    free(text), free(t.stream), free(t.kept);
    if (ok && !call->quiet) fflush(stdout), print_rates(g, p);
    return !ok ? command_fail(call, e) : stopped() ? STATUS_PREEMPTED : STATUS_DONE;
}

static bool check_memory(size_t bytes, const model *m, error *e)
{
    const size_t there = memory_available() + tensor_block_bytes(m->floats); /* weights are there */
    char needed[MEMORY_TEXT], has[MEMORY_TEXT];
    if (bytes <= there) return true;
    memory_print(needed, (double)bytes), memory_print(has, (double)there);
    return error_usage(
        e, "this takes %s, but only %s are available: make --batch or --context smaller", needed,
        has);
}

static int generate(command_call *call, const options *o, const model_source *s, prompt *p)
{
    const int B = (int)o->batch;
    const int T = o->context == OPTION_UNSET ? s->m.config.T : (int)o->context;
    const int n = o->threads == OPTION_UNSET ? threads_available() : (int)o->threads;
    threads *pool;
    sampler draws;
    generation g;
    error e;
    if (!encode(p, &s->tokenizer, T, &e) ||
        !check_memory(generation_memory(&s->m, B, T), &s->m, &e) || !threads_open(&pool, n, &e))
        return command_fail(call, &e);
    int status = STATUS_FAILED;
    if (!sampler_open(&draws, o->temperature, (int)o->top_k, o->top_p, (uint64_t)o->seed,
                      s->m.config.V, &e) ||
        !generation_open(&g, &s->m, s->w, draws, &s->tokenizer, B, T, o->slide, pool, &e))
        command_fail(call, &e);
    else {
        stop_watch();
        status = write_texts(call, &g, p, o->tokens, &e);
        generation_close(&g);
    }
    threads_close(pool);
    return status;
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    prompt p = { 0 };
    model_source s;
    error e;
    if (!read_text(&p, o, &e) ||
        !model_source_open(&s, call->argument[0], call->db, o->tokenizer, &e)) {
        prompt_close(&p);
        return command_fail(call, &e);
    }
    const int status = generate(call, o, &s, &p);
    model_source_close(&s), prompt_close(&p);
    return status;
}

const command command_generate = {
    .name = "generate",
    .group = COMMAND_MODEL,
    .help = "let a model continue a text",
    .arguments = "RUN|CHECKPOINT",
    .summary = "Continue a text with a trained model, token by token through the caches of its "
               "attention: the same tokens as without them.",
    .text =
        "RUN is a uid or the start of one; its newest weights are used. CHECKPOINT is a "
        "safetensors file beside a config.yaml, or a folder with config.yaml and "
        "weights.safetensors.\n\n"
        "The text goes to stdout as it is written, the speed to stderr. Several continuations "
        "(--batch), and formats other than `table`, are printed when all have ended. Draws depend "
        "on --seed and on the number of the continuation, not on --batch or --threads.\n\n"
        "It ends after --tokens, at a mark that the model sets (the end of the text, or the "
        "beginning of the next document), or when the context is full.\n\n"
        "Exit status: 0 done, 1 failed, 2 usage, 5 stopped by a signal (what was written stays).",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_QUIET,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
