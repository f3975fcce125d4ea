/* keys.c - `attnlab keys`: what a configuration, and a study, can say. */
#include "cli/command.h"
#include "core/base/table.h"
#include "core/db/metric.h"
#include "experiments/study_file.h"
#include "trainer/config/recipe.h"
#include "trainer/model/eval_task.h"
#include "trainer/model/optimizer.h"

static void put_range(table *t, const config_key *k)
{
    char text[256] = "";
    if (k->type == CONFIG_CHOICE)
        config_words(text, sizeof text, k);
    else if (k->type == CONFIG_BOOL)
        snprintf(text, sizeof text, "true, false");
    else if (k->type == CONFIG_INT || k->type == CONFIG_COUNT || k->type == CONFIG_COUNTS)
        snprintf(text, sizeof text, "%.0f..%.0f", k->min, k->max);
    else if (k->type == CONFIG_REAL)
        snprintf(text, sizeof text, "%.10g..%.10g", k->min, k->max);
    table_text(t, text);
}

static void put_key(table *t, const config_key *k)
{
    static const char *const TYPE[] = { "int",    "count", "real",  "bool",
                                        "choice", "text",  "specs", "counts", "texts" };
    char text[128];
    table_text(t, k->name);
    table_text(t, TYPE[k->type]);
    if (k->derived)
        snprintf(text, sizeof text, "(%s)", k->derived);
    else
        snprintf(text, sizeof text, "%s", k->initial);
    table_text(t, text);
    put_range(t, k);
    table_text(t, k->identity ? "yes" : "no");
    table_text(t, k->help);
}

/* A word that a choice may be, and what it means. */
static void put_word(table *t, const char *key, const char *word, const char *help)
{
    char text[64];
    snprintf(text, sizeof text, "%s=%s", key, word);
    table_text(t, text);
    for (int i = 0; i < 4; i++) table_text(t, NULL);
    table_text(t, help);
}

/* The one key without a section. */
static void put_recipe(table *t)
{
    char names[256] = "";
    size_t n = 0;
    for (const recipe *r = recipes; r->name && n < sizeof names; r++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", r->name);
    table_text(t, "recipe"), table_text(t, "choice"), table_text(t, ""), table_text(t, names);
    table_text(t, "no"), table_text(t, "values for keys that are not set (`attnlab recipe NAME`)");
}

static int run(command_call *call, const void *given)
{
    table t;
    (void)given;
    command_rows(call);
    table_open(&t, command_format(call), stdout, 6,
               (const char *[]){ "name", "type", "default", "range", "identity", "help" });
    for (const config_key *k = config_keys; k->name; k++) put_key(&t, k);
    put_recipe(&t);
    for (const rope_scaling *const *scaling = rope_scalings; *scaling; scaling++)
        put_word(&t, "model.rope_scaling", (*scaling)->name, (*scaling)->help);
    for (const optimizer *const *o = optimizers; *o; o++)
        put_word(&t, "train.optimizer", (*o)->name, (*o)->help);
    for (const study_file_key *k = study_file_keys; k->name; k++) {
        table_text(&t, k->name);
        table_text(&t, k->type);
        table_text(&t, k->initial);
        table_text(&t, k->range);
        table_text(&t, NULL);
        table_text(&t, k->help);
    }
    for (const eval_task *const *k = eval_tasks; *k; k++) {
        char name[METRIC_NAME];
        snprintf(name, sizeof name, "%s.SPLIT_KIND@N", (*k)->name);
        put_word(&t, "sweep.metric", name, (*k)->help);
    }
    for (const metric_kind *const *k = metric_kinds; *k; k++) {
        char name[METRIC_NAME];
        metric_write(name, sizeof name, METRIC_DEFAULT_TASK, METRIC_DEFAULT_SPLIT, (*k)->name, 0);
        put_word(&t, "sweep.metric", name, (*k)->help);
    }
    table_close(&t);
    return STATUS_DONE;
}

const command command_keys = {
    .name = "keys",
    .group = COMMAND_REFERENCE,
    .help = "every key of a configuration and of a study",
    .summary = "List every key of a configuration: name, type, default, range and meaning.",
    .text = "Counts may be written 500k, 2M, 1G, 64Ki, 1Mi. A default in parentheses follows from "
            "other keys. A key that is not part of the identity may change from one command to the "
            "next without making another run.",
    .shared = SHARED_OUTPUT,
    .run = run,
};
