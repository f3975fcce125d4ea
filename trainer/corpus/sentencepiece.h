/* sentencepiece.h - SentencePiece (Kudo and Richardson 2018) behind a C interface; nothing of it is
 * thrown.
 *
 * The only C++ of the program is behind this header.  What the pieces mean is in tokenizer.h.
 */
#ifndef TRAINER_CORPUS_SENTENCEPIECE_H
#define TRAINER_CORPUS_SENTENCEPIECE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "core/base/error.h"

typedef struct sp sp;

typedef enum sp_type { SP_NORMAL, SP_BYTE, SP_CONTROL, SP_UNKNOWN, SP_UNUSED } sp_type;

/* Train a model on the lines that next(arg, ...) gives until it says false.  settings is name,
 * value, name, value, ..., NULL, as for spm_train.  The caller frees *model.  Fails with
 * SentencePiece's own words. */
typedef bool (*sp_next)(void *arg, const char **line, size_t *n);
bool sp_train(char **model, size_t *n, const char *const *settings, sp_next next, void *arg,
              error *e);

/* From the bytes of a model file, of which nothing is kept.  Fails when they are none. */
bool sp_open(sp **s, const char *model, size_t n, error *e);
void sp_close(sp *s);

int sp_size(const sp *s);
int sp_bos(const sp *s); /* -1: none */
const char *sp_piece(const sp *s, int id, size_t *n);
float sp_score(const sp *s, int id);
sp_type sp_type_of(const sp *s, int id);

/* ids (room) = the *n pieces of a text.  Fails when there are more. */
bool sp_encode(int32_t *ids, size_t *n, size_t room, const sp *s, const char *text, size_t bytes,
               error *e);

/* SentencePiece's own way back; the caller frees *text. */
bool sp_decode(char **text, size_t *bytes, const sp *s, const int32_t *ids, size_t n, error *e);

#ifdef __cplusplus
}
#endif

#endif
