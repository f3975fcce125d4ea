/* analysis.h - the verbs that read the record.
 *
 * Each parses its command line (argp; a usage error exits with STATUS_USAGE), writes data to stdout
 * and messages to stderr, and returns an exit status.  argv[0] is how the verb was called, e.g.
 * "attnlab compare": it stands before messages and in --help.
 */
#ifndef ANALYSIS_ANALYSIS_H
#define ANALYSIS_ANALYSIS_H

int backup_verb(int argc, char **argv);
int compare_verb(int argc, char **argv);
int curves_verb(int argc, char **argv);
int diff_verb(int argc, char **argv);
int frontier_verb(int argc, char **argv);
int ls_verb(int argc, char **argv);
int plot_verb(int argc, char **argv);
int power_verb(int argc, char **argv);
int query_verb(int argc, char **argv);
int report_verb(int argc, char **argv);
int schema_verb(int argc, char **argv);
int show_verb(int argc, char **argv);
int spikes_verb(int argc, char **argv);

#endif
