/* generator.h - what a generator is: items without end, each a function of (seed, part, index).
 *
 * A generator is one C file in generators/ that ends in one `const task_generator`, listed in one
 * line of generators/meson.build.  Its items are rows of token ids, or texts; some tokens (or
 * bytes) of an item are answers, which are scored when a model is evaluated and are the only
 * targets when it is trained.  The rest gives them away: an item needs no knowledge from outside.
 *
 * A spec is `name:option=value:option=value`, such as mqar:pairs=16:length=256:vocab=1024.
 *
 * Token ids: 0 fills, 1 is BOS and the first token of every item, 2 separates or triggers; a
 * generator's symbols are the ids from 3 on (mqar: from 2 on), below `vocab`.
 */
#ifndef TRAINER_TASKS_GENERATOR_H
#define TRAINER_TASKS_GENERATOR_H

#include "core/base/error.h"
#include "trainer/tasks/draws.h"

#include <stdint.h>

enum {
    GENERATOR_OPTIONS = 8, /* most options of one generator                       */
    GENERATOR_SPEC = 160,  /* characters of the longest spec, with its end        */
    GENERATOR_VOCAB = 1 << 20,
    GENERATOR_LENGTH = 1 << 20,
    GENERATOR_FILL = 0,
    GENERATOR_BOS = 1,
    GENERATOR_MARK = 2,
    GENERATOR_SYMBOL = 3, /* the first symbol */
};

/* Which stream an item comes from.  Items of different parts are independent, whatever their
 * indices: a suite repeats what a model was trained on by chance alone. */
typedef enum generator_part { PART_TO_TRAIN, PART_HELD_OUT, PART_OF_SUITE } generator_part;

/* An option of one generator, with its default and range (both ends are allowed). */
typedef struct generator_option {
    const char *name; /* NULL ends a list */
    double value, min, max;
    bool real; /* else a whole number */
    const char *help;
} generator_option;

/* Tokens (or bytes) from..to-1 of an item.  They repeat what stands at `evidence`, so a query just
 * before them must reach back `from - evidence` positions. */
typedef struct generator_answer {
    int from, to, evidence;
    double depth; /* place of the evidence, 0 (at the beginning) to 1 (just before the question) */
} generator_answer;

typedef struct generator_item {
    int32_t *token; /* (n); NULL if the item is text                        */
    char *text;     /* (n bytes, and a 0 byte), UTF-8; NULL if it is tokens */
    int n;
    int answers;
    generator_answer *answer; /* (answers) in ascending order, at least one */
} generator_item;

typedef struct task_generator {
    const char *name, *help; /* help: one line                 */
    const char *shape;       /* what an item looks like        */
    const generator_option *options;

    /* Can these options go together?  NULL: always.  The message has the values. */
    bool (*check)(const double *opt, error *e);

    /* Tokens of an item, BOS included, and the number of ids; both NULL if its items are text. */
    int (*length)(const double *opt);
    int (*vocab)(const double *opt);

    /* Fill in item `index`, by generator_answer_add and the draws alone.  `token` is there already:
     * BOS, then fillers.  `text` is to be allocated. */
    void (*make)(generator_item *out, const double *opt, draws *d, int64_t index);
} task_generator;

/* Every generator, NULL last.  Generated from generators/meson.build. */
extern const task_generator *const task_generators[];

/* A spec that has been read. */
typedef struct generator {
    const task_generator *kind;
    double opt[GENERATOR_OPTIONS]; /* in declared order */
} generator;

/* Read a spec.  Fails (STATUS_USAGE) if the name or an option is unknown, an option is given twice,
 * a value is no number or out of range, or the options don't go together. */
bool generator_read(generator *g, const char *spec, error *e);

/* The spec with all its options. */
void generator_describe(char out[GENERATOR_SPEC], const generator *g);

/* Are its items text? */
bool generator_is_text(const generator *g);

/* Tokens of an item, and the number of ids; 0 if its items are text. */
int generator_length(const generator *g);
int generator_vocab(const generator *g);

/* Make an item; the caller closes it.  The same arguments give the same item on every machine. */
void generator_make(generator_item *out, const generator *g, uint64_t seed, generator_part part,
                    int64_t index);
void generator_item_close(generator_item *item);

/* For generators: append an answer.  A depth below 0 stands for evidence / from. */
void generator_answer_add(generator_item *item, int from, int to, int evidence, double depth);

#endif
