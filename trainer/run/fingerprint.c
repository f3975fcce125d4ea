/* code.c - the hash of the program itself; see code.h. */
#include "trainer/code.h"

#include "trainer/trainer.h"

bool code_binary(char hex[HASH_HEX], error *e)
{
    return hash_file(hex, "/proc/self/exe", e);
}

const char *trainer_version(void)
{
    return code_version;
}
