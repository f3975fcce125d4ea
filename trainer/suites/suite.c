/* suite.c - reads suite.yaml, and the tasks that it lists.
 *
 *     sha256(suite) = SHA-256 of the settings of the suite and of each task, and of every file of
 * items
 */
#define _GNU_SOURCE /* realpath */
#include "trainer/suites/suite.h"

#include "core/base/file.h"
#include "trainer/config/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *const suite_long_words[] = { "refuse", "truncate", "skip", NULL };

bool suite_known(const yaml_node *map, const char *const *known, error *e)
{
    for (int i = 0; i < map->n; i++) {
        const char *name = map->key[i].text, *near = known[0];
        bool found = false;
        for (const char *const *k = known; *k && !found; k++) {
            found = strcmp(*k, name) == 0;
            if (config_distance(name, *k) < config_distance(name, near)) near = *k;
        }
        if (!found)
            return yaml_error(&map->key[i], e, "unknown key '%.60s'; did you mean '%s'?", name,
                              near);
    }
    return true;
}

bool suite_name_read(char out[SUITE_NAME], const char *key, const yaml_node *at, error *e)
{
    static const char ALLOWED[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    if (at->kind != YAML_SCALAR) return yaml_error(at, e, "%s: must be a name", key);
    const size_t n = strlen(at->text);
    if (n == 0 || n >= SUITE_NAME || strspn(at->text, ALLOWED) < n)
        return yaml_error(at, e,
                          "%s: '%.60s' is not a name of 1 to %d letters, digits, '-' and '_'", key,
                          at->text, SUITE_NAME - 1);
    memcpy(out, at->text, n + 1);
    return true;
}

static bool read_long(suite *s, const yaml_node *at, error *e)
{
    s->on_long = LONG_REFUSE;
    if (!at) return true;
    for (int i = 0; at->kind == YAML_SCALAR && suite_long_words[i]; i++) {
        if (strcmp(suite_long_words[i], at->text) != 0) continue;
        s->on_long = (suite_long)i;
        return true;
    }
    return yaml_error(at, e, "on_long: must be refuse, truncate or skip");
}

/* Everything but the tasks. */
static bool read_head(suite *s, const yaml_node *root, const char *path, error *e)
{
    static const char *const KEYS[] = { "name", "on_long", "seed", "tasks", NULL };
    if (root->kind != YAML_MAP)
        return error_usage(e, "%s: must be a map with `name` and `tasks`", path);
    if (!suite_known(root, KEYS, e)) return false;
    const yaml_node *name = yaml_find(root, "name"), *seed = yaml_find(root, "seed");
    const yaml_node *tasks = yaml_find(root, "tasks");
    if (!name) return error_usage(e, "%s: missing key 'name'", path);
    if (!tasks) return error_usage(e, "%s: missing key 'tasks'", path);
    s->seed = 1;
    if (!suite_name_read(s->name, "name", name, e) ||
        !read_long(s, yaml_find(root, "on_long"), e) ||
        (seed && !config_whole(&s->seed, "seed", false, 0, 9e15, seed, e)))
        return false;
    if (tasks->kind != YAML_MAP || tasks->n == 0)
        return yaml_error(tasks, e, "tasks: must be a map, NAME: {kind: ..., file: ...}");
    return tasks->n <= SUITE_TASKS ||
           yaml_error(tasks, e, "tasks: %d tasks given; at most %d are allowed", tasks->n,
                      SUITE_TASKS);
}

static bool read_tasks(suite *s, hash *h, const yaml_node *tasks, error *e)
{
    s->task = error_zeroed((size_t)tasks->n, sizeof *s->task);
    for (int i = 0; i < tasks->n; i++) {
        suite_task *t = &s->task[s->tasks++];
        if (!suite_task_read(t, h, s, &tasks->key[i], &tasks->item[i], e)) return false;
    }
    return true;
}

static bool read_suite(suite *s, const char *file, error *e)
{
    char head[2 * SUITE_NAME];
    yaml_node *root;
    hash h;
    if (!yaml_read(&root, file, e)) return false;
    bool ok = read_head(s, root, file, e);
    if (ok) {
        hash_open(&h);
        snprintf(head, sizeof head, "suite %s %d %" PRId64 "\n", s->name, (int)s->on_long, s->seed);
        hash_add(&h, head, strlen(head));
        ok = read_tasks(s, &h, yaml_find(root, "tasks"), e);
        hash_close(&h, s->sha256);
    }
    yaml_close(root);
    return ok;
}

bool suite_open(suite *s, const char *path, error *e)
{
    struct stat info;
    *s = (suite){ .path = realpath(path, NULL) };
    if (!s->path || stat(s->path, &info) != 0) {
        error_set(e, "%s: %s: a suite is a folder with suite.yaml", path, strerror(errno));
        return false;
    }
    if (!S_ISDIR(info.st_mode)) {
        char *folder = file_folder(s->path);
        if (!folder) error_memory();
        free(s->path), s->path = folder;
    }
    char *file = file_path(s->path, "suite.yaml");
    const bool ok = read_suite(s, file, e);
    free(file);
    return ok;
}

void suite_close(suite *s)
{
    for (int i = 0; i < s->tasks; i++) suite_task_close(&s->task[i]);
    free(s->path), free(s->task);
    *s = (suite){ 0 };
}
