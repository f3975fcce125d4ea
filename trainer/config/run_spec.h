/* run_spec.h - a run, resolved once: what everything below the configuration reads.
 *
 *     run_spec = (configuration with nothing left to derive, model, facts of the corpus, identity)
 *
 * A plain value without owner, constant once it is resolved.  Seeds and replica are no part of the
 * identity, so a copy may get others; nothing else may change.
 */
#ifndef TRAINER_CONFIG_RUN_SPEC_H
#define TRAINER_CONFIG_RUN_SPEC_H

#include "core/compute/rope.h"
#include "trainer/config/run_source.h"

enum { MODEL_LAYERS = 128 };

/* The model's sizes, and the attention of each layer.  A plain value. */
typedef struct model_config {
    int L, D, H, E, F, V, T; /* T: the context it trains at */
    bool tied;               /* the head is the embedding   */
    int shift;               /* TOKEN_SHIFT_ (config.h)     */
    double eps;              /* of RMSNorm                  */
    rope_config rope;
    struct {
        const attn_variant *variant;
        double opt[ATTN_MAX_OPTIONS];
    } layer[MODEL_LAYERS];
} model_config;

/* What the manifest says of the corpus; all 0 without one.  BOS counts as a token. */
typedef struct run_corpus {
    int vocab_size;
    int64_t train_tokens, train_bytes, val_tokens, val_bytes;
    int item_tokens; /* of a generated corpus: tokens of an item; else 0 */
} run_corpus;

typedef struct run_spec {
    config config;
    model_config model;
    run_corpus corpus;
    char id[CONFIG_ID]; /* first 64 bits of SHA-256 of the canonical JSON without seeds, in hex */
} run_spec;

/* Fill in what is derived, bring the attention into canonical form, and check what one key can't
 * know of another: heads, spans and contexts that divide, the variants' own checks.  Reads the
 * manifest of the corpus if there is one, and hashes init_from if it is a file (a folder's is
 * model.safetensors or weights.safetensors).  Their paths become absolute; a
 * relative one is looked for in the folder of the file that it was written in, then in the current
 * folder.  `from` may be &spec->config. */
bool run_spec_resolve(run_spec *spec, const config *from, error *e);

/* Fill in the keys model.* alone, and the model: what must be known to use weights that are there.
 * model.vocab_size must be set; nothing of data, train and eval is read. */
bool run_spec_model(model_config *m, config *settings, error *e);

/* First 48 bits of SHA-256 of "ID seed data_seed replica generation", in hex. */
void run_spec_uid(char uid[CONFIG_UID], const run_spec *spec, int64_t generation);

#endif
