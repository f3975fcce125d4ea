/* axes.c - read the levels of the axes from the arms' JSON, and group arms by them. */
#include "analysis/data/axes.h"

#include "core/base/growing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy_of(const char *text)
{
    char *copy = strdup(text);
    if (!copy) error_memory();
    return copy;
}

/* A value as people write it; the caller frees it. */
static char *text_of(const json_t *value)
{
    char number[64];
    if (json_is_string(value)) return copy_of(json_string_value(value));
    if (json_is_number(value)) {
        snprintf(number, sizeof number, "%.10g", json_number_value(value));
        return copy_of(number);
    }
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : copy_of("");
    if (!text) error_memory();
    return text;
}

static bool varies(const axes *x, const char *key)
{
    for (int a = 1; a < x->study->arms; a++)
        if (!json_equal(json_object_get(x->of[a], key), json_object_get(x->of[0], key)))
            return true;
    return false;
}

void axes_open(axes *x, const study *s)
{
    *x = (axes){ .study = s, .of = error_zeroed((size_t)s->arms, sizeof(json_t *)) };
    for (int a = 0; a < s->arms; a++) {
        x->of[a] = json_loads(s->arm[a].axis_json, 0, NULL);
        if (!json_is_object(x->of[a])) {
            json_decref(x->of[a]);
            x->of[a] = json_object();
        }
    }
    const char *key;
    json_t *value;
    if (!s->arms) return;
    x->key = error_zeroed(json_object_size(x->of[0]), sizeof *x->key);
    json_object_foreach(x->of[0], key, value)
    {
        if (varies(x, key)) x->key[x->keys++] = key;
    }
}

void axes_close(axes *x)
{
    for (int a = 0; a < x->study->arms; a++) json_decref(x->of[a]);
    free(x->of), free(x->key);
    *x = (axes){ 0 };
}

bool axes_have(const axes *x, const char *key)
{
    for (int i = 0; i < x->keys; i++)
        if (strcmp(x->key[i], key) == 0) return true;
    return false;
}

const char *axes_leaf(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot ? dot + 1 : key;
}

const char *axes_find(const axes *x, const char *option, const char *name, error *e)
{
    const char *found = NULL;
    char known[256] = "";
    int leaves = 0;
    for (int i = 0; i < x->keys; i++) {
        if (strcmp(x->key[i], name) == 0) return x->key[i];
        if (strcmp(axes_leaf(x->key[i]), name) == 0) found = x->key[i], leaves++;
        const size_t n = strlen(known);
        snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", x->key[i]);
    }
    if (leaves == 1) return found;
    error_usage(e, "%s '%s': no such axis; study '%s' varies %s", option, name, x->study->name,
                x->keys ? known : "nothing");
    return NULL;
}

double axes_number(const axes *x, int arm, const char *key)
{
    const json_t *v = json_object_get(x->of[arm], key);
    return json_is_number(v) && json_number_value(v) > 0 ? json_number_value(v) : NAN;
}

bool axes_numeric(const axes *x, const char *key)
{
    for (int a = 0; a < x->study->arms; a++)
        if (isnan(axes_number(x, a, key))) return false;
    return axes_have(x, key);
}

/* Put an arm into the group of `text`, which the group then owns. */
static void put(axes_groups *g, int arm, char *text, double number)
{
    int i = 0;
    while (i < g->n && strcmp(g->text[i], text) != 0) i++;
    if (i < g->n)
        free(text);
    else
        g->text[g->n] = text, g->number[g->n++] = number;
    g->of[arm] = i;
}

static axes_groups empty(const axes *x)
{
    const size_t arms = (size_t)x->study->arms;
    return (axes_groups){ .of = error_zeroed(arms, sizeof(int)),
                          .text = error_zeroed(arms, sizeof(char *)),
                          .number = error_zeroed(arms, sizeof(double)) };
}

static void swap(axes_groups *g, int i, int k)
{
    char *text = g->text[i];
    const double number = g->number[i];
    g->text[i] = g->text[k], g->number[i] = g->number[k];
    g->text[k] = text, g->number[k] = number;
}

static void sort(axes_groups *g, int arms)
{
    for (int i = 1; i < g->n; i++)
        for (int k = i; k > 0 && g->number[k] < g->number[k - 1]; k--) {
            swap(g, k, k - 1);
            for (int a = 0; a < arms; a++)
                g->of[a] = g->of[a] == k ? k - 1 : g->of[a] == k - 1 ? k : g->of[a];
        }
}

axes_groups axes_by(const axes *x, const char *key)
{
    axes_groups g = empty(x);
    for (int a = 0; a < x->study->arms; a++)
        put(&g, a, text_of(json_object_get(x->of[a], key)), axes_number(x, a, key));
    if (axes_numeric(x, key)) sort(&g, x->study->arms);
    return g;
}

char *axes_words(const axes *x, int arm, const char *const *key, int keys)
{
    growing words;
    growing_open(&words);
    for (int i = 0; i < keys; i++) {
        char *value = text_of(json_object_get(x->of[arm], key[i]));
        /* The attention needs no key. */
        const bool bare = strcmp(key[i], "model.attention") == 0;
        fprintf(words.f, "%s%s%s%s", i ? ", " : "", bare ? "" : axes_leaf(key[i]), bare ? "" : "=",
                value);
        free(value);
    }
    return growing_close(&words);
}

axes_groups axes_without(const axes *x, const char *key, const char *other)
{
    axes_groups g = empty(x);
    const char **rest = error_zeroed((size_t)x->keys, sizeof *rest);
    int n = 0;
    for (int i = 0; i < x->keys; i++)
        if (!(key && strcmp(x->key[i], key) == 0) && !(other && strcmp(x->key[i], other) == 0))
            rest[n++] = x->key[i];
    for (int a = 0; a < x->study->arms; a++) put(&g, a, axes_words(x, a, rest, n), NAN);
    free(rest);
    return g;
}

char *axes_value(const axes *x, int arm, const char *key)
{
    return text_of(json_object_get(x->of[arm], key));
}

void axes_groups_close(axes_groups *g)
{
    for (int i = 0; i < g->n; i++) free(g->text[i]);
    free(g->of), free(g->text), free(g->number);
    *g = (axes_groups){ 0 };
}
