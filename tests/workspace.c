/* workspace.c - makes and removes a temporary working folder with a small corpus. */
#define _GNU_SOURCE
#include "tests/workspace.h"

#include "trainer/corpus/corpus_write.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/attnlab-test.XXXXXX";

void workspace_open(void)
{
    memcpy(strrchr(folder, '.') + 1, "XXXXXX", 6);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
}

static int drop(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    (void)s, (void)kind, (void)at;
    return remove(path);
}

void workspace_close(void)
{
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void workspace_write(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* Made-up words; each depends on the one before it. */
static void write_words(const char *name, unsigned seed, int words)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    unsigned w = 0;
    for (int i = 0; i < words; i++) {
        seed = seed * 1103515245u + 12345u;
        w = (w * 7 + seed / 65536 % 5) % 97;
        fprintf(f, "%c%c%s%s", 'a' + w % 26, 'a' + w * 5 % 26, w % 3 ? "er" : "ing",
                i % 12 == 11 ? ".\n" : " ");
    }
    assert_int_equal(fclose(f), 0);
}

void workspace_corpus(void)
{
    write_words("train.txt", 1, 6000);
    write_words("held.txt", 2, 1500);
    FILE *nowhere = fopen("/dev/null", "w");
    const corpus_order order = { .n_train = 1,
                                 .n_val = 1,
                                 .train = (const char *[]){ "train.txt" },
                                 .val = (const char *[]){ "held.txt" },
                                 .vocab_size = 300,
                                 .out = "corpus",
                                 .progress = nowhere };
    manifest m;
    error e;
    if (!corpus_write(&m, &order, &e)) fail_msg("%s", e.msg);
    manifest_close(&m);
    fclose(nowhere);
}
