/* gguf_read.c - a GGUF file of architecture "llama" with float tensors.
 *
 * gguf_keys.h reads the keys; here is what they mean for a model.  Keys that change what the model
 * computes must be known.
 */
#include "trainer/interchange/adjacent.h"
#include "trainer/interchange/gguf_keys.h"
#include "trainer/interchange/tensors.h"

#include "core/base/file.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A float32 as the decimal number that it was meant to be: 1e-5, not 9.99999974e-06. */
static double as_written(double x)
{
    char text[32];
    snprintf(text, sizeof text, "%.7g", x);
    const double shorter = strtod(text, NULL);
    return (float)shorter == (float)x ? shorter : x;
}

/* What the list of tensors says about the shape. */
typedef struct summary {
    int64_t vocabulary;  /* rows of the embedding                 */
    bool tied;           /* there is no head                      */
    const char *factors; /* the data of rope_freqs.weight or NULL */
    size_t n_factors;
} summary;

/* --- shape ------------------------------------------------------------------------------------ */

/* Are these the factors (pairs) by which llama3 divides its frequencies? */
static bool is_llama3(const rope_config *r, int width, const char *factors)
{
    for (int pair = 0; pair < width / 2; pair++) {
        float given;
        memcpy(&given, factors + (size_t)pair * sizeof given, sizeof given);
        const double own = rope_frequency(r, width, pair) / r->scaling->frequency(r, width, pair);
        if (!(fabs(given - own) <= 1e-5 * own)) return false;
    }
    return true;
}

/* A file has the factors alone.  The slowest pair's is the scaling's factor; the original context
 * is tried out: what a key says, and every power of two. */
static bool read_llama3(bundle *b, const gguf_keys *k, int64_t width, const char *factors, error *e)
{
    enum { POWERS = 22 };
    float factor;
    int scaling = 0;
    while (strcmp(rope_scalings[scaling]->name, "llama3") != 0) scaling++;
    memcpy(&factor, factors + ((size_t)width / 2 - 1) * sizeof factor, sizeof factor);
    rope_config r = { b->settings.model.rope_theta, rope_scalings[scaling], as_written(factor), 0 };
    const double said = gguf_number_or(k, "llama.rope.scaling.original_context_length", 0);
    for (int i = -1; i < POWERS && factor >= 1; i++) {
        r.original_context = i >= 0 ? 1 << i : said >= 1 && said < 1e9 ? (int)said : 1;
        if (is_llama3(&r, (int)width, factors))
            return bundle_set_text(b, "model.rope_scaling", "llama3", e) &&
                   bundle_set_real(b, "model.rope_factor", r.factor, e) &&
                   bundle_set_whole(b, "model.rope_original_context", r.original_context, e);
    }
    return error_set(e, GGUF_FREQUENCIES " has RoPE factors that are not Llama 3's: they cannot be "
                                         "imported");
}

/* `factors` are those of rope_freqs.weight, or NULL. */
static bool read_rope(bundle *b, const gguf_keys *k, int64_t context, int64_t width,
                      const char *factors, error *e)
{
    const gguf_key *type = gguf_find(k, "llama.rope.scaling.type");
    const double theta = as_written(gguf_number_or(k, "llama.rope.freq_base", 10000));
    int64_t original = 0;
    if (!bundle_set_real(b, "model.rope_theta", theta, e)) return false;
    if (factors) return read_llama3(b, k, width, factors, e);
    if (!type || gguf_is_text(type, "none")) return true;
    if (!gguf_is_text(type, "linear") && !gguf_is_text(type, "yarn"))
        return error_set(e, "the key llama.rope.scaling.type has a value that cannot be imported; "
                            "none, linear and yarn can");
    const double factor = as_written(gguf_number_or(k, "llama.rope.scaling.factor", 0));
    if (!bundle_set_text(b, "model.rope_scaling", gguf_is_text(type, "yarn") ? "yarn" : "linear",
                         e) ||
        !bundle_set_real(b, "model.rope_factor", factor, e) ||
        !gguf_take_count(&original, k, "llama.rope.scaling.original_context_length", context, e))
        return false;
    return gguf_is_text(type, "linear") ||
           bundle_set_whole(b, "model.rope_original_context", original, e);
}

static bool read_shape(bundle *b, const gguf_keys *k, const summary *s, error *e)
{
    int64_t dim = 0, ffn = 0, layers = 0, heads = 0, kv = 0, width = 0, values = 0, context = 0;
    if (!gguf_is_text(gguf_find(k, "general.architecture"), "llama"))
        return error_set(e, "general.architecture is not 'llama': it cannot be imported");
    if (!gguf_take_count(&dim, k, "llama.embedding_length", -1, e) ||
        !gguf_take_count(&ffn, k, "llama.feed_forward_length", -1, e) ||
        !gguf_take_count(&layers, k, "llama.block_count", -1, e) ||
        !gguf_take_count(&heads, k, "llama.attention.head_count", -1, e) ||
        !gguf_take_count(&kv, k, "llama.attention.head_count_kv", heads, e) ||
        !gguf_take_count(&context, k, "llama.context_length", 2048, e) ||
        !bundle_set_whole(b, "model.dim", dim, e) ||
        !bundle_set_whole(b, "model.ffn_dim", ffn, e) ||
        !bundle_set_whole(b, "model.n_layers", layers, e) ||
        !bundle_set_whole(b, "model.n_heads", heads, e) ||
        !bundle_set_whole(b, "model.vocab_size", s->vocabulary, e) ||
        !bundle_set_whole(b, "model.context", context, e))
        return false;
    if (!gguf_take_count(&width, k, "llama.attention.key_length", dim / heads, e) ||
        !gguf_take_count(&values, k, "llama.attention.value_length", width, e))
        return false;
    if (values != width || gguf_number_or(k, "llama.rope.dimension_count", (double)width) != width)
        return error_set(e, "keys, values and RoPE have different widths: it cannot be imported");
    const char *factors = s->factors;
    if (factors && (width < 2 || (size_t)width / 2 != s->n_factors))
        return error_set(e, GGUF_FREQUENCIES " does not fit heads of width %" PRId64, width);
    if (gguf_number_or(k, "llama.expert_count", 0) != 0)
        return error_set(e, "a mixture of experts cannot be imported");
    return bundle_set_whole(b, "model.head_dim", width, e) &&
           bundle_set_attention(b, heads, kv, 0, e) &&
           bundle_set_text(b, "model.tie_embeddings", s->tied ? "true" : "false", e) &&
           bundle_set_real(
               b, "model.norm_eps",
               as_written(gguf_number_or(k, "llama.attention.layer_norm_rms_epsilon", 1e-5)), e) &&
           read_rope(b, k, context, width, factors, e);
}

/* --- tensors ---------------------------------------------------------------------------------- */

typedef struct tensor {
    char name[GGUF_NAME];
    int rank;
    size_t dim[GGUF_RANK]; /* row-major: the other way round than in the file */
    uint32_t type;
    uint64_t at;
} tensor;

/* A type's name here; NULL if it is not a float type. */
static const char *type_name(uint32_t type)
{
    return type == GGUF_TENSOR_F32    ? "F32"
           : type == GGUF_TENSOR_F16  ? "F16"
           : type == GGUF_TENSOR_BF16 ? "BF16"
                                      : NULL;
}

static bool take_tensor(tensor *t, gguf_cursor *c, error *e)
{
    const char *name;
    uint64_t n, dim[GGUF_RANK];
    uint32_t rank;
    if (!gguf_take_text(&name, &n, c) || !gguf_take(&rank, c, sizeof rank) || rank < 1 ||
        rank > GGUF_RANK || !gguf_take(dim, c, rank * sizeof *dim) ||
        !gguf_take(&t->type, c, sizeof t->type) || !gguf_take(&t->at, c, sizeof t->at))
        return error_set(e, "the description of a tensor is cut short or not well-formed");
    snprintf(t->name, sizeof t->name, "%.*s", n < GGUF_NAME ? (int)n : GGUF_NAME - 1, name);
    t->rank = (int)rank;
    for (uint32_t i = 0; i < rank; i++) t->dim[i] = (size_t)dim[rank - 1 - i];
    return true;
}

/* The tensor's data, which must lie in the file. */
static bool find_data(const char **data, const tensor *t, gguf_cursor all, size_t width, error *e)
{
    size_t bytes = width;
    for (int i = 0; i < t->rank; i++)
        if (__builtin_mul_overflow(bytes, t->dim[i], &bytes)) bytes = SIZE_MAX;
    const size_t room = (size_t)(all.end - all.at);
    if (t->at > room || bytes > room - t->at)
        return error_set(e, "the tensor %s has data outside the file", t->name);
    *data = all.at + t->at;
    return true;
}

static int find_weight(const bundle *b, const char *name)
{
    for (int i = 0; i < b->m.n; i++) {
        char own[GGUF_NAME];
        gguf_name(own, b, i);
        if (strcmp(own, name) == 0) return i;
    }
    return -1;
}

/* Rows of q and k back into attnlab's order. */
static bool turn(bundle *b, int i, error *e)
{
    const int heads = gguf_heads(b, i);
    const model_tensor *t = &b->m.tensor[i];
    if (!heads) return true;
    float *copy = malloc(t->n * sizeof *copy);
    if (!copy) return error_set(e, "out of memory");
    memcpy(copy, bundle_weights(b, i), t->n * sizeof *copy);
    adjacent_rows(bundle_weights(b, i), copy, heads, b->m.config.E, b->m.config.D, 1);
    free(copy);
    return true;
}

static bool take_weights(bundle *b, const tensor *list, size_t n, gguf_cursor data, error *e)
{
    tensors all;
    bool ok = true;
    tensors_open(&all, b);
    for (size_t k = 0; ok && k < n; k++) {
        const tensor *t = &list[k];
        const int i = find_weight(b, t->name);
        const char *type = type_name(t->type), *bytes = NULL;
        if (strcmp(t->name, GGUF_FREQUENCIES) == 0) continue; /* read_shape has read it */
        if (i < 0)
            tensors_refuse(&all, t->name);
        else if (!type)
            ok = error_set(e,
                           "the tensor %s is quantized (type %" PRIu32 "); only float32, "
                           "float16 and bfloat16 can be imported",
                           t->name, t->type);
        else
            ok = find_data(&bytes, t, data, tensors_width(type), e) &&
                 tensors_take(&all, i, &(tensors_foreign){ type, t->rank, t->dim, bytes }, e) &&
                 turn(b, i, e);
    }
    ok = ok && tensors_check(&all, e);
    tensors_close(&all);
    return ok;
}

/* --- tokenizer -------------------------------------------------------------------------------- */

/* Pieces, until only unused ones are left; *p is freed by the caller in any case. */
static bool read_pieces(pieces *p, const gguf_keys *k, error *e)
{
    const gguf_key *tokens = gguf_find(k, "tokenizer.ggml.tokens");
    const gguf_key *scores = gguf_find(k, "tokenizer.ggml.scores");
    const gguf_key *types = gguf_find(k, "tokenizer.ggml.token_type");
    *p = (pieces){ .bpe = true, .byte_fallback = true, .plain = true };
    if (!gguf_is_text(gguf_find(k, "tokenizer.ggml.model"), "llama") || !tokens ||
        !gguf_is_array(tokens, GGUF_STRING, tokens->n) ||
        !gguf_is_array(scores, GGUF_FLOAT32, tokens->n) ||
        !gguf_is_array(types, GGUF_INT32, tokens->n))
        return error_set(e, "its tokenizer is not a SentencePiece model");
    gguf_cursor c = { tokens->bytes, tokens->end };
    uint64_t last = 0;
    for (uint64_t i = 0; i < tokens->n; i++) {
        int32_t type;
        memcpy(&type, types->bytes + i * sizeof type, sizeof type);
        if (type < PIECE_NORMAL || type > PIECE_BYTE) return error_set(e, "a piece has no type");
        if (type != PIECE_UNUSED) last = i + 1;
    }
    for (uint64_t i = 0; i < last; i++) {
        const char *text;
        uint64_t n;
        int32_t type;
        float score;
        if (!gguf_take_text(&text, &n, &c)) return error_set(e, "a piece is cut short");
        memcpy(&type, types->bytes + i * sizeof type, sizeof type);
        memcpy(&score, scores->bytes + i * sizeof score, sizeof score);
        pieces_add(p, text, (size_t)n, score, (piece_type)type);
    }
    p->bos = (int)gguf_number_or(k, "tokenizer.ggml.bos_token_id", 1);
    p->eos = (int)gguf_number_or(k, "tokenizer.ggml.eos_token_id", 2);
    p->unk = (int)gguf_number_or(k, "tokenizer.ggml.unknown_token_id", 0);
    p->prefixed = gguf_number_or(k, "tokenizer.ggml.add_space_prefix", 1) != 0;
    return true;
}

static void read_tokenizer(bundle *b, const gguf_keys *k)
{
    pieces p;
    char *bytes;
    size_t n;
    error e;
    bool ok = read_pieces(&p, k, &e);
    if (ok) {
        pieces_write(&bytes, &n, &p);
        ok = bundle_take_tokenizer(b, bytes, n, &e);
    }
    pieces_close(&p);
    if (!ok)
        notes_add(&b->notes, NOTE_WARNING, "The model is imported without a tokenizer: %s", e.msg);
}

/* --- the file --------------------------------------------------------------------------------- */

static bool take_tensors(tensor **list, gguf_cursor *c, uint64_t n, error *e)
{
    enum { LEAST = 32 }; /* a length, a rank, a size, a type and a place */
    void *room = NULL;
    if (!gguf_make_list(&room, n, sizeof **list, LEAST, c, e)) return false;
    *list = room;
    for (uint64_t i = 0; i < n; i++)
        if (!take_tensor(&(*list)[i], c, e)) return false;
    return true;
}

static bool look(summary *s, const tensor *list, uint64_t n, gguf_cursor data, error *e)
{
    *s = (summary){ .tied = true };
    for (uint64_t i = 0; i < n; i++) {
        const tensor *t = &list[i];
        if (strcmp(t->name, "output.weight") == 0) s->tied = false;
        if (strcmp(t->name, "token_embd.weight") == 0 && t->dim[0] < 1 << 30)
            s->vocabulary = (int64_t)t->dim[0];
        if (strcmp(t->name, GGUF_FREQUENCIES) != 0) continue;
        if (t->type != GGUF_TENSOR_F32 || t->rank != 1)
            return error_set(e, GGUF_FREQUENCIES " is not a list of float32");
        if (!find_data(&s->factors, t, data, sizeof(float), e)) return false;
        s->n_factors = t->dim[0];
    }
    return s->vocabulary > 0 || error_set(e, "there is no tensor token_embd.weight");
}

/* Where the data begin, after the padding. */
static bool find_begin(gguf_cursor *data, const gguf_keys *k, const char *bytes,
                       const gguf_cursor *c, error *e)
{
    const double align = gguf_number_or(k, "general.alignment", GGUF_ALIGNMENT);
    const size_t unit = align >= 1 && align <= 1 << 20 ? (size_t)align : GGUF_ALIGNMENT;
    const size_t begin = ((size_t)(c->at - bytes) + unit - 1) / unit * unit;
    if (begin > (size_t)(c->end - bytes))
        return error_set(e, "the file is cut short before the data");
    *data = (gguf_cursor){ bytes + begin, c->end };
    return true;
}

static bool read_bytes(bundle *b, const char *bytes, size_t n, error *e)
{
    gguf_cursor c = { bytes + 4, bytes + n };
    uint32_t version;
    uint64_t counts[2]; /* tensors, gguf_keys */
    gguf_cursor data = { 0 };
    summary sum = { 0 };
    gguf_keys k = { 0 };
    tensor *list = NULL;
    if (!gguf_take(&version, &c, sizeof version) || !gguf_take(counts, &c, sizeof counts))
        return error_set(e, "the header is cut short");
    if (version != 2 && version != 3)
        return error_set(e, "GGUF version %" PRIu32 " cannot be imported; 2 and 3 can", version);
    const bool ok = gguf_keys_read(&k, &c, counts[1], e) && take_tensors(&list, &c, counts[0], e) &&
                    find_begin(&data, &k, bytes, &c, e) && look(&sum, list, counts[0], data, e) &&
                    read_shape(b, &k, &sum, e) && bundle_open(b, n / 2, e) &&
                    take_weights(b, list, (size_t)counts[0], data, e);
    if (ok) read_tokenizer(b, &k);
    free(k.item), free(list);
    return ok;
}

bool gguf_read(bundle *b, const char *path, error *e)
{
    char *bytes;
    size_t n;
    if (!file_read(&bytes, &n, path, (size_t)1 << 40, e)) return false;
    const bool ok = n >= 4 && read_bytes(b, bytes, n, e);
    free(bytes);
    return ok || error_where(e, "%s", path);
}
