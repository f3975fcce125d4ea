/* fingerprint.c - SHA-256 of the running program's file, which Linux shows as /proc/self/exe. */
#include "trainer/run/fingerprint.h"

bool fingerprint_binary(char hex[HASH_HEX], error *e)
{
    return hash_file(hex, "/proc/self/exe", e);
}
