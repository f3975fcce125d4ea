/* convert.c - attnlab convert IN OUT: fewer key/value heads, from checkpoint to checkpoint. */
#include "trainer/model/convert_file.h"

#include "cli/command.h"
#include "core/base/file.h"
#include "trainer/run/run_weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct options {
    const char *how;
    int64_t heads, head_dim, seed;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "kv-heads", 0, OPTION_INTEGER, "N",   offsetof(options, heads),    "key/value heads of the copy; the number in IN must be a multiple", NULL, 1, 1 << 10 },
    { "how",      0, OPTION_TEXT,    "HOW", offsetof(options, how),      "mean of each group of heads, first of each group, or random", "mean" },
    { "head-dim", 0, OPTION_INTEGER, "N",   offsetof(options, head_dim), "width of a head", "(that of config.yaml beside IN)", 1, 1 << 12 },
    { "seed",     0, OPTION_INTEGER, "N",   offsetof(options, seed),     "seed of random heads", "1", 0, 1e15 },
    { 0 },
};
// clang-format on

static bool choose(int64_t *kind, const char *how, error *e)
{
    const config_key *key = config_find("train.convert");
    char known[128];
    const char *word;
    for (*kind = 0; (word = key->word(*kind)); ++*kind)
        if (strcmp(word, how) == 0) return true;
    config_words(known, sizeof known, key);
    return error_usage(e, "--how: '%s' is not one of %s", how, known);
}

/* The width of a head by the config.yaml of the folder that the file is in. */
static bool find_head_dim(int *head_dim, const char *in, error *e)
{
    config settings;
    model_config m;
    char corpus[CONFIG_PATH], *folder = file_folder(in);
    if (!folder) error_memory();
    char *path = file_path(folder, "config.yaml");
    bool ok = access(path, F_OK) == 0 ||
              error_usage(e, "missing option: --head-dim (%s has no config.yaml beside it)", in);
    config_init(&settings);
    ok = ok && run_weights_config(&settings, corpus, folder, e) && run_spec_model(&m, &settings, e);
    if (ok) *head_dim = m.E;
    free(path), free(folder);
    return ok;
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    const char *in = call->argument[0], *out = call->argument[1];
    conversion how = { .seed = (uint64_t)o->seed };
    int head_dim = (int)o->head_dim, layers = 0;
    error e;
    if (o->heads == OPTION_UNSET) return command_missing(call, "--kv-heads");
    if (!choose(&how.kind, o->how, &e) ||
        (o->head_dim == OPTION_UNSET && !find_head_dim(&head_dim, in, &e)) ||
        !convert_file(&layers, out, in, (int)o->heads, head_dim, &how, &e))
        return command_fail(call, &e);
    if (!call->quiet)
        fprintf(stderr, "%s: %d layers, %lld key/value head%s each (%s)\n", out, layers,
                (long long)o->heads, o->heads == 1 ? "" : "s", o->how);
    return STATUS_DONE;
}

const command command_convert = {
    .name = "convert",
    .group = COMMAND_MODEL,
    .help = "fewer key/value heads: MHA to GQA or MQA",
    .arguments = "IN OUT",
    .summary =
        "Make a checkpoint with fewer key/value heads of a checkpoint (Ainslie et al. 2023).",
    .text =
        "IN and OUT are safetensors files with Hugging Face's names of tensors. Heads are joined "
        "in contiguous groups; everything else is copied, but for the state of an optimizer. To "
        "do the same at the start of a run, set train.init_from and train.convert.",
    .shared = SHARED_QUIET,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
