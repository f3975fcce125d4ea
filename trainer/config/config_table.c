/* config_table.c - every key of a run: name, type, default, range, and one line of help.
 *
 * A released default never changes, because keys at their default are left out of the identity;
 * and a new key begins with the default under which old runs were trained.
 */
#include "trainer/config/config.h"
#include "trainer/model/optimizer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *const SCALINGS[] = { "none", "linear", "ntk", "yarn", NULL };
static const char *const SCHEDULES[] = { "cosine", "constant", "wsd", NULL };
static const char *const KEEPS[] = { "final", "all", "none", NULL };
static const char *const PRECISIONS[] = { "float32", "bfloat16", NULL };

/* Integers are kept exact by a double up to here. */
#define EXACT 9007199254740991.0

#define AT(field) offsetof(config, field)

/* Sizes are bounded so that the product of any two that meet in one tensor dimension fits an int.
 */
const config_key config_keys[] = {
    { "model.n_layers", CONFIG_INT, AT(model.n_layers), "6", NULL, 1, MODEL_LAYERS, NULL, true,
      "layers" },
    { "model.dim", CONFIG_INT, AT(model.dim), "256", NULL, 1, 1 << 16, NULL, true,
      "width of the residual stream" },
    { "model.n_heads", CONFIG_INT, AT(model.n_heads), "8", NULL, 1, 1 << 10, NULL, true,
      "query heads" },
    { "model.head_dim", CONFIG_INT, AT(model.head_dim), "", "dim / n_heads", 1, 1 << 12, NULL, true,
      "width of a head" },
    { "model.ffn_dim", CONFIG_INT, AT(model.ffn_dim), "", "8/3 dim, rounded up to a multiple of 32",
      1, 1 << 20, NULL, true, "width of the feed-forward layers" },
    { "model.vocab_size", CONFIG_COUNT, AT(model.vocab_size), "", "the corpus's", 2, 1 << 22, NULL,
      true, "pieces of the vocabulary; needed only without a corpus" },
    { "model.context", CONFIG_COUNT, AT(model.context), "512", NULL, 1, 1 << 22, NULL, true,
      "positions of a training sequence" },
    { "model.attention", CONFIG_SPECS, AT(model.attention), "mha", NULL, 0, 0, NULL, true,
      "variant:option=value, or a list tiled over the layers" },
    { "model.tie_embeddings", CONFIG_BOOL, AT(model.tie_embeddings), "false", NULL, 0, 1, NULL,
      true, "is the head the embedding?" },
    { "model.norm_eps", CONFIG_REAL, AT(model.norm_eps), "1e-5", NULL, 0, 1, NULL, true,
      "epsilon of RMSNorm" },
    { "model.rope_theta", CONFIG_REAL, AT(model.rope_theta), "10000", NULL, 1, 1e15, NULL, true,
      "base of the rotary embedding" },
    { "model.rope_scaling", CONFIG_CHOICE, AT(model.rope_scaling), "none", NULL, 0, 0, SCALINGS,
      true, "how its frequencies are changed" },
    { "model.rope_factor", CONFIG_REAL, AT(model.rope_factor), "1", NULL, 1, 1e6, NULL, true,
      "by how much (not read by none)" },
    { "model.rope_original_context", CONFIG_COUNT, AT(model.rope_original_context), "", "context",
      1, 1 << 22, NULL, true, "the context that is stretched (read by yarn)" },

    { "data.corpus", CONFIG_TEXT, AT(data.corpus), "", NULL, 0, 0, NULL, true,
      "folder made by `attnlab prepare`" },
    { "data.span", CONFIG_COUNT, AT(data.span), "", "the largest context of the study", 1, 1 << 30,
      NULL, true, "text drawn at once; a multiple of the context" },

    { "train.tokens", CONFIG_COUNT, AT(train.tokens), "2M", NULL, 1, 1e15, NULL, true,
      "length of training" },
    { "train.batch_tokens", CONFIG_COUNT, AT(train.batch_tokens), "8192", NULL, 1, 1 << 30, NULL,
      true, "tokens of a step; a multiple of the span" },
    { "train.lr", CONFIG_REAL, AT(train.lr), "1e-3", NULL, 0, 1e6, NULL, true,
      "peak learning rate" },
    { "train.min_lr_ratio", CONFIG_REAL, AT(train.min_lr_ratio), "0.1", NULL, 0, 1, NULL, true,
      "where cosine and wsd end, as a part of the peak" },
    { "train.warmup_tokens", CONFIG_COUNT, AT(train.warmup_tokens), "", "tokens / 20", 0, 1e15,
      NULL, true, "linear warm-up" },
    { "train.schedule", CONFIG_CHOICE, AT(train.schedule), "cosine", NULL, 0, 0, SCHEDULES, true,
      "learning rate after warm-up; wsd: constant, then a linear decay" },
    { "train.decay_tokens", CONFIG_COUNT, AT(train.decay_tokens), "0", NULL, 0, 1e15, NULL, true,
      "the last tokens, where wsd decays; 0: a fifth of all (read by wsd)" },
    { "train.optimizer", CONFIG_CHOICE, AT(train.optimizer), "adamw", NULL, 0, 0, optimizer_names,
      true, "how weights are updated" },
    { "train.beta1", CONFIG_REAL, AT(train.beta1), "0.9", NULL, 0, 0.999999, NULL, true,
      "first decay of the optimizer (AdamW: of the gradient's mean)" },
    { "train.beta2", CONFIG_REAL, AT(train.beta2), "0.95", NULL, 0, 0.999999, NULL, true,
      "second decay (AdamW: of the mean of squares)" },
    { "train.eps", CONFIG_REAL, AT(train.eps), "1e-5", NULL, 0, 1, NULL, true,
      "added to the divisor (read by adamw)" },
    { "train.weight_decay", CONFIG_REAL, AT(train.weight_decay), "0.1", NULL, 0, 1e3, NULL, true,
      "decay of tensors of rank 2 or more" },
    { "train.clip", CONFIG_REAL, AT(train.clip), "1", NULL, 0, 1e9, NULL, true,
      "largest norm of the gradient; 0: as it comes" },
    { "train.seed", CONFIG_INT, AT(train.seed), "1", NULL, 0, EXACT, NULL, true,
      "seed of the weights" },
    { "train.data_seed", CONFIG_INT, AT(train.data_seed), "1", NULL, 0, EXACT, NULL, true,
      "seed of the order of the data" },
    { "train.replica", CONFIG_INT, AT(train.replica), "0", NULL, 0, EXACT, NULL, true,
      "another draw of the weights, all else the same" },
    { "train.init_from", CONFIG_TEXT, AT(train.init_from), "", NULL, 0, 0, NULL, true,
      "weights to start from (safetensors)" },
    { "train.lanes", CONFIG_INT, AT(train.lanes), "8", NULL, 1, CONFIG_LANES, NULL, true,
      "parts of a batch whose gradients are added in order" },
    { "train.save_every_tokens", CONFIG_COUNT, AT(train.save_every_tokens), "", "tokens / 10", 1,
      1e15, NULL, false, "tokens between checkpoints" },
    { "train.keep", CONFIG_CHOICE, AT(train.keep), "final", NULL, 0, 0, KEEPS, false,
      "weights that stay after the run" },
    { "train.precision", CONFIG_CHOICE, AT(train.precision), "float32", NULL, 0, 0, PRECISIONS,
      true, "numbers of the linear layers" },
    { "train.threads", CONFIG_INT, AT(train.threads), "0", NULL, 0, 1 << 10, NULL, false,
      "0: every processor" },

    { "eval.every_tokens", CONFIG_COUNT, AT(eval.every_tokens), "", "tokens / 10", 1, 1e15, NULL,
      false, "tokens between evaluations" },
    { "eval.tokens", CONFIG_COUNT, AT(eval.tokens), "0", NULL, 0, 1e15, NULL, true,
      "held-out text to score; 0: all" },
    { "eval.context", CONFIG_COUNTS, AT(eval.context), "", "model.context", 1, 1 << 22, NULL, true,
      "lengths to evaluate at; each divides the largest" },
    { "eval.stride", CONFIG_COUNT, AT(eval.stride), "0", NULL, 0, 1 << 22, NULL, true,
      "positions between windows; 0: the length" },
    { 0 },
};

const config_key *config_find(const char *name)
{
    for (const config_key *k = config_keys; k->name; k++)
        if (strcmp(k->name, name) == 0) return k;
    return NULL;
}

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

const char *config_nearest(const char *name)
{
    const char *best = NULL;
    int least = INT_MAX;
    for (const config_key *k = config_keys; k->name; k++) {
        const int whole = config_distance(name, k->name);
        const int part = config_distance(leaf(name), leaf(k->name)) + 1; /* in another section */
        int d = whole < part ? whole : part;
        if (d > 2 && strstr(k->name, leaf(name))) d = 2; /* the start of it */
        if (d < least) least = d, best = k->name;
    }
    return best;
}
