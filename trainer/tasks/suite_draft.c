/* suite_draft.c - collects the lines of each task, and writes them:
 *
 *     FOLDER/TASK.jsonl     one object an item
 *     FOLDER/suite.yaml     which files there are; last
 */
#include "trainer/tasks/suite_draft.h"

#include "core/base/file.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const SUITE_FILE = "suite.yaml";

/* Is there nothing in the folder, or no folder? */
static bool is_free(const char *folder, error *e)
{
    DIR *list = opendir(folder);
    if (!list) return errno == ENOENT || error_usage(e, "%s: %s", folder, strerror(errno));
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(list));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            ok = error_usage(e, "%s: this folder has files (%s): choose a new or an empty folder",
                             folder, entry->d_name);
    closedir(list);
    return ok;
}

/* Letters, digits, - and _ stay; = and what begins or ends a name goes; all else becomes -. */
static void copy_name(char out[SUITE_DRAFT_NAME], const char *name)
{
    size_t n = 0;
    for (; *name && n < SUITE_DRAFT_NAME - 1; name++) {
        const unsigned char c = (unsigned char)*name;
        const bool good = c < 128 && (isalnum(c) || c == '-' || c == '_');
        if (c == '=' || (!good && (n == 0 || out[n - 1] == '-'))) continue;
        out[n++] = good ? (char)c : '-';
    }
    while (n > 0 && out[n - 1] == '-') n--;
    if (n == 0) memcpy(out, "suite", n = 5);
    out[n] = '\0';
}

bool suite_draft_open(suite_draft *d, const char *folder, int64_t seed, error *e)
{
    *d = (suite_draft){ .seed = seed };
    if (!is_free(folder, e)) return false;
    d->folder = strdup(folder);
    d->name = error_zeroed(SUITE_DRAFT_NAME, 1);
    if (!d->folder) error_memory();
    size_t n = strlen(d->folder);
    while (n > 1 && d->folder[n - 1] == '/') d->folder[--n] = '\0';
    const char *last = strrchr(d->folder, '/');
    copy_name(d->name, last ? last + 1 : d->folder);
    return true;
}

void suite_draft_close(suite_draft *d)
{
    for (int i = 0; i < d->tasks; i++) free(growing_close(&d->task[i].lines));
    free(d->folder), free(d->name), free(d->source);
    *d = (suite_draft){ 0 };
}

bool suite_draft_add(suite_draft *d, const char *name, const char *kind, const char *group,
                     const char *metric, error *e)
{
    if (d->tasks == SUITE_DRAFT_TASKS)
        return error_usage(e, "a suite has at most %d tasks", SUITE_DRAFT_TASKS);
    suite_draft_task *t = &d->task[d->tasks];
    *t = (suite_draft_task){ .kind = kind, .group = group, .metric = metric };
    copy_name(t->name, name);
    for (int i = 0; i < d->tasks; i++)
        if (strcmp(d->task[i].name, t->name) == 0)
            return error_usage(e, "two tasks would be called %s: their specs must differ", t->name);
    growing_open(&t->lines);
    d->tasks++;
    return true;
}

void suite_draft_item(suite_draft *d, json_t *item, int64_t distance, double depth)
{
    char id[32];
    suite_draft_task *t = &d->task[d->tasks - 1];
    assert(d->tasks > 0);
    snprintf(id, sizeof id, "%05d", t->items++);
    json_t *line = json_pack("{s:s}", "id", id);
    if (!item || !line || json_object_update(line, item) != 0) error_memory();
    if (distance >= 0) {
        t->distance += (double)distance, t->distances++;
        if (json_object_set_new(line, "distance", json_integer(distance)) != 0) error_memory();
    }
    if (depth >= 0 && json_object_set_new(line, "depth", json_real(depth)) != 0) error_memory();
    const size_t flags = JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6);
    if (json_dumpf(line, t->lines.f, flags) != 0) error_memory();
    fputc('\n', t->lines.f);
    json_decref(line), json_decref(item);
}

static bool put(const char *folder, const char *name, const char *text, error *e)
{
    char *path = file_path(folder, name);
    const bool ok = file_write(path, text, strlen(text), e);
    free(path);
    return ok;
}

bool suite_draft_write(suite_draft *d, error *e)
{
    growing yaml;
    bool ok = file_make_folder(d->folder, e);
    growing_open(&yaml);
    if (d->source) fprintf(yaml.f, "# %s\n", d->source);
    fprintf(yaml.f, "name: %s\non_long: truncate\nseed: %" PRId64 "\ntasks:\n", d->name, d->seed);
    for (int i = 0; ok && i < d->tasks; i++) {
        suite_draft_task *t = &d->task[i];
        char file[SUITE_DRAFT_NAME + 8];
        snprintf(file, sizeof file, "%s.jsonl", t->name);
        fprintf(yaml.f, "  %s: {kind: %s, file: %s, group: %s", t->name, t->kind, file, t->group);
        if (t->metric) fprintf(yaml.f, ", metric: %s", t->metric);
        fputs("}\n", yaml.f);
        fflush(t->lines.f);
        ok = put(d->folder, file, t->lines.text, e);
    }
    char *text = growing_close(&yaml);
    ok = ok && put(d->folder, SUITE_FILE, text, e);
    free(text);
    return ok;
}
