/* config.c - values read into their fields: from defaults, a YAML file, or the command line.
 *
 * Every value comes as a YAML node and is checked against its row of the table; errors
 * name the file, line and column.
 */
#include "trainer/config/config.h"

#include "core/base/number.h"
#include "core/base/utf8.h"
#include "trainer/config/recipe.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static size_t index_of(const config_key *key)
{
    const size_t i = (size_t)(key - config_keys);
    assert(i < CONFIG_KEYS);
    return i;
}

bool config_given(const config *settings, const config_key *key)
{
    return settings->given[index_of(key)];
}

static bool refuse(const config_key *key, const yaml_node *at, error *e, const char *what)
{
    if (!*at->text) return yaml_error(at, e, "%s: the value is missing", key->name);
    return yaml_error(at, e, "%s: '%s' is not %s", key->name, at->text, what);
}

static bool set_integer(int64_t *out, const config_key *key, const yaml_node *at, error *e)
{
    int64_t x;
    const number_answer answer = number_whole(&x, at->text);
    if (answer == NUMBER_WRONG)
        return refuse(key, at, e,
                      key->type == CONFIG_INT
                          ? "a whole number"
                          : "a count, such as 4096, 500k, 1.5M, 1e6, 1_000_000 or 64Ki");
    if (answer == NUMBER_LARGE || (double)x < key->min || (double)x > key->max)
        return yaml_error(at, e, "%s: %s is outside %.16g..%.16g", key->name, at->text, key->min,
                          key->max);
    *out = x;
    return true;
}

static bool set_real(double *out, const config_key *key, const yaml_node *at, error *e)
{
    double x;
    if (!number_real(&x, at->text)) return refuse(key, at, e, "a finite number");
    if (!(x >= key->min && x <= key->max))
        return yaml_error(at, e, "%s: %s is outside %g..%g", key->name, at->text, key->min,
                          key->max);
    *out = x;
    return true;
}

bool config_number(double *out, const char *name, double min, double max, const yaml_node *at,
                   error *e)
{
    const config_key key = { .name = name, .type = CONFIG_REAL, .min = min, .max = max };
    if (at->kind != YAML_SCALAR) return yaml_error(at, e, "%s: must be a number", name);
    return set_real(out, &key, at, e);
}

bool config_whole(int64_t *out, const char *name, bool count, double min, double max,
                  const yaml_node *at, error *e)
{
    const config_key key = {
        .name = name, .type = count ? CONFIG_COUNT : CONFIG_INT, .min = min, .max = max
    };
    if (at->kind != YAML_SCALAR) return yaml_error(at, e, "%s: must be a whole number", name);
    return set_integer(out, &key, at, e);
}

static bool set_bool(bool *out, const config_key *key, const yaml_node *at, error *e)
{
    *out = strcmp(at->text, "true") == 0;
    return *out || strcmp(at->text, "false") == 0 || refuse(key, at, e, "true or false");
}

static bool set_choice(int64_t *out, const config_key *key, const yaml_node *at, error *e)
{
    const char *word;
    char all[256];
    for (int64_t i = 0; (word = key->word(i)); i++) {
        if (strcmp(word, at->text) != 0) continue;
        *out = i;
        return true;
    }
    config_words(all, sizeof all, key);
    return yaml_error(at, e, "%s: '%s' is not one of %s", key->name, at->text, all);
}

static bool set_text(char *out, size_t size, const config_key *key, const yaml_node *at, error *e)
{
    const size_t n = strlen(at->text);
    if (n >= size) return yaml_error(at, e, "%s: longer than %zu bytes", key->name, size - 1);
    for (const char *p = at->text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return yaml_error(at, e, "%s: contains a control character", key->name);
    if (!utf8_is(at->text))
        return yaml_error(at, e, "%s: this path is not UTF-8: rename the file or folder",
                          key->name);
    memcpy(out, at->text, n + 1);
    return true;
}

/* The items of a list; a scalar is a list of one. */
static bool items_of(const yaml_node **item, int *n, const config_key *key, const yaml_node *at,
                     error *e)
{
    *item = at->kind == YAML_LIST ? at->item : at;
    *n = at->kind == YAML_LIST ? at->n : 1;
    if (*n < 1 || *n > CONFIG_LIST)
        return yaml_error(at, e, "%s: %d values given; at most %d are allowed", key->name, *n,
                          CONFIG_LIST);
    for (int i = 0; i < *n; i++)
        if ((*item)[i].kind != YAML_SCALAR)
            return yaml_error(&(*item)[i], e, "%s: a list inside a list", key->name);
    return true;
}

static bool set_specs(config_specs *out, const config_key *key, const yaml_node *at, error *e)
{
    const yaml_node *item;
    config_specs s = { 0 };
    if (!items_of(&item, &s.n, key, at, e)) return false;
    for (int i = 0; i < s.n; i++)
        if (!set_text(s.item[i], sizeof s.item[i], key, &item[i], e)) return false;
    *out = s;
    return true;
}

static bool set_counts(config_counts *out, const config_key *key, const yaml_node *at, error *e)
{
    const yaml_node *item;
    config_counts s = { 0 };
    if (!items_of(&item, &s.n, key, at, e)) return false;
    for (int i = 0; i < s.n; i++)
        if (!set_integer(&s.item[i], key, &item[i], e)) return false;
    *out = s;
    return true;
}

static bool set_texts(config_texts *out, const config_key *key, const yaml_node *at, error *e)
{
    const yaml_node *item;
    int n = 0;
    const bool none = yaml_empty(at) || (at->kind == YAML_LIST && at->n == 0);
    if (!none && !items_of(&item, &n, key, at, e)) return false;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < n; i++)
        if (!set_text(out->item[i], sizeof out->item[i], key, &item[i], e)) return false;
    out->n = n;
    return true;
}

/* A count, or "5%" of what the source was trained on, which is not known yet. */
static bool set_tokens(config *settings, const config_key *key, const yaml_node *at, error *e)
{
    const size_t n = strlen(at->text);
    if (n < 2 || at->text[n - 1] != '%') {
        settings->tokens_of_source = false;
        return set_integer(&settings->train.tokens, key, at, e);
    }
    char number[64];
    double percent;
    snprintf(number, sizeof number, "%.*s", (int)(n - 1), at->text);
    if (n > sizeof number || !number_real(&percent, number) || !(percent >= 0 && percent <= 1e6))
        return refuse(key, at, e, "a percentage, such as 5%");
    settings->train.tokens = 0;
    settings->tokens_of_source = true;
    settings->tokens_percent = percent;
    return true;
}

static bool set_field(config *settings, const config_key *key, const yaml_node *at, error *e)
{
    void *field = (char *)settings + key->offset;
    if (key->type == CONFIG_SPECS && at->kind != YAML_MAP) return set_specs(field, key, at, e);
    if (key->type == CONFIG_COUNTS && at->kind != YAML_MAP) return set_counts(field, key, at, e);
    if (key->type == CONFIG_TEXTS && at->kind != YAML_MAP) return set_texts(field, key, at, e);
    if (at->kind != YAML_SCALAR)
        return yaml_error(at, e, "%s: must be one value, not a %s", key->name,
                          at->kind == YAML_LIST ? "list" : "map");
    if (key->offset == offsetof(config, train.tokens)) return set_tokens(settings, key, at, e);
    switch (key->type) {
    case CONFIG_INT:
    case CONFIG_COUNT:
        return set_integer(field, key, at, e);
    case CONFIG_REAL:
        return set_real(field, key, at, e);
    case CONFIG_BOOL:
        return set_bool(field, key, at, e);
    case CONFIG_CHOICE:
        return set_choice(field, key, at, e);
    default:
        return set_text(field, CONFIG_PATH, key, at, e);
    }
}

bool config_set(config *settings, const config_key *key, const yaml_node *value, error *e)
{
    if (!set_field(settings, key, value, e)) return false;
    settings->given[index_of(key)] = true;
    settings->by_recipe[index_of(key)] = false;
    settings->line[index_of(key)] = value->file ? value->line : 0;
    return true;
}

void config_reset(config *settings, const config_key *key)
{
    error e;
    char text[16];
    assert(strlen(key->initial) < sizeof text);
    strcpy(text, key->initial);
    const yaml_node value = { .kind = YAML_SCALAR, .text = text };
    const bool ok = set_field(settings, key, &value, &e);
    assert(ok), (void)ok;
    const size_t i = index_of(key);
    settings->given[i] = settings->by_recipe[i] = false, settings->line[i] = 0;
}

void config_init(config *settings)
{
    memset(settings, 0, sizeof *settings);
    for (const config_key *key = config_keys; key->name; key++)
        if (!key->derived && key->type != CONFIG_TEXT && key->type != CONFIG_TEXTS)
            config_reset(settings, key);
}

static bool override_recipe(config *settings, const char *name, error *e)
{
    yaml_node *value;
    if (!yaml_parse(&value, name, e)) return error_where(e, "recipe");
    const bool ok = recipe_apply(settings, value, e);
    yaml_close(value);
    return ok;
}

bool config_override(config *settings, const char *assignment, error *e)
{
    const char *equals = strchr(assignment, '=');
    if (!equals || equals == assignment) return error_usage(e, "'%s' is not key=value", assignment);
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(equals - assignment), assignment);
    if (strcmp(name, "recipe") == 0) return override_recipe(settings, equals + 1, e);
    const config_key *key = config_find(name);
    const yaml_node command_line = { 0 };
    if (!key) return config_unknown(&command_line, name, e);

    yaml_node *value, verbatim = { .kind = YAML_SCALAR };
    if (key->type == CONFIG_TEXT) { /* a path is taken as it is, not as YAML */
        verbatim.text = strdup(equals + 1);
        const bool ok =
            verbatim.text ? config_set(settings, key, &verbatim, e) : error_set(e, "out of memory");
        free(verbatim.text);
        return ok;
    }
    if (!yaml_parse(&value, equals + 1, e)) return error_where(e, "%s", name);
    const bool ok = config_set(settings, key, value, e);
    yaml_close(value);
    return ok;
}

/* Is this a section of the file?  One whose keys are all commented out is a section, too. */
static bool is_section(const yaml_node *label, const yaml_node *item)
{
    return item->kind == YAML_MAP || (yaml_empty(item) && !strchr(label->text, '.'));
}

static bool known_section(const yaml_node *label, error *e)
{
    static const char *const SECTION[] = {
        "model", "data", "train", "eval", "sweep", "recipe", NULL
    };
    const char *nearest = SECTION[0];
    for (const char *const *s = SECTION; *s; s++) {
        if (strcmp(label->text, *s) == 0) return true;
        if (config_distance(label->text, *s) < config_distance(label->text, nearest)) nearest = *s;
    }
    return yaml_error(label, e, "unknown section '%.80s': did you mean %s?", label->text, nearest);
}

/* A map of the file: sections hold keys, and "model.dim" may also stand by itself. */
static bool load_map(config *settings, const yaml_node *map, const char *prefix, error *e)
{
    for (int i = 0; i < map->n; i++) {
        const yaml_node *label = &map->key[i], *item = &map->item[i];
        char name[64];
        if (!*prefix && strcmp(label->text, "recipe") == 0) {
            if (!recipe_apply(settings, item, e)) return false;
            continue;
        }
        if (!*prefix && is_section(label, item)) {
            if (!known_section(label, e)) return false;
            if (item->kind == YAML_MAP && strcmp(label->text, "sweep") != 0 &&
                !load_map(settings, item, label->text, e))
                return false;
            continue;
        }
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", label->text);
        const config_key *key = config_find(name);
        if (!key) return config_unknown(label, name, e);
        if (config_given(settings, key) && !settings->by_recipe[index_of(key)])
            return yaml_error(label, e, "%s is set twice, first on line %d", name,
                              settings->line[index_of(key)]);
        if (!config_set(settings, key, item, e)) return false;
    }
    return true;
}

bool config_take(config *settings, const yaml_node *root, const yaml_node **sweep, error *e)
{
    if (sweep) *sweep = NULL;
    if (root->kind != YAML_MAP)
        return yaml_error(root, e,
                          "not a configuration: expected sections model, data, train, eval");
    snprintf(settings->file, sizeof settings->file, "%s", root->file ? root->file : "");
    if (!load_map(settings, root, "", e)) return false;
    const yaml_node *section = yaml_find(root, "sweep");
    if (sweep && section && !yaml_empty(section)) *sweep = section;
    return true;
}

bool config_load(config *settings, const char *path, yaml_node **file, const yaml_node **sweep,
                 error *e)
{
    if (sweep) *sweep = NULL;
    if (!yaml_read(file, path, e)) return false;
    if (config_take(settings, *file, sweep, e)) return true;
    yaml_close(*file);
    *file = NULL;
    return false;
}

bool config_error(const config *settings, const char *name, error *e, const char *fmt, ...)
{
    char text[sizeof e->msg];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const config_key *key = config_find(name);
    assert(key);
    const int line = settings->line[index_of(key)];
    return line ? error_usage(e, "%s:%d: %s: %s", settings->file, line, name, text)
                : error_usage(e, "%s: %s", name, text);
}
