/* attnlab.c - the table of verbs, and main(). */
#include "analysis/analysis.h"
#include "core/error.h"
#include "core/kernels.h"
#include "experiments/experiments.h"
#include "trainer/trainer.h"

#include <argp.h>
#include <stdio.h>
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
    { "plot", "figures of a study", plot_verb },
    { "doctor", "what is wrong with a record, and its repair", doctor_verb },
    { "backup", "a copy of the record while runs go on", backup_verb },
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

int main(int argc, char **argv)
{
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
        printf("attnlab %s\n", trainer_version());
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
            return VERBS[i].run(argc - 1, argv + 1);
        }
    fprintf(stderr, "attnlab: no verb '%s': `attnlab --help` lists them\n", argv[1]);
    return STATUS_USAGE;
}
