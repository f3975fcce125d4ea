/* config.h - everything that a run can be told: one table of typed keys.
 *
 * config_table.c lists every key: dotted name, type, default, range, and one line of help.  The
 * YAML reader, key=value overrides, `attnlab keys` and the canonical form all follow that table.  A
 * field whose default depends on other keys starts as 0 (or empty); run_spec_resolve fills it in.
 *
 * The identity of a run is the canonical JSON of its resolved keys: keys in order, defaults left
 * out, the corpus replaced by the hash of its content, init_from by that of the weights or by the
 * identity of the run they are from (run_source.h), the attention by its canonical form.  Not in
 * it: threads, keep, paths, and how often to evaluate and save (every_tokens, save_every_tokens), and the suites
 * of tasks.
 */
#ifndef TRAINER_CONFIG_CONFIG_H
#define TRAINER_CONFIG_CONFIG_H

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/yaml_node.h"
#include "variants/attn.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CONFIG_PATH = 1024, CONFIG_LIST = 16, CONFIG_ID = 17, CONFIG_UID = 13, CONFIG_KEYS = 64 };
enum { CONFIG_LANES = 1024 }; /* most lanes */

/* Values of the keys that are choices; config_table.c has a word for each. */
enum { SCHEDULE_COSINE, SCHEDULE_CONSTANT, SCHEDULE_WSD, SCHEDULES };
enum { KEEP_FINAL, KEEP_ALL, KEEP_NONE, KEEPS };
enum { TOKEN_SHIFT_NONE, TOKEN_SHIFT_HALF, TOKEN_SHIFTS };
enum { CONVERT_MEAN, CONVERT_FIRST, CONVERT_RANDOM, CONVERTS };
enum { PRECISION_FLOAT32, PRECISION_BFLOAT16, PRECISIONS };

typedef struct config_specs {
    int n;
    char item[CONFIG_LIST][ATTN_SPEC];
} config_specs;

/* Paths. */
typedef struct config_texts {
    int n;
    char item[CONFIG_LIST][CONFIG_PATH];
} config_texts;

typedef struct config_counts {
    int n;
    int64_t item[CONFIG_LIST];
} config_counts;

/* A plain value: copying it copies the configuration. */
typedef struct config {
    struct {
        int64_t n_layers, dim, n_heads, head_dim, ffn_dim, vocab_size, context;
        config_specs attention; /* tiled over the layers */
        bool tie_embeddings;
        double norm_eps, rope_theta;
        int64_t rope_scaling; /* index in rope_scalings */
        double rope_factor;
        int64_t rope_original_context;
        int64_t token_shift; /* TOKEN_SHIFT_ */
    } model;
    struct {
        char corpus[CONFIG_PATH];
        int64_t span;
    } data;
    struct {
        int64_t tokens, batch_tokens;
        double lr, min_lr_ratio;
        int64_t warmup_tokens, schedule /* SCHEDULE_ */, decay_tokens;
        int64_t optimizer; /* index in config_optimizers */
        double beta1, beta2, eps, weight_decay, clip;
        int64_t seed, data_seed, replica;
        char init_from[CONFIG_PATH];
        int64_t convert; /* CONVERT_ */
        int64_t lanes, save_every_tokens, keep /* KEEP_ */, precision /* PRECISION_ */, threads;
    } train;
    struct {
        int64_t every_tokens, tokens;
        config_counts context;
        int64_t stride;     /* 0: each length itself */
        config_texts tasks; /* suites                */
        int64_t tasks_every_tokens, tasks_context; /* 0: only at the end */
    } eval;

    /* train.tokens as a part of the source's, until run_source_settle makes it a number. */
    bool tokens_of_source;
    double tokens_percent;

    /* Filled in by run_spec_resolve. */
    char corpus_sha256[HASH_HEX]; /* empty without a corpus    */
    char init_sha256[HASH_HEX];   /* empty unless init_from is a file */

    /* Where the values came from, in the order of the table. */
    bool given[CONFIG_KEYS];     /* was the key set?                    */
    bool by_recipe[CONFIG_KEYS]; /* and by a recipe, so that anything else replaces it (recipe.h) */
    int line[CONFIG_KEYS];       /* its line in `file`; 0: not there    */
    char file[CONFIG_PATH];
    const char *recipe; /* the name of the recipe that was taken; NULL: none */
} config;

typedef enum config_type {
    CONFIG_INT,   /* an integer, as number_whole takes it                              */
    CONFIG_COUNT, /* the same, of things that are many, such as tokens                 */
    CONFIG_REAL,
    CONFIG_BOOL,   /* true or false                                                     */
    CONFIG_CHOICE, /* one of a list of words, kept as its number                        */
    CONFIG_TEXT,   /* a path                                                            */
    CONFIG_SPECS,  /* attention: one spec, or a list                                    */
    CONFIG_COUNTS, /* a count, or a list                                                */
    CONFIG_TEXTS,  /* a path, or a list                                                 */
} config_type;

typedef struct config_key {
    const char *name; /* "model.n_layers" */
    config_type type;
    size_t offset;                       /* of the field in config                            */
    double min, max;                     /* of a number, or of each in a list                 */
    const char *(*word)(int64_t choice); /* of a CONFIG_CHOICE; NULL from its number of words */
    bool identity;                       /* part of the identity?                             */
    const char *help;
    const char *initial; /* the default, as the user would write it; "" if it is derived      */
    const char *derived; /* what the default is derived from, in words; NULL if it is not     */
} config_key;

/* The names of the optimizers (trainer/model/optimizer.h), in the same order; NULL last. */
extern const char *const config_optimizers[];

/* Every key of a run, in order; the last has no name. */
extern const config_key config_keys[];

/* The key of this name, or NULL; and the known name nearest to a wrong one. */
const config_key *config_find(const char *name);
const char *config_nearest(const char *name);

/* The words of a choice: "cosine, constant, wsd". */
void config_words(char *out, size_t size, const config_key *key);

/* error_usage about an unknown key, with the nearest known one. */
bool config_unknown(const yaml_node *at, const char *name, error *e);

/* Letters to add, drop or change to make b of a (Levenshtein 1966); 64 for the very long. */
int config_distance(const char *a, const char *b);

/* Was the key set, by a file or a command line? */
bool config_given(const config *settings, const config_key *key);

/* Every key at its default. */
void config_init(config *settings);

/* One key at its default again, as if it had not been set; not one whose default is derived. */
void config_reset(config *settings, const config_key *key);

/* Set one key from what the user wrote.  Fails on a wrong type or a value out of range, with the
 * file, line and column of `value`. */
bool config_set(config *settings, const config_key *key, const yaml_node *value, error *e);

/* A number by the rules of the table, for keys that are not in it. */
bool config_number(double *out, const char *name, double min, double max, const yaml_node *value,
                   error *e);

/* The same of a whole number; `count` makes it a CONFIG_COUNT. */
bool config_whole(int64_t *out, const char *name, bool count, double min, double max,
                  const yaml_node *at, error *e);

/* "train.lr=1e-3", "model.attention=[mha, mqa]" or "recipe=fast@1", from the command line. */
bool config_override(config *settings, const char *assignment, error *e);

/* Read a YAML file.  *sweep (may be NULL) is its `sweep` section, or NULL; *file owns it. */
bool config_load(config *settings, const char *path, yaml_node **file, const yaml_node **sweep,
                 error *e);

/* The same from a tree that has been read. */
bool config_take(config *settings, const yaml_node *root, const yaml_node **sweep, error *e);

/* error_usage about a key that was set: "FILE:LINE: model.n_heads: " in front. */
bool config_error(const config *settings, const char *name, error *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Is it train.seed, train.data_seed or train.replica, which tell the runs of a configuration apart?
 */
bool config_is_seed(const config_key *key);

/* Canonical JSON of a resolved configuration (the caller frees it), without seed, data_seed and
 * replica unless `seeds`. */
char *config_canonical(const config *settings, bool seeds);

/* One key's value as text: the corpus by its hash and lists as [a, b].  CONFIG_VALUE characters
 * hold every value. */
enum { CONFIG_VALUE = CONFIG_LIST * (CONFIG_PATH + 4) };
void config_value(char *out, size_t size, const config *settings, const config_key *key);

/* The YAML file that, read again, gives the same resolved configuration. */
void config_write(FILE *f, const config *settings);

#endif
