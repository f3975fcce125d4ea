/* tokenizer.c - trains and applies a byte-pair encoding by SentencePiece (Kudo and Richardson,
 * 2018).
 *
 * Pieces are decoded here, from a table of their bytes, and not by SentencePiece: then every token
 * stands for definite bytes of the text, which bits per byte need.
 */
#define _GNU_SOURCE /* memmem */
#include "trainer/corpus/tokenizer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char BLANK[] = "\xe2\x96\x81";   /* U+2581: a space inside a piece       */
static const char UNKNOWN[] = "\xe2\x96\x85"; /* U+2585: training skips lines with it */
enum { MARK = 3 };                            /* bytes of either                      */

/* Text is encoded in stretches of about this many bytes.  SentencePiece keeps all pairs of its
 * input in one queue, so a whole document at once would take five times as long. */
static const size_t STRETCH = 1024;

/* Name, value.  As in Llama 2's tokenizer.model, except for one thread and no self-test: the number
 * of threads and the samples of the self-test would be stored in the file. */
static const char *const SETTINGS[][2] = {
    { "model_type", "bpe" },
    { "character_coverage", "0.99995" },
    { "byte_fallback", "true" },
    { "split_digits", "true" },
    { "split_by_unicode_script", "true" },
    { "split_by_whitespace", "true" },
    { "split_by_number", "true" },
    { "allow_whitespace_only_pieces", "true" },
    { "max_sentencepiece_length", "16" },
    { "max_sentence_length", "4192" },
    { "normalization_rule_name", "identity" },
    { "add_dummy_prefix", "true" },
    { "remove_extra_whitespaces", "false" },
    { "unk_id", "0" },
    { "bos_id", "1" },
    { "eos_id", "2" },
    { "pad_id", "-1" },
    { "shuffle_input_sentence", "true" },
    { "self_test_sample_size", "0" },
    { "num_threads", "1" },
};
enum { SETTINGS_N = sizeof SETTINGS / sizeof *SETTINGS };

char *tokenizer_settings(int vocab_size)
{
    char *out = NULL;
    size_t n;
    FILE *f = open_memstream(&out, &n);
    if (!f) error_memory();
    for (int i = 0; i < SETTINGS_N; i++) fprintf(f, "%s=%s ", SETTINGS[i][0], SETTINGS[i][1]);
    fprintf(f, "vocab_size=%d", vocab_size);
    if (fclose(f) != 0) error_memory();
    return out;
}

/* Where to cut a line that is too long, and how many bytes to skip there.  A space at the cut is
 * skipped, because SentencePiece adds one in front of the next line: so the words stay the same. */
static size_t cut_line(size_t *skip, const char *s)
{
    *skip = 1;
    for (size_t i = TOKENIZER_LINE; i > 0; i--)
        if (s[i] == ' ' && s[i - 1] != ' ') return i;
    *skip = 0;
    size_t i = TOKENIZER_LINE;
    while (i > 1 && ((unsigned char)s[i] & 0xc0) == 0x80) i--;
    return i;
}

bool tokenizer_line(tokenizer_text *line, tokenizer_text *text)
{
    while (text->n > 0) {
        const char *s = text->text, *end = memchr(s, '\n', text->n);
        size_t n = end ? (size_t)(end - s) : text->n, skip = end ? 1 : 0;
        const char *unknown = memmem(s, n, UNKNOWN, MARK);
        if (unknown) n = (size_t)(unknown - s), skip = MARK;
        if (n > TOKENIZER_LINE) n = cut_line(&skip, s);
        *line = (tokenizer_text){ s, n };
        *text = (tokenizer_text){ s + n + skip, text->n - n - skip };
        if (n > 0) return true;
    }
    return false;
}

typedef struct reader {
    const tokenizer_text *texts;
    int n, next;
    tokenizer_text rest;
} reader;

static bool next_line(void *arg, const char **line, size_t *n)
{
    reader *r = arg;
    tokenizer_text found;
    while (!tokenizer_line(&found, &r->rest)) {
        if (r->next == r->n) return false;
        r->rest = r->texts[r->next++];
    }
    *line = found.text, *n = found.n;
    return true;
}

bool tokenizer_train(char **model, size_t *bytes, const tokenizer_text *texts, int n,
                     int vocab_size, error *e)
{
    if (vocab_size < TOKENIZER_VOCAB_MIN || vocab_size > TOKENIZER_VOCAB_MAX)
        return error_usage(e, "a vocabulary of %d pieces is out of range: %d to %d are allowed",
                           vocab_size, TOKENIZER_VOCAB_MIN, TOKENIZER_VOCAB_MAX);
    char size[16];
    snprintf(size, sizeof size, "%d", vocab_size);
    const char *settings[2 * SETTINGS_N + 5] = { "vocab_size", size, "minloglevel", "2" };
    for (int i = 0; i < SETTINGS_N; i++)
        settings[4 + 2 * i] = SETTINGS[i][0], settings[5 + 2 * i] = SETTINGS[i][1];
    reader r = { .texts = texts, .n = n };
    if (sp_train(model, bytes, settings, next_line, &r, e)) return true;
    int limit;
    const char *high = strstr(e->msg, "set it to a value <= "), *low = strstr(e->msg, " vs ");
    if (high && sscanf(high, "set it to a value <= %d", &limit) == 1)
        return error_usage(
            e, "a vocabulary of %d pieces is too large for this text: it supports at most %d",
            vocab_size, limit);
    if (low && sscanf(low, " vs %d", &limit) == 1)
        return error_usage(
            e, "a vocabulary of %d pieces is too small for this text: it needs at least %d",
            vocab_size, limit);
    return error_where(e, "cannot train the tokenizer");
}

/* out = the bytes that a piece decodes to; returns how many. */
static size_t put_piece(char *out, const sp *model, int id)
{
    size_t n, at = 0;
    const char *piece = sp_piece(model, id, &n);
    switch (sp_type_of(model, id)) {
    case SP_CONTROL:
    case SP_UNKNOWN:
        return 0; /* never part of a text */
    case SP_BYTE: /* "<0x0A>" */
        *out = (char)strtoul(piece + 3, NULL, 16);
        return 1;
    case SP_NORMAL:
    case SP_UNUSED:
        break;
    }
    for (size_t i = 0; i < n; at++)
        if (n - i >= MARK && memcmp(piece + i, BLANK, MARK) == 0)
            out[at] = ' ', i += MARK;
        else
            out[at] = piece[i++];
    return at;
}

static void hash_piece(hash *h, const sp *model, int id)
{
    size_t n;
    const char *piece = sp_piece(model, id, &n);
    const float score = sp_score(model, id);
    const uint32_t head[3] = { (uint32_t)id, (uint32_t)sp_type_of(model, id), (uint32_t)n };
    hash_add(h, head, sizeof head);
    hash_add(h, &score, sizeof score);
    hash_add(h, piece, n);
}

/* Is there a space after another character? */
static bool goes_on_over_blank(const char *bytes, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (bytes[i] == ' ' && bytes[i - 1] != ' ') return true;
    return false;
}

/* Does the model add a space in front of a text?  Encode one to find out. */
static bool is_prefixed(const tokenizer *t)
{
    int32_t ids[8];
    size_t n;
    error e;
    return sp_encode(ids, &n, 8, t->model, "a", 1, &e) && n > 0 &&
           sp_type_of(t->model, ids[0]) == SP_NORMAL && t->bytes[t->at[ids[0]]] == ' ';
}

static bool make_table(tokenizer *t, error *e)
{
    size_t room = 1, n;
    for (int i = 0; i < t->V; i++) {
        sp_piece(t->model, i, &n);
        if (n > UINT16_MAX) return error_set(e, "piece %d of this tokenizer is too long", i);
        room += n;
    }
    t->bytes = malloc(room);
    t->at = calloc((size_t)t->V + 1, sizeof *t->at);
    t->blank = calloc((size_t)t->V, sizeof *t->blank);
    if (!t->bytes || !t->at || !t->blank) return error_set(e, "out of memory for the tokenizer");
    hash h;
    hash_open(&h);
    t->apart = true;
    for (int i = 0; i < t->V; i++) {
        n = put_piece(t->bytes + t->at[i], t->model, i);
        t->at[i + 1] = t->at[i] + n;
        t->apart = t->apart && !goes_on_over_blank(t->bytes + t->at[i], n);
        hash_piece(&h, t->model, i);
    }
    hash_close(&h, t->sha256);
    t->prefixed = is_prefixed(t);
    for (int i = 0; i < t->V; i++)
        t->blank[i] = t->prefixed && t->at[i + 1] > t->at[i] && t->bytes[t->at[i]] == ' ' &&
                      sp_type_of(t->model, i) == SP_NORMAL;
    return true;
}

bool tokenizer_open(tokenizer *t, const char *model, size_t bytes, error *e)
{
    *t = (tokenizer){ 0 };
    if (!sp_open(&t->model, model, bytes, e)) return error_set(e, "not a SentencePiece model");
    t->V = sp_size(t->model), t->bos = sp_bos(t->model), t->eos = sp_eos(t->model);
    bool ok = t->bos >= 0 && t->bos < t->V;
    if (!ok) error_set(e, "this tokenizer has no piece for the beginning of a document (BOS)");
    if (ok && make_table(t, e)) return true;
    tokenizer_close(t);
    return false;
}

void tokenizer_close(tokenizer *t)
{
    sp_close(t->model);
    free(t->bytes), free(t->at), free(t->blank);
    *t = (tokenizer){ 0 };
}

/* Length of the stretch that begins at s, of n bytes that are left.  It ends between a word and a
 * space, which no piece spans.  The next stretch leaves that space out, because SentencePiece adds
 * one in front of its input: so the pieces are those of the whole document. */
static size_t find_seam(const tokenizer *t, const char *s, size_t n)
{
    if (!t->apart) return n;
    for (size_t i = STRETCH; i + 1 < n; i++)
        if (s[i] == ' ' && s[i - 1] != ' ') return i;
    return n;
}

bool tokenizer_encode(int32_t **ids, size_t *n, const tokenizer *t, const char *text, size_t bytes,
                      error *e)
{
    size_t room;
    *n = 0, *ids = NULL;
    /* At most, a byte becomes 3 pieces: a space (U+2581) without a piece falls back to its bytes.
     */
    if (!__builtin_mul_overflow(bytes + 2, MARK * sizeof **ids, &room)) *ids = malloc(room);
    if (!*ids) return error_set(e, "out of memory while encoding %zu bytes", bytes);
    room /= sizeof **ids;
    for (size_t at = 0; at < bytes;) {
        const size_t end = at + find_seam(t, text + at, bytes - at);
        size_t found;
        if (!sp_encode(*ids + *n, &found, room - *n, t->model, text + at, end - at, e)) {
            free(*ids), *ids = NULL;
            return false;
        }
        *n += found;
        at = end < bytes && t->prefixed ? end + 1 : end;
    }
    return true;
}

const char *tokenizer_bytes(const tokenizer *t, int32_t token, int32_t before, size_t *n)
{
    assert(token >= 0 && token < t->V);
    const size_t from = t->at[token] + (before == t->bos ? t->blank[token] : 0);
    *n = t->at[token + 1] - from;
    return t->bytes + from;
}

bool tokenizer_restores(size_t *where, const tokenizer *t, const int32_t *ids, size_t n,
                        const char *text, size_t bytes)
{
    *where = 0;
    for (size_t i = 0; i < n; i++) {
        size_t m;
        const char *piece = tokenizer_bytes(t, ids[i], i > 0 ? ids[i - 1] : t->bos, &m);
        for (size_t j = 0; j < m; j++, ++*where)
            if (*where == bytes || text[*where] != piece[j]) return false;
    }
    return *where == bytes;
}
