/* test_corpus.c - prepare, then open: every byte is accounted for, and every change is noticed. */
#include "tests/model_file.h"
#include "tests/prose.h"
#include "tests/scratch.h"
#include "tests/unit.h"
#include "trainer/corpus/corpus.h"
#include "trainer/corpus/corpus_folder.h"
#include "trainer/corpus/corpus_write.h"
#include "trainer/corpus/tokenizer.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { FILES = 6, VOCAB = 420 };

/* The documents: two long ones, and some that begin or end in odd ways. */
static char *document[FILES];
static char path[FILES + 1][128];
static const char *name[FILES + 1];
static FILE *quiet;

static int setup(void **state)
{
    static const char *const ODD[] = { "  two blanks in front, 12345, an emoji \xf0\x9f\x98\x80\n",
                                       "\n\n\na line end in front\n\n\n", "x",
                                       "\xe2\x80\x9cquoted\xe2\x80\x9d \xe4\xb8\x80\t\t\r\n " };
    scratch_setup(state);
    quiet = fopen("/dev/null", "w");
    for (int i = 0; i < FILES; i++) {
        char file[16];
        document[i] = i < 2 ? prose(20000, (uint64_t)i + 1) : strdup(ODD[i - 2]);
        snprintf(file, sizeof file, "text%d", i);
        snprintf(path[i], sizeof path[i], "%s", scratch_text(&dir, file, document[i]));
        name[i] = path[i];
    }
    return 0;
}

static int teardown(void **state)
{
    for (int i = 0; i < FILES; i++) free(document[i]);
    fclose(quiet);
    return scratch_teardown(state);
}

/* text0, text2, text3 to train on, text1, text4 and text5 held out, unless changed. */
static const char *train_files[3], *val_files[3];
static char out[128];

static corpus_order order(const char *folder)
{
    for (int i = 0; i < 3; i++)
        train_files[i] = name[i ? i + 1 : 0], val_files[i] = name[i ? i + 3 : 1];
    snprintf(out, sizeof out, "%s/%s", dir.folder, folder);
    return (corpus_order){ .n_train = 3,
                           .n_val = 3,
                           .train = train_files,
                           .val = val_files,
                           .holdout = { .fraction = 0.1 },
                           .vocab_size = VOCAB,
                           .out = out,
                           .progress = quiet };
}

static void make(const corpus_order *o, char sha256[HASH_HEX])
{
    manifest m;
    error e;
    if (!corpus_write(&m, o, &e)) fail_msg("%s", e.msg);
    if (sha256) memcpy(sha256, m.sha256, HASH_HEX);
    manifest_close(&m);
}

static void expect_refused(const corpus_order *o, int status, const char *why)
{
    manifest m;
    error e = { 0 };
    assert_false(corpus_write(&m, o, &e));
    if (!strstr(e.msg, why) || e.status != status) fail_msg("status %d: %s", e.status, e.msg);
}

static void expect_split(const corpus *c, const tokenizer *t, const corpus_split *s,
                         const char *const *texts, int n)
{
    int64_t at = 0, bytes = 0, sum = 0;
    for (int i = 0; i < n; i++) {
        int32_t token, before;
        const char *of = texts[i];
        corpus_read(&before, s, at++, 1);
        assert_int_equal(before, c->bos);
        while (*of) {
            size_t m;
            assert_true(at < s->n_tokens);
            corpus_read(&token, s, at++, 1);
            const char *piece = tokenizer_bytes(t, token, before, &m);
            assert_int_equal(strncmp(of, piece, m), 0);
            assert_int_equal(corpus_token_bytes(c, token, before), m);
            of += m, sum += (int64_t)m, before = token;
        }
        bytes += (int64_t)strlen(texts[i]);
    }
    assert_int_equal(at, s->n_tokens);
    assert_int_equal(bytes, s->n_bytes);
    assert_int_equal(sum, s->n_bytes);
}

static void expect_whole(const char *folder, int width)
{
    corpus c;
    tokenizer t;
    char *model;
    size_t n;
    error e;
    char file[160];
    snprintf(file, sizeof file, "%s/tokenizer.model", folder);
    if (!corpus_open(&c, folder, CORPUS_WHOLE, &e)) fail_msg("%s", e.msg);
    assert_true(c.path[0] == '/');
    assert_true(file_read(&model, &n, file, 1 << 24, &e) && tokenizer_open(&t, model, n, &e));
    assert_int_equal(c.vocab_size, t.V);
    assert_int_equal(c.train.width, width);
    expect_split(&c, &t, &c.train, (const char *[]){ document[0], document[2], document[3] }, 3);
    expect_split(&c, &t, &c.val, (const char *[]){ document[1], document[4], document[5] }, 3);
    tokenizer_close(&t);
    free(model);
    corpus_close(&c);
    corpus_close(&c); /* does nothing if it is closed */
}

static void test_whole(void **state)
{
    (void)state;
    corpus c;
    error e;
    char sha256[HASH_HEX];
    const corpus_order o = order("a/whole");
    make(&o, sha256);
    expect_whole(o.out, 2);
    assert_true(corpus_open(&c, o.out, CORPUS_MANIFEST, &e));
    assert_string_equal(c.sha256, sha256);
    assert_int_equal(c.vocab_size, VOCAB);
    assert_null(c.train.tokens);
    assert_null(c.piece_bytes);
    assert_true(c.train.n_tokens > 0 && c.val.n_bytes > 0);
    corpus_close(&c);
}

/* More pieces than 2 bytes can number: tokens of 4 bytes. */
static void test_wide(void **state)
{
    (void)state;
    model_file m;
    model_open(&m, "<s>", true);
    model_piece(&m, "\xe2\x96\x81", 0, PIECE_NORMAL);
    for (int i = 0; i < 70000; i++) { /* the letters come last, so that their tokens are large */
        char piece[16];
        snprintf(piece, sizeof piece, i < 69974 ? "{%d}" : "%c", i < 69974 ? i : 'a' + i - 69974);
        model_piece(&m, piece, (float)-i, PIECE_NORMAL);
    }
    model_end(&m, true, true);
    char file[128];
    snprintf(file, sizeof file, "%s", scratch_put(&dir, "wide.model", m.bytes, m.n));
    free(m.bytes);
    corpus_order o = order("wide");
    o.tokenizer = file, o.vocab_size = 0;
    make(&o, NULL);
    expect_whole(o.out, 4);
}

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

static void expect_closed(const char *folder, const char *file)
{
    corpus c;
    error e = { 0 };
    assert_false(corpus_open(&c, folder, CORPUS_WHOLE, &e));
    if (!strstr(e.msg, file) || e.status != STATUS_FAILED) fail_msg("%s: %s", file, e.msg);
    assert_null(c.path);
}

static void test_damage(void **state)
{
    (void)state;
    static const char *const FILE_NAME[] = { "train.tokens", "val.tokens", "tokenizer.model" };
    const corpus_order o = order("damage");
    uint64_t seed = 1;
    make(&o, NULL);
    for (int i = 0; i < 3; i++) {
        char file[160], *bytes;
        size_t n;
        error e;
        snprintf(file, sizeof file, "%s/%s", o.out, FILE_NAME[i]);
        assert_true(file_read(&bytes, &n, file, 1 << 24, &e));
        for (int j = 0; j < 60; j++) {
            const size_t at = prose_random(&seed) % n;
            bytes[at] ^= (char)(1 << j % 8);
            assert_true(file_write(file, bytes, n, &e));
            expect_closed(o.out, FILE_NAME[i]);
            bytes[at] ^= (char)(1 << j % 8);
            assert_true(file_write(file, bytes, at, &e));
            expect_closed(o.out, FILE_NAME[i]);
        }
        assert_true(file_write(file, bytes, n + 1, &e));
        expect_closed(o.out, FILE_NAME[i]);
        unlink(file);
        expect_closed(o.out, FILE_NAME[i]);
        mkdir(file, 0777);
        expect_closed(o.out, FILE_NAME[i]);
        rmdir(file);
        make(&o, NULL); /* again, and it is whole */
        expect_whole(o.out, 2);
        free(bytes);
    }
    expect_closed(dir.folder, "manifest.json");
    expect_closed("/nowhere/at/all", "no such corpus");
    expect_closed(name[0], "text0");
}

/* A damaged manifest is refused, or means the same as before. */
static void test_manifest(void **state)
{
    (void)state;
    const corpus_order o = order("manifest");
    char file[160], *bytes;
    size_t n;
    error e;
    corpus whole, c;
    make(&o, NULL);
    snprintf(file, sizeof file, "%s/manifest.json", o.out);
    assert_true(file_read(&bytes, &n, file, 1 << 20, &e));
    assert_true(corpus_open(&whole, o.out, CORPUS_MANIFEST, &e));
    uint64_t seed = 2;
    for (size_t i = 0; i < n; i++) {
        const char was = bytes[i];
        bytes[i] ^= (char)(1 << prose_random(&seed) % 8);
        scratch_put(&dir, "manifest/manifest.json", bytes, n);
        if (corpus_open(&c, o.out, CORPUS_MANIFEST, &e)) {
            assert_string_equal(c.sha256, whole.sha256);
            assert_int_equal(c.vocab_size, whole.vocab_size);
            assert_int_equal(c.train.n_tokens, whole.train.n_tokens);
            assert_int_equal(c.val.n_bytes, whole.val.n_bytes);
            corpus_close(&c);
        } else
            assert_non_null(strstr(e.msg, "manifest.json"));
        bytes[i] = was;
        if (i == n - 1) break; /* it is complete without its final newline */
        scratch_put(&dir, "manifest/manifest.json", bytes, i);
        assert_false(corpus_open(&c, o.out, CORPUS_MANIFEST, &e));
    }
    char *version = strstr(bytes, "\"version\": 2");
    version[11] = '3';
    scratch_put(&dir, "manifest/manifest.json", bytes, n);
    expect_closed(o.out, "format 3");
    expect_refused(&o, STATUS_FAILED, "--force");
    corpus_close(&whole);
    free(bytes);
}

/* A valid manifest of a shard with wrong tokens. */
static void test_forged(void **state)
{
    (void)state;
    corpus_order o = order("forged");
    o.force = true;
    const uint16_t wrong[] = { 1, VOCAB, 5 }, few[] = { 1, 300 };
    const struct {
        const uint16_t *tokens;
        int64_t n;
        const char *why;
    } CASE[] = { { wrong, 3, "token 1 is 420, but the vocabulary has 420 pieces" },
                 { few, 2, "bytes of text" } };
    for (int i = 0; i < 2; i++) {
        manifest m;
        error e;
        assert_true(corpus_write(&m, &o, &e));
        manifest_split *s = &m.split[SPLIT_VAL];
        s->tokens = CASE[i].n;
        hash_bytes(s->sha256, CASE[i].tokens, (size_t)s->tokens * 2);
        manifest_identity(m.sha256, &m);
        scratch_put(&dir, "forged/val.tokens", CASE[i].tokens, (size_t)s->tokens * 2);
        assert_true(manifest_write(&m, o.out, &e));
        manifest_close(&m);
        expect_closed(o.out, CASE[i].why);
    }
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

/* Format 1, with the documents in the manifest: the same corpus, and no new one is made. */
static void test_format_1(void **state)
{
    (void)state;
    const corpus_order o = order("format1");
    manifest m;
    error e;
    char *json, *again;
    size_t n, size;
    assert_true(corpus_write(&m, &o, &e));
    FILE *f = open_memstream(&json, &n);
    fprintf(f,
            "{\"format\": \"attnlab corpus\", \"version\": 1, \"sha256\": \"%s\", "
            "\"token_bytes\": %d, \"tokenizer\": {\"file\": \"tokenizer.model\", \"sha256\": "
            "\"%s\", \"pieces_sha256\": \"%s\", \"vocab_size\": %d, \"settings\": \"%s\"}",
            m.sha256, m.width, m.model, m.pieces, m.vocab_size, m.settings);
    for (int i = 0; i < SPLITS; i++) {
        const manifest_split *s = &m.split[i];
        fprintf(f,
                ", \"%s\": {\"shard\": \"%s\", \"sha256\": \"%s\", \"tokens\": %lld, "
                "\"bytes\": %lld, \"documents\": [",
                SPLIT_NAME[i], SPLIT_SHARD[i], s->sha256, (long long)s->tokens,
                (long long)s->bytes);
        for (int j = 0; j < s->n; j++)
            fprintf(f,
                    "%s{\"path\": \"%s\", \"from\": %lld, \"bytes\": %lld, \"tokens\": %lld, "
                    "\"sha256\": \"%s\"}",
                    j ? ", " : "", s->document[j].path, (long long)s->document[j].from,
                    (long long)s->document[j].bytes, (long long)s->document[j].tokens,
                    s->document[j].sha256);
        fputs("]}", f);
    }
    fputs("}\n", f);
    fclose(f);
    unlink(scratch_path(&dir, "format1/documents.jsonl"));
    scratch_text(&dir, "format1/manifest.json", json);
    expect_whole(o.out, 2);
    char sha256[HASH_HEX];
    make(&o, sha256);
    assert_string_equal(sha256, m.sha256);
    assert_true(file_read(&again, &size, scratch_path(&dir, "format1/manifest.json"), 1 << 20, &e));
    assert_string_equal(again, json); /* as it was */
    manifest_close(&m);
    free(json), free(again);
}

/* The identity hashes these lines, in every format of the manifest. */
static void test_identity_lines(void **state)
{
    (void)state;
    char wanted[HASH_HEX], found[HASH_HEX];
    manifest_document three[3] = { { .tokens = 3, .bytes = 7, .sha256 = "aa" },
                                   { .tokens = 4, .bytes = 8, .sha256 = "bb" },
                                   { .tokens = 5, .bytes = 9, .sha256 = "cc" } };
    const manifest m = { .vocab_size = 300,
                         .width = 2,
                         .pieces = "dd",
                         .split = { { 15, 7, "ee", 2, three }, { 9, 5, "ff", 1, three + 2 } } };
    static const char LINES[] = "attnlab corpus 1\npieces 300 dd\ntrain 2 7 15 ee\n3 7 aa\n4 8 bb\n"
                                "val 2 5 9 ff\n5 9 cc\n";
    hash_bytes(wanted, LINES, sizeof LINES - 1);
    manifest_identity(found, &m);
    assert_string_equal(found, wanted);
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
        cmocka_unit_test(test_whole),          cmocka_unit_test(test_wide),
        cmocka_unit_test(test_identity),       cmocka_unit_test(test_orders),
        cmocka_unit_test(test_fraction),       cmocka_unit_test(test_damage),
        cmocka_unit_test(test_manifest),       cmocka_unit_test(test_forged),
        cmocka_unit_test(test_again),          cmocka_unit_test(test_killed),
        cmocka_unit_test(test_full),           cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_unwritable),     cmocka_unit_test(test_format_1),
        cmocka_unit_test(test_identity_lines), cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
