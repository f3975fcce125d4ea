/* model_file.h - SentencePiece models made by hand, for cases that training does not produce.
 *
 * It writes the wire format of protocol buffers and the few fields of sentencepiece_model.proto
 * that are needed: pieces (1: text, score, type), trainer (2: BPE, byte fallback) and normalizer
 * (3: identity).
 */
#ifndef TESTS_MODEL_FILE_H
#define TESTS_MODEL_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct model_file {
    FILE *f;
    char *bytes;
    size_t n;
} model_file;

static inline void model_number(FILE *f, uint64_t x)
{
    for (; x >= 0x80; x >>= 7) fputc((int)(x & 0x7f) | 0x80, f);
    fputc((int)x, f);
}

static inline void model_block(FILE *f, int field, const char *bytes, size_t n)
{
    model_number(f, (uint64_t)field << 3 | 2);
    model_number(f, n);
    fwrite(bytes, 1, n, f);
}

static inline void model_field(FILE *f, int field, int64_t x)
{
    model_number(f, (uint64_t)field << 3);
    model_number(f, (uint64_t)x);
}

enum { PIECE_NORMAL = 1, PIECE_UNKNOWN = 2, PIECE_CONTROL = 3, PIECE_BYTE = 6 };

static inline void model_piece(model_file *m, const char *text, float score, int type)
{
    char *bytes;
    size_t n;
    FILE *f = open_memstream(&bytes, &n);
    model_block(f, 1, text, strlen(text));
    model_number(f, 2 << 3 | 5);
    fwrite(&score, 4, 1, f);
    model_field(f, 3, type);
    fclose(f);
    model_block(m->f, 1, bytes, n);
    free(bytes);
}

/* Unknown, BOS (under any name), EOS and, if asked for, the 256 bytes; then the caller adds its own
 * pieces. */
static inline void model_open(model_file *m, const char *bos, bool bytes)
{
    m->f = open_memstream(&m->bytes, &m->n);
    model_piece(m, "<unk>", 0, PIECE_UNKNOWN);
    model_piece(m, bos, 0, PIECE_CONTROL);
    model_piece(m, "</s>", 0, PIECE_CONTROL);
    for (int i = 0; bytes && i < 256; i++) {
        char text[8];
        snprintf(text, sizeof text, "<0x%02X>", (unsigned)i);
        model_piece(m, text, 0, PIECE_BYTE);
    }
}

/* m->bytes (m->n) is the file; the caller frees it. */
static inline void model_end(model_file *m, bool bytes, bool prefixed)
{
    char *block;
    size_t n;
    FILE *f = open_memstream(&block, &n);
    model_field(f, 3, 2);      /* BPE           */
    model_field(f, 35, bytes); /* byte fallback */
    fclose(f);
    model_block(m->f, 2, block, n);
    free(block);
    f = open_memstream(&block, &n);
    model_block(f, 1, "identity", 8);
    model_field(f, 3, prefixed);
    model_field(f, 4, 0); /* blanks are kept */
    model_field(f, 5, 1); /* and escaped     */
    fclose(f);
    model_block(m->f, 3, block, n);
    free(block);
    fclose(m->f);
}

#endif
