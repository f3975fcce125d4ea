/* suite_task.c - reads one task of a suite: its settings, its items, and the examples to draw from.
 *
 *     NAME: {kind, file | generate + items + seed, group, metric, chance, shots, shots_file,
 *            template, delimiter, separator, until}
 */
#include "core/base/file.h"
#include "trainer/config/config.h"
#include "trainer/suites/layout.h"
#include "trainer/suites/suite.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_DEFAULT = 500 };

void suite_task_close(suite_task *t)
{
    items_close(&t->all), items_close(&t->pool);
    free(t->file), free(t->spec), free(t->layout), free(t->delimiter), free(t->separator);
    free(t->until);
    *t = (suite_task){ 0 };
}

/* A text under a key; `otherwise` if the key is not there. */
static bool read_text(char **out, const yaml_node *map, const char *key, const char *otherwise,
                      error *e)
{
    const yaml_node *at = yaml_find(map, key);
    if (at && at->kind != YAML_SCALAR) return yaml_error(at, e, "%s: must be a text", key);
    if (!at && !otherwise) return true;
    *out = strdup(at ? at->text : otherwise);
    if (!*out) error_memory();
    return true;
}

static bool read_whole(int64_t *out, const yaml_node *map, const char *key, int64_t otherwise,
                       double least, double most, error *e)
{
    const yaml_node *at = yaml_find(map, key);
    *out = otherwise;
    return !at || config_whole(out, key, false, least, most, at, e);
}

static bool read_kind(suite_task *t, const yaml_node *map, error *e)
{
    char words[128];
    const yaml_node *at = yaml_find(map, "kind");
    task_kind_words(words, sizeof words);
    if (!at) return yaml_error(map, e, "missing key 'kind': one of %s", words);
    t->kind = at->kind == YAML_SCALAR ? task_kind_find(at->text) : NULL;
    return t->kind || yaml_error(at, e, "kind: must be one of %s", words);
}

static bool read_metric(suite_task *t, const yaml_node *map, error *e)
{
    char words[128] = "";
    size_t n = 0;
    const yaml_node *at = yaml_find(map, "metric");
    t->metric = t->kind->metrics[0];
    if (!at) return true;
    for (const char *const *m = t->kind->metrics; *m; m++) {
        if (at->kind == YAML_SCALAR && strcmp(at->text, *m) == 0) {
            t->metric = *m;
            return true;
        }
        n += (size_t)snprintf(words + n, sizeof words - n, "%s%s", n ? ", " : "", *m);
    }
    return yaml_error(at, e, "metric: must be one of %s, which '%s' has", words, t->kind->name);
}

static bool read_layout(suite_task *t, const yaml_node *map, error *e)
{
    error why;
    const yaml_node *at = yaml_find(map, "template");
    if (!read_text(&t->layout, map, "template", NULL, e)) return false;
    if (at && yaml_find(map, "generate"))
        return yaml_error(at, e, "template: generated items have no fields");
    return !at || layout_check(t->layout, &why) || yaml_error(at, e, "%s", why.msg);
}

/* Keys that only some tasks can have. */
static bool check_keys(const suite_task *t, const yaml_node *map, error *e)
{
    const char *of_kind[] = { "until", "delimiter", "shots", "shots_file", "separator" };
    for (size_t i = 0; i < sizeof of_kind / sizeof *of_kind; i++) {
        const yaml_node *at = yaml_find(map, of_kind[i]);
        if (at && (i == 0 ? !t->kind->decodes : t->kind->rolling))
            return yaml_error(at, e, "%s: a task of kind '%s' can't have it", of_kind[i],
                              t->kind->name);
    }
    for (int i = 0; i < 2; i++) {
        const char *const of_generator[] = { "items", "seed" };
        const yaml_node *at = yaml_find(map, of_generator[i]);
        if (at && !t->spec)
            return yaml_error(at, e, "%s: only a task with `generate` can have it",
                              of_generator[i]);
    }
    const yaml_node *file = yaml_find(map, "shots_file");
    return !file || t->shots > 0 || yaml_error(file, e, "shots_file: set `shots` as well");
}

static bool read_settings(suite_task *t, const suite *s, const yaml_node *map, error *e)
{
    int64_t shots;
    const yaml_node *group = yaml_find(map, "group"), *chance = yaml_find(map, "chance");
    memcpy(t->group, s->name, SUITE_NAME);
    t->chance = NAN;
    if (!read_kind(t, map, e) || !read_metric(t, map, e) || !read_layout(t, map, e) ||
        (group && !suite_name_read(t->group, "group", group, e)) ||
        (chance && !config_number(&t->chance, "chance", -1e6, 1e6, chance, e)) ||
        !read_whole(&shots, map, "shots", 0, 0, SUITE_SHOTS, e) ||
        !read_text(&t->delimiter, map, "delimiter", "", e) ||
        !read_text(&t->separator, map, "separator", "\n\n", e) ||
        !read_text(&t->until, map, "until", NULL, e) ||
        !read_text(&t->spec, map, "generate", NULL, e))
        return false;
    t->shots = (int)shots;
    if (t->until && !*t->until) return yaml_error(yaml_find(map, "until"), e, "until: is empty");
    return check_keys(t, map, e);
}

/* --- items ------------------------------------------------------------------------------------ */

static bool add_file(hash *h, const char *path, error *e)
{
    char hex[HASH_HEX];
    if (!hash_file(hex, path, e)) return false;
    hash_add(h, hex, strlen(hex));
    return true;
}

/* Items of a file that lies in the suite's folder, unless its path is absolute.  *path is its whole
 * path, which the caller frees. */
static bool read_file(items *out, char **path, hash *h, const suite_task *t, const suite *s,
                      const yaml_node *name, error *e)
{
    if (name->kind != YAML_SCALAR || !*name->text) return yaml_error(name, e, "must be a path");
    *path = *name->text == '/' ? strdup(name->text) : file_path(s->path, name->text);
    if (!*path) error_memory();
    return items_read(out, *path, t->kind, t->layout, e) && add_file(h, *path, e);
}

static bool generate(suite_task *t, const yaml_node *map, error *e)
{
    generator g;
    error why;
    int64_t n, seed;
    const yaml_node *at = yaml_find(map, "generate");
    if (strcmp(t->kind->name, "exact") != 0 && strcmp(t->kind->name, "cloze") != 0)
        return yaml_error(at, e, "generate: the kind must be exact or cloze, not %s",
                          t->kind->name);
    if (!generator_read(&g, t->spec, &why)) return yaml_error(at, e, "generate: %s", why.msg);
    if (!read_whole(&n, map, "items", ITEMS_DEFAULT, 1, SUITE_ITEMS, e) ||
        !read_whole(&seed, map, "seed", 1, 0, 9e15, e))
        return false;
    items_generate(&t->all, &g, (uint64_t)seed, (int)n);
    if (t->shots > 0 && t->all.item[0].spans > 0)
        return yaml_error(yaml_find(map, "shots"), e,
                          "shots: items of %s have several answers and can't be examples",
                          g.kind->name);
    free(t->spec);
    t->spec = error_zeroed(GENERATOR_SPEC + 64, 1);
    generator_describe(t->spec, &g);
    snprintf(t->spec + strlen(t->spec), 64, ":items=%" PRId64 ":seed=%" PRId64, n, seed);
    return true;
}

static bool read_items(suite_task *t, hash *h, const suite *s, const yaml_node *map, error *e)
{
    const yaml_node *file = yaml_find(map, "file"), *shots = yaml_find(map, "shots_file");
    if (!file == !t->spec)
        return yaml_error(map, e,
                          file ? "both 'file' and 'generate' are given"
                               : "missing key 'file' (or 'generate')");
    if (t->spec && !generate(t, map, e)) return false;
    if (file && !read_file(&t->all, &t->file, h, t, s, file, e)) return false;
    if (shots) {
        char *path = NULL;
        const bool ok = read_file(&t->pool, &path, h, t, s, shots, e);
        free(path);
        if (!ok) return false;
        t->apart = true;
    }
    const int there = t->apart ? t->pool.n : t->all.n - 1;
    return t->shots <= there || yaml_error(yaml_find(map, "shots"), e,
                                           "shots: %d examples are wanted, but there are only %d%s",
                                           t->shots, there, t->apart ? "" : " other items");
}

/* Guessing among the options of each item. */
static void fill_chance(suite_task *t)
{
    int64_t with[ITEM_OPTIONS + 1] = { 0 }; /* items with so many options */
    const bool counts = strncmp(t->metric, "acc", 3) == 0;
    if (!isnan(t->chance) || !t->kind->guessed || !counts) return;
    for (int i = 0; i < t->all.n; i++) with[t->all.item[i].options]++;
    t->chance = 0;
    for (int n = 2; n <= ITEM_OPTIONS; n++) t->chance += (double)with[n] / t->all.n / n;
}

static void add_part(hash *h, const char *text)
{
    hash_add(h, text ? text : "-", text ? strlen(text) + 1 : 1);
}

/* What identifies the task, except its files. */
static void add_settings(hash *h, const suite_task *t)
{
    char line[128];
    snprintf(line, sizeof line, "\ntask %d %.17g ", t->shots, t->chance);
    hash_add(h, line, strlen(line));
    add_part(h, t->name), add_part(h, t->group), add_part(h, t->kind->name);
    add_part(h, t->metric), add_part(h, t->layout);
    add_part(h, t->delimiter), add_part(h, t->separator), add_part(h, t->until);
    add_part(h, t->spec);
}

bool suite_task_read(suite_task *t, hash *h, const suite *s, const yaml_node *name,
                     const yaml_node *map, error *e)
{
    static const char *const KEYS[] = { "kind",     "file",      "generate",  "items", "seed",
                                        "group",    "metric",    "chance",    "shots", "shots_file",
                                        "template", "delimiter", "separator", "until", NULL };
    *t = (suite_task){ 0 };
    if (!suite_name_read(t->name, "tasks", name, e)) return false;
    if (map->kind != YAML_MAP)
        return yaml_error(map, e, "task '%s': must be a map, {kind: ..., file: ...}", t->name);
    if (!suite_known(map, KEYS, e) || !read_settings(t, s, map, e) || !read_items(t, h, s, map, e))
        return false;
    fill_chance(t);
    add_settings(h, t);
    return true;
}
