/* sentencepiece.h - a C interface to SentencePiece (Kudo and Richardson, SentencePiece, 2018).
 *
 * The only C++ of the program is behind this header, and no exception leaves it: each becomes an
 * error.  tokenizer.h says what the pieces mean.
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

/* Train a model on the lines that next(arg, ...) returns until it returns false.  settings is name,
 * value, name, value, ..., NULL, as for spm_train.  The caller frees *model, which has *n bytes.
 * Fails with SentencePiece's own message. */
typedef bool (*sp_next)(void *arg, const char **line, size_t *n);
bool sp_train(char **model, size_t *n, const char *const *settings, sp_next next, void *arg,
              error *e);

/* Open a model from the n bytes of its file, which are not needed afterwards.  Fails if they are
 * not a model. */
bool sp_open(sp **s, const char *model, size_t n, error *e);
void sp_close(sp *s);

int sp_size(const sp *s); /* pieces               */
int sp_bos(const sp *s);  /* the piece BOS, or -1 */
int sp_eos(const sp *s);  /* the piece EOS, or -1 */

/* Of piece id (0 <= id < sp_size): its text of *n bytes, owned by s; its score; its type. */
const char *sp_piece(const sp *s, int id, size_t *n);
float sp_score(const sp *s, int id);
sp_type sp_type_of(const sp *s, int id);

/* ids (room) = the *n pieces of a text.  Fails if there are more than room. */
bool sp_encode(int32_t *ids, size_t *n, size_t room, const sp *s, const char *text, size_t bytes,
               error *e);

/* SentencePiece's own decoder, which tests compare with; the caller frees *text. */
bool sp_decode(char **text, size_t *bytes, const sp *s, const int32_t *ids, size_t n, error *e);

#ifdef __cplusplus
}
#endif

#endif
