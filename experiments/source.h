/* source.h - the runs that the arms of a study start from (train.init_from).
 *
 *     study:NAME/ARM[/SEED][@tokens=N]      the run of that arm with the same seed, or of SEED
 *     run:UID[@tokens=N]                    one run; the start of its uid will do
 *
 * ARM is an arm's label or values of the study's axes ("model.attention=mha, model.context=512").
 * The study is looked for in the database, where its newest version counts; then beside the file
 * that names it: a .yaml file of that folder that has this sweep.name, or ../NAME/study.yaml.  So
 * the source need not have run, and its identity is known all the same: it replaces the name
 * (run_source.h).
 */
#ifndef EXPERIMENTS_SOURCE_H
#define EXPERIMENTS_SOURCE_H

#include "experiments/arms.h"

/* A study or a run that something starts from; a list of them. */
typedef struct source {
    struct source *next;
    char name[STUDY_NAME]; /* of the study, or "run:UID"        */
    study_file study;
    arms arms;
    run_spec run; /* of a run */
} source;

/* Where to look: the file in which train.init_from was written (NULL: none), the database (NULL:
 * none), the settings of the command line (["key=value", ...]; NULL: none), and how many studies
 * are being looked up for each other.  A corpus that the settings name is also that of a study
 * which is not in the database yet: both must have one tokenizer. */
typedef struct source_place {
    const char *file, *db, *settings;
    int depth;
} source_place;

/* Replace a study's or run's name in settings, not yet resolved, by its identity, and a length of
 * "5%" by a number of tokens.  *from is what was found, of `list`, which grows; it has no spec if
 * settings name neither study nor run.  Fails if it isn't found. */
bool source_find(config *settings, arm_source *from, source **list, const source_place *place,
                 error *e);
void source_close(source *list);

/* May this resolved run start from there?  Layers, widths, vocabulary and tokenizer must be the
 * source's; the attention may have fewer key/value heads, and other options without weights.  Fails
 * with the key and both values.  Where nothing is converted, train.convert becomes its default. */
bool source_check(run_spec *spec, const arm_source *from, error *e);

/* A run's settings, from the file and command line of a single run: found, resolved, checked. */
bool source_resolve(run_spec *spec, const config *settings, const char *db_path, error *e);

#endif
