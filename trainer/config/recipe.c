/* recipe.c - the keys of a recipe, set where nothing else has set them.
 *
 * config.by_recipe tells those keys from the ones that the user wrote, which win whatever the order
 * in which both come.
 */
#include "trainer/config/recipe.h"

#include "core/base/growing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const recipe *recipe_find(const char *name)
{
    const recipe *newest = NULL;
    const size_t n = strlen(name);
    for (const recipe *r = recipes; r->name; r++) {
        if (strcmp(r->name, name) == 0) return r;
        if (strncmp(r->name, name, n) == 0 && r->name[n] == '@') newest = r;
    }
    return newest;
}

yaml_node *recipe_keys(const recipe *r)
{
    error e;
    yaml_node *keys;
    const bool ok = yaml_parse(&keys, r->text, &e) && keys->kind == YAML_MAP;
    assert(ok), (void)ok;
    return keys;
}

const recipe *recipe_nearest(const char *name)
{
    const recipe *best = recipes;
    for (const recipe *r = recipes; r->name; r++)
        if (config_distance(name, r->name) < config_distance(name, best->name)) best = r;
    return best;
}

static bool choose(const recipe **out, const yaml_node *name, error *e)
{
    if (name->kind != YAML_SCALAR || yaml_empty(name))
        return yaml_error(name, e, "recipe: must be one name, such as %s", recipes[0].name);
    *out = recipe_find(name->text);
    if (!*out)
        return yaml_error(
            name, e, "recipe: there is no '%.80s': did you mean %s? `attnlab recipe` lists all",
            name->text, recipe_nearest(name->text)->name);
    return strcmp((*out)->name, name->text) == 0 ||
           yaml_error(name, e, "recipe: '%s' has no version: write %s", name->text, (*out)->name);
}

bool recipe_apply(config *settings, const yaml_node *name, error *e)
{
    const recipe *r;
    if (!choose(&r, name, e)) return false;
    for (const config_key *key = config_keys; key->name; key++)
        if (settings->by_recipe[key - config_keys]) config_reset(settings, key);
    settings->recipe = r->name;
    yaml_node *keys = recipe_keys(r);
    for (int i = 0; i < keys->n; i++) {
        const config_key *key = config_find(keys->key[i].text);
        assert(key && !key->derived);
        if (config_given(settings, key)) continue;
        const bool ok = config_set(settings, key, &keys->item[i], e);
        assert(ok), (void)ok;
        settings->by_recipe[key - config_keys] = true;
    }
    yaml_close(keys);
    return true;
}

char *recipe_replaced(const config *settings)
{
    const recipe *r = settings->recipe ? recipe_find(settings->recipe) : NULL;
    int n = 0;
    if (!r) return NULL;
    growing words;
    growing_open(&words);
    yaml_node *keys = recipe_keys(r);
    for (int i = 0; i < keys->n; i++) {
        const config_key *key = config_find(keys->key[i].text);
        char own[CONFIG_VALUE], theirs[CONFIG_VALUE];
        config as = *settings;
        error e;
        if (settings->by_recipe[key - config_keys] || !config_set(&as, key, &keys->item[i], &e))
            continue;
        config_value(own, sizeof own, settings, key);
        config_value(theirs, sizeof theirs, &as, key);
        if (strcmp(own, theirs) != 0)
            fprintf(words.f, "%s%s is %s (recipe: %s)", n++ ? ", " : "", key->name, own, theirs);
    }
    yaml_close(keys);
    char *text = growing_close(&words);
    if (n) return text;
    free(text);
    return NULL;
}
