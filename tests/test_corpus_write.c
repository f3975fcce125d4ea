/* test_corpus_write.c - orders that are carried out and orders that are refused; what a folder
 * holds is kept, or replaced as a whole, even if the writer is killed or the disk is full. */
#include "tests/corpora.h"
#include "tests/model_file.h"
#include "trainer/corpus/corpus_folder.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

/* The identity of a corpus does not depend on its folder, but on everything else. */
static void test_identity(void **state)
{
    (void)state;
    char first[HASH_HEX], other[HASH_HEX], copy[128];
    corpus_order o = order("first");
    make(&o, first);
    o = order("second");
    snprintf(copy, sizeof copy, "%s", scratch_text(&dir, "another name", document[0]));
    train_files[0] = copy;
    make(&o, other);
    assert_string_equal(first, other);

    o = order("third"); /* another order */
    train_files[1] = name[3], train_files[2] = name[2];
    make(&o, other);
    assert_string_not_equal(first, other);
    o = order("fourth"); /* one file changes sides */
    train_files[2] = name[4], val_files[1] = name[3];
    make(&o, other);
    assert_string_not_equal(first, other);
    o = order("fifth");
    o.vocab_size++;
    make(&o, other);
    assert_string_not_equal(first, other);

    /* With that tokenizer given: the same corpus. */
    o = order("sixth");
    char model[128];
    snprintf(model, sizeof model, "%s", scratch_path(&dir, "first/tokenizer.model"));
    o.tokenizer = model, o.vocab_size = 0;
    make(&o, other);
    assert_string_equal(first, other);
}

static void test_orders(void **state)
{
    (void)state;
    char copy[128], latin1[128], mark[128];
    corpus_order o = order("refused");
    val_files[2] = name[2];
    expect_refused(&o, STATUS_USAGE, "text2 is given both for training and as held-out text");
    o = order("refused");
    snprintf(copy, sizeof copy, "%s", scratch_text(&dir, "copy", document[2]));
    val_files[2] = copy;
    expect_refused(&o, STATUS_USAGE, "are the same text");
    o = order("refused");
    snprintf(latin1, sizeof latin1, "%s", scratch_text(&dir, "latin1", "caf\xe9"));
    val_files[1] = latin1;
    expect_refused(&o, STATUS_FAILED, "latin1: byte 3 (line 1)");
    snprintf(mark, sizeof mark, "%s", scratch_text(&dir, "mark", "a\xe2\x96\x81"));
    val_files[1] = mark;
    expect_refused(&o, STATUS_FAILED, "mark: byte 1 (line 1) is U+2581");
    val_files[1] = "/nowhere/none";
    expect_refused(&o, STATUS_FAILED, "/nowhere/none");
    o = order("refused");
    o.vocab_size = 300000;
    expect_refused(&o, STATUS_USAGE, "at most ");
    o = order("refused");
    o.tokenizer = name[0];
    expect_refused(&o, STATUS_FAILED, "text0: not a SentencePiece model");
    o = order("refused");
    o.n_train = 1, o.n_val = 0;
    train_files[0] = name[4];
    expect_refused(&o, STATUS_USAGE, "too little text");
    assert_int_not_equal(access(out, F_OK), 0); /* nothing was created */
    o = order("text0");
    expect_refused(&o, STATUS_FAILED, "text0");
    o = order("text0/below");
    expect_refused(&o, STATUS_FAILED, "text0");

    /* A tokenizer without byte fallback does not know every character. */
    model_file m;
    model_open(&m, "<s>", false);
    model_piece(&m, "\xe2\x96\x81", 0, PIECE_NORMAL);
    model_end(&m, false, true);
    char model[128];
    snprintf(model, sizeof model, "%s", scratch_put(&dir, "poor.model", m.bytes, m.n));
    free(m.bytes);
    o = order("refused");
    o.tokenizer = model;
    expect_refused(&o, STATUS_FAILED, "text0: from byte 0 (line 1) on");
    assert_int_not_equal(access(out, F_OK), 0);
}

/* Without held-out files, the end of each file is held out. */
static void test_fraction(void **state)
{
    (void)state;
    manifest m;
    error e;
    corpus_order o = order("fraction");
    o.n_val = 0, o.n_train = 2, o.holdout.fraction = 0.25;
    train_files[1] = name[1];
    assert_true(corpus_write(&m, &o, &e));
    assert_int_equal(m.split[SPLIT_VAL].n, 2);
    for (int i = 0; i < 2; i++) {
        const manifest_document *a = &m.split[SPLIT_TRAIN].document[i];
        const manifest_document *b = &m.split[SPLIT_VAL].document[i];
        const int64_t n = (int64_t)strlen(document[i]);
        assert_int_equal(a->bytes + b->bytes, n);
        assert_int_equal(b->from, a->bytes);
        assert_in_range(b->bytes, n / 4 - 500, n / 4);
        assert_int_equal(document[i][b->from - 1], '\n');
    }
    manifest_close(&m);
    corpus c;
    assert_true(corpus_open(&c, o.out, CORPUS_WHOLE, &e));
    corpus_close(&c);
}

static void test_again(void **state)
{
    (void)state;
    corpus_order o = order("again");
    char first[HASH_HEX], second[HASH_HEX], file[160];
    struct stat before, after;
    make(&o, first);
    snprintf(file, sizeof file, "%s/train.tokens", o.out);
    assert_int_equal(stat(file, &before), 0);
    make(&o, second);
    assert_string_equal(first, second);
    assert_int_equal(stat(file, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* nothing was written */

    /* With its own tokenizer given, it is the same corpus.  The other way round, this is only known
     * after training. */
    char model[128];
    snprintf(model, sizeof model, "%s", scratch_path(&dir, "again/tokenizer.model"));
    o.tokenizer = model;
    make(&o, second);
    assert_string_equal(first, second);
    corpus_order given = order("given");
    given.tokenizer = model;
    make(&given, second);
    given.tokenizer = NULL;
    make(&given, second);
    assert_string_equal(first, second);
    o = order("again");
    assert_int_equal(stat(file, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);

    o.vocab_size = VOCAB - 1;
    expect_refused(&o, STATUS_FAILED, "--force");
    o.vocab_size = VOCAB;
    expect_whole(o.out, 2);
    val_files[0] = name[0], train_files[0] = name[1];
    expect_refused(&o, STATUS_FAILED, "--force");
    o.force = true;
    make(&o, second);
    assert_string_not_equal(first, second);
    expect_closed(scratch_path(&dir, "nothing"), "no such corpus");
    scratch_put(&dir, "again/manifest.json", "{", 1);
    expect_refused(&o, STATUS_FAILED, "files that are not a corpus's"); /* with --force, too */
}

static void expect_text(const char *file, const char *is)
{
    char *bytes;
    size_t n;
    error e;
    assert_true(file_read(&bytes, &n, scratch_path(&dir, file), 1 << 20, &e));
    assert_string_equal(bytes, is);
    free(bytes);
}

/* Nothing is replaced that is not a corpus's. */
static void test_foreign(void **state)
{
    (void)state;
    corpus_order o = order("foreign");
    o.force = true;
    assert_int_equal(mkdir(out, 0777), 0);
    scratch_text(&dir, "foreign/tokenizer.model", "mine");
    expect_refused(&o, STATUS_FAILED, "files that are not a corpus's (tokenizer.model)");
    scratch_text(&dir, "foreign/manifest.json", "{\"format\": \"another program's\"}");
    expect_refused(&o, STATUS_FAILED, "choose a new or an empty folder");
    expect_text("foreign/tokenizer.model", "mine");
    expect_text("foreign/manifest.json", "{\"format\": \"another program's\"}");
    o = order("empty");
    assert_int_equal(mkdir(out, 0777), 0);
    make(&o, NULL);
    scratch_text(&dir, "empty/notes.txt", "mine");
    o.force = true, o.vocab_size++;
    make(&o, NULL);
    expect_text("empty/notes.txt", "mine");
    o = order("caf\xe9");
    expect_refused(&o, STATUS_USAGE, "not UTF-8");
}

/* A folder that cannot be written is refused at once, with the reason and the folder. */
static void test_unwritable(void **state)
{
    (void)state;
    char locked[128], below[160], why[256];
    snprintf(locked, sizeof locked, "%s", scratch_path(&dir, "locked"));
    snprintf(below, sizeof below, "%s/a/b", locked);
    snprintf(why, sizeof why, "%s: cannot make this folder in %s: Permission denied", below,
             locked);
    assert_int_equal(mkdir(locked, 0555), 0);
    assert_int_equal(chmod(dir.folder, 0755), 0);
    const pid_t child = fork();
    if (child == 0) {
        error e = { 0 };
        if (geteuid() == 0 && setuid(65534) != 0) _exit(1);
        const bool refused = !corpus_folder_writable(below, &e) && strcmp(e.msg, why) == 0 &&
                             !corpus_folder_writable(locked, &e) &&
                             strstr(e.msg, "cannot write into this folder: Permission denied") &&
                             !file_make_folder(below, &e) && strstr(e.msg, "Permission denied");
        _exit(refused ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    error e;
    assert_true(corpus_folder_writable(scratch_path(&dir, "new/and/deep"), &e));
}

/* A run reads the sizes alone, so a long table of documents costs it nothing; prepare reads both.
 */
static void test_many(void **state)
{
    (void)state;
    enum { N = 5000 };
    char *lines = NULL, file[160], again[160];
    size_t n;
    struct stat s;
    FILE *f = open_memstream(&lines, &n);
    for (int i = 0; i < N; i++) fprintf(f, "{\"text\": \"document number %d, in short\"}\n", i);
    fclose(f);
    corpus_order o = order("many");
    snprintf(file, sizeof file, "%s", scratch_text(&dir, "many.jsonl", lines));
    train_files[0] = file, o.n_train = 1, o.field = "text";
    snprintf(again, sizeof again, "%s",
             scratch_text(&dir, "again.jsonl",
                          "{\"text\": \"new\"}\n{\"text\": \"document "
                          "number 4321, in short\"}\n"));
    val_files[0] = again, o.n_val = 1, o.vocab_size = 300;
    expect_refused(&o, STATUS_USAGE,
                   "many.jsonl, line 4322, byte 0 of its text (for training) and");
    scratch_text(&dir, "again.jsonl", "{\"text\": \"new\"}\n{\"text\": \"another\"}\n");
    make(&o, NULL);
    assert_int_equal(stat(scratch_path(&dir, "many/manifest.json"), &s), 0);
    assert_in_range(s.st_size, 500, 3000);
    manifest m;
    error e;
    assert_true(manifest_read(&m, o.out, MANIFEST_SIZES, &e));
    assert_null(m.split[SPLIT_TRAIN].document);
    assert_int_equal(m.split[SPLIT_TRAIN].n, N);
    manifest_close(&m);
    assert_true(manifest_read(&m, o.out, MANIFEST_WHOLE, &e));
    assert_int_equal(m.split[SPLIT_TRAIN].document[N - 1].from,
                     (int64_t)(strrchr(lines, '{') - lines));
    assert_string_equal(m.holdout, "files");
    manifest_close(&m);
    FILE *table = fopen(scratch_path(&dir, "many/documents.jsonl"), "r+");
    fputc(' ', table);
    fclose(table);
    assert_false(manifest_read(&m, o.out, MANIFEST_WHOLE, &e));
    assert_non_null(strstr(e.msg, "documents.jsonl: the file has changed"));

    /* Of blocks, which are chosen here, the copy to train on is left out. */
    o = order("blocks");
    scratch_text(&dir, "twice.jsonl",
                 "{\"text\": \"a b c d e\"}\n{\"text\": \"held out\"}\n"
                 "{\"text\": \"held out\"}\n");
    snprintf(again, sizeof again, "%s", scratch_path(&dir, "twice.jsonl"));
    train_files[0] = again, o.n_train = 1, o.n_val = 0, o.field = "text", o.vocab_size = 266;
    o.holdout = (holdout){ .every = 3, .size = 1000, .gap = 100 };
    assert_true(corpus_write(&m, &o, &e));
    assert_int_equal(m.split[SPLIT_TRAIN].n, 1);
    assert_int_equal(m.split[SPLIT_VAL].n, 1);
    assert_string_equal(m.holdout, "blocks:every=3:size=1000:gap=100");
    manifest_close(&m);
    free(lines);
}

/* Two corpora written alternately to one folder, killed at any moment: if a corpus opens, it is one
 * of the two. */
static void test_killed(void **state)
{
    (void)state;
    char sha256[2][HASH_HEX];
    corpus_order o = order("killed");
    o.force = true;
    for (int i = 0; i < 2; i++) {
        o.vocab_size = VOCAB + i;
        make(&o, sha256[i]);
    }
    uint64_t seed = 4;
    for (int i = 0; i < 40; i++) {
        corpus c;
        error e;
        o.vocab_size = VOCAB + i % 2;
        const pid_t child = fork();
        if (child == 0) {
            manifest m;
            corpus_write(&m, &o, &e);
            _exit(0);
        }
        const struct timespec wait = { 0, prose_random(&seed) % 60000000 };
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        if (corpus_open(&c, o.out, CORPUS_WHOLE, &e)) {
            assert_true(!strcmp(c.sha256, sha256[0]) || !strcmp(c.sha256, sha256[1]));
            corpus_close(&c);
        } else
            assert_non_null(strstr(e.msg, "interrupted"));
    }
    o.vocab_size = VOCAB;
    make(&o, NULL);
    expect_whole(o.out, 2);
}

/* On a full disk prepare fails with that reason and leaves no corpus. */
static void test_full(void **state)
{
    (void)state;
    const corpus_order o = order("full");
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = { 8000, 8000 };
        manifest m;
        error e;
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(!corpus_write(&m, &o, &e) && strstr(e.msg, "File too large") ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    expect_closed(o.out, "interrupted");
    make(&o, NULL);
    expect_whole(o.out, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity), cmocka_unit_test(test_orders),
        cmocka_unit_test(test_fraction), cmocka_unit_test(test_again),
        cmocka_unit_test(test_killed),   cmocka_unit_test(test_full),
        cmocka_unit_test(test_foreign),  cmocka_unit_test(test_unwritable),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
