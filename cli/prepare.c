/* prepare.c - `attnlab prepare`: text files to a corpus. */
#include "cli/verbs.h"
#include "core/base/table.h"
#include "trainer/corpus/corpus_write.h"
#include "trainer/corpus/tokenizer.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>

enum { KEY_HOLDOUT = 256, KEY_FRACTION, KEY_OUT, KEY_VOCAB, KEY_TOKENIZER, KEY_FORCE };

static const struct argp_option OPTIONS[] = {
    { "out", KEY_OUT, "DIR", 0, "The folder to make", 1 },
    { "vocab-size", KEY_VOCAB, "N", 0,
      "Train a tokenizer of N pieces on the files (not on the text held out)", 2 },
    { "tokenizer", KEY_TOKENIZER, "MODEL", 0, "Take the tokenizer from a SentencePiece model", 2 },
    { "holdout", KEY_HOLDOUT, "FILE", 0,
      "Hold this file out, to be evaluated on and never trained on; once for each file", 3 },
    { "holdout-fraction", KEY_FRACTION, "X", 0,
      "Without --holdout: hold out the last part of each file, from a new line on (default 0.1)",
      3 },
    { "force", KEY_FORCE, NULL, 0, "Write over another corpus in DIR", 4 },
    { "output", 'o', "FORMAT", 0, "Of the summary: table (default), md, csv, json or jsonl", 4 },
    { 0 },
};

typedef struct arguments {
    corpus_order order;
    bool fraction_given;
    table_format format;
} arguments;

static void parse_vocab(arguments *a, const char *text, struct argp_state *state)
{
    char *end;
    errno = 0;
    const long n = strtol(text, &end, 10);
    if (end == text || *end || errno || n < TOKENIZER_VOCAB_MIN || n > TOKENIZER_VOCAB_MAX)
        argp_error(state, "--vocab-size=%s: a number of pieces from %d to %d is wanted", text,
                   TOKENIZER_VOCAB_MIN, TOKENIZER_VOCAB_MAX);
    a->order.vocab_size = (int)n;
}

static void parse_fraction(arguments *a, const char *text, struct argp_state *state)
{
    char *end;
    const double x = strtod(text, &end);
    if (end == text || *end || !(x > 0 && x < 1))
        argp_error(state, "--holdout-fraction=%s: a number between 0 and 1 is wanted", text);
    a->order.fraction = x, a->fraction_given = true;
}

static void check(const arguments *a, struct argp_state *state)
{
    const corpus_order *o = &a->order;
    if (!o->n_train) argp_error(state, "a text file to train on is wanted");
    if (!o->out) argp_error(state, "--out DIR is wanted");
    if (!o->tokenizer == !o->vocab_size)
        argp_error(state, "one of --vocab-size N and --tokenizer MODEL is wanted");
    if (o->n_val && a->fraction_given)
        argp_error(state, "--holdout and --holdout-fraction exclude each other");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    corpus_order *o = &a->order;
    error e;
    switch (key) {
    case KEY_OUT:
        o->out = value;
        return 0;
    case KEY_VOCAB:
        parse_vocab(a, value, state);
        return 0;
    case KEY_TOKENIZER:
        o->tokenizer = value;
        return 0;
    case KEY_HOLDOUT:
        o->val[o->n_val++] = value;
        return 0;
    case KEY_FRACTION:
        parse_fraction(a, value, state);
        return 0;
    case KEY_FORCE:
        o->force = true;
        return 0;
    case 'o':
        if (!table_format_parse(&a->format, value, &e)) argp_error(state, "%s", e.msg);
        return 0;
    case ARGP_KEY_ARG:
        o->train[o->n_train++] = value;
        return 0;
    case ARGP_KEY_END:
        check(a, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "FILE...",
    .doc = "Make a corpus of text files: each is one document, encoded whole."
           "\vText is UTF-8 and comes back from its tokens byte for byte, or the file is refused.  "
           "A tokenizer that is trained here is a byte-pair encoding with the settings of "
           "Llama's.\n\n"
           "A corpus has text to train on and text held out.  Without --holdout the last tenth of "
           "each file is held out.  The same text cannot be both.\n\n"
           "A corpus is known by its content, wherever it lies.  Making one where it is already "
           "changes nothing.",
};

static void print(const manifest *m, table_format format)
{
    static const char *const COLUMN[] = { "split", "files", "tokens", "bytes", "bytes_per_token" };
    table t;
    table_open(&t, format, stdout, 5, COLUMN);
    for (int i = 0; i < SPLITS; i++) {
        const manifest_split *s = &m->split[i];
        table_text(&t, SPLIT_NAME[i]);
        table_int(&t, s->n), table_int(&t, s->tokens), table_int(&t, s->bytes);
        table_real(&t, (double)s->bytes / (double)s->tokens, 3);
    }
    table_close(&t);
}

int prepare_verb(int argc, char **argv)
{
    error e;
    manifest m;
    arguments a = { .order = { .fraction = 0.1, .progress = stderr } };
    a.order.train = calloc((size_t)argc, sizeof *a.order.train);
    a.order.val = calloc((size_t)argc, sizeof *a.order.val);
    if (!a.order.train || !a.order.val) error_memory();
    argp_err_exit_status = STATUS_USAGE;
    argp_parse(&ARGP, argc, argv, 0, NULL, &a);
    int status = STATUS_DONE;
    if (!a.order.n_val)
        fprintf(stderr, "no --holdout: the last %g %% of each file is held out\n",
                100 * a.order.fraction);
    if (corpus_write(&m, &a.order, &e)) {
        fprintf(stderr, "%s: %d pieces, identity %.16s\n", a.order.out, m.vocab_size, m.sha256);
        print(&m, a.format);
        manifest_close(&m);
    } else {
        fprintf(stderr, "attnlab prepare: %s\n", e.msg);
        status = e.status;
    }
    free(a.order.train), free(a.order.val);
    return status;
}
