/* experiments.h - the verbs of this folder. */
#ifndef EXPERIMENTS_EXPERIMENTS_H
#define EXPERIMENTS_EXPERIMENTS_H

/* Each takes its arguments with its own name in argv[0], and returns the exit status. */
int doctor_verb(int argc, char **argv);
int keys_verb(int argc, char **argv);
int status_verb(int argc, char **argv);
int sweep_verb(int argc, char **argv);

#endif
