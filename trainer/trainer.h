/* trainer.h - the verbs of this folder. */
#ifndef TRAINER_TRAINER_H
#define TRAINER_TRAINER_H

/* Each takes its arguments with its own name in argv[0], and returns the exit status. */
int bench_verb(int argc, char **argv);
int describe_verb(int argc, char **argv);
int prepare_verb(int argc, char **argv);
int replay_verb(int argc, char **argv);
int train_verb(int argc, char **argv);
int variants_verb(int argc, char **argv);

const char *trainer_version(void);

#endif
