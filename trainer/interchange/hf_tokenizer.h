/* hf_tokenizer.h - a SentencePiece model as the files that Hugging Face's tokenizers load.
 *
 * tokenizer.json is the same byte-pair encoding as a list of merges: each split of a piece into two
 * pieces is a merge, in the order of the pieces' scores (huggingface/tokenizers; the conversion of
 * Llama's tokenizer in transformers/convert_slow_tokenizer.py).
 */
#ifndef TRAINER_INTERCHANGE_HF_TOKENIZER_H
#define TRAINER_INTERCHANGE_HF_TOKENIZER_H

#include "trainer/interchange/pieces.h"

#include <jansson.h>

/* Can tokenizer.json say what this model does?  If not, tokenizer.model stands alone. */
bool hf_tokenizer_is_merges(const pieces *p);

/* tokenizer.json and tokenizer_config.json, for the caller to release. */
json_t *hf_tokenizer_merges(const pieces *p);
json_t *hf_tokenizer_config(const pieces *p, int context);

#endif
