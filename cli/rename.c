/* rename.c - attnlab rename STUDY NAME: give a study in the database another name.
 *
 * Runs, versions and looks belong to the study, not to its name, so they stay.  The name is added
 * to the study's settings (sweep.name=NAME) in a new version; otherwise `attnlab sweep NAME` would
 * read the old name in the stored file and begin another study.
 */
#include "analysis/data/lookup.h"
#include "cli/command.h"
#include "cli/sql.h"
#include "core/base/study_name.h"

static bool write_name(db *d, int64_t sweep_id, const char *name, error *e)
{
    int64_t taken;
    if (!db_integer(d, &taken, 0, e, sql_rename_taken, "t", name)) return false;
    if (taken)
        return error_usage(e, "%s: has a study '%s' already: choose another name", d->path, name);
    return db_run(d, e, sql_rename_version, "iti", sweep_id, name, db_now_ms()) &&
           db_run(d, e, sql_rename_study, "it", sweep_id, name);
}

static bool rename_study(db *d, const char *study, const char *name, error *e)
{
    int64_t sweep_id;
    char checked[STUDY_NAME];
    yaml_node word = { .kind = YAML_SCALAR, .text = (char *)name };
    if (!study_name_set(checked, &word, e) || !lookup_study(d, &sweep_id, study, e) ||
        !db_begin(d, e))
        return false;
    if (write_name(d, sweep_id, checked, e)) return db_commit(d, e);
    db_rollback(d);
    return false;
}

static int run(command_call *call, const void *given)
{
    const char *study = call->argument[0], *name = call->argument[1];
    error e;
    db d;
    (void)given;
    if (!db_open(&d, call->db, DB_CHANGE, &e)) return command_fail(call, &e);
    const bool ok = rename_study(&d, study, name, &e);
    db_tidy(&d);
    db_close(&d);
    if (!ok) return command_fail(call, &e);
    command_note(call, NOTE_INFO,
                 "The study is now called '%s'. If you go on with its own file, write sweep.name: "
                 "%s there, too.",
                 name, name);
    return STATUS_DONE;
}

const command command_rename = {
    .name = "rename",
    .group = COMMAND_DATABASE,
    .help = "give a study another name",
    .arguments = "STUDY NAME",
    .summary = "Give a study in the database another name. Its runs, versions and looks stay.",
    .text = "`attnlab sweep NAME` goes on with the study under its new name. A study's own file "
            "still has the old name: change sweep.name there, or `attnlab sweep FILE` begins a "
            "new study (with the same runs).",
    .shared = SHARED_DB,
    .run = run,
};
