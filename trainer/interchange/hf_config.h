/* hf_config.h - config.json of Hugging Face's Llama and Mistral, to and from a bundle's shape.
 *
 *     window 0 -> LlamaForCausalLM         window W -> MistralForCausalLM with sliding_window W
 *
 * (huggingface/transformers, models/llama and models/mistral: configuration_*.py;
 * modeling_rope_utils.py.)  RoPE is written in both spellings: rope_theta and rope_scaling, which
 * releases before 5 read, and rope_parameters, which later ones do.
 */
#ifndef TRAINER_INTERCHANGE_HF_CONFIG_H
#define TRAINER_INTERCHANGE_HF_CONFIG_H

#include "trainer/interchange/bundle.h"

#include <jansson.h>

/* The file's object, for the caller to release.  `type` is the number format of the weights. */
json_t *hf_config_write(const bundle *b, const char *type);

/* Set the keys model.* of an empty bundle.  Fails on whatever attnlab's model doesn't have. */
bool hf_config_read(bundle *b, const json_t *file, error *e);

#endif
