/* study_axes.c - read the axes, and check every value against its key.
 *
 * Values that no node of the file holds, such as those of a range, are written as YAML and read
 * again; the study owns that tree.
 */
#define _GNU_SOURCE /* open_memstream */
#include "experiments/study_axes.h"

#include "core/base/growing.h"
#include "experiments/study_write.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVEL_NAME = 40 };

bool study_axes_may_vary(const char *name, const config_key *k, const yaml_node *at, error *e)
{
    if (strcmp(k->name, "train.seed") == 0 || strcmp(k->name, "train.data_seed") == 0)
        return yaml_error(at, e, "%s: %s is set by sweep.seeds", name, k->name);
    return k->identity ||
           yaml_error(at, e, "%s: %s can't be an axis: it changes no result", name, k->name);
}

bool study_axes_set(config *settings, const study_file_axis *x, int level, error *e)
{
    if (x->key) return config_set(settings, x->key, &x->value[level], e);
    const yaml_node *map = &x->level[level];
    for (int i = 0; i < map->n; i++)
        if (!config_set(settings, config_find(map->key[i].text), &map->item[i], e)) return false;
    return true;
}

/* --- values that the file doesn't spell out --------------------------------------------------- */

/* Read a list that was written for the study; its items stand where `at` does. */
static bool own_list(const yaml_node **list, study_file *s, growing *words, const yaml_node *at,
                     error *e)
{
    yaml_node *root;
    char *text = growing_close(words);
    const bool ok = yaml_parse(&root, text, e);
    free(text);
    if (!ok) return false;
    for (int i = 0; i < root->n; i++)
        root->item[i].file = at->file, root->item[i].line = at->line,
        root->item[i].column = at->column;
    study_file_own(s, root);
    *list = root;
    return true;
}

void study_axes_log(double *out, double from, double to, int n)
{
    for (int i = 0; i < n; i++) {
        char text[32];
        snprintf(text, sizeof text, "%.4g", from * pow(to / from, (double)i / (n - 1)));
        out[i] = i == 0 ? from : i == n - 1 ? to : strtod(text, NULL);
    }
}

/* One end of a range, by the rules of its key, and above 0. */
static bool read_end(double *out, const config_key *k, const char *name, const yaml_node *at,
                     error *e)
{
    int64_t whole = 0;
    if (k->type == CONFIG_REAL) {
        if (!config_number(out, k->name, k->min, k->max, at, e)) return false;
    } else if (!config_whole(&whole, k->name, k->type == CONFIG_COUNT, k->min, k->max, at, e))
        return false;
    else
        *out = (double)whole;
    return *out > 0 || yaml_error(at, e, "%s: %s: a log range must be above 0", name, k->name);
}

/* {log: [from, to, points]} */
static bool expand_log(const yaml_node **list, study_file *s, const config_key *k, const char *name,
                       const yaml_node *range, error *e)
{
    enum { MOST = 64 };
    double from, to, value[MOST];
    int64_t n;
    growing words;
    if (k->type != CONFIG_REAL && k->type != CONFIG_INT && k->type != CONFIG_COUNT)
        return yaml_error(range, e, "%s: %s: log is for numbers", name, k->name);
    if (range->kind != YAML_LIST || range->n != 3)
        return yaml_error(range, e, "%s: %s: must be {log: [from, to, points]}", name, k->name);
    if (!read_end(&from, k, name, &range->item[0], e) ||
        !read_end(&to, k, name, &range->item[1], e) ||
        !config_whole(&n, k->name, false, 2, MOST, &range->item[2], e))
        return false;
    if (!(from < to))
        return yaml_error(range, e, "%s: %s: the range is empty: %s is not below %s", name, k->name,
                          range->item[0].text, range->item[1].text);
    study_axes_log(value, from, to, (int)n);
    growing_open(&words);
    for (int i = 0; i < n; i++) {
        fputs(i ? ", " : "[", words.f);
        if (i == 0 || i == n - 1)
            fputs(range->item[i != 0].text, words.f);
        else
            fprintf(words.f, k->type == CONFIG_REAL ? "%.4g" : "%.0f", value[i]);
    }
    fputc(']', words.f);
    return own_list(list, s, &words, range, e);
}

/* --- sweep.axes and sweep.cross --------------------------------------------------------------- */

static bool read_values(study_file *s, study_file_axis *x, const char *name, const yaml_node *at,
                        error *e)
{
    const yaml_node *list = at;
    const yaml_node *range = at->kind == YAML_MAP && at->n == 1 ? yaml_find(at, "log") : NULL;
    if (range && !expand_log(&list, s, x->key, name, range, e)) return false;
    if (list->kind != YAML_LIST || list->n == 0)
        return yaml_error(at, e, "%s: %s: must be a list of values, or {log: [from, to, points]}",
                          name, x->key->name);
    x->n = list->n, x->value = list->item;
    return true;
}

static bool is_name(const char *text)
{
    const size_t n = strlen(text);
    return n > 0 && n < LEVEL_NAME &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

/* {small: {key: value, ...}, ...} */
static bool read_levels(study_file_axis *x, const char *name, const yaml_node *at, error *e)
{
    if (!is_name(x->name))
        return yaml_error(x->place, e, "%s: '%.60s': a name has letters, digits, - and _", name,
                          x->name);
    if (at->kind != YAML_MAP || at->n == 0)
        return yaml_error(at, e,
                          "%s: '%.60s' is not a key; an axis of that name must have named levels: "
                          "{%.60s: {small: {KEY: VALUE}, large: {KEY: VALUE}}}",
                          name, x->name, x->name);
    for (int j = 0; j < at->n; j++) {
        const yaml_node *level = &at->item[j];
        if (!is_name(at->key[j].text))
            return yaml_error(&at->key[j], e,
                              "%s: %s: '%.60s': a level is named by at most %d letters, digits, "
                              "- _ .",
                              name, x->name, at->key[j].text, LEVEL_NAME - 1);
        if (level->kind != YAML_MAP)
            return yaml_error(level, e, "%s: %s: the level '%s' must be {KEY: VALUE}", name,
                              x->name, at->key[j].text);
        for (int i = 0; i < level->n; i++) {
            const config_key *k = config_find(level->key[i].text);
            if (!k) return config_unknown(&level->key[i], level->key[i].text, e);
            if (!study_axes_may_vary(name, k, &level->key[i], e)) return false;
        }
    }
    x->n = at->n, x->value = at->key, x->level = at->item;
    return true;
}

static bool add_axis(study_file *s, const char *name, const yaml_node *key, const yaml_node *at,
                     error *e)
{
    if (s->axes == STUDY_FILE_AXES)
        return yaml_error(key, e, "%s: more than %d axes", name, STUDY_FILE_AXES);
    study_file_axis *x = &s->axis[s->axes];
    *x = (study_file_axis){ .name = key->text, .key = config_find(key->text), .place = key };
    if (!x->key && strchr(key->text, '.')) return config_unknown(key, key->text, e);
    if (x->key && !study_axes_may_vary(name, x->key, key, e)) return false;
    if (!(x->key ? read_values(s, x, name, at, e) : read_levels(x, name, at, e))) return false;
    s->axes++;
    return true;
}

static bool read_map(study_file *s, const char *name, const yaml_node *at, error *e)
{
    if (!at) return true;
    if (at->kind != YAML_MAP) return yaml_error(at, e, "%s: must be a map {key: [values]}", name);
    for (int i = 0; i < at->n; i++)
        if (!add_axis(s, name, &at->key[i], &at->item[i], e)) return false;
    return true;
}

/* --- sweep.arms ------------------------------------------------------------------------------- */

/* The values that the arms have for the key `key`, each once. */
static bool add_listed(study_file *s, const yaml_node *key, error *e)
{
    const config_key *k = config_find(key->text);
    const yaml_node *list = s->list, *values;
    growing words;
    int n = 0;
    if (!k) return config_unknown(key, key->text, e);
    growing_open(&words);
    fputc('[', words.f);
    for (int i = 0; i < list->n; i++) {
        const yaml_node *value = yaml_find(&list->item[i], key->text);
        bool known = false;
        for (int j = 0; j < i && !known; j++)
            known = study_file_same(s, k, value, yaml_find(&list->item[j], key->text));
        if (known) continue;
        fputs(n++ ? ", " : "", words.f);
        study_write_node(words.f, value);
    }
    fputc(']', words.f);
    return own_list(&values, s, &words, key, e) && add_axis(s, "sweep.arms", key, values, e);
}

/* A list of {key: value}, each with the same keys. */
static bool read_list(study_file *s, error *e)
{
    const yaml_node *list = s->list;
    if (!list) return true;
    if (s->given_axes)
        return yaml_error(list, e,
                          "sweep.arms: the arms are listed, so leave sweep.axes out; "
                          "what every arm is crossed with is sweep.cross");
    if (list->kind != YAML_LIST || list->n == 0)
        return yaml_error(list, e, "sweep.arms: must be a list of {key: value}");
    for (int i = 0; i < list->n; i++) {
        const yaml_node *arm = &list->item[i], *first = &list->item[0];
        if (arm->kind != YAML_MAP || arm->n == 0)
            return yaml_error(arm, e, "sweep.arms: must be a list of {key: value}");
        for (int k = 0; k < arm->n; k++) {
            const config_key *key = config_find(arm->key[k].text);
            config settings = s->base;
            if (!key) return config_unknown(&arm->key[k], arm->key[k].text, e);
            if (!config_set(&settings, key, &arm->item[k], e)) return false;
            if (!yaml_find(first, arm->key[k].text))
                return yaml_error(&arm->key[k], e,
                                  "sweep.arms: the first arm has no %s: give every arm the same "
                                  "keys",
                                  key->name);
        }
        for (int k = 0; k < first->n; k++)
            if (!yaml_find(arm, first->key[k].text))
                return yaml_error(arm, e,
                                  "sweep.arms: arm %d has no %s: give every arm the same keys",
                                  i + 1, first->key[k].text);
    }
    for (int k = 0; k < list->item[0].n; k++)
        if (!add_listed(s, &list->item[0].key[k], e)) return false;
    return true;
}

/* --- checks ----------------------------------------------------------------------------------- */

/* Does the axis set this key at any of its levels? */
static bool sets(const study_file_axis *x, const char *key)
{
    if (x->key) return strcmp(x->name, key) == 0;
    for (int j = 0; j < x->n; j++)
        if (yaml_find(&x->level[j], key)) return true;
    return false;
}

int study_file_setter(const study_file *s, const char *key)
{
    int i = s->axes - 1;
    while (i >= 0 && !sets(&s->axis[i], key)) i--;
    return i;
}

/* No key may be set by two axes, whose order would decide. */
static bool check_apart(const study_file *s, int i, error *e)
{
    const study_file_axis *x = &s->axis[i];
    for (int k = 0; k < i; k++) {
        const study_file_axis *other = &s->axis[k];
        if (strcmp(x->name, other->name) == 0)
            return yaml_error(x->place, e, "sweep.cross: %s is an axis already", x->name);
        if (x->key && sets(other, x->name))
            return yaml_error(x->place, e, "sweep.axes: %s is set by the levels of '%s' already",
                              x->name, other->name);
        for (int j = 0; !x->key && j < x->n; j++)
            for (int m = 0; m < x->level[j].n; m++)
                if (sets(other, x->level[j].key[m].text))
                    return yaml_error(&x->level[j].key[m], e,
                                      "sweep.axes: the level '%s' of '%s' sets %s, which the axis "
                                      "'%s' sets already",
                                      x->value[j].text, x->name, x->level[j].key[m].text,
                                      other->name);
    }
    return true;
}

/* Each value of an axis must be valid for its key. */
static bool check_axis(const study_file *s, int i, error *e)
{
    const study_file_axis *x = &s->axis[i];
    for (int j = 0; j < x->n; j++) {
        config settings = s->base;
        if (!study_axes_set(&settings, x, j, e)) return false;
        for (int k = 0; k < j; k++)
            if (study_file_same(s, x->key, &x->value[j], &x->value[k]))
                return yaml_error(&x->value[j], e, "sweep.axes: a value of %s is given twice",
                                  x->name);
    }
    if (s->match != MATCH_NONE && strcmp(x->name, "model.ffn_dim") == 0)
        return error_usage(e, "model.ffn_dim: is an axis, but sweep.match would change it");
    return check_apart(s, i, e);
}

bool study_axes_open(study_file *s, error *e)
{
    s->axes = s->crossed = 0;
    if (!read_map(s, "sweep.axes", s->given_axes, e) || !read_list(s, e)) return false;
    const int own = s->axes;
    if (!read_map(s, "sweep.cross", s->cross, e)) return false;
    s->crossed = s->axes - own;
    for (int i = 0; i < s->axes; i++)
        if (!check_axis(s, i, e)) return false;
    return true;
}

/* "small, large"; nothing for the values of a key. */
static void name_levels(char *out, size_t size, const study_file_axis *x)
{
    size_t n = 0;
    out[0] = '\0';
    for (int j = 0; !x->key && j < x->n && n < size; j++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", j ? ", " : ": ", x->value[j].text);
}

bool study_axes_partial(const study_file *s, const char *name, const yaml_node *map, error *e)
{
    if (map->kind != YAML_MAP || map->n == 0)
        return yaml_error(map, e, "%s: must be {key: value}", name);
    for (int i = 0; i < map->n; i++) {
        char known[200];
        const int axis = study_file_axis_of(s, map->key[i].text);
        if (axis < 0)
            return yaml_error(&map->key[i], e, "%s: '%s' is not an axis of the study", name,
                              map->key[i].text);
        const study_file_axis *x = &s->axis[axis];
        int j = 0;
        while (j < x->n && !study_file_same(s, x->key, &map->item[i], &x->value[j])) j++;
        if (j < x->n) continue;
        name_levels(known, sizeof known, x);
        return yaml_error(&map->item[i], e, "%s: not one of the %s of %s%s", name,
                          x->key ? "values" : "levels", x->name, known);
    }
    return true;
}
