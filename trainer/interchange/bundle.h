/* bundle.h - a model as it travels: shape, weights, tokenizer, and what is known of its origin.
 *
 * On disk a bundle is a folder like that of a run:
 *
 *     config.yaml           the keys model.*, and train.init_from: weights.safetensors
 *     weights.safetensors   float32, Hugging Face names (checkpoint.h)
 *     tokenizer.model       a SentencePiece model, if there is one
 */
#ifndef TRAINER_INTERCHANGE_BUNDLE_H
#define TRAINER_INTERCHANGE_BUNDLE_H

#include "core/base/notes.h"
#include "core/base/safetensors.h"
#include "trainer/interchange/pieces.h"
#include "trainer/model/model.h"

#define BUNDLE_CONFIG    "config.yaml"
#define BUNDLE_WEIGHTS   "weights.safetensors"
#define BUNDLE_TOKENIZER "tokenizer.model"

typedef struct bundle {
    config settings; /* the keys model.* are resolved                       */
    model m;
    float *w;        /* a block of the model's layout                       */
    char *tokenizer; /* (tokenizer_bytes) a SentencePiece model, or NULL    */
    size_t tokenizer_bytes;
    pieces pieces; /* the same as a table; n 0: none                      */
    char *name;    /* what to call it: the run's uid or the file's name   */
    char *card;    /* Markdown about its origin and results; may be empty */
    notes notes;   /* what the user should know of it                     */
} bundle;

/* Give an empty bundle its shape, from model.* keys that have been set (config_override), and room
 * for zeroed weights.  Fails on a shape that is not attnlab's, and (before it allocates) if the
 * weights have more floats than `most`; 0: no limit. */
bool bundle_open(bundle *b, size_t most, error *e);
void bundle_close(bundle *b);

/* Start a bundle without a shape: every key at its default, and its name from a path. */
void bundle_begin(bundle *b, const char *path);

/* Set a key model.* as if the user had written KEY=VALUE. */
bool bundle_set_text(bundle *b, const char *key, const char *value, error *e);
bool bundle_set_whole(bundle *b, const char *key, int64_t value, error *e);
bool bundle_set_real(bundle *b, const char *key, double value, error *e);

/* Set the attention of every layer: G key/value heads of H, and a window (0: none). */
bool bundle_set_attention(bundle *b, int64_t H, int64_t G, int64_t window, error *e);

/* The index of the weight tensor with this name, or -1. */
int bundle_find(const bundle *b, const char *name);

/* Weights of tensor i. */
static inline float *bundle_weights(const bundle *b, int i)
{
    return b->w + b->m.tensor[i].at;
}

/* Take the bytes of a SentencePiece model, which the bundle then owns.  Fails if they aren't one
 * that fits the vocabulary. */
bool bundle_take_tokenizer(bundle *b, char *bytes, size_t n, error *e);

/* Add a note that names the tensors that hold NaN or infinite weights, if there are any. */
void bundle_note_not_finite(bundle *b);

/* Load a bundle from a folder, or from a safetensors file beside a config.yaml.  The tokenizer is
 * that of the folder, or of the corpus in config.yaml, or the file `tokenizer` if that is not NULL;
 * there may be none, which is noted.  `corpus` is the folder that config.yaml names; "": none. */
bool bundle_load(bundle *b, char corpus[CONFIG_PATH], const char *path, const char *tokenizer,
                 error *e);

/* Write the folder, all of it or nothing, with a line about the origin.  Only a folder that the
 * same command made is replaced. */
bool bundle_save(const bundle *b, const char *path, const char *origin, error *e);

/* A layer's attention as other programs know it: query heads H share n_kv_heads, and each query
 * sees `window` positions (0: all before it).  Fails if it is anything else, or if layers differ.
 */
typedef struct bundle_attention {
    int n_kv_heads, window;
} bundle_attention;
bool bundle_attention_of(bundle_attention *a, const bundle *b, error *e);

#endif
