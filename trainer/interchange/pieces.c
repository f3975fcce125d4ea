/* pieces.c - SentencePiece's ModelProto, read and written by the wire format of protocol buffers:
 *
 *     message = { key, value }    key = field << 3 | kind, a varint
 *     kind 0: varint    1: 8 bytes    2: length (varint) and bytes    5: 4 bytes
 *
 * (protobuf.dev/programming-guides/encoding).  Lengths are checked against what is left of the
 * message, so nothing is allocated for what a file only claims.
 */
#include "trainer/interchange/pieces.h"

#include "core/base/growing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields of ModelProto, SentencePiece, TrainerSpec and NormalizerSpec. */
enum { MODEL_PIECE = 1, MODEL_TRAINER, MODEL_NORMALIZER };
enum { PIECE_TEXT = 1, PIECE_SCORE, PIECE_TYPE };
enum {
    TRAINER_TYPE = 3,
    TRAINER_SIZE,
    TRAINER_BYTES = 35,
    TRAINER_UNK = 40,
    TRAINER_BOS,
    TRAINER_EOS,
    TRAINER_PAD
};
enum {
    NORMALIZER_NAME = 1,
    NORMALIZER_CHARSMAP,
    NORMALIZER_PREFIX,
    NORMALIZER_REMOVE,
    NORMALIZER_ESCAPE
};
enum { TYPE_UNIGRAM = 1, TYPE_BPE };
enum { VARINT = 0, EIGHT = 1, BYTES = 2, FOUR = 5 };

typedef struct field {
    uint64_t number, value; /* value: of a varint; else the length */
    int kind;
    const char *bytes; /* of kinds other than VARINT */
} field;

typedef struct message {
    const char *at, *end;
} message;

static bool take_varint(uint64_t *x, message *m)
{
    *x = 0;
    for (int shift = 0; shift < 64 && m->at < m->end; shift += 7) {
        const unsigned char c = (unsigned char)*m->at++;
        *x |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80)) return true;
    }
    return false;
}

/* The next field; false with *bad unset at the end. */
static bool take_field(field *f, message *m, bool *bad)
{
    uint64_t key;
    if (m->at == m->end) return false;
    *bad = true;
    if (!take_varint(&key, m)) return false;
    *f = (field){ .number = key >> 3, .kind = (int)(key & 7) };
    if (f->kind == VARINT) {
        if (!take_varint(&f->value, m)) return false;
    } else {
        if (f->kind == BYTES ? !take_varint(&f->value, m) : f->kind != EIGHT && f->kind != FOUR)
            return false;
        if (f->kind != BYTES) f->value = f->kind == EIGHT ? 8 : 4;
        if (f->value > (uint64_t)(m->end - m->at)) return false;
        f->bytes = m->at, m->at += f->value;
    }
    *bad = false;
    return true;
}

static message inside(const field *f)
{
    return f->kind == BYTES ? (message){ f->bytes, f->bytes + f->value } : (message){ 0 };
}

void pieces_add(pieces *p, const char *text, size_t bytes, float score, piece_type type)
{
    p->item = growing_list(p->item, p->n, sizeof *p->item);
    char *copy = malloc(bytes + 1);
    if (!copy) error_memory();
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    p->item[p->n++] = (piece){ copy, bytes, score, type };
}

static bool read_piece(pieces *p, message m)
{
    const char *text = "";
    size_t n = 0;
    float score = 0;
    uint64_t type = PIECE_NORMAL;
    bool bad = false;
    field f;
    while (take_field(&f, &m, &bad)) {
        if (f.number == PIECE_TEXT && f.kind == BYTES) text = f.bytes, n = (size_t)f.value;
        if (f.number == PIECE_SCORE && f.kind == FOUR) memcpy(&score, f.bytes, sizeof score);
        if (f.number == PIECE_TYPE && f.kind == VARINT) type = f.value;
    }
    if (bad || type < PIECE_NORMAL || type > PIECE_BYTE) return false;
    pieces_add(p, text, n, score, (piece_type)type);
    return true;
}

static bool read_trainer(pieces *p, message m)
{
    bool bad = false;
    field f;
    while (take_field(&f, &m, &bad)) {
        const int id = (int)(int64_t)f.value;
        if (f.kind != VARINT) continue;
        if (f.number == TRAINER_TYPE) p->bpe = f.value == TYPE_BPE;
        if (f.number == TRAINER_BYTES) p->byte_fallback = f.value;
        if (f.number == TRAINER_UNK) p->unk = id;
        if (f.number == TRAINER_BOS) p->bos = id;
        if (f.number == TRAINER_EOS) p->eos = id;
    }
    return !bad;
}

static bool read_normalizer(pieces *p, message m)
{
    bool bad = false, removes = true, escapes = true, maps = false;
    field f;
    while (take_field(&f, &m, &bad)) {
        if (f.number == NORMALIZER_CHARSMAP && f.kind == BYTES) maps = f.value > 0;
        if (f.number == NORMALIZER_PREFIX && f.kind == VARINT) p->prefixed = f.value;
        if (f.number == NORMALIZER_REMOVE && f.kind == VARINT) removes = f.value;
        if (f.number == NORMALIZER_ESCAPE && f.kind == VARINT) escapes = f.value;
    }
    p->plain = !maps && !removes && escapes;
    return !bad;
}

bool pieces_read(pieces *p, const char *bytes, size_t n, error *e)
{
    message m = { bytes, bytes + n };
    bool bad = false, ok = true;
    field f;
    *p = (pieces){ .bos = 1, .eos = 2, .prefixed = true };
    while (ok && take_field(&f, &m, &bad)) {
        if (f.number == MODEL_PIECE) ok = read_piece(p, inside(&f));
        if (f.number == MODEL_TRAINER) ok = read_trainer(p, inside(&f));
        if (f.number == MODEL_NORMALIZER) ok = read_normalizer(p, inside(&f));
    }
    if (ok && !bad && p->n > 0) {
        if (p->bos >= p->n) p->bos = -1;
        if (p->eos >= p->n) p->eos = -1;
        if (p->unk >= p->n) p->unk = -1;
        return true;
    }
    pieces_close(p);
    return error_set(e, "not a SentencePiece model");
}

static void put_varint(FILE *f, uint64_t x)
{
    for (; x >= 0x80; x >>= 7) fputc((int)(x & 0x7f) | 0x80, f);
    fputc((int)x, f);
}

static void put_number(FILE *f, int number, int64_t x)
{
    put_varint(f, (uint64_t)number << 3 | VARINT), put_varint(f, (uint64_t)x);
}

static void put_bytes(FILE *f, int number, const char *bytes, size_t n)
{
    put_varint(f, (uint64_t)number << 3 | BYTES), put_varint(f, n);
    fwrite(bytes, 1, n, f);
}

/* Close a message in memory and put it into f as a field. */
static void put_message(FILE *f, int number, growing *inner)
{
    fflush(inner->f);
    put_bytes(f, number, inner->text, inner->size);
    free(growing_close(inner));
}

static void put_piece(FILE *f, const piece *p)
{
    growing m;
    growing_open(&m);
    put_bytes(m.f, PIECE_TEXT, p->text, p->bytes);
    put_varint(m.f, PIECE_SCORE << 3 | FOUR), fwrite(&p->score, sizeof p->score, 1, m.f);
    if (p->type != PIECE_NORMAL) put_number(m.f, PIECE_TYPE, p->type);
    put_message(f, MODEL_PIECE, &m);
}

void pieces_write(char **bytes, size_t *n, const pieces *p)
{
    growing all, m;
    growing_open(&all);
    for (int i = 0; i < p->n; i++) put_piece(all.f, &p->item[i]);
    growing_open(&m);
    put_number(m.f, TRAINER_TYPE, p->bpe ? TYPE_BPE : TYPE_UNIGRAM);
    put_number(m.f, TRAINER_SIZE, p->n), put_number(m.f, TRAINER_BYTES, p->byte_fallback);
    put_number(m.f, TRAINER_UNK, p->unk), put_number(m.f, TRAINER_BOS, p->bos);
    put_number(m.f, TRAINER_EOS, p->eos), put_number(m.f, TRAINER_PAD, -1);
    put_message(all.f, MODEL_TRAINER, &m);
    growing_open(&m);
    put_bytes(m.f, NORMALIZER_NAME, "identity", strlen("identity"));
    put_number(m.f, NORMALIZER_PREFIX, p->prefixed), put_number(m.f, NORMALIZER_REMOVE, 0);
    put_number(m.f, NORMALIZER_ESCAPE, 1);
    put_message(all.f, MODEL_NORMALIZER, &m);
    fflush(all.f);
    *n = all.size, *bytes = growing_close(&all);
}

void pieces_close(pieces *p)
{
    for (int i = 0; i < p->n; i++) free(p->item[i].text);
    free(p->item);
    *p = (pieces){ 0 };
}
