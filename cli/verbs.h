/* verbs.h - every verb: it takes its arguments with its own name in argv[0], and returns the exit
 * status. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

int backup_verb(int argc, char **argv);
int bench_verb(int argc, char **argv);
int compare_verb(int argc, char **argv);
int curves_verb(int argc, char **argv);
int describe_verb(int argc, char **argv);
int diff_verb(int argc, char **argv);
int doctor_verb(int argc, char **argv);
int frontier_verb(int argc, char **argv);
int keys_verb(int argc, char **argv);
int ls_verb(int argc, char **argv);
int plot_verb(int argc, char **argv);
int power_verb(int argc, char **argv);
int prepare_verb(int argc, char **argv);
int query_verb(int argc, char **argv);
int replay_verb(int argc, char **argv);
int report_verb(int argc, char **argv);
int schema_verb(int argc, char **argv);
int show_verb(int argc, char **argv);
int spikes_verb(int argc, char **argv);
int status_verb(int argc, char **argv);
int sweep_verb(int argc, char **argv);
int train_verb(int argc, char **argv);
int variants_verb(int argc, char **argv);

#endif
