/* main.c - attnlab [--db FILE] COMMAND ...: finds the command and runs it. */
#include "cli/help.h"
#include "cli/run.h"
#include "core/compute/kernels.h"
#include "trainer/run/fingerprint.h"

#include <fcntl.h>
#include <gsl/gsl_errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* If the program starts with a standard stream closed, the next file that it opens (a database, a
 * checkpoint) gets that number, and messages would be written into it. */
static void occupy_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) abort();
}

/* A --db before the command; moves *at past it.  False if its value is missing. */
static bool read_db(const char **db, int *at, int argc, char **argv)
{
    for (; *at < argc; ++*at) {
        const char *word = argv[*at];
        if (strncmp(word, "--db=", 5) == 0)
            *db = word + 5;
        else if (strcmp(word, "--db") == 0 || strcmp(word, "-d") == 0)
            *db = ++*at < argc ? argv[*at] : "";
        else if (strncmp(word, "-d", 2) == 0)
            *db = word + 2;
        else
            break;
        if (!**db) return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    const char *db = NULL;
    int at = 1;
    error e;
    occupy_streams();
    gsl_set_error_handler_off(); /* it would abort; what GSL cannot do becomes NaN */
    if (!read_db(&db, &at, argc, argv)) {
        fputs("attnlab: --db: missing value: FILE\n", stderr);
        return STATUS_USAGE;
    }
    const char *name = at < argc ? argv[at] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
    if (strcmp(name, "--version") == 0) {
        printf("attnlab %s\n", fingerprint_version);
        return fflush(stdout) == 0 ? STATUS_DONE : STATUS_FAILED;
    }
    if (!*name) {
        help_list(stderr);
        return STATUS_USAGE;
    }
    if (*name == '-') {
        fprintf(stderr, "attnlab: unknown option %.100s (try `attnlab help`)\n", name);
        return STATUS_USAGE;
    }
    const command *c = command_find(name);
    if (!c) {
        help_unknown(name);
        return STATUS_USAGE;
    }
    if (!kernels_init(&e)) {
        fprintf(stderr, "attnlab: %s\n", e.msg);
        return e.status;
    }
    return run_command(c, db, argv + at + 1, argc - at - 1);
}
