/* roofline.c - attnlab roofline: what reading a prompt and decoding would cost on another machine.
 *
 * --measure writes this machine as a file; --check compares a machine with what bench decode
 * measured on it.
 */
#include "trainer/decode/roofline.h"
#include "cli/command.h"
#include "cli/roofline_check.h"
#include "core/base/file.h"
#include "core/base/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *machine, *measure;
    option_texts model, attention;
    option_numbers prompt, batch;
    int64_t tokens, devices, threads, weights, cache, split, max_batch;
    bool check;
} options;

enum { BY_HEAD, BY_SEQUENCE };
static const char *const SPLITS[] = { "head", "sequence", NULL };

// clang-format off
static const option OPTIONS[] = {
    { "machine", 'm', OPTION_TEXT,    "NAME|FILE", offsetof(options, machine), "a built-in machine (a100-8, a100, h100-8, h100), or a file", "a100-8" },
    { "model",   0,   OPTION_TEXTS,   "NAME|FILE", offsetof(options, model),   "a built-in shape (llama2-7b, -13b, -34b, -70b, 30b-mha, 30b-gqa, 30b-mqa), or a configuration", "(keys only)" },
    { "attention", 'a', OPTION_TEXTS, "SPEC", offsetof(options, attention), "an attention for each model", "(the model's own)" },
    { "prompt",  0,   OPTION_NUMBERS, "N",    offsetof(options, prompt),  "positions of the prompt", "(256, 2048)", 1, 1 << 24 },
    { "tokens",  0,   OPTION_INTEGER, "N",    offsetof(options, tokens),  "tokens that are written after it", "128", 1, 1 << 24 },
    { "batch",   'b', OPTION_NUMBERS, "N",    offsetof(options, batch),   "sequences", "(1, 2, 4, ... until memory is full)", 1, 1 << 24 },
    { "max-batch", 0, OPTION_COUNT,   "N",    offsetof(options, max_batch), "stop doubling here", "4096", 1, 1 << 24 },
    { "devices", 0,   OPTION_INTEGER, "N",    offsetof(options, devices), "devices that share the model", "(the machine's)", 1, 4096 },
    { "weights", 0,   OPTION_CHOICE,  "TYPE", offsetof(options, weights), "type of weights and arithmetic", "(bfloat16 where the machine has it)", 0, 0, hardware_types },
    { "cache",   0,   OPTION_CHOICE,  "TYPE", offsetof(options, cache),   "type of the cache", "(that of the weights)", 0, 0, hardware_types },
    { "split",   0,   OPTION_CHOICE,  "BY",   offsetof(options, split),   "cut caches by head (a head that is needed on several devices is duplicated) or by sequence", "head", 0, 0, SPLITS },
    { "measure", 0,   OPTION_TEXT,    "FILE", offsetof(options, measure), "measure this machine, write it, and end" },
    { "threads", 't', OPTION_INTEGER, "N",    offsetof(options, threads), "--measure: threads", "(one per processor)", 1, 1024 },
    { "check",   0,   OPTION_FLAG,    NULL,   offsetof(options, check),   "compare with the rows of bench decode in the database" },
    { 0 },
};
// clang-format on

enum { COLUMNS = 16 };
static const char *const COLUMN[COLUMNS] = {
    "model",      "attention",   "prompt",       "batch",    "outcome",       "prefill_ms",
    "latency_ms", "bound",       "tokens_per_s", "query_ms", "queries_per_s", "weights_gib",
    "cache_gib",  "scratch_gib", "missing_gib",  "devices",
};

static bool load_shape(config *settings, const char *name, error *e)
{
    const hardware_text *own = hardware_find(hardware_shapes, name);
    yaml_node *root = NULL;
    bool ok;
    if (!own)
        ok = config_load(settings, name, &root, NULL, e);
    else
        ok = yaml_parse(&root, own->text, e) && config_take(settings, root, NULL, e);
    yaml_close(root);
    return ok;
}

/* The model of one arm: a shape or NULL, the keys of the command line, an attention or NULL. */
static bool open_model(model *m, char label[CONFIG_VALUE], const command_call *call,
                       const char *shape, const char *attention, error *e)
{
    static config settings;
    model_config c;
    char word[ATTN_SPEC + 64];
    config_init(&settings);
    if (shape && !load_shape(&settings, shape, e)) return false;
    for (int i = 0; i < call->arguments; i++)
        if (!config_override(&settings, call->argument[i], e)) return false;
    snprintf(word, sizeof word, "model.attention=%s", attention ? attention : "");
    if (attention && !config_override(&settings, word, e)) return false;
    if (!config_given(&settings, config_find("model.vocab_size")) &&
        !config_override(&settings, "model.vocab_size=32000", e))
        return false;
    if (!run_spec_model(&c, &settings, e) || !model_open(m, &c, e)) return false;
    config_value(label, CONFIG_VALUE, &settings, config_find("model.attention"));
    return true;
}

/* One row: B sequences. *room is false if they don't fit. */
static void print_row(table *t, bool *room, const roofline *r, const char *shape,
                      const char *attention, int prompt, int tokens, int B)
{
    static const double GIB = 1 << 30;
    roofline_memory need;
    roofline_time read, write;
    roofline_memory_of(&need, r, B, prompt, prompt + tokens);
    roofline_walk(&read, r, B, prompt, 0);
    roofline_walk(&write, r, B, 1, prompt + tokens / 2); /* in the middle of what is written */
    const double query = read.total + tokens * write.total;
    *room = need.total <= r->h->memory;
    table_text(t, shape), table_text(t, attention), table_int(t, prompt), table_int(t, B);
    table_text(t, *room ? "fits" : "out-of-memory");
    table_real(t, *room ? 1e3 * read.total : NAN, 2);
    table_real(t, *room ? 1e3 * write.total : NAN, 3);
    table_text(t, *room ? roofline_bounds[write.bound] : NULL);
    table_real(t, *room ? B / write.total : NAN, 1);
    table_real(t, *room ? 1e3 * query / tokens : NAN, 3);
    table_real(t, *room ? B / query : NAN, 3);
    table_real(t, need.weights / GIB, 2), table_real(t, need.cache / GIB, 2);
    table_real(t, need.scratch / GIB, 2);
    table_real(t, *room ? NAN : (need.total - r->h->memory) / GIB, 2);
    table_int(t, r->devices);
}

static void print_batches(table *t, const options *o, const roofline *r, const char *shape,
                          const char *attention, int prompt)
{
    bool room = true;
    const int tokens = (int)o->tokens;
    for (int i = 0; i < o->batch.n; i++)
        print_row(t, &room, r, shape, attention, prompt, tokens, (int)o->batch.item[i]);
    for (int64_t B = 1; o->batch.n == 0 && room && B <= o->max_batch; B *= 2)
        print_row(t, &room, r, shape, attention, prompt, tokens, (int)B);
}

static bool setup(roofline *r, const hardware *h, const options *o, error *e)
{
    *r = (roofline){ .h = h, .devices = o->devices > 0 ? (int)o->devices : (int)h->devices };
    r->by_sequence = o->split == BY_SEQUENCE;
    r->weights = o->weights != OPTION_UNSET        ? (hardware_type)o->weights
                 : h->flops[HARDWARE_BFLOAT16] > 0 ? HARDWARE_BFLOAT16
                                                   : HARDWARE_FLOAT32;
    r->cache = o->cache != OPTION_UNSET ? (hardware_type)o->cache : r->weights;
    if (!(h->flops[r->weights] > 0))
        return error_usage(e, "machine '%.80s' has no key flops_%s: choose another --weights",
                           h->name, hardware_types[r->weights]);
    if (r->devices > 1 && !(h->link > 0))
        return error_usage(e, "machine '%.80s' has no key link: it has one device", h->name);
    return true;
}

static bool predict(command_call *call, const options *o, const hardware *h, error *e)
{
    static const double USUAL[] = { 256, 2048 };
    const int shapes = o->model.n ? o->model.n : 1, specs = o->attention.n ? o->attention.n : 1;
    const int prompts = o->prompt.n ? o->prompt.n : 2;
    roofline r;
    table t;
    if (!setup(&r, h, o, e)) return false;
    model *m = error_zeroed((size_t)shapes * (size_t)specs, sizeof *m);
    char(*label)[CONFIG_VALUE] = error_zeroed((size_t)shapes * (size_t)specs, sizeof *label);
    bool ok = true;
    for (int i = 0; ok && i < shapes * specs; i++)
        ok = open_model(&m[i], label[i], call, o->model.n ? o->model.item[i / specs] : NULL,
                        o->attention.n ? o->attention.item[i % specs] : NULL, e);
    if (ok) {
        command_rows(call);
        table_open(&t, command_format(call), stdout, COLUMNS, COLUMN);
        for (int p = 0; p < prompts; p++)
            for (int i = 0; i < shapes * specs; i++) {
                r.m = &m[i];
                print_batches(&t, o, &r, o->model.n ? o->model.item[i / specs] : NULL, label[i],
                              (int)(o->prompt.n ? o->prompt.item[p] : USUAL[p]));
            }
        table_close(&t);
    }
    for (int i = 0; i < shapes * specs; i++) model_close(&m[i]);
    free(m), free(label);
    return ok;
}

static bool measure(const options *o, error *e)
{
    static const char MAKER[] = "attnlab roofline";
    hardware h;
    threads *pool;
    file_draft d;
    char mark[FILE_MARK];
    if (!file_output_check(o->measure, MAKER, NULL, NULL, e) ||
        !threads_open(&pool, o->threads > 0 ? (int)o->threads : threads_available(), e))
        return false;
    const bool ok = hardware_measure(&h, pool, e);
    threads_close(pool);
    if (!ok || !file_output_open(&d, o->measure, MAKER, NULL, NULL, e)) return false;
    file_mark(mark, MAKER);
    fprintf(d.f, "# %s\n", mark);
    hardware_write(d.f, &h);
    return file_draft_close(&d, e);
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    hardware h;
    error e;
    if (o->measure && (o->check || o->model.n || o->attention.n || call->arguments))
        return command_refuse(call, "--measure takes --threads only");
    if (o->check && (o->model.n || o->attention.n || call->arguments))
        return command_refuse(call, "--check takes --machine and --db only");
    if (o->threads > 0 && !o->measure) return command_refuse(call, "--threads is for --measure");
    if (o->measure) return measure(o, &e) ? STATUS_DONE : command_fail(call, &e);
    if (!hardware_open(&h, o->machine, &e)) return command_fail(call, &e);
    const bool ok = o->check ? roofline_check(call, &h, &e) : predict(call, o, &h, &e);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_roofline = {
    .name = "roofline",
    .group = COMMAND_MODEL,
    .help = "what reading a prompt and decoding would cost on another machine",
    .arguments = "[KEY=VALUE...]",
    .summary = "Predict the time and memory of reading a prompt and writing after it, from the "
               "model's shape and the machine's bandwidth, FLOPs and memory; devices share the "
               "model by tensor parallelism.",
    .text = "latency_ms is the time of a token while decoding, and bound what takes most of it. "
            "query_ms is the time of a query, its prompt included, for each token written; "
            "queries_per_s counts whole queries. Memory is that of one device; a batch that "
            "doesn't fit is out-of-memory with what is missing. --measure FILE writes this "
            "machine as a file; `roofline --machine FILE --check` compares it with what bench "
            "decode has measured on this machine with as many threads.",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
