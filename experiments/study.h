/* study.h - what a study asks: a base configuration, and a `sweep` section beside it.
 *
 *     sweep:
 *       name: heads
 *       question: What does sharing keys and values cost?
 *       axes: {model.attention: [mha, gqa:n_kv_heads=2, mqa]}
 *       baseline: {model.attention: mha}
 *       match: {params: model.ffn_dim}
 *       seeds: 3
 *       margin: 0.02
 */
#ifndef EXPERIMENTS_STUDY_H
#define EXPERIMENTS_STUDY_H

#include "trainer/config.h"

enum { STUDY_NAME = 64, STUDY_TEXT = 2048, STUDY_AXES = 8, STUDY_SEEDS = 1000 };

/* One key of the section; the last of study_keys has no name.  Types and ranges are words here,
 * for people: study.c reads each key in its own way. */
typedef struct study_key {
    const char *name; /* "sweep.axes" */
    const char *type, *initial, *range, *help;
} study_key;
extern const study_key study_keys[];

typedef struct study_axis {
    const config_key *key;
    int n;
    const node *value; /* (n) */
} study_axis;

/* MATCH_PARAMS: the baseline's parameter count, exactly.  MATCH_LLAMA2: the factors printed in
 * Llama 2's paper. */
typedef enum study_match { MATCH_NONE, MATCH_PARAMS, MATCH_LLAMA2 } study_match;

typedef struct study {
    char name[STUDY_NAME], question[STUDY_TEXT], hypothesis[STUDY_TEXT];
    char metric[STUDY_NAME]; /* "" until the arms are known, where none was given */
    double margin, alpha;    /* in nats, NaN for none */
    int seeds, axes;
    study_axis axis[STUDY_AXES];
    const node *exclude, *baseline; /* a list of maps, a map; or NULL */
    study_match match;
    config base; /* not resolved */

    char *text;     /* the file, and the settings of the command line below it */
    node *file;     /* owns the nodes above, but for these                     */
    node **setting; /* (settings) from the command line                        */
    int settings;
} study;

/* Read a file, then n settings "key=value" of both kinds.  *s is empty on failure. */
bool study_read(study *s, const char *path, char *const *settings, int n, error *e);
void study_close(study *s);

/* Do two ways of writing it give this key the same value? */
bool study_same(const study *s, const config_key *k, const node *a, const node *b);

/* The value as it was written, "[a, b]" for a list; and as JSON, by the key's type. */
void study_value(char *out, size_t size, const node *value);
void study_json(FILE *f, const config_key *k, const node *value);

#endif
