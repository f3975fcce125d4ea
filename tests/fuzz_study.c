/* fuzz_study.c - studies that are wrong in one or several words.
 *
 *     fuzz_study N [SEED]     N mutations
 *
 * Words of valid studies of every design are exchanged for other words, doubled, cut out or moved.
 * Each study must be expanded, or refused as the user's error with one line; what is expanded must
 * be the same again when it is written and read.  Built with AddressSanitizer, any wrong access
 * ends the program; the seed and the number of the mutation are printed with a failure.
 */
#include "experiments/arms.h"
#include "experiments/plan_json.h"
#include "experiments/study_tune.h"
#include "experiments/study_write.h"

#include "tests/workspace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
    "model: {vocab_size: 50, dim: 16, n_heads: 2, n_layers: 1, context: 16}\nsweep:\n name: s\n"

static const char *const STUDY[] = {
    HEAD " axes: {model.attention: [mha, mqa], train.lr: {log: [1e-3, 4e-3, 3]}}\n"
         " baseline: {model.attention: mha}\n exclude: [{train.lr: 0.002}]\n seeds: 2\n",
    HEAD " design: zip\n axes: {model.attention: [mha, mqa], train.lr: [1e-3, 2e-3]}\n"
         " baseline: {model.attention: mha, train.lr: 1e-3}\n cross: {size: {a: {}, b: {model.dim: "
         "32}}}\n",
    HEAD " design: one-at-a-time\n axes: {model.attention: [mha, mqa], train.eps: [1e-5, 1e-6]}\n"
         " baseline: {model.attention: mha, train.eps: 1e-5}\n match: {params: model.ffn_dim}\n",
    HEAD " design: staircase\n axes: {model.attention: [mha, mqa], model.tie_embeddings: [false, "
         "true]}\n"
         " tune: {train.lr: {from: 1e-3, to: 4e-3, points: 3, seeds: 2}}\n",
    HEAD " design: list\n arms: [{model.attention: mha, train.lr: 1e-3}, {model.attention: mqa, "
         "train.lr: 2e-3}]\n baseline: {model.attention: mha, train.lr: 1e-3}\n",
};

static const char *const WORD[] = {
    "mha",
    "mqa",
    "model.attention",
    "train.lr",
    "model.dim",
    "size",
    "log",
    "sweep",
    "design",
    "zip",
    "staircase",
    "list",
    "grid",
    "one-at-a-time",
    "axes",
    "cross",
    "arms",
    "baseline",
    "exclude",
    "tune",
    "match",
    "from",
    "to",
    "points",
    "seeds",
    "train.seed",
    "data.corpus",
    "model.ffn_dim",
    "0",
    "1",
    "2",
    "3",
    "64",
    "1e9",
    "-1",
    "1e-3",
    "4e-3",
    "nan",
    "1e400",
    "''",
    "~",
    "{}",
    "[]",
    "[1, 2]",
    "{a: 1}",
    "{a: {}}",
    "[{}]",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\n",
    "\n ",
    "\"",
    "train.beta1",
    "params",
    "llama2",
    "preset",
    "train.threads",
    "9999999999999999999",
};
enum { WORDS = sizeof WORD / sizeof *WORD, STUDIES = sizeof STUDY / sizeof *STUDY, PIECES = 512 };

static uint64_t state_of_rng;

static uint64_t next(uint64_t below)
{
    state_of_rng ^= state_of_rng << 13, state_of_rng ^= state_of_rng >> 7; /* xorshift */
    state_of_rng ^= state_of_rng << 17;
    return state_of_rng % below;
}

/* A text as words and what is between them. */
typedef struct pieces {
    int n;
    char item[PIECES][64];
} pieces;

static void split(pieces *p, const char *text)
{
    static const char WORDY[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+";
    p->n = 0;
    while (*text) {
        size_t n = strspn(text, WORDY);
        if (!n) n = 1;
        snprintf(p->item[p->n++], 64, "%.*s", (int)n, text);
        text += n;
    }
}

static void mutate(pieces *p)
{
    for (uint64_t k = next(3) + 1; k > 0 && p->n > 4; k--) {
        const size_t n = (size_t)p->n, at = 30 + next(n - 30), other = 30 + next(n - 30);
        char saved[64];
        switch (next(5)) {
        case 0:
        case 1:
            snprintf(p->item[at], 64, "%s", WORD[next(WORDS)]);
            break;
        case 2:
            memmove(p->item[at], p->item[at + 1], (n - at - 1) * 64);
            p->n--;
            break;
        case 3:
            if (p->n == PIECES) break;
            memmove(p->item[at + 1], p->item[at], (n - at) * 64);
            p->n++;
            break;
        default:
            memcpy(saved, p->item[at], 64);
            memcpy(p->item[at], p->item[other], 64);
            memcpy(p->item[other], saved, 64);
        }
    }
}

/* Written and read again, it is the same study. */
static void check_written(const study_file *s, const arms *a)
{
    error e;
    study_file t;
    arms b;
    FILE *f = fopen("written.yaml", "w");
    study_write(f, s, NULL);
    fclose(f);
    if (!study_file_read(&t, "written.yaml", NULL, 0, &e) || !arms_open(&b, &t, &e))
        fail_msg("written: %s", e.msg);
    char *before = plan_json(s, a), *after = plan_json(&t, &b);
    assert_string_equal(before, after);
    free(before), free(after);
    arms_close(&b), study_file_close(&t);
}

static bool expand(error *e)
{
    study_file s;
    arms a;
    if (!study_file_read(&s, "study.yaml", NULL, 0, e)) return false;
    const bool ok = arms_open(&a, &s, e);
    if (ok) check_written(&s, &a), arms_close(&a);
    study_file_close(&s);
    return ok;
}

static uint64_t seed = 1;
static long mutations = 2000;

static void test_mutations(void **state)
{
    (void)state;
    int expanded = 0;
    for (long i = 0; i < mutations; i++) {
        static pieces p;
        char text[PIECES * 64];
        size_t n = 0;
        error e = { 0 };
        state_of_rng = seed * 1000003 + (uint64_t)i * 7919 + 1;
        for (int k = 0; k < 8; k++) next(2);
        split(&p, STUDY[next(STUDIES)]);
        mutate(&p);
        for (int k = 0; k < p.n; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s", p.item[k]);
        workspace_write("study.yaml", text);
        const bool ok = expand(&e);
        expanded += ok;
        if (!ok && (e.status != STATUS_USAGE || !*e.msg || strchr(e.msg, '\n')))
            fail_msg("seed %" PRIu64 ", mutation %ld: status %d, '%s' of\n%s", seed, i, e.status,
                     e.msg, text);
    }
    print_message("%d of %ld expanded\n", expanded, mutations);
    assert_true(expanded > mutations / 50 && expanded < mutations);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_mutations) };
    if (argc > 1) mutations = atol(argv[1]);
    if (argc > 2) seed = strtoull(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, workspace_open, workspace_close);
}
