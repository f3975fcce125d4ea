/* coded.h - items as the model reads them: sequences of tokens, and the spans that are scored.
 *
 *     choice, exact, cloze    BOS examples prompt [option], a sequence for each option
 *     lm                      BOS [text], in windows of the context: every token is scored once
 *     generated               tokens with [answers] among them
 *
 * A text is split into prompt and option after it has been encoded as a whole, and white space at
 * the end of a prompt goes to the option: as lm-evaluation-harness does (Gao et al. 2024, version
 * 0.4, `_encode_pair`), so that both score the same tokens.  Windows of `lm` are those of its
 * `loglikelihood_rolling`.
 */
#ifndef TRAINER_SUITES_CODED_H
#define TRAINER_SUITES_CODED_H

#include "trainer/corpus/tokenizer.h"

/* Tokens from..to-1 of a sequence, from >= 1. */
typedef struct coded_span {
    int from, to;
    double nll;  /* their loss in nats, once they are scored */
    bool greedy; /* is each of them the likeliest?           */
} coded_span;

typedef struct coded_sequence {
    int32_t *token; /* (n); the model reads all but the last */
    int n, spans;
    coded_span *span; /* (spans) */
    int bytes;        /* of the option as it is written; 0: it is tokens */
} coded_sequence;

typedef struct coded {
    int sequences; /* 0: the item is skipped */
    coded_sequence *sequence;
    int length;     /* tokens of the longest, before anything was cut off */
    bool truncated; /* was something cut off on the left?                 */
} coded;

/* What items are coded for. */
typedef struct coded_for {
    const tokenizer *pieces; /* NULL: there is none, and only tokens can be read */
    int vocab_size, context; /* of the model; the most tokens that it reads at once */
} coded_for;

struct suite;
struct suite_task;

/* Code every item of a task of the suite: out (task->all.n), which the caller closes with
 * coded_close, also after a failure.  Fails (STATUS_USAGE), with the file and line, if an item is
 * too long and the suite says `refuse`, holds tokens outside the vocabulary, or texts without a
 * tokenizer. */
bool coded_open(coded **out, const struct suite *s, const struct suite_task *task,
                const coded_for *with, error *e);
void coded_close(coded *list, int n);

/* What stands in front of the options of item i, examples included, as text or (if it is made of
 * tokens) as numbers; the caller frees it. */
char *coded_context(const struct suite *s, const struct suite_task *task, int i);

#endif
