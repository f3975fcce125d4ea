/* gguf_write.c - a bundle as one GGUF file: keys, tokenizer, descriptions, data.
 *
 * As llama.cpp's own converter does, norms stay float32, and a matrix whose rows are no multiple of
 * 32 floats is float16 where q8_0 was asked for.  Descriptions come before the data, so the places
 * of the data are computed first.
 */
#include "trainer/interchange/adjacent.h"
#include "trainer/interchange/gguf.h"
#include "trainer/interchange/narrow.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct writer {
    FILE *f;
    uint64_t keys; /* so far */
} writer;

static void put_text(FILE *f, const char *text, size_t n)
{
    const uint64_t length = n;
    fwrite(&length, sizeof length, 1, f), fwrite(text, 1, n, f);
}

static void put_key(writer *w, const char *key, gguf_value type)
{
    const uint32_t kind = type;
    put_text(w->f, key, strlen(key)), fwrite(&kind, sizeof kind, 1, w->f);
    w->keys++;
}

static void put_whole(writer *w, const char *key, int64_t x)
{
    const uint32_t value = (uint32_t)x;
    put_key(w, key, GGUF_UINT32), fwrite(&value, sizeof value, 1, w->f);
}

static void put_real(writer *w, const char *key, double x)
{
    const float value = (float)x;
    put_key(w, key, GGUF_FLOAT32), fwrite(&value, sizeof value, 1, w->f);
}

static void put_word(writer *w, const char *key, const char *text)
{
    put_key(w, key, GGUF_STRING), put_text(w->f, text, strlen(text));
}

static void put_flag(writer *w, const char *key, bool x)
{
    put_key(w, key, GGUF_BOOL), fputc(x, w->f);
}

static void put_array(writer *w, const char *key, gguf_value type, uint64_t n)
{
    const uint32_t kind = type;
    put_key(w, key, GGUF_ARRAY);
    fwrite(&kind, sizeof kind, 1, w->f), fwrite(&n, sizeof n, 1, w->f);
}

static void put_rope(writer *w, const model_config *c)
{
    const rope_config *r = &c->rope;
    const char *name = r->scaling->name;
    const bool ntk = strcmp(name, "ntk") == 0; /* a larger theta, and nothing else */
    const double width = c->E;
    put_whole(w, "llama.rope.dimension_count", c->E);
    put_real(w, "llama.rope.freq_base",
             ntk ? r->theta * pow(r->factor, width / (width - 2)) : r->theta);
    if (r->scaling->reads_original_context)
        put_whole(w, "llama.rope.scaling.original_context_length", r->original_context);
    if (strcmp(name, "linear") != 0 && strcmp(name, "yarn") != 0) return; /* llama3: by a tensor */
    put_word(w, "llama.rope.scaling.type", name);
    put_real(w, "llama.rope.scaling.factor", r->factor);
}

static void put_model(writer *w, const bundle *b, int file_type)
{
    const model_config *c = &b->m.config;
    char mark[FILE_MARK];
    bundle_attention a;
    error e;
    if (!bundle_attention_of(&a, b, &e)) error_memory(); /* can_express has checked it */
    file_mark(mark, "attnlab export");
    put_word(w, "general.architecture", "llama");
    put_word(w, "general.description", mark);
    put_word(w, "general.name", b->name);
    put_whole(w, "general.alignment", GGUF_ALIGNMENT);
    put_whole(w, "general.file_type", file_type);
    put_whole(w, "llama.block_count", c->L);
    put_whole(w, "llama.context_length", c->T);
    put_whole(w, "llama.embedding_length", c->D);
    put_whole(w, "llama.feed_forward_length", c->F);
    put_whole(w, "llama.attention.head_count", c->H);
    put_whole(w, "llama.attention.head_count_kv", a.n_kv_heads);
    put_whole(w, "llama.attention.key_length", c->E);
    put_whole(w, "llama.attention.value_length", c->E);
    put_real(w, "llama.attention.layer_norm_rms_epsilon", c->eps);
    put_whole(w, "llama.vocab_size", c->V);
    put_rope(w, c);
}

/* Pieces up to the vocabulary are filled up with unused ones, as llama.cpp wants one for each row
 * of the embedding. */
static void put_pieces(writer *w, const pieces *p, int V)
{
    put_word(w, "tokenizer.ggml.model", "llama");
    put_word(w, "tokenizer.ggml.pre", "default");
    put_array(w, "tokenizer.ggml.tokens", GGUF_STRING, (uint64_t)V);
    for (int i = 0; i < V; i++) {
        char filler[24];
        snprintf(filler, sizeof filler, "[PAD%d]", i);
        if (i < p->n)
            put_text(w->f, p->item[i].text, p->item[i].bytes);
        else
            put_text(w->f, filler, strlen(filler));
    }
    put_array(w, "tokenizer.ggml.scores", GGUF_FLOAT32, (uint64_t)V);
    for (int i = 0; i < V; i++) {
        const float score = i < p->n ? p->item[i].score : -1e4F;
        fwrite(&score, sizeof score, 1, w->f);
    }
    put_array(w, "tokenizer.ggml.token_type", GGUF_INT32, (uint64_t)V);
    for (int i = 0; i < V; i++) {
        const int32_t type = i < p->n ? (int32_t)p->item[i].type : PIECE_UNUSED;
        fwrite(&type, sizeof type, 1, w->f);
    }
    if (p->bos >= 0) put_whole(w, "tokenizer.ggml.bos_token_id", p->bos);
    if (p->eos >= 0) put_whole(w, "tokenizer.ggml.eos_token_id", p->eos);
    if (p->unk >= 0) put_whole(w, "tokenizer.ggml.unknown_token_id", p->unk);
    put_flag(w, "tokenizer.ggml.add_bos_token", p->bos >= 0);
    put_flag(w, "tokenizer.ggml.add_eos_token", false);
    put_flag(w, "tokenizer.ggml.add_space_prefix", p->prefixed);
}

/* --- tensors ---------------------------------------------------------------------------------- */

/* How weight i is stored, and in how many bytes. */
static uint32_t stored(size_t *bytes, const model_tensor *t, const char *type)
{
    const size_t row = (size_t)t->spec.dim[1];
    const bool q8 = strcmp(type, "q8_0") == 0;
    if (!row || strcmp(type, "float32") == 0) {
        *bytes = t->n * sizeof(float);
        return GGUF_TENSOR_F32;
    }
    if (q8 && row % NARROW_BLOCK == 0) {
        *bytes = t->n / NARROW_BLOCK * NARROW_BLOCK_BYTES;
        return GGUF_TENSOR_Q8_0;
    }
    *bytes = t->n * sizeof(uint16_t);
    return GGUF_TENSOR_F16;
}

static uint64_t aligned(uint64_t n)
{
    return (n + GGUF_ALIGNMENT - 1) / GGUF_ALIGNMENT * GGUF_ALIGNMENT;
}

static void put_description(FILE *f, const char *name, const uint64_t *dim, uint32_t rank,
                            uint32_t type, uint64_t at)
{
    put_text(f, name, strlen(name));
    fwrite(&rank, sizeof rank, 1, f), fwrite(dim, sizeof *dim, rank, f);
    fwrite(&type, sizeof type, 1, f), fwrite(&at, sizeof at, 1, f);
}

static bool is_llama3(const bundle *b)
{
    return strcmp(b->m.config.rope.scaling->name, "llama3") == 0;
}

/* Factors of the frequencies come first, where there are any. */
static void put_descriptions(FILE *f, const bundle *b, const char *type)
{
    const uint64_t pairs = (uint64_t)(b->m.config.E / 2);
    uint64_t at = 0;
    if (is_llama3(b)) {
        put_description(f, GGUF_FREQUENCIES, &pairs, 1, GGUF_TENSOR_F32, at);
        at = aligned(pairs * sizeof(float));
    }
    for (int i = 0; i < b->m.n; i++) {
        const model_tensor *t = &b->m.tensor[i];
        char name[GGUF_NAME];
        size_t bytes;
        const uint32_t kind = stored(&bytes, t, type), rank = t->spec.dim[1] ? 2 : 1;
        const uint64_t dim[2] = { (uint64_t)t->spec.dim[rank - 1], (uint64_t)t->spec.dim[0] };
        gguf_name(name, b, i);
        put_description(f, name, dim, rank, kind, at);
        at = aligned(at + bytes);
    }
}

static void pad(FILE *f)
{
    for (long at = ftell(f); at % GGUF_ALIGNMENT; at++) fputc(0, f);
}

static void put_frequencies(FILE *f, const bundle *b)
{
    const rope_config *r = &b->m.config.rope;
    for (int pair = 0; pair < b->m.config.E / 2; pair++) {
        const float factor = (float)(rope_frequency(r, b->m.config.E, pair) /
                                     r->scaling->frequency(r, b->m.config.E, pair));
        fwrite(&factor, sizeof factor, 1, f);
    }
    pad(f);
}

/* One tensor: w (n) as its type, through `room` of as many bytes. */
static bool put_data(FILE *f, const model_tensor *t, const float *w, const char *type,
                     uint8_t *room, error *e)
{
    size_t bytes;
    const uint32_t kind = stored(&bytes, t, type);
    const size_t bad = kind == GGUF_TENSOR_F32 ? t->n : narrow_overflow(w, t->n, false);
    if (bad < t->n)
        return error_set(e,
                         "%s has the weight %g, which is too large for %s: export it as "
                         "float32",
                         t->name, (double)w[bad], type);
    if (kind == GGUF_TENSOR_Q8_0)
        for (size_t i = 0; i < t->n; i++)
            if (!isfinite(w[i]))
                return error_set(e,
                                 "%s has a weight that is not finite, which q8_0 cannot hold: "
                                 "export it as float32",
                                 t->name);
    if (kind == GGUF_TENSOR_F32)
        memcpy(room, w, bytes);
    else if (kind == GGUF_TENSOR_Q8_0)
        narrow_to_q8_0(room, w, t->n);
    else
        for (size_t i = 0; i < t->n; i++) {
            const uint16_t half = narrow_to_float16(w[i]);
            memcpy(room + i * sizeof half, &half, sizeof half);
        }
    fwrite(room, 1, bytes, f);
    pad(f);
    return true;
}

static bool put_tensors(FILE *f, const bundle *b, const char *type, error *e)
{
    size_t most = 0;
    for (int i = 0; i < b->m.n; i++)
        if (b->m.tensor[i].n > most) most = b->m.tensor[i].n;
    float *turned = malloc(2 * most * sizeof *turned);
    if (!turned) return error_set(e, "out of memory");
    uint8_t *room = (uint8_t *)(turned + most);
    bool ok = true;
    for (int i = 0; ok && i < b->m.n; i++) {
        const model_tensor *t = &b->m.tensor[i];
        const int heads = gguf_heads(b, i);
        const float *w = bundle_weights(b, i);
        if (heads) adjacent_rows(turned, w, heads, b->m.config.E, b->m.config.D, 0);
        ok = put_data(f, t, heads ? turned : w, type, room, e);
    }
    free(turned);
    return ok;
}

bool gguf_write(const bundle *b, const char *type, FILE *to, error *e)
{
    const int file_type = strcmp(type, "float32") == 0 ? 0 : strcmp(type, "float16") == 0 ? 1 : 7;
    const uint32_t version = GGUF_VERSION;
    const uint64_t n = (uint64_t)b->m.n + is_llama3(b);
    writer w = { .f = to };
    fwrite(GGUF_MAGIC, 1, 4, to), fwrite(&version, sizeof version, 1, to);
    fwrite(&n, sizeof n, 1, to);
    const long count_at = ftell(to);
    fwrite(&w.keys, sizeof w.keys, 1, to); /* its place */
    put_model(&w, b, file_type);
    if (b->pieces.n) put_pieces(&w, &b->pieces, b->m.config.V);
    if (fseek(to, count_at, SEEK_SET) != 0) return error_set(e, "cannot seek in the file");
    fwrite(&w.keys, sizeof w.keys, 1, to);
    if (fseek(to, 0, SEEK_END) != 0) return error_set(e, "cannot seek in the file");
    put_descriptions(to, b, type);
    pad(to);
    if (is_llama3(b)) put_frequencies(to, b);
    return put_tensors(to, b, type, e);
}
