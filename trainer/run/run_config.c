/* run_config.c - see recall.h. */
#include "trainer/run/run_config.h"

#include "trainer/run/record.h"

#include <stdlib.h>
#include <string.h>

static bool find_uid(char uid[CONFIG_UID], db *d, const char *run, error *e)
{
    char *first = NULL;
    int64_t n = 0;
    static const char WHERE[] = " FROM run WHERE substr(run_uid, 1, length(?1)) = ?1";
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*)%s", WHERE);
    if (!db_integer(d, &n, 0, e, sql, "t", run)) return false;
    if (n == 0 || !*run)
        return error_usage(e, "%s: has no run '%s': `attnlab ls` lists them", d->path, run);
    if (n > 1) return error_usage(e, "%s: %lld runs begin with '%s'", d->path, (long long)n, run);
    snprintf(sql, sizeof sql, "SELECT run_uid%s", WHERE);
    if (!db_text(d, &first, e, sql, "t", run)) return false;
    snprintf(uid, CONFIG_UID, "%s", first ? first : "");
    free(first);
    return true;
}

/* The file that the recorded run began with; the caller frees *path. */
static bool find_file(char **path, char uid[CONFIG_UID], const char *db_path, const char *run,
                      error *e)
{
    db d;
    *path = NULL;
    if (!db_open(&d, db_path, DB_READ, e)) return false;
    if (find_uid(uid, &d, run, e)) {
        char *folder = record_folder(&d, uid);
        const size_t room = folder ? strlen(folder) + sizeof "/config.yaml" : 0;
        *path = folder ? malloc(room) : NULL;
        if (*path)
            snprintf(*path, room, "%s/config.yaml", folder);
        else
            error_set(e, "no memory");
        free(folder);
    }
    db_close(&d);
    return *path != NULL;
}

bool run_config_read(config *c, char uid[CONFIG_UID], const char *db_path, const char *run,
                     const char *const *settings, int n, error *e)
{
    char *path, now[CONFIG_UID];
    yaml_node *file = NULL;
    const yaml_node *sweep = NULL;
    if (!find_file(&path, uid, db_path, run, e)) return false;
    config_init(c);
    bool ok = config_load(c, path, &file, &sweep, e);
    if (ok && sweep) ok = error_set(e, "%s: has a `sweep` section: it is not a run's file", path);
    yaml_close(file);
    free(path);
    for (int i = 0; ok && i < n; i++) ok = config_override(c, settings[i], e);
    ok = ok && config_resolve(c, e);
    for (int g = 0; ok; g++) { /* some generation of what the settings now say */
        config_run_uid(c, g, now);
        if (strcmp(now, uid) == 0) break;
        if (g == 1000)
            ok = error_usage(e,
                             "these settings make another run of %s: only what is no part of the "
                             "identity (`attnlab keys`) can be set",
                             uid);
    }
    return ok;
}
