/* import.c - attnlab import PATH: a model of another program as a checkpoint. */
#define _GNU_SOURCE /* realpath */
#include "cli/command.h"
#include "trainer/interchange/interchange.h"

#include <stdlib.h>

typedef struct options {
    const char *out;
} options;

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "out", 0, OPTION_TEXT, "DIR", AT(out), "the folder to make; an earlier import there is replaced" },
    { 0 },
};
// clang-format on

/* Where the model came from, as one line. */
static void describe(char *out, size_t size, const interchange *format, const char *path)
{
    char *whole = realpath(path, NULL);
    snprintf(out, size, "Imported from %s (%s).", whole ? whole : path, format->name);
    for (char *at = out; *at; at++)
        if ((unsigned char)*at < ' ') *at = '?';
    free(whole);
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    const interchange *format;
    char origin[2 * CONFIG_PATH];
    bundle b;
    error e;
    if (!o->out) return command_refuse(call, "missing option: --out DIR");
    if (!interchange_import(&b, &format, call->argument[0], &e)) return command_fail(call, &e);
    describe(origin, sizeof origin, format, call->argument[0]);
    const bool ok = bundle_save(&b, o->out, origin, &e);
    if (ok) {
        command_notes(call, &b.notes);
        command_note(call, NOTE_INFO, "%s: %d tensors, %zu weights, read as %s", o->out, b.m.n,
                     b.m.floats, format->name);
    }
    bundle_close(&b);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_import = {
    .name = "import",
    .group = COMMAND_MODEL,
    .help = "read a model of another program as a checkpoint",
    .arguments = "PATH",
    .summary = "Read a model that another program made: the folder of a Hugging Face model of "
               "the Llama family (Llama, Mistral), a .bin file of llama2.c (version 0 or 1), or a "
               "GGUF file with float weights.",
    .text =
        "The result is a folder with config.yaml (the model's keys), weights.safetensors (float32) "
        "and, if there is one, tokenizer.model. Train on with `attnlab train DIR/config.yaml "
        "data.corpus=CORPUS train.tokens=N`; name the weights in train.init_from of another "
        "configuration; and prepare a corpus with `attnlab prepare --tokenizer "
        "DIR/tokenizer.model`.\n\n"
        "What attnlab's model does not have (biases, norms of q and k, other activations, "
        "quantized weights) is named and refused; nothing half-written is left.",
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
