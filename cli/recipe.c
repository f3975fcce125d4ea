/* recipe.c - `attnlab recipe [NAME]`: the recipes, and the keys that one of them sets. */
#include "trainer/config/recipe.h"
#include "cli/command.h"
#include "core/base/table.h"

static void print_list(table_format format)
{
    table t;
    table_open(&t, format, stdout, 2, (const char *[]){ "name", "summary" });
    for (const recipe *r = recipes; r->name; r++) table_text(&t, r->name), table_text(&t, r->help);
    table_close(&t);
}

static void print_keys(const recipe *r, table_format format)
{
    table t;
    yaml_node *keys = recipe_keys(r);
    table_open(&t, format, stdout, 4, (const char *[]){ "key", "value", "default", "help" });
    for (int i = 0; i < keys->n; i++) {
        const config_key *key = config_find(keys->key[i].text);
        table_text(&t, key->name), table_text(&t, keys->item[i].text);
        table_text(&t, key->initial), table_text(&t, key->help);
    }
    table_close(&t);
    yaml_close(keys);
}

static int run(command_call *call, const void *given)
{
    (void)given;
    const char *name = call->arguments ? call->argument[0] : NULL;
    const recipe *r = name ? recipe_find(name) : NULL;
    if (name && !r)
        return command_refuse(call, "there is no recipe '%.80s': did you mean %s?", name,
                              recipe_nearest(name)->name);
    command_rows(call);
    if (r)
        print_keys(r, command_format(call));
    else
        print_list(command_format(call));
    return STATUS_DONE;
}

const command command_recipe = {
    .name = "recipe",
    .group = COMMAND_REFERENCE,
    .help = "named settings of training, and the keys that they set",
    .arguments = "[NAME]",
    .summary = "List the recipes, or the keys that one of them sets.",
    .text = "A study or configuration takes a recipe by one line, `recipe: NAME@VERSION`; on the "
            "command line it is recipe=NAME@VERSION. Keys that are written out win, whatever the "
            "order. A released recipe never changes: what is better gets another version.",
    .shared = SHARED_OUTPUT,
    .run = run,
};
