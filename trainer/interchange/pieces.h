/* pieces.h - the table of pieces of a SentencePiece model, read from and written as its file.
 *
 * The file is a protocol buffer, ModelProto: pieces = 1 {piece = 1, score = 2, type = 3},
 * trainer_spec = 2, normalizer_spec = 3 (google/sentencepiece, src/sentencepiece_model.proto).
 * Only the fields below are read; the library itself decides whether a file is a model.
 */
#ifndef TRAINER_INTERCHANGE_PIECES_H
#define TRAINER_INTERCHANGE_PIECES_H

#include "core/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* The numbers of SentencePiece and of GGUF. */
typedef enum piece_type {
    PIECE_NORMAL = 1,
    PIECE_UNKNOWN,
    PIECE_CONTROL,
    PIECE_USER,
    PIECE_UNUSED,
    PIECE_BYTE
} piece_type;

typedef struct piece {
    char *text; /* (bytes), and a 0 byte after them */
    size_t bytes;
    float score;
    piece_type type;
} piece;

typedef struct pieces {
    int n;
    piece *item;        /* (n)                                                     */
    int bos, eos, unk;  /* ids; -1: none                                           */
    bool bpe;           /* byte-pair encoding, not a unigram model                 */
    bool byte_fallback; /* unknown characters become bytes                         */
    bool prefixed;      /* a space is put in front of a text                       */
    bool plain;         /* the text is otherwise left as it is                     */
} pieces;

/* Read the bytes of a model file.  Fails if they are cut short or have an impossible length. */
bool pieces_read(pieces *p, const char *bytes, size_t n, error *e);

/* The bytes of a model file that says the same; the caller frees *bytes. */
void pieces_write(char **bytes, size_t *n, const pieces *p);

/* Append a piece; the text is copied. */
void pieces_add(pieces *p, const char *text, size_t bytes, float score, piece_type type);
void pieces_close(pieces *p);

#endif
