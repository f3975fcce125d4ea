/* run_config.c - a run's configuration from RUN_DIR/config.yaml, found by the start of its uid. */
#include "trainer/run/run_config.h"

#include "trainer/run/run_folder.h"

#include <stdlib.h>
#include <string.h>

bool run_config_find(char uid[CONFIG_UID], db *d, const char *run, error *e)
{
    char *first = NULL;
    int64_t n = 0;
    static const char WHERE[] = " FROM run WHERE substr(run_uid, 1, length(?1)) = ?1";
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*)%s", WHERE);
    if (!db_integer(d, &n, 0, e, sql, "t", run)) return false;
    if (n == 0 || !*run)
        return error_usage(e, "%s: no run '%s'; `attnlab ls` lists the runs", d->path, run);
    if (n > 1)
        return error_usage(e, "%s: %lld runs start with '%s': give more characters", d->path,
                           (long long)n, run);
    snprintf(sql, sizeof sql, "SELECT run_uid%s", WHERE);
    if (!db_text(d, &first, e, sql, "t", run)) return false;
    snprintf(uid, CONFIG_UID, "%s", first ? first : "");
    free(first);
    return true;
}

/* A run that was imported was never configured here. */
static bool check_own(db *d, const char *uid, error *e)
{
    int64_t imported;
    return db_integer(d, &imported, 0, e,
                      "SELECT 1 FROM import JOIN arm USING(sweep_id) JOIN arm_run USING(arm_id)"
                      " JOIN run USING(run_id) WHERE run_uid=?",
                      "t", uid) &&
           (!imported || error_usage(e,
                                     "run %s was imported, not trained by attnlab: there is "
                                     "nothing to replay",
                                     uid));
}

/* The file that the run began with; the caller frees *path. */
static bool find_file(char **path, char uid[CONFIG_UID], const char *db_path, const char *run,
                      error *e)
{
    db d;
    if (!db_open(&d, db_path, DB_READ, e)) return false;
    const bool ok = run_config_find(uid, &d, run, e) && check_own(&d, uid, e);
    if (ok) *path = run_folder_path(&d, uid, "config.yaml");
    db_close(&d);
    return ok;
}

/* Do the settings still describe this run, in some generation of it? */
static bool check_uid(const run_spec *spec, const char *uid, error *e)
{
    enum { GENERATIONS = 1000 };
    char now[CONFIG_UID];
    for (int generation = 0; generation <= GENERATIONS; generation++) {
        run_spec_uid(now, spec, generation);
        if (strcmp(now, uid) == 0) return true;
    }
    return error_usage(e,
                       "these settings make another run of %s: only keys that are no part of the "
                       "identity can be changed (see `attnlab keys`)",
                       uid);
}

bool run_config_read(run_spec *spec, char uid[CONFIG_UID], const char *db_path, const char *run,
                     const char *const *settings, int n, error *e)
{
    char *path;
    yaml_node *file = NULL;
    const yaml_node *sweep = NULL;
    if (!find_file(&path, uid, db_path, run, e)) return false;
    config_init(&spec->config);
    bool ok = config_load(&spec->config, path, &file, &sweep, e);
    if (ok && sweep) ok = error_set(e, "%s: has a section `sweep`: not the file of a run", path);
    yaml_close(file);
    free(path);
    for (int i = 0; ok && i < n; i++) ok = config_override(&spec->config, settings[i], e);
    return ok && run_spec_resolve(spec, &spec->config, e) && check_uid(spec, uid, e);
}
