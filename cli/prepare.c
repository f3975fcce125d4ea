/* prepare.c - `attnlab prepare`: text to a corpus, and whether its two halves are alike; or a
 * corpus of generated items.
 */
#include "cli/command.h"
#include "core/base/file.h"
#include "core/base/table.h"
#include "trainer/corpus/corpus.h"
#include "trainer/corpus/corpus_write.h"
#include "trainer/corpus/likeness.h"
#include "trainer/corpus/tokenizer.h"
#include "trainer/tasks/generated_corpus.h"
#include "trainer/tasks/generator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *out, *tokenizer, *list, *field, *separator;
    int64_t vocab_size, items, holdout_items, seed;
    option_texts holdout, generate;
    double fraction;
    bool one_space, force;
} options;

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "out",              0, OPTION_TEXT,  "DIR",    AT(out),        "the folder to make: a new or empty one, or that of another corpus (--force)" },
    { "vocab-size",       0, OPTION_COUNT, "N",      AT(vocab_size), "train a tokenizer of N pieces on the files (not on the text held out)", NULL, TOKENIZER_VOCAB_MIN, TOKENIZER_VOCAB_MAX },
    { "tokenizer",        0, OPTION_TEXT,  "MODEL",  AT(tokenizer),  "take the tokenizer from this SentencePiece model" },
    { "files-from",       0, OPTION_TEXT,  "LIST",   AT(list),       "train on the files that LIST (-: standard input) names, one on each line, as well" },
    { "jsonl-field",      0, OPTION_TEXT,  "FIELD",  AT(field),      "files are lines of JSON: this field of each line is a document" },
    { "separator",        0, OPTION_TEXT,  "STRING", AT(separator),  "files hold several documents with STRING between them (\\n and \\t stand for line end and tab)" },
    { "holdout",          0, OPTION_TEXTS, "FILE",   AT(holdout),    "hold out this file or folder, or `blocks`: it is evaluated on and never trained on" },
    { "holdout-fraction", 0, OPTION_REAL,  "X",      AT(fraction),   "without --holdout: hold out the last part of each document", "(0.1)", 1e-6, 0.999 },
    { "normalize-space",  0, OPTION_FLAG,  NULL,     AT(one_space),  "make runs of spaces one space, runs of empty lines one empty line, and line ends \\n" },
    { "generate",         0, OPTION_TEXTS, "SPEC",   AT(generate),   "instead of text: items of this generator, such as mqar:pairs=8:length=128:vocab=1024; several take turns" },
    { "items",            0, OPTION_COUNT, "N",      AT(items),      "with --generate: items to train on", "(10k)", 1, 1e9 },
    { "holdout-items",    0, OPTION_COUNT, "N",      AT(holdout_items), "with --generate: items held out", "(1k)", 1, 1e9 },
    { "seed",             0, OPTION_COUNT, "N",      AT(seed),       "with --generate: seed of the items", "(1)", 0, 9007199254740991.0 },
    { "force",            0, OPTION_FLAG,  NULL,     AT(force),      "replace another corpus in DIR" },
    { 0 },
};
// clang-format on

static void print_items(const manifest *m, const generated_order *o, table_format format)
{
    static const char *const COLUMN[] = { "split", "items", "item_tokens", "tokens", "answers" };
    table t;
    table_open(&t, format, stdout, 5, COLUMN);
    for (int i = 0; i < SPLITS; i++) {
        table_text(&t, SPLIT_NAME[i]);
        table_int(&t, o->items[i]);
        table_int(&t, m->item_tokens), table_int(&t, m->split[i].tokens);
        table_int(&t, m->split[i].targets);
    }
    table_close(&t);
}

static void print(const manifest *m, table_format format)
{
    static const char *const COLUMN[] = { "split", "documents", "tokens", "bytes",
                                          "bytes_per_token" };
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

/* A piece as a string of JSON, so that blanks can be seen; the caller frees it. */
static char *quote(const tokenizer *t, int32_t token)
{
    size_t n;
    const char *bytes = tokenizer_bytes(t, token, -1, &n);
    char *piece = strndup(bytes, n);
    if (!piece) error_memory();
    char *quoted = table_json_string(piece);
    free(piece);
    return quoted;
}

/* Name the pieces that differ most, and warn if the held-out text is unlike the training text. */
static void show_likeness(command_call *call, const likeness *l, const tokenizer *t)
{
    char *parts[LIKENESS_WORST] = { 0 }, line[512] = "";
    size_t n = 0;
    bool strange = likeness_is_far(l);
    for (int i = 0; i < l->n && n < sizeof line; i++) {
        const likeness_piece *p = &l->worst[i];
        parts[i] = quote(t, p->token);
        n += (size_t)snprintf(line + n, sizeof line - n, "%s%s (%.2f %% and %.2f %%)",
                              i ? ", " : "", parts[i], 100 * p->val, 100 * p->train);
    }
    command_note(call, NOTE_INFO,
                 "held-out against training text: divergence %.4f bits; a random split of the same "
                 "tokens has %.4f; pieces that differ most: %s",
                 l->bits, l->expected, line);
    for (int i = 0; i < l->n; i++) {
        const likeness_piece *p = &l->worst[i];
        if (likeness_is_strange(p))
            command_note(call, NOTE_WARNING,
                         "The piece %s is %.2f %% of the held-out text and %.2f %% of the training "
                         "text: %.0f %% of the divergence.",
                         parts[i], 100 * p->val, 100 * p->train, 100 * p->bits / l->bits);
        strange = strange || likeness_is_strange(p);
        free(parts[i]);
    }
    if (strange)
        command_note(call, NOTE_WARNING,
                     "The held-out text is unlike the training text, which adds noise and bias to "
                     "every comparison: try --normalize-space, or --holdout blocks.");
}

/* Compare the two texts of a corpus that was just made or found. */
static bool compare(command_call *call, const char *folder, error *e)
{
    corpus c;
    likeness l;
    tokenizer t = { 0 };
    char *bytes = NULL, *path = file_path(folder, MANIFEST_MODEL);
    size_t n;
    bool ok = corpus_open(&c, folder, CORPUS_WHOLE, e);
    if (ok) likeness_of_corpus(&l, &c);
    corpus_close(&c);
    ok = ok && file_read(&bytes, &n, path, SIZE_MAX / 16, e) && tokenizer_open(&t, bytes, n, e);
    if (ok) show_likeness(call, &l, &t);
    tokenizer_close(&t);
    free(bytes), free(path);
    return ok;
}

/* \n, \t and \\ in a separator; the caller frees it. */
static char *unescape(const char *from)
{
    char *out = strdup(from), *at = out;
    if (!out) error_memory();
    for (; *from; from++) {
        static const char LETTER[] = "nt\\", MEANING[] = "\n\t\\";
        const char *letter = *from == '\\' && from[1] ? strchr(LETTER, from[1]) : NULL;
        *at++ = letter ? MEANING[letter - LETTER] : *from;
        from += letter != NULL;
    }
    *at = '\0';
    return out;
}

/* What is wrong with the options together, or NULL. */
static const char *conflict(const options *o, const corpus_order *order, bool blocks)
{
    if (!o->out) return "missing option: --out DIR";
    if (!order->n_train && !order->list) return "missing argument: FILE (or --files-from LIST)";
    if (o->items != OPTION_UNSET || o->holdout_items != OPTION_UNSET || o->seed != OPTION_UNSET)
        return "--items, --holdout-items and --seed go with --generate SPEC";
    if (!order->tokenizer == !order->vocab_size)
        return "give one of --vocab-size N and --tokenizer MODEL";
    if (o->holdout.n && !isnan(o->fraction))
        return "--holdout and --holdout-fraction exclude each other";
    if (blocks && o->holdout.n > 1) return "--holdout blocks excludes other --holdout";
    if (o->field && o->separator) return "--jsonl-field and --separator exclude each other";
    return NULL;
}

/* Make the corpus and print what it is. */
static bool make(command_call *call, const corpus_order *order, error *e)
{
    manifest m;
    if (!corpus_write(&m, order, e)) return false;
    command_note(call, NOTE_INFO, "%s: %d pieces, identity %.16s", order->out, m.vocab_size,
                 m.sha256);
    const bool ok = compare(call, order->out, e);
    if (ok) {
        command_rows(call);
        print(&m, command_format(call));
    }
    manifest_close(&m);
    return ok;
}

/* What is wrong with the options beside --generate, or NULL. */
static const char *generate_conflict(const command_call *call, const options *o)
{
    if (!o->out) return "missing option: --out DIR";
    if (call->arguments || o->list || o->field || o->separator || o->holdout.n ||
        !isnan(o->fraction) || o->one_space)
        return "--generate makes the items itself: omit files and the options for text";
    return o->generate.n <= GENERATED_SPECS ? NULL
                                            : "--generate is given too often: at most 16 times";
}

static int generate(command_call *call, const options *o)
{
    const generated_order order = {
        .n = o->generate.n,
        .spec = o->generate.item,
        .seed = o->seed == OPTION_UNSET ? 1 : o->seed,
        .items = { o->items == OPTION_UNSET ? 10000 : o->items,
                   o->holdout_items == OPTION_UNSET ? 1000 : o->holdout_items },
        .tokenizer = o->tokenizer,
        .vocab_size = o->vocab_size == OPTION_UNSET ? 0 : (int)o->vocab_size,
        .out = o->out,
        .force = o->force,
        .progress = stderr
    };
    manifest m;
    error e;
    const char *wrong = generate_conflict(call, o);
    if (wrong) return command_refuse(call, "%s", wrong);
    if (!generated_corpus_write(&m, &order, &e)) return command_fail(call, &e);
    command_note(call, NOTE_INFO, "%s: %d token ids, identity %.16s", o->out, m.vocab_size,
                 m.sha256);
    command_note(call, NOTE_INFO, "train with model.context=%d, so that a sequence is an item",
                 m.item_tokens);
    command_rows(call);
    print_items(&m, &order, command_format(call));
    manifest_close(&m);
    return STATUS_DONE;
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    if (o->generate.n) return generate(call, o);
    bool blocks = false;
    for (int i = 0; i < o->holdout.n; i++) blocks = blocks || holdout_is_blocks(o->holdout.item[i]);
    corpus_order order = { .n_train = call->arguments,
                           .train = call->argument,
                           .list = o->list,
                           .field = o->field,
                           .one_space = o->one_space,
                           .n_val = blocks ? 0 : o->holdout.n,
                           .val = o->holdout.item,
                           .holdout = { .fraction = isnan(o->fraction) ? 0.1 : o->fraction },
                           .tokenizer = o->tokenizer,
                           .vocab_size = o->vocab_size == OPTION_UNSET ? 0 : (int)o->vocab_size,
                           .out = o->out,
                           .force = o->force,
                           .progress = stderr };
    error e;
    const char *wrong = conflict(o, &order, blocks);
    if (wrong) return command_refuse(call, "%s", wrong);
    if (blocks && !holdout_read(&order.holdout, o->holdout.item[0], &e))
        return command_refuse(call, "%s", e.msg);
    if (!order.n_val && !blocks)
        command_note(call, NOTE_INFO, "no --holdout: the last %g %% of each document is held out",
                     100 * order.holdout.fraction);
    char *separator = o->separator ? unescape(o->separator) : NULL;
    order.separator = separator;
    const bool ok = make(call, &order, &e);
    free(separator);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_prepare = {
    .name = "prepare",
    .group = COMMAND_DATA,
    .help = "make a corpus folder out of text",
    .arguments = "[FILE...]",
    .summary =
        "Make a corpus out of text. FILE is a file, a folder (all files in and below it), or "
        "- for standard input. Each file is one document, encoded whole; --jsonl-field and "
        "--separator find several in one. --out is required, and one of --vocab-size and "
        "--tokenizer.",
    .text = "Text is UTF-8 and comes back from its tokens byte for byte, or the file is refused. A "
            "tokenizer that is trained here is a byte-pair encoding with the settings of "
            "Llama's.\n\n"
            "A corpus has text to train on and text held out. Without --holdout the last tenth of "
            "each document is held out. --holdout blocks:every=10:size=32k:gap=1k (the defaults) "
            "holds out every 10th span of 32,000 bytes, wherever it is, and leaves out 1,000 bytes "
            "beside it. The same text cannot be both.\n\n"
            "Held-out text that is unlike the training text adds noise and bias to comparisons. "
            "The two are compared piece by piece (Jensen-Shannon divergence), and pieces that are "
            "frequent in one of them only are named.\n\n"
            "--generate makes a corpus of items without text or knowledge behind them, such as "
            "associative recall (mqar). Only their answers are targets: a model is trained and "
            "evaluated on them alone, and val_acc is the share of answers that are right. Items "
            "are functions of the seed; those held out have random numbers of their own. "
            "docs/generators.md describes the generators.\n\n"
            "A corpus is known by its content, wherever it lies. Making one that is there already "
            "changes nothing.",
    .shared = SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
