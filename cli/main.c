/* main.c - the table of verbs, and main(). */
#include "cli/verbs.h"
#include "core/base/error.h"
#include "core/compute/kernels.h"
#include "trainer/run/fingerprint.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct verb {
    const char *name, *help;
    int (*run)(int argc, char **argv);
} VERBS[] = {
    { "prepare", "text files to a corpus folder", prepare_verb },
    { "train", "one run", train_verb },
    { "sweep", "a study: plan, match, run what is missing", sweep_verb },
    { "replay", "train a recorded run again and compare every bit", replay_verb },
    { "status", "how far a study is", status_verb },
    { "compare", "who differs, by how much, how surely", compare_verb },
    { "power", "the noise of a study, and the seeds that a difference takes", power_verb },
    { "curves", "has it converged, and what would more tokens bring", curves_verb },
    { "spikes", "loss spikes by arm, and whether one has fewer", spikes_verb },
    { "frontier", "loss against what it costs, dominated arms marked", frontier_verb },
    { "plot", "figures of a study", plot_verb },
    { "doctor", "what is wrong with a record, and its repair", doctor_verb },
    { "backup", "a copy of the record while runs go on", backup_verb },
    { "report", "a study as one page of HTML", report_verb },
    { "query", "read-only SQL", query_verb },
    { "ls", "studies and runs", ls_verb },
    { "show", "one run, whole", show_verb },
    { "diff", "in what two runs differ", diff_verb },
    { "bench", "how fast it trains, against the rate of sgemm", bench_verb },
    { "describe", "parameters, FLOPs, memory, KV bytes of a configuration", describe_verb },
    { "variants", "the attention variants and their options", variants_verb },
    { "keys", "every key of a configuration", keys_verb },
    { "schema", "the tables and views of the record", schema_verb },
};

enum { N_VERBS = sizeof VERBS / sizeof *VERBS };

static void usage(FILE *out)
{
    fprintf(out, "usage: attnlab VERB ...        attnlab VERB --help for each\n\n");
    for (int i = 0; i < N_VERBS; i++) fprintf(out, "  %-9s  %s\n", VERBS[i].name, VERBS[i].help);
}

/* A program started with a standard stream closed would open the record, or a checkpoint, under its
 * number, and write its messages there. */
static void occupy_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) abort();
}

int main(int argc, char **argv)
{
    occupy_streams();
    argp_err_exit_status = STATUS_USAGE;
    if (argc < 2) {
        usage(stderr);
        return STATUS_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return STATUS_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("attnlab %s\n", fingerprint_version);
        return STATUS_DONE;
    }
    error e;
    if (!kernels_init(&e)) {
        fprintf(stderr, "attnlab: %s\n", e.msg);
        return e.status;
    }
    for (int i = 0; i < N_VERBS; i++)
        if (strcmp(argv[1], VERBS[i].name) == 0) {
            char name[32]; /* what --help and errors call the program */
            snprintf(name, sizeof name, "attnlab %s", VERBS[i].name);
            argv[1] = name;
            const int status = VERBS[i].run(argc - 1, argv + 1);
            if (status != STATUS_DONE || (fflush(stdout) == 0 && !ferror(stdout))) return status;
            fprintf(stderr, "%s: standard output: %s\n", name, strerror(errno));
            return STATUS_FAILED;
        }
    fprintf(stderr, "attnlab: no verb '%s': `attnlab --help` lists them\n", argv[1]);
    return STATUS_USAGE;
}
