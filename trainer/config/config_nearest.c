/* config_nearest.c - what somebody meant who wrote a key that doesn't exist: the word of another
 * program for the same thing, or else the known key with the fewest letters to change (Levenshtein
 * 1966).
 *
 * The words are those of Hugging Face transformers, Megatron-LM, nanoGPT, litgpt and torchtune.
 */
#include "trainer/config/config.h"

#include <limits.h>
#include <string.h>

typedef struct synonym {
    const char *name; /* without its section                                        */
    const char *key;  /* ours                                                       */
    const char *how;  /* if the values differ: how to find ours; NULL if they don't */
} synonym;

// clang-format off
static const synonym SYNONYMS[] = {
    { "learning_rate",           "train.lr",            NULL },
    { "max_lr",                  "train.lr",            NULL },
    { "peak_lr",                 "train.lr",            NULL },
    { "min_lr",                  "train.min_lr_ratio",  "min_lr / train.lr" },
    { "lr_scheduler",            "train.schedule",      NULL },
    { "lr_scheduler_type",       "train.schedule",      NULL },
    { "lr_decay_style",          "train.schedule",      NULL },
    { "batch_size",              "train.batch_tokens",  "sequences in a batch x model.context" },
    { "train_batch_size",        "train.batch_tokens",  "sequences in a batch x model.context" },
    { "global_batch_size",       "train.batch_tokens",  "sequences in a batch x model.context" },
    { "micro_batch_size",        "train.batch_tokens",  "sequences in a batch x model.context" },
    { "steps",                   "train.tokens",        "steps x train.batch_tokens" },
    { "n_steps",                 "train.tokens",        "steps x train.batch_tokens" },
    { "num_steps",               "train.tokens",        "steps x train.batch_tokens" },
    { "max_steps",               "train.tokens",        "steps x train.batch_tokens" },
    { "max_iters",               "train.tokens",        "steps x train.batch_tokens" },
    { "train_iters",             "train.tokens",        "steps x train.batch_tokens" },
    { "epochs",                  "train.tokens",        "epochs x tokens of the training text" },
    { "n_epochs",                "train.tokens",        "epochs x tokens of the training text" },
    { "num_epochs",              "train.tokens",        "epochs x tokens of the training text" },
    { "max_epochs",              "train.tokens",        "epochs x tokens of the training text" },
    { "num_train_epochs",        "train.tokens",        "epochs x tokens of the training text" },
    { "max_tokens",              "train.tokens",        NULL },
    { "n_tokens",                "train.tokens",        NULL },
    { "warmup",                  "train.warmup_tokens", "warm-up steps x train.batch_tokens" },
    { "warmup_steps",            "train.warmup_tokens", "warm-up steps x train.batch_tokens" },
    { "warmup_iters",            "train.warmup_tokens", "warm-up steps x train.batch_tokens" },
    { "warmup_ratio",            "train.warmup_tokens", "ratio x train.tokens" },
    { "wd",                      "train.weight_decay",  NULL },
    { "grad_clip",               "train.clip",          NULL },
    { "clip_grad",               "train.clip",          NULL },
    { "max_grad_norm",           "train.clip",          NULL },
    { "gradient_clip_val",       "train.clip",          NULL },
    { "adam_beta1",              "train.beta1",         NULL },
    { "adam_beta2",              "train.beta2",         NULL },
    { "adam_epsilon",            "train.eps",           NULL },
    { "epsilon",                 "train.eps",           NULL },
    { "random_seed",             "train.seed",          NULL },
    { "dtype",                   "train.precision",     NULL },
    { "save_steps",              "train.save_every_tokens", "steps x train.batch_tokens" },
    { "save_interval",           "train.save_every_tokens", "steps x train.batch_tokens" },
    { "eval_steps",              "eval.every_tokens",   "steps x train.batch_tokens" },
    { "eval_interval",           "eval.every_tokens",   "steps x train.batch_tokens" },
    { "hidden_size",             "model.dim",           NULL },
    { "hidden_dim",              "model.dim",           NULL },
    { "d_model",                 "model.dim",           NULL },
    { "n_embd",                  "model.dim",           NULL },
    { "n_embed",                 "model.dim",           NULL },
    { "embed_dim",               "model.dim",           NULL },
    { "embedding_dim",           "model.dim",           NULL },
    { "width",                   "model.dim",           NULL },
    { "num_layers",              "model.n_layers",      NULL },
    { "num_hidden_layers",       "model.n_layers",      NULL },
    { "n_layer",                 "model.n_layers",      NULL },
    { "layers",                  "model.n_layers",      NULL },
    { "depth",                   "model.n_layers",      NULL },
    { "num_heads",               "model.n_heads",       NULL },
    { "num_attention_heads",     "model.n_heads",       NULL },
    { "n_head",                  "model.n_heads",       NULL },
    { "heads",                   "model.n_heads",       NULL },
    { "num_key_value_heads",     "model.attention",     "gqa:n_kv_heads=N" },
    { "num_kv_heads",            "model.attention",     "gqa:n_kv_heads=N" },
    { "n_kv_heads",              "model.attention",     "gqa:n_kv_heads=N" },
    { "n_query_groups",          "model.attention",     "gqa:n_kv_heads=N" },
    { "num_query_groups",        "model.attention",     "gqa:n_kv_heads=N" },
    { "sliding_window",          "model.attention",     "window:size=N" },
    { "window_size",             "model.attention",     "window:size=N" },
    { "attn",                    "model.attention",     NULL },
    { "intermediate_size",       "model.ffn_dim",       NULL },
    { "d_ff",                    "model.ffn_dim",       NULL },
    { "ffn_hidden_size",         "model.ffn_dim",       NULL },
    { "mlp_dim",                 "model.ffn_dim",       NULL },
    { "seq_len",                 "model.context",       NULL },
    { "seq_length",              "model.context",       NULL },
    { "sequence_length",         "model.context",       NULL },
    { "max_seq_len",             "model.context",       NULL },
    { "max_length",              "model.context",       NULL },
    { "block_size",              "model.context",       NULL },
    { "context_length",          "model.context",       NULL },
    { "context_size",            "model.context",       NULL },
    { "max_position_embeddings", "model.context",       NULL },
    { "tie_word_embeddings",     "model.tie_embeddings", NULL },
    { "rms_norm_eps",            "model.norm_eps",      NULL },
    { "rope_base",               "model.rope_theta",    NULL },
    { "dataset",                 "data.corpus",         NULL },
    { "data_dir",                "data.corpus",         NULL },
    { "data_path",               "data.corpus",         NULL },
    { 0 },
};
// clang-format on

/* What follows the section. */
static const char *leaf(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

int config_distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    int last[LONGEST + 1];
    const int n = (int)strlen(b), m = (int)strlen(a);
    if (n > LONGEST || m > LONGEST) return LONGEST;
    for (int j = 0; j <= n; j++) last[j] = j;
    for (int i = 1; i <= m; i++) {
        int diagonal = last[0];
        last[0] = i;
        for (int j = 1; j <= n; j++) {
            const int change = diagonal + (a[i - 1] != b[j - 1]);
            const int either = (last[j] < last[j - 1] ? last[j] : last[j - 1]) + 1;
            diagonal = last[j];
            last[j] = change < either ? change : either;
        }
    }
    return last[n];
}

/* The row for a word that other programs use, in any section; NULL if there is none. */
static const synonym *find_synonym(const char *name)
{
    for (const synonym *s = SYNONYMS; s->name; s++)
        if (strcmp(leaf(name), s->name) == 0) return s;
    return NULL;
}

const char *config_nearest(const char *name)
{
    const char *best = NULL;
    const synonym *known = find_synonym(name);
    if (known && !config_find(name)) return known->key;
    int least = INT_MAX;
    for (const config_key *key = config_keys; key->name; key++) {
        const int whole = config_distance(name, key->name);
        const int part = config_distance(leaf(name), leaf(key->name)) + 1; /* in another section */
        int d = whole < part ? whole : part;
        if (d > 2 && strstr(key->name, leaf(name))) d = 2; /* the start of it */
        if (d < least) least = d, best = key->name;
    }
    return best;
}

bool config_unknown(const yaml_node *at, const char *name, error *e)
{
    const synonym *known = find_synonym(name);
    if (!strchr(name, '.') && config_distance(name, "recipe") <= 2)
        return yaml_error(at, e, "unknown key '%.80s': did you mean recipe?", name);
    if (known && known->how)
        return yaml_error(at, e, "unknown key '%.80s': set %s instead, to %s", name, known->key,
                          known->how);
    return yaml_error(at, e, "unknown key '%.80s': did you mean %s? `attnlab keys` lists all", name,
                      config_nearest(name));
}
