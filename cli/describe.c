/* describe.c - `attnlab describe`: what a configuration costs, from its declarations alone. */
#include "cli/command.h"
#include "core/base/table.h"
#include "core/compute/threads.h"
#include "trainer/config/config.h"
#include "trainer/model/memory.h"
#include "trainer/model/optimizer.h"

#include <math.h>

typedef struct line {
    const char *name, *unit;
    double value;
} line;

/* People read down, and only what there is; programs want one object. */
static void print(const line *l, int n, const config *settings, table_format format)
{
    char value[CONFIG_VALUE], bytes[MEMORY_TEXT];
    table t;
    config_value(value, sizeof value, settings, config_find("model.attention"));
    if (format == TABLE_TEXT || format == TABLE_MD) {
        table_open(&t, format, stdout, 3, (const char *[]){ "name", "value", "unit" });
        table_text(&t, "attention"), table_text(&t, value), table_text(&t, NULL);
        for (int i = 0; i < n; i++) {
            if (isnan(l[i].value)) continue;
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

static bool describe(command_call *call, error *e)
{
    run_spec spec;
    config *settings = &spec.config;
    yaml_node *file = NULL;
    config_init(settings);
    bool ok = config_load(settings, call->argument[0], &file, NULL, e);
    yaml_close(file);
    for (int i = 1; ok && i < call->arguments; i++)
        ok = config_override(settings, call->argument[i], e);
    if (ok) command_elsewhere(call, settings);
    if (!ok || !run_spec_resolve(&spec, settings, e)) return false;

    const int asked = (int)settings->train.threads,
              workers = asked > 0 ? asked : threads_available();
    model m;
    model_cost cost;
    memory need;
    model_cost_of(&cost, &spec.model);
    if (!memory_estimate(&need, &spec, workers, e) || !model_open(&m, &spec.model, e)) return false;
    const line lines[] = {
        { "n_params_embed", "", (double)cost.params[MODEL_EMBED] },
        { "n_params_attn", "", (double)cost.params[MODEL_ATTENTION] },
        { "n_params_ffn", "", (double)cost.params[MODEL_FFN] },
        { "n_params_norm", "", (double)cost.params[MODEL_NORM] },
        { "n_params_head", "", (double)cost.params[MODEL_HEAD] },
        { "n_params", "", (double)cost.total },
        { "n_params_nonembed", "", (double)cost.nonembed },
        { "train_flops_per_token", "", cost.train_flops },
        { "optimizer_flops_per_step", "",
          optimizer_flops(optimizers[settings->train.optimizer], &m) },
        { "kv_bytes_per_token", "bytes", cost.kv_constant > 0 ? NAN : cost.kv_bytes },
        { "kv_bytes_any_length", "bytes", cost.kv_constant > 0 ? cost.kv_constant : NAN },
        { "weights_bytes", "bytes", (double)need.weights },
        { "gradients_bytes", "bytes", (double)need.gradients },
        { "optimizer_bytes", "bytes", (double)need.optimizer },
        { "activations_bytes", "bytes", (double)need.activations },
        { "scratch_bytes", "bytes", (double)need.scratch },
        { "evaluation_bytes", "bytes", (double)need.evaluation },
        { "total_bytes", "bytes", (double)need.total },
        { "threads", "", workers },
    };
    model_close(&m);
    command_rows(call);
    print(lines, sizeof lines / sizeof *lines, settings, command_format(call));
    return memory_check(&need, workers, e);
}

static int run(command_call *call, const void *given)
{
    error e;
    (void)given;
    return describe(call, &e) ? STATUS_DONE : command_fail(call, &e);
}

const command command_describe = {
    .name = "describe",
    .group = COMMAND_TRAIN,
    .help = "parameters, FLOPs, memory and KV cache of a configuration",
    .arguments = "CONFIG [KEY=VALUE...]",
    .summary =
        "Parameters by part, FLOPs, memory and KV cache of a configuration, without running it.",
    .shared = SHARED_OUTPUT,
    .run = run,
};
