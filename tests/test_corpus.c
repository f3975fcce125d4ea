/* test_corpus.c - every byte of a corpus is accounted for, and every change is noticed when it is
 * opened. */
#include "tests/corpora.h"
#include "tests/model_file.h"

#include <sys/stat.h>
#include <unistd.h>

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
    version[11] = '4';
    scratch_put(&dir, "manifest/manifest.json", bytes, n);
    expect_closed(o.out, "format 4");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),          cmocka_unit_test(test_wide),
        cmocka_unit_test(test_damage),         cmocka_unit_test(test_manifest),
        cmocka_unit_test(test_forged),         cmocka_unit_test(test_format_1),
        cmocka_unit_test(test_identity_lines),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
