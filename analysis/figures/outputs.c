/* outputs.c - mark the files of figures and put them into the user's folder.
 *
 * The mark is a comment at the end of a file, except in a PNG: there it is a tEXt chunk
 * before the last chunk, IEND, which takes 12 bytes.  A chunk is (length, type, data, CRC), numbers
 * big-endian, and the CRC is that of ISO 3309 over type and data (PNG, third edition, 5.3
 * and 11.3.3).
 */
#define _GNU_SOURCE /* asprintf */
#include "analysis/figures/outputs.h"

#include "analysis/figures/figures.h"
#include "core/base/file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1 << 28, IEND = 12 };

typedef struct kind {
    unsigned format;                     /* FIGURES_; 0: always written */
    const char *ending, *before, *after; /* around the mark; NULL: PNG */
} kind;

// clang-format off
static const kind KIND[] = {
    { 0,           "dat", "\n\n# ", "\n" }, /* after the last block */
    { 0,           "gp",  "# ",     "\n" },
    { FIGURES_SVG, "svg", "<!-- ",  " -->\n" },
    { FIGURES_PNG, "png", NULL,     NULL },
    { FIGURES_PDF, "pdf", "% ",     "\n" },
    { FIGURES_TEX, "tex", "% ",     "\n" },
};
// clang-format on
enum { KINDS = sizeof KIND / sizeof *KIND };

static uint32_t crc_of(const char *bytes, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void put_number(FILE *f, uint32_t x)
{
    for (int shift = 24; shift >= 0; shift -= 8) fputc((int)(x >> shift & 0xff), f);
}

static void put_png(FILE *f, const char *bytes, size_t n, const char *mark)
{
    static const char HEAD[] = "tEXtSoftware"; /* type and keyword; a 0 byte ends the keyword */
    char body[sizeof HEAD + FILE_MARK];
    const size_t length = sizeof HEAD + strlen(mark), last = n < IEND ? 0 : n - IEND;
    memcpy(body, HEAD, sizeof HEAD);
    memcpy(body + sizeof HEAD, mark, strlen(mark));
    fwrite(bytes, 1, last, f);
    put_number(f, (uint32_t)length - 4);
    fwrite(body, 1, length, f);
    put_number(f, crc_of(body, length));
    fwrite(bytes + last, 1, n - last, f);
}

static char *path_of(const char *folder, const char *name, const kind *k)
{
    char *path;
    if (asprintf(&path, "%s/%s.%s", folder, name, k->ending) < 0) error_memory();
    return path;
}

static bool place_one(const char *to, const char *from, const kind *k, error *e)
{
    char *bytes, mark[FILE_MARK];
    size_t n;
    file_draft d;
    if (!file_read(&bytes, &n, from, LIMIT, e)) return false;
    bool ok = file_output_open(&d, to, OUTPUTS_MAKER, NULL, NULL, e);
    if (ok) {
        file_mark(mark, OUTPUTS_MAKER);
        if (k->before) {
            fwrite(bytes, 1, n, d.f);
            fprintf(d.f, "%s%s%s", k->before, mark, k->after);
        } else
            put_png(d.f, bytes, n, mark);
        ok = file_draft_close(&d, e);
    }
    free(bytes);
    return ok;
}

bool outputs_place(const char *to, const char *from, const char *const *name, unsigned formats,
                   int n, error *e)
{
    bool ok = true;
    for (int writing = 0; writing < 2; writing++) /* first look at all */
        for (int i = 0; i < n * KINDS && ok; i++) {
            const kind *k = &KIND[i % KINDS];
            if (k->format && !(formats & k->format)) continue;
            char *target = path_of(to, name[i / KINDS], k),
                 *source = path_of(from, name[i / KINDS], k);
            ok = writing ? place_one(target, source, k, e)
                         : file_output_check(target, OUTPUTS_MAKER, NULL, NULL, e);
            free(target), free(source);
        }
    return ok;
}
