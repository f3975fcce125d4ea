/* street.c - an empty program, linked with the whole of one library and what that library declares
 * as its dependencies.  If the library used anything above it, a symbol would be undefined, and the
 * build would fail. */
int main(void)
{
    return 0;
}
