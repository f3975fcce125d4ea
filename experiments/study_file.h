/* study_file.h - what a study asks: a base configuration and a section `sweep` in one YAML file.
 *
 *     sweep:
 *       name: heads
 *       question: What does sharing keys and values cost?
 *       axes: {model.attention: [mha, gqa:n_kv_heads=2, mqa]}
 *       baseline: {model.attention: mha}
 *       match: {params: model.ffn_dim}
 *       seeds: 6                              or {start: 6, step: 3, max: 24}
 *       margin: 0.02
 *
 * docs/designs.md shows designs, axes with named levels, and arms that are tuned.
 *
 * Settings of the command line ("sweep.margin=0.05", "train.tokens=1M") replace values of the file.
 * The text of the file and the list of settings are kept apart, here and in the database; read
 * again, the two give the same study.
 */
#ifndef EXPERIMENTS_STUDY_FILE_H
#define EXPERIMENTS_STUDY_FILE_H

#include "core/base/study_name.h"
#include "experiments/design.h"
#include "trainer/config/config.h"

enum { STUDY_FILE_TEXT = 2048, STUDY_FILE_AXES = 8, STUDY_FILE_SEEDS = 1000 };

/* Ranges of start and max, where seeds are added until decided: the critical values of the first
 * look need a few, and those of more looks than this take long to compute. */
enum { STUDY_FILE_START = 3, STUDY_FILE_MOST = 100 };

/* Ranges of sweep.alpha and sweep.margin, ends included, and of the options that replace them. */
#define STUDY_FILE_ALPHA_MIN  1e-9
#define STUDY_FILE_ALPHA_MAX  0.5
#define STUDY_FILE_MARGIN_MAX 1e6 /* from 0 on */

/* One key of the section; the last of study_file_keys has no name.  Types and
 * ranges are words for people here: study_file.c reads each key in its own way. */
typedef struct study_file_key {
    const char *name; /* "sweep.axes" */
    const char *type, *initial, *range, *help;
} study_file_key;
extern const study_file_key study_file_keys[];

/* What varies: the values of a key, or named levels that set several keys each. */
typedef struct study_file_axis {
    const char *name;       /* of the key, or of the levels          */
    const config_key *key;  /* NULL: levels                          */
    const yaml_node *place; /* where the file names it               */
    int n;
    const yaml_node *value; /* (n) values, or the names of levels    */
    const yaml_node *level; /* (n) {key: value}; NULL if `key` is not */
} study_file_axis;

/* A key that is tuned for each arm (study_tune.h). */
typedef struct study_file_tune {
    const config_key *key; /* NULL: none */
    const yaml_node *place;
    double from, to; /* the first and the last of `points` values */
    int points, seeds;
} study_file_tune;

/* MATCH_PARAMS: the baseline's parameter count, exactly.  MATCH_LLAMA2: the factors printed in
 * Llama 2's paper. */
typedef enum study_file_match { MATCH_NONE, MATCH_PARAMS, MATCH_LLAMA2 } study_file_match;

typedef struct study_file {
    char name[STUDY_NAME], question[STUDY_FILE_TEXT], hypothesis[STUDY_FILE_TEXT];
    char metric[STUDY_NAME];  /* "" until arms_open, if none was given */
    double margin, alpha;     /* margin in nats, NaN for none */
    int seeds, axes, crossed; /* crossed: how many of the axes, the last ones, are sweep.cross */
    int start, step; /* seeds are added until decided: at the first look, between looks; `seeds` is
                        their maximum.  0: all at once */
    int seed[STUDY_FILE_SEEDS]; /* (seeds) train.seed and train.data_seed of each */
    study_file_axis axis[STUDY_FILE_AXES];
    const yaml_node *given_axes, *cross, *list; /* sweep.axes, .cross and .arms; or NULL */
    const yaml_node *exclude, *baseline;        /* a list of maps, a map; or NULL */
    const design *design;
    study_file_match match;
    study_file_tune tune;
    config base;    /* not resolved */
    const char *db; /* where studies that it starts from are looked for; the caller's, or NULL */
    int depth;      /* how many studies start from this one, one from another                  */

    char *text;          /* the file as it was read                     */
    char *settings_json; /* ["key=value", ...]: all that have an effect */
    yaml_node *file;     /* owns the nodes above, but for these         */
    yaml_node **setting; /* (settings) from the command line, and what was made of ranges */
    int settings;

    int shard, shards; /* of its cells only shard 1 .. shards is planned; shards 0: all */
    const char *only;  /* ... or the cell of this identity (plan.h); NULL: all          */
} study_file;

/* Read a file, then n settings "key=value" of both kinds.  *s is empty if it fails.  A setting of a
 * key that is an axis is refused, for it would change nothing. */
bool study_file_read(study_file *s, const char *path, char *const *settings, int n, error *e);

/* The same from the text of a stored study.  The first `kept` of the n settings are those it was
 * stored with; a later study may have made one of them an axis. */
bool study_file_recall(study_file *s, const char *text, char *const *settings, int kept, int n,
                       error *e);

/* What is stored of s, with other settings; it reads as if it were written in the same file.  s
 * must outlive *out. */
bool study_file_again(study_file *out, const study_file *s, char *const *settings, int kept, int n,
                      error *e);

void study_file_close(study_file *s);

/* The file, for messages. */
const char *study_file_path(const study_file *s);

/* Give the study a tree to close. */
void study_file_own(study_file *s, yaml_node *root);

/* Which axis has this name, -1 if none; and which axis sets a key, by itself or by its levels. */
int study_file_axis_of(const study_file *s, const char *name);
int study_file_setter(const study_file *s, const char *key);

/* May the arms differ in this key, as it is set by an axis or tuned? */
bool study_file_varies(const study_file *s, const char *key);

/* Do two ways of writing it give this key the same value?  Without a key, they are names. */
bool study_file_same(const study_file *s, const config_key *k, const yaml_node *a,
                     const yaml_node *b);

/* The value as it was written, "[a, b]" for a list; and as JSON, by the key's type.  Without a key,
 * it is a name. */
void study_file_value(char *out, size_t size, const yaml_node *value);
void study_file_json(FILE *f, const config_key *k, const yaml_node *value);

#endif
