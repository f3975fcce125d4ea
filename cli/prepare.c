/* prepare.c - `attnlab prepare`: text files to a corpus. */
#include "cli/command.h"
#include "core/base/table.h"
#include "trainer/corpus/corpus_write.h"
#include "trainer/corpus/tokenizer.h"

#include <math.h>

typedef struct options {
    const char *out, *tokenizer;
    int64_t vocab_size;
    option_texts holdout;
    double fraction;
    bool force;
} options;

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "out",              0, OPTION_TEXT,  "DIR",   AT(out),        "the folder to make" },
    { "vocab-size",       0, OPTION_COUNT, "N",     AT(vocab_size), "train a tokenizer of N pieces on the files (not on the text held out)", NULL, TOKENIZER_VOCAB_MIN, TOKENIZER_VOCAB_MAX },
    { "tokenizer",        0, OPTION_TEXT,  "MODEL", AT(tokenizer),  "take the tokenizer from this SentencePiece model" },
    { "holdout",          0, OPTION_TEXTS, "FILE",  AT(holdout),    "hold this file out: it is evaluated on and never trained on" },
    { "holdout-fraction", 0, OPTION_REAL,  "X",     AT(fraction),   "without --holdout: hold out the last part of each file, from a new line on", "(0.1)", 1e-6, 0.999 },
    { "force",            0, OPTION_FLAG,  NULL,    AT(force),      "replace another corpus in DIR" },
    { 0 },
};
// clang-format on

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

static int run(command_call *call, const void *given)
{
    const options *o = given;
    const corpus_order order = { .n_train = call->arguments,
                                 .train = call->argument,
                                 .n_val = o->holdout.n,
                                 .val = o->holdout.item,
                                 .fraction = isnan(o->fraction) ? 0.1 : o->fraction,
                                 .tokenizer = o->tokenizer,
                                 .vocab_size =
                                     o->vocab_size == OPTION_UNSET ? 0 : (int)o->vocab_size,
                                 .out = o->out,
                                 .force = o->force,
                                 .progress = stderr };
    error e;
    manifest m;
    if (!o->out) return command_refuse(call, "missing option: --out DIR");
    if (!order.tokenizer == !order.vocab_size)
        return command_refuse(call, "give one of --vocab-size N and --tokenizer MODEL");
    if (order.n_val && !isnan(o->fraction))
        return command_refuse(call, "--holdout and --holdout-fraction exclude each other");
    if (!order.n_val)
        command_note(call, NOTE_INFO, "no --holdout: the last %g %% of each file is held out",
                     100 * order.fraction);
    if (!corpus_write(&m, &order, &e)) return command_fail(call, &e);
    command_note(call, NOTE_INFO, "%s: %d pieces, identity %.16s", order.out, m.vocab_size,
                 m.sha256);
    command_rows(call);
    print(&m, command_format(call));
    manifest_close(&m);
    return STATUS_DONE;
}

const command command_prepare = {
    .name = "prepare",
    .group = COMMAND_DATA,
    .help = "make a corpus folder out of text files",
    .arguments = "FILE...",
    .summary = "Make a corpus out of text files: each is one document, encoded whole. --out is "
               "required, and one of --vocab-size and --tokenizer.",
    .text = "Text is UTF-8 and comes back from its tokens byte for byte, or the file is refused. A "
            "tokenizer that is trained here is a byte-pair encoding with the settings of "
            "Llama's.\n\n"
            "A corpus has text to train on and text held out. Without --holdout the last tenth of "
            "each file is held out. The same text cannot be both.\n\n"
            "A corpus is known by its content, wherever it lies. Making one that is there already "
            "changes nothing.",
    .shared = SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
