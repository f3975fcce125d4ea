/* gguf.c - llama.cpp's names for attnlab's tensors, and the entry of the format.
 *
 *     model.layers.3.self_attn.q_proj.weight  ->  blk.3.attn_q.weight
 *
 * (ggml-org/llama.cpp, gguf-py/gguf/constants.py, architecture "llama".)
 */
#include "trainer/interchange/gguf.h"

#include <stdio.h>
#include <string.h>

void gguf_name(char out[GGUF_NAME], const bundle *b, int i)
{
    static const struct {
        model_role role;
        const char *leaf, *name;
    } NAMES[] = { { ROLE_EMBEDDING, NULL, "token_embd" },
                  { ROLE_NORM1, NULL, "attn_norm" },
                  { ROLE_ATTENTION, "q_proj", "attn_q" },
                  { ROLE_ATTENTION, "k_proj", "attn_k" },
                  { ROLE_ATTENTION, "v_proj", "attn_v" },
                  { ROLE_ATTENTION, "o_proj", "attn_output" },
                  { ROLE_NORM2, NULL, "ffn_norm" },
                  { ROLE_GATE, NULL, "ffn_gate" },
                  { ROLE_UP, NULL, "ffn_up" },
                  { ROLE_DOWN, NULL, "ffn_down" },
                  { ROLE_NORM, NULL, "output_norm" },
                  { ROLE_HEAD, NULL, "output" } };
    const model_tensor *t = &b->m.tensor[i];
    size_t k = 0;
    while (NAMES[k].role != t->role || (NAMES[k].leaf && strcmp(NAMES[k].leaf, t->spec.name) != 0))
        k++;
    if (t->layer < 0)
        snprintf(out, GGUF_NAME, "%s.weight", NAMES[k].name);
    else
        snprintf(out, GGUF_NAME, "blk.%d.%s.weight", t->layer, NAMES[k].name);
}

int gguf_heads(const bundle *b, int i)
{
    const model_tensor *t = &b->m.tensor[i];
    if (t->role != ROLE_ATTENTION) return 0;
    if (strcmp(t->spec.name, "q_proj") == 0) return b->m.config.H;
    return strcmp(t->spec.name, "k_proj") == 0 ? t->spec.dim[0] / b->m.config.E : 0;
}

bool gguf_can_express(const bundle *b, error *e)
{
    bundle_attention a;
    if (!bundle_attention_of(&a, b, e)) return false;
    return !a.window || error_usage(e, "llama.cpp's architecture llama has no sliding window");
}

static bool recognizes(const char *path)
{
    char magic[4] = "";
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    const bool yes = fread(magic, 1, sizeof magic, f) == sizeof magic &&
                     memcmp(magic, GGUF_MAGIC, sizeof magic) == 0;
    fclose(f);
    return yes;
}

const interchange interchange_gguf = {
    .name = "gguf",
    .help = "one file for llama.cpp",
    .types = (const char *const[]){ "float32", "float16", "q8_0", NULL },
    .can_express = gguf_can_express,
    .write_file = gguf_write,
    .recognizes = recognizes,
    .read = gguf_read,
};
