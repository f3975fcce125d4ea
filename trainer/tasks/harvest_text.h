/* harvest_text.h - a held-out document as a reader sees it: words, sentences, paragraphs, names,
 * and at which token each place is.
 *
 * A word is a run of letters.  A sentence begins with a paragraph, or behind a
 * full stop, question or exclamation mark, unless a short word (Mr., Dr.) stands before a full stop
 * or a small letter comes next.  A paragraph begins behind an empty line.
 */
#ifndef TRAINER_TASKS_HARVEST_TEXT_H
#define TRAINER_TASKS_HARVEST_TEXT_H

#include "core/base/error.h"
#include "trainer/corpus/corpus.h"
#include "trainer/corpus/tokenizer.h"

#include <stdint.h>

typedef struct harvest_word {
    int at, n;  /* its bytes                                          */
    int token;  /* that its first byte belongs to                     */
    int id;     /* of its spelling, below `spellings`                 */
    bool first; /* of a sentence                                      */
} harvest_word;

typedef struct harvest_text {
    const char *path; /* of the document, as the manifest has it */
    char *bytes;      /* (n, and a 0 byte)                       */
    int n, tokens, words, sentences, paragraphs, spellings;
    int *token_at;      /* (tokens + 1) where each token begins    */
    harvest_word *word; /* (words)                                 */
    int *sentence;      /* (sentences) where each begins           */
    int *paragraph;     /* (paragraphs) where each begins          */
    bool *name;         /* (spellings) a name: always capitalized, several times within sentences */
} harvest_text;

/* Decode tokens from..from + n - 1 of a split, a whole document with BOS in front. */
void harvest_text_open(harvest_text *t, const corpus_split *s, const tokenizer *k, int64_t from,
                       int64_t n, const char *path);
void harvest_text_close(harvest_text *t);

/* The token that byte `at` belongs to. */
int harvest_text_token(const harvest_text *t, int at);

/* The first sentence that begins at `token` or later, as the place of its first byte; -1 if there
 * is none. */
int harvest_text_sentence(const harvest_text *t, int token);

#endif
