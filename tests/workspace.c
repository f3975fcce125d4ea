/* workspace.c - makes and removes a temporary working folder with a small corpus. */
#include "tests/workspace.h"

#include "tests/scratch.h"
#include "trainer/corpus/corpus_write.h"

#include <stdio.h>
#include <unistd.h>

int workspace_open(void **state)
{
    scratch_setup(state);
    return chdir(dir.folder);
}

int workspace_close(void **state)
{
    return chdir("/") == 0 ? scratch_teardown(state) : 1;
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

int workspace_open_corpus(void **state)
{
    if (workspace_open(state) != 0) return 1;
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
    return fclose(nowhere);
}
