/* item.h - one question of an evaluation task, and the file that holds them.
 *
 * A task's file has one JSON object a line (JSON Lines, UTF-8), with at least an "id":
 *
 *     choice          {"id": "7", "prompt": TEXT, "options": [TEXT, ...], "answer": INDEX}
 *     exact, cloze    {"id": "7", "prompt": TEXT, "answer": TEXT}
 *     lm              {"id": "7", "text": TEXT}
 *
 * "distance" (tokens back to the evidence) and "depth" (its place, 0 to 1) may be added; further
 * fields are for templates.  In place of texts there may be tokens: "prompt_tokens",
 * "option_tokens" and "answer_tokens".  Tokens are read as they are, without BOS in front.
 */
#ifndef TRAINER_SUITES_ITEM_H
#define TRAINER_SUITES_ITEM_H

#include "trainer/tasks/generator.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the longest line, options of an item, and bytes of an id. */
enum { ITEM_LINE = 4 << 20, ITEM_OPTIONS = 256, ITEM_ID = 200 };

/* A text, or tokens. */
typedef struct item_part {
    char *text;     /* (n bytes, and a 0 byte); NULL if it is tokens */
    int32_t *token; /* (n)                                           */
    int n;
} item_part;

typedef struct item {
    char *id;
    int line; /* in its file; 0 if it was generated */
    item_part prompt;
    int options,
        answer; /* what may follow the prompt, one unless the task is a choice; the right one */
    item_part *option; /* (options) */
    int spans; /* more than 0: the answers are parts of the prompt, and there is no option */
    generator_answer *span;
    int64_t distance; /* -1: unknown */
    double depth;     /* -1: unknown */
} item;

typedef struct items {
    int n;
    item *item; /* (n) */
} items;

struct task_kind;

/* Read the items of a kind from a file.  `layout` makes prompts out of the fields, such as
 * "Q: {question}\nA:"; without one (NULL) they are the field that the kind names.  Fails
 * (STATUS_USAGE) at the first line that is wrong, with its number, and if two items have one id or
 * there are none. */
bool items_read(items *out, const char *path, const struct task_kind *kind, const char *layout,
                error *e);

/* The first n items of a generator's suite stream, by index. */
void items_generate(items *out, const generator *g, uint64_t seed, int n);

void items_close(items *list);
void item_close(item *it);

/* --- for the kinds ---------------------------------------------------------------------------- */

/* The part of an object that is under `text`, or the tokens under `tokens` (NULL: never); exactly
 * one of them must be there. */
bool item_part_read(item_part *out, const json_t *object, const char *text, const char *tokens,
                    error *e);

/* The same of one value, called `name` in messages. */
bool item_part_text(item_part *out, const json_t *value, const char *name, error *e);
bool item_part_tokens(item_part *out, const json_t *value, const char *name, error *e);

#endif
