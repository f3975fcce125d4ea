/* llama2c_v0.c - the files that llama2.c's run.c reads: a bare header, RoPE's tables among the
 * weights.  Its entry also reads version 1.
 */
#include "trainer/interchange/llama2c.h"

static bool write_folder(const bundle *b, const char *type, const folder_draft *to, error *e)
{
    (void)type; /* there is one */
    return llama2c_write(b, 0, to, e);
}

const interchange interchange_llama2c = {
    .name = "llama2c",
    .help = "model.bin (version 0) and tokenizer.bin for llama2.c's run",
    .types = llama2c_types,
    .folder = true,
    .files = llama2c_files,
    .can_express = llama2c_can_express,
    .write_folder = write_folder,
    .recognizes = llama2c_recognizes,
    .read = llama2c_read,
};
