/* corpora.h - documents, corpora made of them in a temporary folder, and what must hold of each:
 * for tests of writing and of opening. */
#ifndef TESTS_CORPORA_H
#define TESTS_CORPORA_H

#include "tests/prose.h"
#include "tests/scratch.h"
#include "tests/unit.h"
#include "trainer/corpus/corpus.h"
#include "trainer/corpus/corpus_write.h"
#include "trainer/corpus/tokenizer.h"

enum { FILES = 6, VOCAB = 420 };

/* The documents: two long ones, and some that begin or end in odd ways. */
static char *document[FILES];
static char path[FILES][128];
static const char *name[FILES]; /* their paths */
static FILE *quiet;

static inline int setup(void **state)
{
    static const char *const ODD[] = { "  two blanks in front, 12345, an emoji \xf0\x9f\x98\x80\n",
                                       "\n\n\na line end in front\n\n\n", "x",
                                       "\xe2\x80\x9cquoted\xe2\x80\x9d \xe4\xb8\x80\t\t\r\n " };
    scratch_setup(state);
    quiet = fopen("/dev/null", "w");
    for (int i = 0; i < FILES; i++) {
        char file[16];
        document[i] = i < 2 ? prose(20000, (uint64_t)i + 1) : strdup(ODD[i - 2]);
        snprintf(file, sizeof file, "text%d", i);
        snprintf(path[i], sizeof path[i], "%s", scratch_text(&dir, file, document[i]));
        name[i] = path[i];
    }
    return 0;
}

static inline int teardown(void **state)
{
    for (int i = 0; i < FILES; i++) free(document[i]);
    fclose(quiet);
    return scratch_teardown(state);
}

/* text0, text2, text3 to train on, text1, text4 and text5 held out, unless changed. */
static const char *train_files[3], *val_files[3];
static char out[128];

static inline corpus_order order(const char *folder)
{
    for (int i = 0; i < 3; i++)
        train_files[i] = name[i ? i + 1 : 0], val_files[i] = name[i ? i + 3 : 1];
    snprintf(out, sizeof out, "%s/%s", dir.folder, folder);
    return (corpus_order){ .n_train = 3,
                           .n_val = 3,
                           .train = train_files,
                           .val = val_files,
                           .holdout = { .fraction = 0.1 },
                           .vocab_size = VOCAB,
                           .out = out,
                           .progress = quiet };
}

/* Write the corpus; `sha256` may be NULL. */
static inline void make(const corpus_order *o, char sha256[HASH_HEX])
{
    manifest m;
    error e;
    if (!corpus_write(&m, o, &e)) fail_msg("%s", e.msg);
    if (sha256) memcpy(sha256, m.sha256, HASH_HEX);
    manifest_close(&m);
}

/* The order is refused with this status and these words. */
static inline void expect_refused(const corpus_order *o, int status, const char *why)
{
    manifest m;
    error e = { 0 };
    assert_false(corpus_write(&m, o, &e));
    if (!strstr(e.msg, why) || e.status != status) fail_msg("status %d: %s", e.status, e.msg);
}

/* The tokens of a split are those of the n texts, byte by byte. */
static inline void expect_split(const corpus *c, const tokenizer *t, const corpus_split *s,
                                const char *const *texts, int n)
{
    int64_t at = 0, bytes = 0, sum = 0;
    for (int i = 0; i < n; i++) {
        int32_t token, before;
        const char *of = texts[i];
        corpus_read(&before, s, at++, 1);
        assert_int_equal(before, c->bos);
        while (*of) {
            size_t m;
            assert_true(at < s->n_tokens);
            corpus_read(&token, s, at++, 1);
            const char *piece = tokenizer_bytes(t, token, before, &m);
            assert_int_equal(strncmp(of, piece, m), 0);
            assert_int_equal(corpus_token_bytes(c, token, before), m);
            of += m, sum += (int64_t)m, before = token;
        }
        bytes += (int64_t)strlen(texts[i]);
    }
    assert_int_equal(at, s->n_tokens);
    assert_int_equal(bytes, s->n_bytes);
    assert_int_equal(sum, s->n_bytes);
}

/* The corpus in this folder is that of order(), with tokens of `width` bytes. */
static inline void expect_whole(const char *folder, int width)
{
    corpus c;
    tokenizer t;
    char *model;
    size_t n;
    error e;
    char file[160];
    snprintf(file, sizeof file, "%s/tokenizer.model", folder);
    if (!corpus_open(&c, folder, CORPUS_WHOLE, &e)) fail_msg("%s", e.msg);
    assert_true(c.path[0] == '/');
    assert_true(file_read(&model, &n, file, 1 << 24, &e) && tokenizer_open(&t, model, n, &e));
    assert_int_equal(c.vocab_size, t.V);
    assert_int_equal(c.train.width, width);
    expect_split(&c, &t, &c.train, (const char *[]){ document[0], document[2], document[3] }, 3);
    expect_split(&c, &t, &c.val, (const char *[]){ document[1], document[4], document[5] }, 3);
    tokenizer_close(&t);
    free(model);
    corpus_close(&c);
    corpus_close(&c); /* does nothing if it is closed */
}

/* There is no corpus to open, and the message has `why`. */
static inline void expect_closed(const char *folder, const char *why)
{
    corpus c;
    error e = { 0 };
    assert_false(corpus_open(&c, folder, CORPUS_WHOLE, &e));
    if (!strstr(e.msg, why) || e.status != STATUS_FAILED) fail_msg("%s: %s", why, e.msg);
    assert_null(c.path);
}

#endif
