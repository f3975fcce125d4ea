/* config_table.c - every key of a run: name, type, default, range, and one line of help.
 *
 * To add a key: a field in config (config.h), a row here, and the code that uses it.  A released
 * default never changes, because keys at their default are left out of the identity; a new key
 * begins with the default under which old runs were trained.
 */
#include "trainer/config/run_spec.h"

#include <assert.h>
#include <string.h>

/* Integers are kept exact by a double up to here. */
#define EXACT 9007199254740991.0

static const char *scaling_word(int64_t choice)
{
    return rope_scalings[choice] ? rope_scalings[choice]->name : NULL;
}

static const char *schedule_word(int64_t choice)
{
    static const char *const WORDS[SCHEDULES] = {
        [SCHEDULE_COSINE] = "cosine", [SCHEDULE_CONSTANT] = "constant", [SCHEDULE_WSD] = "wsd"
    };
    return choice < SCHEDULES ? WORDS[choice] : NULL;
}

static const char *shift_word(int64_t choice)
{
    static const char *const WORDS[TOKEN_SHIFTS] = {
        [TOKEN_SHIFT_NONE] = "none", [TOKEN_SHIFT_HALF] = "half"
    };
    return choice < TOKEN_SHIFTS ? WORDS[choice] : NULL;
}

static const char *optimizer_word(int64_t choice)
{
    return config_optimizers[choice];
}

static const char *keep_word(int64_t choice)
{
    static const char *const WORDS[KEEPS] = {
        [KEEP_FINAL] = "final", [KEEP_ALL] = "all", [KEEP_NONE] = "none"
    };
    return choice < KEEPS ? WORDS[choice] : NULL;
}

static const char *convert_word(int64_t choice)
{
    static const char *const WORDS[CONVERTS] = {
        [CONVERT_MEAN] = "mean", [CONVERT_FIRST] = "first", [CONVERT_RANDOM] = "random"
    };
    return choice < CONVERTS ? WORDS[choice] : NULL;
}

static const char *precision_word(int64_t choice)
{
    static const char *const WORDS[PRECISIONS] = {
        [PRECISION_FLOAT32] = "float32", [PRECISION_BFLOAT16] = "bfloat16"
    };
    return choice < PRECISIONS ? WORDS[choice] : NULL;
}

// clang-format off
#define INT(key, value, min, max, identity, help)    { #key, CONFIG_INT,    offsetof(config, key), min, max, NULL, identity, help, value }
#define COUNT(key, value, min, max, identity, help)  { #key, CONFIG_COUNT,  offsetof(config, key), min, max, NULL, identity, help, value }
#define COUNTS(key, value, min, max, identity, help) { #key, CONFIG_COUNTS, offsetof(config, key), min, max, NULL, identity, help, value }
#define REAL(key, value, min, max, identity, help)   { #key, CONFIG_REAL,   offsetof(config, key), min, max, NULL, identity, help, value }
#define BOOL(key, value, identity, help)             { #key, CONFIG_BOOL,   offsetof(config, key), 0, 1, NULL, identity, help, value }
#define CHOICE(key, value, word, identity, help)     { #key, CONFIG_CHOICE, offsetof(config, key), 0, 0, word, identity, help, value }
#define SPECS(key, value, identity, help)            { #key, CONFIG_SPECS,  offsetof(config, key), 0, 0, NULL, identity, help, value }
#define TEXT(key, identity, help)                    { #key, CONFIG_TEXT,   offsetof(config, key), 0, 0, NULL, identity, help, "" }
#define TEXTS(key, identity, help)                   { #key, CONFIG_TEXTS,  offsetof(config, key), 0, 0, NULL, identity, help, "[]" }
#define FROM(keys) "", keys /* in place of a default: what it is derived from */

/* Sizes are bounded so that the product of any two that meet in one tensor dimension fits an int. */
const config_key config_keys[] = {
    //     key                          default                          range            identity  help
    // model: sizes and shape of the network
    INT(   model.n_layers,              "6",                             1, MODEL_LAYERS, true,  "number of transformer layers"),
    INT(   model.dim,                   "256",                           1, 1 << 16,      true,  "width of the residual stream"),
    INT(   model.n_heads,               "8",                             1, 1 << 10,      true,  "number of query heads"),
    INT(   model.head_dim,              FROM("dim / n_heads"),           1, 1 << 12,      true,  "width of one attention head"),
    INT(   model.ffn_dim,               FROM("8/3 dim, rounded up to a multiple of 32"), 1, 1 << 20, true, "inner width of the feed-forward layers"),
    COUNT( model.vocab_size,            FROM("the corpus's"),            2, 1 << 22,      true,  "vocabulary size; set it only if there is no corpus"),
    COUNT( model.context,               "512",                           1, 1 << 22,      true,  "context length in training, in tokens"),
    SPECS( model.attention,             "mha",                                            true,  "attention variant (NAME:OPTION=VALUE), or a list repeated over the layers"),
    BOOL(  model.tie_embeddings,        "false",                                          true,  "use the embedding matrix as the output layer too"),
    REAL(  model.norm_eps,              "1e-5",                          0, 1,            true,  "epsilon in RMSNorm"),
    REAL(  model.rope_theta,            "10000",                         1, 1e15,         true,  "base of the rotary position embedding (RoPE)"),
    CHOICE(model.rope_scaling,          "none",                          scaling_word,    true,  "how RoPE is stretched to longer contexts"),
    REAL(  model.rope_factor,           "1",                             1, 1e6,          true,  "factor by which RoPE is stretched; must be set unless rope_scaling is none"),
    COUNT( model.rope_original_context, FROM("context"),                 1, 1 << 22,      true,  "context length before stretching, for scalings that read it"),
    CHOICE(model.token_shift,           "none",                          shift_word,      true,  "what is added to an embedding; half: half of the previous token's, with the halves of its channels exchanged"),

    // data: what is read
    TEXT(  data.corpus,                                                                   true,  "corpus folder, made by `attnlab prepare`; relative to the folder of the file"),
    COUNT( data.span,                   FROM("the largest context of the study"), 1, 1 << 30, true, "tokens drawn from the text at once; a multiple of the context"),

    // train: how the weights are learned
    COUNT( train.tokens,                "2M",                            0, 1e15,         true,  "length of training in tokens, or as a part of the source's, such as 5%; 0 needs train.init_from"),
    COUNT( train.batch_tokens,          "8192",                          1, 1 << 30,      true,  "batch size in tokens; a multiple of the span"),
    REAL(  train.lr,                    "1e-3",                          0, 1e6,          true,  "peak learning rate"),
    REAL(  train.min_lr_ratio,          "0.1",                           0, 1,            true,  "final learning rate of cosine and wsd, relative to the peak"),
    COUNT( train.warmup_tokens,         FROM("tokens / 20"),             0, 1e15,         true,  "length of the linear warm-up in tokens"),
    CHOICE(train.schedule,              "cosine",                        schedule_word,   true,  "learning rate after the warm-up; wsd: constant, then a linear decay"),
    COUNT( train.decay_tokens,          "0",                             0, 1e15,         true,  "length of the decay of wsd in tokens; 0: a fifth of the training"),
    CHOICE(train.optimizer,             "adamw",                         optimizer_word,  true,  "how the weights are updated"),
    REAL(  train.beta1,                 "0.9",                           0, 0.999999,     true,  "first decay rate of the optimizer (AdamW: of the first moment)"),
    REAL(  train.beta2,                 "0.95",                          0, 0.999999,     true,  "second decay rate of the optimizer (AdamW: of the second moment)"),
    REAL(  train.eps,                   "1e-5",                          0, 1,            true,  "epsilon of AdamW; with 0, weights whose gradient is 0 become NaN"),
    REAL(  train.weight_decay,          "0.1",                           0, 1e3,          true,  "weight decay of matrices (norm weights have none)"),
    REAL(  train.clip,                  "1",                             0, 1e9,          true,  "clip the gradient to this norm; 0: no clipping"),
    INT(   train.seed,                  "1",                             0, EXACT,        true,  "seed of the initial weights"),
    INT(   train.data_seed,             "1",                             0, EXACT,        true,  "seed of the order in which the text is read"),
    INT(   train.replica,               "0",                             0, EXACT,        true,  "another draw of the initial weights with the same seed"),
    TEXT(  train.init_from,                                                               true,  "weights to start from: study:NAME/ARM[/SEED][@tokens=N], run:UID, a safetensors file or a folder"),
    CHOICE(train.convert,               "mean",                          convert_word,    true,  "how fewer key/value heads are made of the source's: mean of a group, first of a group, or random"),
    INT(   train.lanes,                 "8",                             1, CONFIG_LANES, true,  "parts of a batch that are computed separately and added in order"),
    COUNT( train.save_every_tokens,     FROM("tokens / 10"),             1, 1e15,         false, "tokens between checkpoints"),
    CHOICE(train.keep,                  "final",                         keep_word,       false, "which weights to keep after the run"),
    CHOICE(train.precision,             "float32",                       precision_word,  true,  "number format of the linear layers"),
    INT(   train.threads,               "0",                             0, 1 << 10,      false, "number of threads; 0: one for each processor"),

    // eval: the loss on held-out text
    COUNT( eval.every_tokens,           FROM("tokens / 10"),             1, 1e15,         false, "training tokens between evaluations"),
    COUNT( eval.tokens,                 "0",                             0, 1e15,         true,  "tokens of held-out text to score; 0: all"),
    COUNTS(eval.context,                FROM("model.context"),           1, 1 << 22,      true,  "context lengths to evaluate at; each must divide the largest"),
    COUNT( eval.stride,                 "0",                             0, 1 << 22,      true,  "tokens between the starts of evaluation windows; 0: the window length"),

    // eval.tasks: suites of tasks
    TEXTS( eval.tasks,                                                                    false, "suites of tasks to evaluate the trained model on: folders with suite.yaml"),
    COUNT( eval.tasks_every_tokens,     "0",                             0, 1e15,         false, "training tokens between evaluations of eval.tasks; 0: only at the end"),
    COUNT( eval.tasks_context,          FROM("model.context"),           1, 1 << 22,      false, "longest item of eval.tasks, in tokens"),
    { 0 },
};
// clang-format on

static_assert(sizeof config_keys / sizeof *config_keys - 1 <= CONFIG_KEYS, "raise CONFIG_KEYS");

const config_key *config_find(const char *name)
{
    for (const config_key *key = config_keys; key->name; key++)
        if (strcmp(key->name, name) == 0) return key;
    return NULL;
}

void config_words(char *out, size_t size, const config_key *key)
{
    const char *word;
    size_t n = 0;
    out[0] = '\0';
    for (int64_t i = 0; n < size && (word = key->word(i)); i++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", word);
}
