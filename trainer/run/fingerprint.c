/* fingerprint.c - the hash of the program itself; see code.h. */
#include "trainer/run/fingerprint.h"

bool fingerprint_binary(char hex[HASH_HEX], error *e)
{
    return hash_file(hex, "/proc/self/exe", e);
}
