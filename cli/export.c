/* export.c - attnlab export RUN|CHECKPOINT: a model in the format of another program. */
#include "cli/command.h"
#include "trainer/interchange/interchange.h"
#include "trainer/interchange/run_bundle.h"

#include <string.h>
#include <sys/stat.h>

typedef struct options {
    const char *to, *format, *type, *tokenizer;
} options;

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "to",        0, OPTION_TEXT, "PATH",   AT(to),        "the folder or file to make; an earlier export there is replaced" },
    { "format",    0, OPTION_TEXT, "FORMAT", AT(format),    "hf, llama2c, llama2c-v1 or gguf", "hf" },
    { "type",      0, OPTION_TEXT, "TYPE",   AT(type),      "how weights are stored: float32, float16, bfloat16 (hf) or q8_0 (gguf)", "float32" },
    { "tokenizer", 0, OPTION_TEXT, "MODEL",  AT(tokenizer), "the SentencePiece model to put beside the weights", "(the corpus's)" },
    { 0 },
};
// clang-format on

static const interchange *find_format(const char *name, error *e)
{
    char known[128] = "";
    for (const interchange *const *f = interchanges; *f; f++) {
        const size_t n = strlen(known);
        if (strcmp((*f)->name, name) == 0) return *f;
        snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", (*f)->name);
    }
    error_usage(e, "--format: '%s' is not one of %s", name, known);
    return NULL;
}

static bool check_type(const interchange *format, const char *type, error *e)
{
    char known[128] = "";
    for (const char *const *t = format->types; *t; t++) {
        const size_t n = strlen(known);
        if (strcmp(*t, type) == 0) return true;
        snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", *t);
    }
    return error_usage(e, "--type: '%s' is not one of those of %s: %s", type, format->name, known);
}

/* A path if there is one of this name, else a run. */
static bool load(bundle *b, command_call *call, const char *tokenizer, error *e)
{
    const char *name = call->argument[0];
    char corpus[CONFIG_PATH];
    struct stat s;
    db d;
    if (stat(name, &s) == 0) return bundle_load(b, corpus, name, tokenizer, e);
    if (strchr(name, '/') || file_ends_in(name, ".safetensors"))
        return error_usage(e, "%s: there is no such file or folder", name);
    if (!db_open(&d, call->db, DB_READ, e)) return false;
    const bool ok = run_bundle_load(b, &d, name, tokenizer, e);
    db_close(&d);
    return ok;
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    bundle b;
    error e;
    if (!o->to) return command_refuse(call, "missing option: --to PATH");
    const interchange *format = find_format(o->format, &e);
    if (!format || !check_type(format, o->type, &e)) return command_refuse(call, "%s", e.msg);
    if (!load(&b, call, o->tokenizer, &e)) return command_fail(call, &e);
    const bool ok = interchange_export(format, &b, o->type, o->to, &e);
    if (ok) {
        command_notes(call, &b.notes);
        command_note(call, NOTE_INFO, "%s: %d tensors, %zu weights, written as %s %s", o->to, b.m.n,
                     b.m.floats, format->name, o->type);
    }
    bundle_close(&b);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_export = {
    .name = "export",
    .group = COMMAND_MODEL,
    .help = "write a model in the format of another program",
    .arguments = "RUN|CHECKPOINT",
    .summary =
        "Write the newest weights of a run, or a checkpoint, for another program: a folder for "
        "Hugging Face Transformers (hf), the files of llama2.c (llama2c), or one GGUF file for "
        "llama.cpp (gguf).",
    .text =
        "RUN is a uid or the start of one. CHECKPOINT is a folder with config.yaml and "
        "weights.safetensors, as `attnlab import` makes it, or a safetensors file beside a "
        "config.yaml.\n\n"
        "A model that the format can't express is refused with the reason. What is there already "
        "is replaced only if `attnlab export` made it; nothing half-written is left.",
    .shared = SHARED_DB,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
