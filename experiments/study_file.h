/* study_file.h - what a study asks: a base configuration, and a `sweep` section beside it.
 *
 *     sweep:
 *       name: heads
 *       question: What does sharing keys and values cost?
 *       axes: {model.attention: [mha, gqa:n_kv_heads=2, mqa]}
 *       baseline: {model.attention: mha}
 *       match: {params: model.ffn_dim}
 *       seeds: 6
 *       margin: 0.02
 */
#ifndef EXPERIMENTS_STUDY_FILE_H
#define EXPERIMENTS_STUDY_FILE_H

#include "trainer/config/config.h"

enum { SWEEP_NAME = 64, SWEEP_TEXT = 2048, SWEEP_AXES = 8, SWEEP_SEEDS = 1000 };

/* One key of the section; the last of sweep_keys has no name.  Types and ranges are words here,
 * for people: sweep.c reads each key in its own way. */
typedef struct sweep_key {
    const char *name; /* "sweep.axes" */
    const char *type, *initial, *range, *help;
} sweep_key;
extern const sweep_key sweep_keys[];

typedef struct sweep_axis {
    const config_key *key;
    int n;
    const yaml_node *value; /* (n) */
} sweep_axis;

/* MATCH_PARAMS: the baseline's parameter count, exactly.  MATCH_LLAMA2: the factors printed in
 * Llama 2's paper. */
typedef enum sweep_match { MATCH_NONE, MATCH_PARAMS, MATCH_LLAMA2 } sweep_match;

typedef struct sweep {
    char name[SWEEP_NAME], question[SWEEP_TEXT], hypothesis[SWEEP_TEXT];
    char metric[SWEEP_NAME]; /* "" until the arms are known, where none was given */
    double margin, alpha;    /* in nats, NaN for none */
    int seeds, axes;
    sweep_axis axis[SWEEP_AXES];
    const yaml_node *exclude, *baseline; /* a list of maps, a map; or NULL */
    sweep_match match;
    config base; /* not resolved */

    char *text;          /* the file, and the settings of the command line below it */
    yaml_node *file;     /* owns the nodes above, but for these                     */
    yaml_node **setting; /* (settings) from the command line                        */
    int settings;
} sweep;

/* Read a file, then n settings "key=value" of both kinds.  *s is empty on failure. */
bool sweep_read(sweep *s, const char *path, char *const *settings, int n, error *e);

/* The same of the text of a recorded study (sweep.text), which holds the settings it had. */
bool sweep_recall(sweep *s, const char *text, char *const *settings, int n, error *e);

/* What people call a study: its file, a folder with a study.yaml in it, or the name under which it
 * is in the record at `db_path`. */
bool sweep_open(sweep *s, const char *name, const char *db_path, char *const *settings, int n,
                error *e);
void sweep_close(sweep *s);

/* Do two ways of writing it give this key the same value? */
bool sweep_same(const sweep *s, const config_key *k, const yaml_node *a, const yaml_node *b);

/* The value as it was written, "[a, b]" for a list; and as JSON, by the key's type. */
void sweep_value(char *out, size_t size, const yaml_node *value);
void sweep_json(FILE *f, const config_key *k, const yaml_node *value);

#endif
