/* describe.c - `attnlab describe`: what a configuration costs, from its declarations alone. */
#include "cli/verbs.h"
#include "core/base/table.h"
#include "core/compute/threads.h"
#include "trainer/config/config.h"
#include "trainer/model/memory.h"

#include <argp.h>
#include <stdlib.h>

typedef struct arguments {
    table_format format;
    const char *path;
    char **override;
    int overrides;
} arguments;

static const struct argp_option OPTIONS[] = {
    { "output", 'o', "FORMAT", 0, "table (default), md, csv, json or jsonl", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    error e;
    switch (key) {
    case 'o':
        if (!table_format_parse(&a->format, value, &e)) argp_error(state, "%s", e.msg);
        return 0;
    case ARGP_KEY_ARG:
        if (a->path) return ARGP_ERR_UNKNOWN; /* the rest comes as ARGP_KEY_ARGS */
        a->path = value;
        return 0;
    case ARGP_KEY_ARGS:
        a->override = state->argv + state->next;
        a->overrides = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        if (!a->path) argp_error(state, "a configuration file is wanted");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "CONFIG [KEY=VALUE...]",
    .doc = "Parameters by part, arithmetic, memory and KV cache of a configuration, without "
           "running it.",
};

typedef struct line {
    const char *name, *unit;
    double value;
} line;

/* People read down, programs want one object. */
static void print(const line *l, int n, const config *c, table_format format)
{
    char value[CONFIG_VALUE], bytes[MEMORY_TEXT];
    table t;
    config_value(value, sizeof value, c, config_find("model.attention"));
    if (format == TABLE_TEXT || format == TABLE_MD) {
        table_open(&t, format, stdout, 3, (const char *[]){ "name", "value", "unit" });
        table_text(&t, "attention"), table_text(&t, value), table_text(&t, NULL);
        for (int i = 0; i < n; i++) {
            memory_print(bytes, l[i].value);
            table_text(&t, l[i].name);
            table_real(&t, l[i].value, 0);
            if (l[i].value >= 1024 && l[i].unit[0] == 'b') {
                char unit[64];
                snprintf(unit, sizeof unit, "%s (%s)", l[i].unit, bytes);
                table_text(&t, unit);
            } else
                table_text(&t, l[i].unit);
        }
    } else {
        const char *name[32] = { "attention" };
        for (int i = 0; i < n; i++) name[i + 1] = l[i].name;
        table_open(&t, format, stdout, n + 1, name);
        table_text(&t, value);
        for (int i = 0; i < n; i++) table_real(&t, l[i].value, 0);
    }
    table_close(&t);
}

static bool describe(const arguments *a, error *e)
{
    run_spec spec;
    config c;
    yaml_node *file = NULL;
    config_init(&c);
    bool ok = config_load(&c, a->path, &file, NULL, e);
    yaml_close(file);
    for (int i = 0; ok && i < a->overrides; i++) ok = config_override(&c, a->override[i], e);
    if (!ok || !run_spec_resolve(&spec, &c, e)) return false;
    c = spec.config;

    const int workers = c.train.threads ? (int)c.train.threads : threads_available();
    model_cost cost;
    memory need;
    model_cost_of(&cost, &spec.model);
    if (!memory_estimate(&need, &spec, workers, e)) return false;
    const line lines[] = {
        { "n_params_embed", "", (double)cost.params[MODEL_EMBED] },
        { "n_params_attn", "", (double)cost.params[MODEL_ATTENTION] },
        { "n_params_ffn", "", (double)cost.params[MODEL_FFN] },
        { "n_params_norm", "", (double)cost.params[MODEL_NORM] },
        { "n_params_head", "", (double)cost.params[MODEL_HEAD] },
        { "n_params", "", (double)cost.total },
        { "n_params_nonembed", "", (double)cost.nonembed },
        { "train_flops_per_token", "", cost.train_flops },
        { "kv_bytes_per_token", "bytes", cost.kv_bytes },
        { "weights_bytes", "bytes", (double)need.weights },
        { "gradients_bytes", "bytes", (double)need.gradients },
        { "optimizer_bytes", "bytes", (double)need.optimizer },
        { "activations_bytes", "bytes", (double)need.activations },
        { "scratch_bytes", "bytes", (double)need.scratch },
        { "evaluation_bytes", "bytes", (double)need.evaluation },
        { "total_bytes", "bytes", (double)need.total },
        { "threads", "", workers },
    };
    print(lines, sizeof lines / sizeof *lines, &c, a->format);
    return memory_check(&need, workers, e);
}

int describe_verb(int argc, char **argv)
{
    arguments a = { 0 };
    error e;
    argp_parse(&ARGP, argc, argv, 0, NULL, &a);
    if (describe(&a, &e)) return STATUS_DONE;
    fprintf(stderr, "attnlab: %s\n", e.msg);
    return e.status;
}
