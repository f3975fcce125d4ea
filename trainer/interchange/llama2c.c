/* llama2c.c - llama2.c's model files, both versions: which weights come in which order.
 *
 * A part is one kind of weight of all layers, layer after layer.  The files have nothing but the
 * header to say how long they are, so a file must be exactly that long.
 */
#include "trainer/interchange/llama2c.h"

#include "trainer/interchange/adjacent.h"

#include "core/base/growing.h"
#include "core/compute/rope.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum part {
    EMBED,
    NORM1,
    Q,
    K,
    V,
    O,
    NORM2,
    GATE,
    DOWN,
    UP,
    NORM,
    TABLES, /* RoPE's cosines and sines, which nothing reads */
    HEAD,
    PARTS_END
} part;

static const char *const NAME[PARTS_END] = {
    [EMBED] = "model.embed_tokens.weight",
    [NORM1] = "model.layers.%d.input_layernorm.weight",
    [Q] = "model.layers.%d.self_attn.q_proj.weight",
    [K] = "model.layers.%d.self_attn.k_proj.weight",
    [V] = "model.layers.%d.self_attn.v_proj.weight",
    [O] = "model.layers.%d.self_attn.o_proj.weight",
    [NORM2] = "model.layers.%d.post_attention_layernorm.weight",
    [GATE] = "model.layers.%d.mlp.gate_proj.weight",
    [DOWN] = "model.layers.%d.mlp.down_proj.weight",
    [UP] = "model.layers.%d.mlp.up_proj.weight",
    [NORM] = "model.norm.weight",
    [HEAD] = "lm_head.weight",
};

static const part ORDER[2][PARTS_END + 1] = {
    { EMBED, NORM1, Q, K, V, O, NORM2, GATE, DOWN, UP, NORM, TABLES, HEAD, PARTS_END },
    { NORM1, NORM2, NORM, EMBED, Q, K, V, O, GATE, DOWN, UP, HEAD, PARTS_END },
};

enum { SIZES = 7, MAGIC = 0x616b3432, HEADER = 256, FLAG_AT = 8 + 4 * SIZES };
static const double EPS = 1e-5, THETA = 10000;

const char *const llama2c_types[] = { "float32", NULL };
const char *const llama2c_files[] = { LLAMA2C_MODEL, LLAMA2C_TOKENIZER, "README.md", NULL };

/* Call `visit` for each piece of the file in order: a tensor (index i), or `floats` without one. */
typedef bool visitor(bundle *b, int i, part kind, size_t floats, void *context);

static bool walk(bundle *b, int version, visitor *visit, void *context)
{
    const model_config *c = &b->m.config;
    for (const part *p = ORDER[version]; *p != PARTS_END; p++) {
        if (*p == TABLES && !visit(b, -1, *p, (size_t)c->T * (size_t)(c->E / 2) * 2, context))
            return false;
        if (*p == TABLES || (*p == HEAD && c->tied)) continue;
        const int n = strchr(NAME[*p], '%') ? c->L : 1;
        for (int layer = 0; layer < n; layer++) {
            char name[MODEL_NAME];
            if (n == 1 && !strchr(NAME[*p], '%'))
                snprintf(name, sizeof name, "%s", NAME[*p]);
            else
                snprintf(name, sizeof name, "model.layers.%d%s", layer,
                         NAME[*p] + strlen("model.layers.%d"));
            const int i = bundle_find(b, name);
            if (!visit(b, i, *p, b->m.tensor[i].n, context)) return false;
        }
    }
    return true;
}

/* Heads whose rows change places; 0 for other weights. */
static int heads_of(const bundle *b, part kind)
{
    bundle_attention a;
    error e;
    if (kind == Q) return b->m.config.H;
    return kind == K && bundle_attention_of(&a, b, &e) ? a.n_kv_heads : 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

bool llama2c_can_express(const bundle *b, error *e)
{
    const model_config *c = &b->m.config;
    bundle_attention a;
    if (!bundle_attention_of(&a, b, e)) return false;
    if (a.window) return error_usage(e, "llama2.c has no sliding window");
    if (c->rope.scaling != &rope_none)
        return error_usage(e, "llama2.c has no RoPE scaling (the model has %s)",
                           c->rope.scaling->name);
    if (c->rope.theta != THETA)
        return error_usage(e, "llama2.c has RoPE's theta 10000 built in (the model has %g)",
                           c->rope.theta);
    if (c->eps != EPS)
        return error_usage(e, "llama2.c has the epsilon 1e-5 built in (the model has %g)", c->eps);
    if (c->E * c->H != c->D)
        return error_usage(e,
                           "llama2.c has heads of width dim / n_heads = %d / %d (the model has "
                           "%d)",
                           c->D, c->H, c->E);
    return true;
}

static bool put_part(bundle *b, int i, part kind, size_t floats, void *context)
{
    FILE *f = context;
    const model_config *c = &b->m.config;
    if (i < 0) {
        rope r;
        error e;
        if (!rope_open(&r, &c->rope, c->T, c->E, &e)) return false;
        fwrite(r.cos, sizeof(float), floats / 2, f), fwrite(r.sin, sizeof(float), floats / 2, f);
        rope_close(&r);
        return true;
    }
    const int heads = heads_of(b, kind);
    if (!heads) {
        fwrite(bundle_weights(b, i), sizeof(float), floats, f);
        return true;
    }
    float *turned = malloc(floats * sizeof *turned);
    if (!turned) return false;
    adjacent_rows(turned, bundle_weights(b, i), heads, c->E, c->D, 0);
    fwrite(turned, sizeof *turned, floats, f);
    free(turned);
    return true;
}

static void put_header(FILE *f, const bundle *b, int version)
{
    static const char ZERO[HEADER] = { 0 };
    const model_config *c = &b->m.config;
    bundle_attention a;
    error e;
    if (!bundle_attention_of(&a, b, &e)) error_memory(); /* can_express has checked it */
    const int32_t vocabulary = version == 0 && !c->tied ? -c->V : c->V;
    const int32_t size[SIZES] = { c->D, c->F, c->L, c->H, a.n_kv_heads, vocabulary, c->T };
    const int32_t magic[2] = { MAGIC, version };
    const char shared = c->tied;
    if (version) fwrite(magic, sizeof magic, 1, f);
    fwrite(size, sizeof size, 1, f);
    if (version) fwrite(&shared, 1, 1, f), fwrite(ZERO, 1, HEADER - FLAG_AT - 1, f);
}

static bool put_card(const bundle *b, const folder_draft *to, error *e)
{
    char mark[FILE_MARK];
    growing text;
    file_mark(mark, "attnlab export");
    growing_open(&text);
    fprintf(text.f,
            "<!-- %s -->\n# %s\n\nTo generate: `./run " LLAMA2C_MODEL " -z " LLAMA2C_TOKENIZER
            "` with the program of llama2.c.\n%s",
            mark, b->name, b->card);
    char *card = growing_close(&text);
    const bool ok = folder_draft_put(to, "README.md", card, strlen(card), e);
    free(card);
    return ok;
}

bool llama2c_write(const bundle *b, int version, const folder_draft *to, error *e)
{
    file_draft d;
    bundle view = *b; /* a visitor may write; this one doesn't */
    char *path = folder_draft_file(to, LLAMA2C_MODEL);
    bool ok = file_draft_open(&d, path, e);
    free(path);
    if (!ok) return false;
    put_header(d.f, b, version);
    if (!walk(&view, version, put_part, d.f)) {
        file_draft_drop(&d);
        return error_set(e, "out of memory");
    }
    ok = file_draft_close(&d, e) && put_card(b, to, e);
    if (!ok || !b->pieces.n) return ok;
    char *bytes;
    size_t n;
    llama2c_tokenizer_write(&bytes, &n, &b->pieces, b->m.config.V);
    ok = folder_draft_put(to, LLAMA2C_TOKENIZER, bytes, n, e);
    free(bytes);
    return ok;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* A folder stands for the model in it; the caller frees the path. */
static char *model_path(const char *path)
{
    struct stat s;
    growing file;
    growing_open(&file);
    const bool folder = stat(path, &s) == 0 && S_ISDIR(s.st_mode);
    fprintf(file.f, "%s%s", path, folder ? "/" LLAMA2C_MODEL : "");
    return growing_close(&file);
}

bool llama2c_recognizes(const char *path)
{
    char *file = model_path(path);
    const bool yes = file_ends_in(file, ".bin") && access(file, F_OK) == 0;
    free(file);
    return yes;
}

typedef struct reader {
    const char *at, *end;
} reader;

static bool count_part(bundle *b, int i, part kind, size_t floats, void *context)
{
    (void)b, (void)i, (void)kind;
    *(size_t *)context += floats;
    return true;
}

static bool take_part(bundle *b, int i, part kind, size_t floats, void *context)
{
    reader *r = context;
    const size_t bytes = floats * sizeof(float);
    const int heads = i < 0 ? 0 : heads_of(b, kind);
    const model_config *c = &b->m.config;
    if (i >= 0) memcpy(bundle_weights(b, i), r->at, bytes);
    r->at += bytes;
    if (!heads) return true;
    float *turned = malloc(bytes);
    if (!turned) return false;
    adjacent_rows(turned, bundle_weights(b, i), heads, c->E, c->D, 1);
    memcpy(bundle_weights(b, i), turned, bytes);
    free(turned);
    return true;
}

static bool set_shape(bundle *b, const int32_t size[SIZES], bool shared, error *e)
{
    static const char *const KEY[SIZES] = {
        "model.dim", "model.ffn_dim",    "model.n_layers", "model.n_heads",
        NULL,        "model.vocab_size", "model.context"
    };
    for (int i = 0; i < SIZES; i++)
        if (KEY[i] && !bundle_set_whole(b, KEY[i], i == 5 ? llabs((long long)size[i]) : size[i], e))
            return false;
    return bundle_set_attention(b, size[3], size[4], 0, e) &&
           bundle_set_text(b, "model.tie_embeddings", shared ? "true" : "false", e) &&
           bundle_set_real(b, "model.norm_eps", EPS, e) &&
           bundle_set_real(b, "model.rope_theta", THETA, e);
}

/* The version, the sizes, and how long the header is. */
static bool read_header(bundle *b, int *version, size_t *length, const char *bytes, size_t n,
                        error *e)
{
    int32_t magic[2], size[SIZES];
    if (n < HEADER) return error_set(e, "too short for a model of llama2.c");
    memcpy(magic, bytes, sizeof magic);
    const bool marked = magic[0] == MAGIC;
    *version = marked ? magic[1] : 0;
    *length = marked ? HEADER : sizeof size;
    if (*version != 0 && *version != 1)
        return error_set(e,
                         "version %d of llama2.c's files (version 2 is quantized) cannot be "
                         "imported; 0 and 1 can",
                         *version);
    if (marked && *version == 0) return error_set(e, "not a model of llama2.c");
    memcpy(size, bytes + (marked ? sizeof magic : 0), sizeof size);
    return set_shape(b, size, marked ? bytes[FLAG_AT] != 0 : size[5] > 0, e) ||
           error_where(e, "not a model of llama2.c");
}

static bool read_model(bundle *b, const char *bytes, size_t n, error *e)
{
    int version = 0;
    size_t header = 0, floats = 0;
    if (!read_header(b, &version, &header, bytes, n, e) || !bundle_open(b, n / sizeof(float), e))
        return false;
    walk(b, version, count_part, &floats);
    if (header + floats * sizeof(float) != n)
        return error_set(e, "the header says %zu bytes, but the file has %zu",
                         header + floats * sizeof(float), n);
    reader r = { bytes + header, bytes + n };
    return walk(b, version, take_part, &r) || error_set(e, "out of memory");
}

/* The tokenizer beside the model is a help, and its absence no error. */
static void read_tokenizer(bundle *b, const char *beside)
{
    enum { MOST = 1 << 28 };
    char *folder = file_folder(beside), *bytes = NULL;
    growing file;
    size_t n;
    pieces p = { 0 };
    error e;
    growing_open(&file);
    fprintf(file.f, "%s/" LLAMA2C_TOKENIZER, folder);
    char *path = growing_close(&file);
    bool ok = file_read(&bytes, &n, path, MOST, &e) &&
              llama2c_tokenizer_read(&p, bytes, n, b->m.config.V, &e);
    free(bytes);
    if (ok) {
        pieces_write(&bytes, &n, &p);
        ok = bundle_take_tokenizer(b, bytes, n, &e);
    }
    if (!ok)
        notes_add(&b->notes, NOTE_WARNING, "The model is imported without a tokenizer: %s", e.msg);
    pieces_close(&p);
    free(path), free(folder);
}

bool llama2c_read(bundle *b, const char *path, error *e)
{
    char *file = model_path(path), *bytes;
    size_t n;
    bool ok = file_read(&bytes, &n, file, (size_t)1 << 40, e);
    if (ok) {
        ok = read_model(b, bytes, n, e) || error_where(e, "%s", file);
        free(bytes);
    }
    if (ok) read_tokenizer(b, file);
    free(file);
    return ok;
}
