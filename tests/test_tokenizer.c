/* test_tokenizer.c - any text becomes pieces and comes back byte for byte. */
#include "core/base/utf8.h"
#include "tests/model_file.h"
#include "tests/prose.h"
#include "tests/unit.h"
#include "trainer/corpus/text.h"
#include "trainer/corpus/tokenizer.h"

enum { VOCAB = 400 };

static char *sample;
static tokenizer trained;

static bool train(char **model, size_t *n, const char *of, size_t bytes, int vocab, error *e)
{
    const tokenizer_text texts[] = { { of, bytes } };
    return tokenizer_train(model, n, texts, 1, vocab, e);
}

static int setup(void **state)
{
    (void)state;
    char *model;
    size_t n;
    error e;
    sample = prose(50000, 1);
    if (!train(&model, &n, sample, strlen(sample), VOCAB, &e) ||
        !tokenizer_open(&trained, model, n, &e)) {
        print_error("%s\n", e.msg);
        return 1;
    }
    free(model);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tokenizer_close(&trained);
    free(sample);
    return 0;
}

/* The text that a token adds after `before`, as a string. */
static const char *bytes_of(const tokenizer *t, int32_t token, int32_t before)
{
    static char out[256];
    size_t n;
    const char *bytes = tokenizer_bytes(t, token, before, &n);
    memcpy(out, bytes, n);
    out[n] = '\0';
    return out;
}

static void test_digits_and_bytes(void **state)
{
    (void)state;
    int32_t *ids;
    size_t n;
    error e;
    assert_int_equal(trained.V, VOCAB);
    assert_int_equal(trained.bos, 1);
    assert_true(trained.prefixed);
    assert_true(tokenizer_encode(&ids, &n, &trained, "12345", 5, &e));
    assert_int_equal(n, 6); /* the space in front, and five digits */
    assert_string_equal(bytes_of(&trained, ids[0], trained.bos), "");
    assert_string_equal(bytes_of(&trained, ids[0], ids[1]), " ");
    for (size_t i = 1; i < n; i++)
        assert_string_equal(bytes_of(&trained, ids[i], ids[i - 1]), ((char[]){ '0' + (char)i, 0 }));
    free(ids);

    static const char EMOJI[] = "\xf0\x9f\x98\x80";
    assert_true(tokenizer_encode(&ids, &n, &trained, EMOJI, 4, &e));
    assert_int_equal(n, 5);
    for (size_t i = 1; i < n; i++) {
        assert_int_equal(sp_type_of(trained.model, ids[i]), SP_BYTE);
        assert_string_equal(bytes_of(&trained, ids[i], ids[i - 1]), ((char[]){ EMOJI[i - 1], 0 }));
    }
    free(ids);

    assert_true(tokenizer_encode(&ids, &n, &trained, "", 0, &e));
    assert_int_equal(n, 0);
    free(ids);
}

/* Encode, decode in two ways and compare; returns the number of pieces. */
static size_t expect_back(const tokenizer *t, const char *of, size_t bytes)
{
    int32_t *ids;
    size_t n, where, back_bytes;
    char *back;
    error e;
    assert_true(tokenizer_encode(&ids, &n, t, of, bytes, &e));
    if (!tokenizer_restores(&where, t, ids, n, of, bytes)) fail_msg("byte %zu differs", where);
    assert_true(sp_decode(&back, &back_bytes, t->model, ids, n, &e));
    assert_int_equal(back_bytes, bytes);
    assert_memory_equal(back, of, bytes);
    free(back), free(ids);
    return n;
}

static size_t put_character(char *out, uint32_t c)
{
    if (c < 0x80) return out[0] = (char)c, 1;
    if (c < 0x800) return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
    const size_t n = c < 0x10000 ? 3 : 4;
    out[0] = (char)((n == 3 ? 0xe0 : 0xf0) | c >> 6 * (n - 1));
    for (size_t i = 1; i < n; i++) out[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 63));
    return n;
}

/* Characters of every kind, many of them special to some program. */
static size_t random_text(char *out, size_t characters, uint64_t *seed)
{
    static const uint32_t SPECIAL[] = { ' ',     ' ',    '\n',   '\t',   '\r',     0xa0,   0x2028,
                                        0x2047,  0x2585, 0x3000, 0xfeff, 0xfffd,   0xfffe, 0xffff,
                                        0x1f600, 0x200d, 0x301,  0xad,   0x10ffff, 1,      0x7f };
    size_t n = 0;
    for (size_t i = 0; i < characters; i++) {
        const uint32_t r = prose_random(seed), kind = prose_random(seed) % 8;
        uint32_t c = kind < 3   ? 'a' + r % 26
                     : kind < 4 ? '0' + r % 10
                     : kind < 6 ? SPECIAL[r % (sizeof SPECIAL / sizeof *SPECIAL)]
                     : kind < 7 ? 1 + r % 0x7ff
                                : 1 + r % 0x10ffff;
        if (c >= 0xd800 && c < 0xe000) c = 0x4e00;
        if (c == 0x2581) c = 0x2582; /* the one that cannot be restored */
        n += put_character(out + n, c);
    }
    return n;
}

static void test_random(void **state)
{
    (void)state;
    uint64_t seed = 7;
    char out[4 * 48];
    for (int i = 0; i < 30000; i++) {
        const size_t n = random_text(out, prose_random(&seed) % 48, &seed);
        assert_int_equal(utf8_valid(out, n), n);
        expect_back(&trained, out, n);
    }
}

static void test_edges(void **state)
{
    (void)state;
    static const char *const CASE[] = {
        " ",      "  ",  "   a",  "\n",  "\n\n",       "\n a",   " \n",        "a ",
        "a  ",    "a\n", "\ta\t", "<s>", "</s> <unk>", "<0x41>", "a\r\nb\r\n", " \xf0\x9f\x98\x80",
        "1 2  3",
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++)
        expect_back(&trained, CASE[i], strlen(CASE[i]));
}

/* Encoding in stretches gives the pieces of the whole text. */
static void expect_whole(const tokenizer *t, const char *of, size_t bytes)
{
    int32_t *ids, *whole = malloc((3 * bytes + 8) * sizeof *whole);
    size_t n, m;
    error e;
    assert_true(tokenizer_encode(&ids, &n, t, of, bytes, &e));
    assert_true(sp_encode(whole, &m, 3 * bytes + 8, t->model, of, bytes, &e));
    assert_int_equal(n, m);
    assert_memory_equal(ids, whole, n * sizeof *ids);
    free(ids), free(whole);
}

static void test_stretches(void **state)
{
    (void)state;
    uint64_t seed = 3;
    assert_true(trained.apart);
    expect_whole(&trained, sample, strlen(sample));
    char *out = malloc(4 * 6000);
    for (int i = 0; i < 40; i++) {
        const size_t n = random_text(out, 6000, &seed);
        expect_whole(&trained, out, n);
        expect_back(&trained, out, n);
    }
    /* Spaces around the ends of stretches. */
    for (size_t n = 1020; n < 1032; n++) {
        memset(out, 'a', n);
        strcpy(out + n, " ");
        expect_whole(&trained, out, n + 1);
        strcpy(out + n, "  ");
        expect_whole(&trained, out, n + 2);
        strcpy(out + n, "   b ");
        expect_whole(&trained, out, n + 5);
        strcpy(out + n, " \n c");
        expect_whole(&trained, out, n + 4);
    }
    free(out);
}

static void test_deterministic(void **state)
{
    (void)state;
    char *a, *b;
    size_t m, n;
    error e;
    assert_true(train(&a, &m, sample, strlen(sample), VOCAB, &e));
    assert_true(train(&b, &n, sample, strlen(sample), VOCAB, &e));
    assert_int_equal(m, n);
    assert_memory_equal(a, b, n);
    tokenizer t;
    assert_true(tokenizer_open(&t, a, m, &e));
    assert_string_equal(t.sha256, trained.sha256);
    tokenizer_close(&t);
    free(b);
    assert_true(train(&b, &n, sample, strlen(sample), VOCAB + 1, &e));
    assert_true(tokenizer_open(&t, b, n, &e));
    assert_string_not_equal(t.sha256, trained.sha256);
    tokenizer_close(&t);
    free(a), free(b);
}

static int number_after(const error *e, const char *after)
{
    const char *at = strstr(e->msg, after);
    assert_int_equal(e->status, STATUS_USAGE);
    if (!at) fail_msg("%s", e->msg);
    return atoi(at + strlen(after));
}

/* The limit in the message is the one that works. */
static void test_limits(void **state)
{
    (void)state;
    char *model;
    size_t n;
    error e;
    for (size_t bytes = 300; bytes <= 3000; bytes *= 3) {
        assert_false(train(&model, &n, sample, bytes, 100000, &e));
        const int most = number_after(&e, "at most ");
        assert_true(train(&model, &n, sample, bytes, most, &e));
        free(model);
        assert_false(train(&model, &n, sample, bytes, most + 1, &e));
        assert_false(train(&model, &n, sample, bytes, TOKENIZER_VOCAB_MIN, &e));
        const int least = number_after(&e, "at least ");
        assert_true(train(&model, &n, sample, bytes, least, &e));
        free(model);
        assert_false(train(&model, &n, sample, bytes, least - 1, &e));
    }
    assert_false(train(&model, &n, sample, 3000, TOKENIZER_VOCAB_MIN - 1, &e));
    assert_false(train(&model, &n, sample, 3000, TOKENIZER_VOCAB_MAX + 1, &e));
    assert_int_equal(e.status, STATUS_USAGE);
    assert_false(train(&model, &n, "\n\n", 2, VOCAB, &e));
}

/* Long lines are cut, not skipped: only spaces, line ends and U+2585 are left out. */
static void test_lines(void **state)
{
    (void)state;
    uint64_t seed = 5;
    char *out = malloc(4 * 20000);
    for (int i = 0; i < 30; i++) {
        size_t n = random_text(out, 20000, &seed);
        for (size_t j = 0; i % 3 && j < n; j++)
            if (out[j] == '\n' || (i % 3 == 2 && out[j] == ' ')) out[j] = 'x';
        const char *at = out;
        tokenizer_text rest = { out, n }, line;
        while (tokenizer_line(&line, &rest)) {
            assert_true(line.n > 0 && line.n <= TOKENIZER_LINE);
            assert_int_equal(utf8_valid(line.text, line.n), line.n);
            assert_null(memchr(line.text, '\n', line.n));
            while (at < line.text)
                if (memcmp(at, "\xe2\x96\x85", 3) == 0)
                    at += 3;
                else
                    assert_true(*at == '\n' || *at == ' '), at++;
            at += line.n;
        }
        assert_int_equal(rest.n, 0);
    }
    free(out);
}

/* A text in one line gives the same pieces as the same words in many lines. */
static void test_long_line(void **state)
{
    (void)state;
    char *one = prose(40000, 9), *many, *model;
    size_t n;
    error e;
    tokenizer t;
    for (char *at = one; *at; at++) /* single blanks only */
        if (*at == '\n' || *at == '\t' || (*at == ' ' && at[1] == ' ')) *at = ',';
    many = strdup(one);
    int words = 0;
    for (char *at = many; *at; at++)
        if (*at == ' ' && ++words % 10 == 0) *at = '\n';
    char sha256[2][HASH_HEX];
    for (int i = 0; i < 2; i++) {
        const char *of = i ? many : one;
        assert_true(train(&model, &n, of, strlen(of), VOCAB, &e));
        assert_true(tokenizer_open(&t, model, n, &e));
        memcpy(sha256[i], t.sha256, HASH_HEX);
        tokenizer_close(&t);
        free(model);
    }
    assert_string_equal(sha256[0], sha256[1]);
    free(one), free(many);
}

static void test_restores(void **state)
{
    (void)state;
    int32_t *ids;
    size_t n, where;
    error e;
    static const char OF[] = "12345 and 67";
    const size_t bytes = strlen(OF);
    assert_true(tokenizer_encode(&ids, &n, &trained, OF, bytes, &e));
    assert_true(tokenizer_restores(&where, &trained, ids, n, OF, bytes));
    assert_false(tokenizer_restores(&where, &trained, ids, n - 1, OF, bytes));
    assert_int_equal(where, bytes - 1);
    assert_false(tokenizer_restores(&where, &trained, ids, n, OF, bytes - 1));
    assert_int_equal(where, bytes - 1);
    ids[3] = ids[4];
    assert_false(tokenizer_restores(&where, &trained, ids, n, OF, bytes));
    assert_int_equal(where, 2);
    free(ids);
}

static void test_no_model(void **state)
{
    (void)state;
    char *model;
    size_t n;
    error e;
    tokenizer t;
    assert_false(tokenizer_open(&t, "", 0, &e));
    assert_false(tokenizer_open(&t, sample, 1000, &e));
    assert_true(train(&model, &n, sample, 3000, 320, &e));
    uint64_t seed = 11;
    for (int i = 0; i < 300; i++) { /* cut or changed: it is refused, or it still works */
        const bool cut = i % 2;
        const size_t at = prose_random(&seed) % n;
        model[at] ^= 0x10;
        if (tokenizer_open(&t, model, cut ? at : n, &e)) {
            int32_t *ids;
            size_t m;
            if (tokenizer_encode(&ids, &m, &t, sample, 500, &e)) {
                for (size_t j = 0; j < m; j++) assert_true(ids[j] >= 0 && ids[j] < t.V);
                free(ids);
            }
            tokenizer_close(&t);
        }
        model[at] ^= 0x10;
    }
    free(model);
}

/* Models from elsewhere: without a space in front, with pieces across spaces, without byte
 * fallback, without BOS. */
static void test_other_models(void **state)
{
    (void)state;
    static const char *const PIECE[] = { "\xe2\x96\x81", "a", "b", "ab",
                                         "\xe2\x96\x81"
                                         "a" };
    static const char OVER[] = "a\xe2\x96\x81"
                               "b";
    static const char AB[] = "ab a b  ab a ";
    model_file m;
    tokenizer t;
    error e;
    for (int kind = 0; kind < 8; kind++) {
        const bool prefixed = kind & 1, over = kind & 2, bytes = kind & 4;
        model_open(&m, "<s>", bytes);
        for (int i = 0; i < 5; i++) model_piece(&m, PIECE[i], (float)-i, PIECE_NORMAL);
        if (over) model_piece(&m, "a\xe2\x96\x81", -6, PIECE_NORMAL);
        if (over) model_piece(&m, OVER, -7, PIECE_NORMAL);
        model_end(&m, bytes, prefixed);
        assert_true(tokenizer_open(&t, m.bytes, m.n, &e));
        assert_int_equal(t.prefixed, prefixed);
        assert_int_equal(t.apart, !over);
        expect_back(&t, AB, strlen(AB));
        char *longer = malloc(5001);
        for (size_t i = 0; i < 5000; i++) longer[i] = AB[i % strlen(AB)];
        expect_whole(&t, longer, 5000);
        free(longer);
        int32_t *ids;
        size_t n, where;
        assert_true(tokenizer_encode(&ids, &n, &t, "ab c", 4, &e));
        assert_int_equal(tokenizer_restores(&where, &t, ids, n, "ab c", 4), bytes);
        if (!bytes) assert_int_equal(where, 3);
        free(ids);
        tokenizer_close(&t);
        free(m.bytes);
    }
    model_open(&m, "<begin>", true);
    model_end(&m, true, true);
    assert_false(tokenizer_open(&t, m.bytes, m.n, &e));
    assert_non_null(strstr(e.msg, "BOS"));
    free(m.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits_and_bytes),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_stretches),
        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_restores),
        cmocka_unit_test(test_no_model),
        cmocka_unit_test(test_other_models),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
