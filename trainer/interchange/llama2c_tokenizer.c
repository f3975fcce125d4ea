/* llama2c_tokenizer.c - tokenizer.bin of llama2.c (karpathy/llama2.c, tokenizer.py and run.c).
 *
 * The file has texts and scores and no types.  As in Llama 2's tokenizer, piece 0 is unknown, 1 and
 * 2 are BOS and EOS, and 3 to 258 are the bytes, "<0x00>" to "<0xFF>".
 */
#include "trainer/interchange/llama2c.h"

#include "core/base/growing.h"

#include <stdlib.h>
#include <string.h>

static const char BLANK[] = "\xe2\x96\x81"; /* U+2581: a space inside a piece */
enum { MARK = 3, UNKNOWN = 0, BOS = 1, EOS = 2, FIRST_BYTE = 3, BYTE_VALUES = 256 };

/* The piece as llama2.c shows it, with spaces. */
static void put_text(FILE *f, const pieces *p, int id)
{
    const piece *x = &p->item[id];
    if (id == p->bos || id == p->eos) {
        fprintf(f, "\n%s\n", x->text);
        return;
    }
    for (size_t i = 0; i < x->bytes;)
        if (x->bytes - i >= MARK && memcmp(x->text + i, BLANK, MARK) == 0)
            fputc(' ', f), i += MARK;
        else
            fputc(x->text[i++], f);
}

void llama2c_tokenizer_write(char **bytes, size_t *n, const pieces *p, int V)
{
    growing all, one;
    uint32_t longest = 0;
    growing_open(&all);
    fwrite(&longest, sizeof longest, 1, all.f); /* its place */
    for (int i = 0; i < V; i++) {
        const float score = i < p->n ? p->item[i].score : 0;
        growing_open(&one);
        if (i < p->n) put_text(one.f, p, i);
        char *text = growing_close(&one);
        const uint32_t length = (uint32_t)one.size;
        if (length > longest) longest = length;
        fwrite(&score, sizeof score, 1, all.f), fwrite(&length, sizeof length, 1, all.f);
        fwrite(text, 1, length, all.f);
        free(text);
    }
    *bytes = growing_close(&all), *n = all.size;
    memcpy(*bytes, &longest, sizeof longest);
}

static piece_type type_of(int id)
{
    return id == UNKNOWN                   ? PIECE_UNKNOWN
           : id == BOS || id == EOS        ? PIECE_CONTROL
           : id < FIRST_BYTE + BYTE_VALUES ? PIECE_BYTE
                                           : PIECE_NORMAL;
}

static bool add(pieces *p, const char *text, size_t length, float score, error *e)
{
    static const char *const SPECIAL[] = { "<unk>", "<s>", "</s>" };
    const int id = p->n;
    char byte[8];
    snprintf(byte, sizeof byte, "<0x%02X>", (id - FIRST_BYTE) & 0xff);
    if (id < FIRST_BYTE) {
        pieces_add(p, SPECIAL[id], strlen(SPECIAL[id]), score, type_of(id));
        return true;
    }
    if (type_of(id) == PIECE_BYTE && (length != strlen(byte) || memcmp(text, byte, length) != 0))
        return error_set(e, "piece %d of " LLAMA2C_TOKENIZER " is not the byte %s", id, byte);
    growing words;
    growing_open(&words);
    for (size_t i = 0; i < length; i++)
        text[i] == ' ' ? fputs(BLANK, words.f) : fputc(text[i], words.f);
    char *own = growing_close(&words);
    pieces_add(p, own, words.size, score, type_of(id));
    free(own);
    return true;
}

bool llama2c_tokenizer_read(pieces *p, const char *bytes, size_t n, int V, error *e)
{
    const char *at = bytes + sizeof(uint32_t), *end = bytes + n;
    *p = (pieces){
        .bos = BOS, .eos = EOS, .bpe = true, .byte_fallback = true, .prefixed = true, .plain = true
    };
    if (n < sizeof(uint32_t)) return error_set(e, LLAMA2C_TOKENIZER " is cut short");
    for (int i = 0; i < V; i++) {
        float score;
        uint32_t length;
        if ((size_t)(end - at) < sizeof score + sizeof length)
            return error_set(e, LLAMA2C_TOKENIZER " is cut short at piece %d of %d", i, V);
        memcpy(&score, at, sizeof score), memcpy(&length, at + sizeof score, sizeof length);
        at += sizeof score + sizeof length;
        if (length > (size_t)(end - at))
            return error_set(e, LLAMA2C_TOKENIZER " is cut short at piece %d of %d", i, V);
        if (!length && i >= FIRST_BYTE + BYTE_VALUES) break; /* padding up to the vocabulary */
        if (!add(p, at, length, score, e)) return false;
        at += length;
    }
    return true;
}
