/* run_source.h - a run that another run starts from, as train.init_from names it.
 *
 *     run:UID[@tokens=N]                             this run
 *     config:ID[/seed=N][/replica=N][@tokens=N]      the run of this configuration, with the same
 *                                                    seed unless one is given
 *
 * The text has no path in it and is known before the source has run, so it stands in the identity
 * of the run that starts from it: ID and UID are hashes of everything that makes the source.
 * `study:NAME/ARM` is what people write; experiments/source.h turns it into one of these.
 */
#ifndef TRAINER_CONFIG_RUN_SOURCE_H
#define TRAINER_CONFIG_RUN_SOURCE_H

#include "trainer/config/config.h"

typedef struct run_source {
    char uid[CONFIG_UID], id[CONFIG_ID]; /* one of them; the other is ""               */
    int64_t seed;                        /* -1: the seed of the run that starts from it */
    int64_t replica;
    int64_t tokens; /* the checkpoint at so many tokens; 0: the final weights */
} run_source;

/* Does the value of train.init_from name a run, or a study, and not a file? */
bool run_source_is(const char *text);

/* Does it name a study, which must be looked up first? */
bool run_source_is_study(const char *text);

/* Read "run:" or "config:"; fails with what is wrong. */
bool run_source_read(run_source *s, const char *text, error *e);

/* The text of a source, as run_source_read takes it. */
void run_source_write(char out[CONFIG_PATH], const run_source *s);

/* Make a train.tokens of "5%" a number: 5 % of the checkpoint's tokens if the source is an earlier
 * checkpoint, else of the `trained` tokens of the whole source. */
void run_source_settle(config *settings, const run_source *s, int64_t trained);

/* Cut "@tokens=N" off the end of `text`; *tokens is 0 if it has none.  Fails if N is no count. */
bool run_source_cut_tokens(char *text, int64_t *tokens, error *e);

#endif
