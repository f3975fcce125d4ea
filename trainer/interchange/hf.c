/* hf.c - the folder of a Hugging Face model: config.json, safetensors, tokenizer, model card.
 *
 * attnlab's tensors already have these names and shapes, and its RoPE is the rotate-half one of
 * Transformers, so weights are copied as they are.  A model may be in several files, which
 * model.safetensors.index.json lists: {"weight_map": {TENSOR: FILE}}.
 */
#include "trainer/interchange/hf_config.h"
#include "trainer/interchange/hf_tokenizer.h"
#include "trainer/interchange/interchange.h"
#include "trainer/interchange/narrow.h"
#include "trainer/interchange/tensors.h"

#include "core/base/file.h"
#include "core/base/growing.h"
#include "trainer/model/weights.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG  "config.json"
#define WEIGHTS "model.safetensors"
#define INDEX   "model.safetensors.index.json"

enum { JSON_MOST = 64 << 20 };

/* --- writing ---------------------------------------------------------------------------------- */

/* Takes the object. */
static bool put_json(const folder_draft *to, const char *name, json_t *object, error *e)
{
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    json_decref(object);
    const bool ok = text ? folder_draft_put(to, name, text, strlen(text), e)
                         : error_set(e, "%s: a text in it is not UTF-8", name);
    free(text);
    return ok;
}

/* Weights of tensor i as 16-bit numbers; the caller frees them. */
static uint16_t *halves(const bundle *b, int i, bool bfloat16, error *e)
{
    const model_tensor *t = &b->m.tensor[i];
    const float *w = bundle_weights(b, i);
    const size_t bad = narrow_overflow(w, t->n, bfloat16);
    if (bad < t->n) {
        error_set(e, "%s has the weight %g, which is too large for %s: export it as float32",
                  t->name, (double)w[bad], bfloat16 ? "bfloat16" : "float16");
        return NULL;
    }
    uint16_t *out = malloc(t->n * sizeof *out);
    if (!out) error_set(e, "out of memory");
    for (size_t k = 0; out && k < t->n; k++)
        out[k] = bfloat16 ? narrow_to_bfloat16(w[k]) : narrow_to_float16(w[k]);
    return out;
}

static bool put_weights(const folder_draft *to, const bundle *b, const char *type, error *e)
{
    static const char *const METADATA[] = { "format", "pt", NULL };
    const bool bfloat16 = strcmp(type, "bfloat16") == 0, whole = strcmp(type, "float32") == 0;
    safetensors_tensor *list = error_zeroed((size_t)b->m.n, sizeof *list);
    uint16_t **half = error_zeroed((size_t)b->m.n, sizeof *half);
    char sha256[HASH_HEX];
    bool ok = true;
    for (int i = 0; ok && i < b->m.n; i++) {
        const model_tensor *t = &b->m.tensor[i];
        list[i] = weights_entry(t->name, &t->spec, bundle_weights(b, i));
        if (whole) continue;
        half[i] = halves(b, i, bfloat16, e);
        list[i].type = bfloat16 ? "BF16" : "F16", list[i].data = half[i];
        ok = half[i] != NULL;
    }
    char *path = folder_draft_file(to, WEIGHTS);
    ok = ok && safetensors_save(path, list, b->m.n, METADATA, sha256, NULL, e);
    for (int i = 0; i < b->m.n; i++) free(half[i]);
    free(half), free(list), free(path);
    return ok;
}

static bool put_tokenizer(const folder_draft *to, const bundle *b, error *e)
{
    const pieces *p = &b->pieces;
    if (!p->n) return true;
    return folder_draft_put(to, "tokenizer.model", b->tokenizer, b->tokenizer_bytes, e) &&
           put_json(to, "tokenizer_config.json", hf_tokenizer_config(p, b->m.config.T), e) &&
           (!hf_tokenizer_is_merges(p) ||
            put_json(to, "tokenizer.json", hf_tokenizer_merges(p), e));
}

/* attnlab's training texts begin with BOS, so a model that goes on after a document writes BOS. */
static json_t *generation_config(const pieces *p)
{
    json_t *out = json_object(), *ends = json_array();
    if (p->n && p->bos >= 0) {
        json_object_set_new(out, "bos_token_id", json_integer(p->bos));
        json_array_append_new(ends, json_integer(p->bos));
    }
    if (p->n && p->eos >= 0) json_array_append_new(ends, json_integer(p->eos));
    if (json_array_size(ends)) json_object_set(out, "eos_token_id", ends);
    json_decref(ends);
    return out;
}

static bool put_card(const folder_draft *to, const bundle *b, error *e)
{
    char mark[FILE_MARK], attention[CONFIG_VALUE];
    const model_config *c = &b->m.config;
    growing text;
    file_mark(mark, "attnlab export");
    config_value(attention, sizeof attention, &b->settings, config_find("model.attention"));
    growing_open(&text);
    fprintf(text.f, "---\nlibrary_name: transformers\ntags: [attnlab]\n---\n<!-- %s -->\n\n", mark);
    fprintf(text.f,
            "# %s\n\nA Llama-style model with attention `%s`, trained with attnlab: %d layers, "
            "width %d, %d heads of width %d, context %d, vocabulary %d.\n",
            b->name, attention, c->L, c->D, c->H, c->E, c->T, c->V);
    fputs(b->card, text.f);
    char *card = growing_close(&text);
    const bool ok = folder_draft_put(to, "README.md", card, strlen(card), e);
    free(card);
    return ok;
}

static bool write_folder(const bundle *b, const char *type, const folder_draft *to, error *e)
{
    return put_weights(to, b, type, e) && put_json(to, CONFIG, hf_config_write(b, type), e) &&
           put_json(to, "generation_config.json", generation_config(&b->pieces), e) &&
           put_tokenizer(to, b, e) && put_card(to, b, e);
}

static bool can_express(const bundle *b, error *e)
{
    bundle_attention a;
    return bundle_attention_of(&a, b, e);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool recognizes(const char *path)
{
    char *file = file_path(path, CONFIG);
    const bool yes = access(file, F_OK) == 0;
    free(file);
    return yes;
}

/* A JSON object of the folder; the caller releases it. */
static bool read_json(json_t **out, const char *path, error *e)
{
    char *text;
    size_t n;
    json_error_t why;
    if (!file_read(&text, &n, path, JSON_MOST, e)) return false;
    *out = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
    free(text);
    if (!*out) return error_set(e, "%s:%d: %s", path, why.line, why.text);
    if (json_is_object(*out)) return true;
    json_decref(*out);
    return error_set(e, "%s: not a JSON object", path);
}

/* Numbers that older releases stored though they follow from the configuration. */
static bool is_derived(const char *name)
{
    static const char END[] = ".self_attn.rotary_emb.inv_freq";
    return file_ends_in(name, END);
}

/* With tied embeddings, Transformers uses the embedding and drops a stored head. */
static bool check_head(const tensors *t, const safetensors_tensor *head, error *e)
{
    const int i = bundle_find(t->b, "model.embed_tokens.weight");
    const tensors_foreign from = { head->type, head->rank, head->dim, head->data };
    bundle other = { .m = t->b->m, .w = malloc(t->b->m.floats * sizeof(float)) };
    tensors copy;
    if (!other.w) return error_set(e, "out of memory");
    tensors_open(&copy, &other);
    bool ok = tensors_take(&copy, i, &from, e);
    if (ok && t->taken[i] &&
        memcmp(bundle_weights(&other, i), bundle_weights(t->b, i),
               t->b->m.tensor[i].n * sizeof(float)) != 0)
        ok = error_set(e, "tie_word_embeddings is true, but lm_head.weight is not the embedding");
    tensors_close(&copy);
    free(other.w);
    return ok;
}

static bool take_file(tensors *t, const char *path, const json_t *map, const char *name, error *e)
{
    safetensors s;
    bool ok = true;
    if (!safetensors_open(&s, path, e)) return false;
    const safetensors_tensor *head = NULL;
    for (int k = 0; ok && k < s.n; k++) {
        const safetensors_tensor *from = &s.tensor[k];
        const int i = tensors_find(t, from->name);
        const char *listed = json_string_value(json_object_get(map, from->name));
        if (map && (!listed || strcmp(listed, name) != 0))
            ok =
                error_set(e, "the tensor %.100s is not listed for this file in " INDEX, from->name);
        else if (i >= 0)
            ok = tensors_take(
                t, i, &(tensors_foreign){ from->type, from->rank, from->dim, from->data }, e);
        else if (t->b->m.config.tied && strcmp(from->name, "lm_head.weight") == 0)
            head = from;
        else if (!is_derived(from->name))
            tensors_refuse(t, from->name);
    }
    ok = ok && (!head || check_head(t, head, e));
    safetensors_close(&s);
    return ok || error_where(e, "%s", path);
}

/* A shard is a file of this folder. */
static bool check_shard(const char *name, const char *index, error *e)
{
    if (name && *name && *name != '.' && !strchr(name, '/') && file_ends_in(name, ".safetensors"))
        return true;
    return error_set(e, "%s: '%.100s' is not the name of a safetensors file in this folder", index,
                     name ? name : "");
}

static bool take_shards(tensors *t, const char *folder, const char *index, error *e)
{
    json_t *root = NULL, *done = json_object(), *name;
    const char *tensor;
    if (!read_json(&root, index, e)) {
        json_decref(done);
        return false;
    }
    json_t *map = json_object_get(root, "weight_map");
    bool ok = json_is_object(map) || error_set(e, "%s: there is no weight_map", index);
    json_object_foreach(map, tensor, name)
    {
        const char *file = json_string_value(name);
        ok = ok && check_shard(file, index, e);
        if (!ok || json_object_get(done, file)) continue;
        char *path = file_path(folder, file);
        ok = take_file(t, path, map, file, e);
        json_object_set_new(done, file, json_true());
        free(path);
    }
    json_decref(root), json_decref(done);
    return ok;
}

/* Bytes of all safetensors files: no model has more weights than half of them. */
static size_t size_of(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && s.st_size > 0 ? (size_t)s.st_size : 0;
}

static bool total_size(size_t *bytes, const char *folder, const char *index, error *e)
{
    json_t *root = NULL, *name, *done = json_object();
    const char *tensor;
    bool ok = read_json(&root, index, e);
    *bytes = 0;
    json_object_foreach(json_object_get(root, "weight_map"), tensor, name)
    {
        const char *file = json_string_value(name);
        ok = ok && check_shard(file, index, e);
        if (!ok || json_object_get(done, file)) continue;
        char *path = file_path(folder, file);
        *bytes += size_of(path);
        if (access(path, F_OK) != 0) ok = error_set(e, "%s: this file is missing", path);
        json_object_set_new(done, file, json_true());
        free(path);
    }
    json_decref(root), json_decref(done);
    return ok;
}

static bool read_weights(bundle *b, const char *folder, error *e)
{
    char *one = file_path(folder, WEIGHTS), *index = file_path(folder, INDEX);
    const bool sharded = access(index, F_OK) == 0 && access(one, F_OK) != 0;
    size_t bytes = size_of(one);
    tensors t = { 0 };
    bool ok = sharded ? total_size(&bytes, folder, index, e) : true;
    if (ok && !sharded && access(one, F_OK) != 0)
        ok = error_set(e, "%s: there is no " WEIGHTS " and no " INDEX, folder);
    if (ok && !bundle_open(b, bytes / 2, e)) ok = error_where(e, "%s", folder);
    if (ok) {
        tensors_open(&t, b);
        ok = sharded ? take_shards(&t, folder, index, e) : take_file(&t, one, NULL, WEIGHTS, e);
        if (ok && !tensors_check(&t, e)) ok = error_where(e, "%s", folder);
        tensors_close(&t);
    }
    free(one), free(index);
    return ok;
}

static bool read_tokenizer(bundle *b, const char *folder, error *e)
{
    enum { MOST = 1 << 28 };
    char *path = file_path(folder, "tokenizer.model"), *bytes;
    size_t n;
    bool ok = true;
    if (access(path, F_OK) == 0)
        ok = file_read(&bytes, &n, path, MOST, e) &&
             (bundle_take_tokenizer(b, bytes, n, e) || error_where(e, "%s", path));
    else
        notes_add(&b->notes, NOTE_WARNING,
                  "There is no tokenizer.model in %s: the model is imported without a tokenizer.",
                  folder);
    free(path);
    return ok;
}

static bool read_folder(bundle *b, const char *path, error *e)
{
    json_t *object = NULL;
    char *file = file_path(path, CONFIG);
    bool ok = read_json(&object, file, e);
    if (ok && !hf_config_read(b, object, e)) ok = error_where(e, "%s", file);
    json_decref(object);
    free(file);
    return ok && read_weights(b, path, e) && read_tokenizer(b, path, e);
}

const interchange interchange_hf = {
    .name = "hf",
    .help = "a folder that Hugging Face Transformers loads",
    .types = (const char *const[]){ "float32", "float16", "bfloat16", NULL },
    .folder = true,
    .files = (const char *const[]){ CONFIG, WEIGHTS, "generation_config.json", "tokenizer.model",
                                    "tokenizer.json", "tokenizer_config.json", "README.md", NULL },
    .can_express = can_express,
    .write_folder = write_folder,
    .recognizes = recognizes,
    .read = read_folder,
};
