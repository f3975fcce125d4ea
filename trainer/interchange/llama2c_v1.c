/* llama2c_v1.c - version 1 of llama2.c's files: a header of 256 bytes with a magic number. */
#include "trainer/interchange/llama2c.h"

static bool write_folder(const bundle *b, const char *type, const folder_draft *to, error *e)
{
    (void)type; /* there is one */
    return llama2c_write(b, 1, to, e);
}

const interchange interchange_llama2c_v1 = {
    .name = "llama2c-v1",
    .help = "the same with model.bin in version 1, which its export.py writes",
    .types = llama2c_types,
    .folder = true,
    .files = llama2c_files,
    .can_express = llama2c_can_express,
    .write_folder = write_folder,
};
