/* llama2c.h - what versions 0 and 1 of llama2.c's model files have in common (karpathy/llama2.c,
 * export.py and run.c).
 *
 *     version 0:  7 int32, weights          version 1:  "ak42", 1, 7 int32, a flag, 0s up to 256
 *     7 int32:    dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len
 *
 * A negative vocab_size (version 0) or a flag 0 (version 1) says that the head is not the
 * embedding.  run.c has eps 1e-5, theta 10000 and head width dim / n_heads built in.
 */
#ifndef TRAINER_INTERCHANGE_LLAMA2C_H
#define TRAINER_INTERCHANGE_LLAMA2C_H

#include "trainer/interchange/interchange.h"

#define LLAMA2C_MODEL     "model.bin"
#define LLAMA2C_TOKENIZER "tokenizer.bin"

extern const char *const llama2c_files[], *const llama2c_types[];

bool llama2c_can_express(const bundle *b, error *e);
bool llama2c_write(const bundle *b, int version, const folder_draft *to, error *e);
bool llama2c_recognizes(const char *path);
bool llama2c_read(bundle *b, const char *path, error *e);

/* tokenizer.bin: the longest piece's bytes, then each piece's score, length and text (V of them; an
 * empty one has no meaning).  A piece's U+2581 is a space there.  Reading fails on a file that is
 * cut short, or whose pieces are not SentencePiece's (llama2c_tokenizer.c). */
void llama2c_tokenizer_write(char **bytes, size_t *n, const pieces *p, int V);
bool llama2c_tokenizer_read(pieces *p, const char *bytes, size_t n, int V, error *e);

#endif
