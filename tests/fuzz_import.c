/* fuzz_import.c - files that are wrong in one or several bytes, lengths or places.
 *
 *     fuzz_import N [SEED]     N mutations for each reader
 *
 * Small valid files of every format are made, changed at random (bytes, 8-byte lengths, pieces cut
 * out, doubled or moved, the end cut off), and read.  Each must be taken, or refused with one line.
 * Built with AddressSanitizer, any wrong access ends the program; the seed and the number of the
 * mutation are printed with a failure.
 */
#include "tests/scratch.h"
#include "tests/unit.h"

#include "analysis/data/results_file.h"
#include "tests/exchange.h"

#include <inttypes.h>

typedef struct bytes {
    char *at;
    size_t n, room;
} bytes;

static uint64_t state_of_rng;

static uint64_t next(uint64_t below)
{
    state_of_rng ^= state_of_rng << 13, state_of_rng ^= state_of_rng >> 7; /* xorshift */
    state_of_rng ^= state_of_rng << 17;
    return below ? state_of_rng % below : 0;
}

static uint64_t strange(void)
{
    static const uint64_t VALUE[] = { 0,          1,          2,          255,
                                      65535,      1u << 31,   UINT32_MAX, 1ull << 40,
                                      1ull << 62, UINT64_MAX, 32,         1000000 };
    return VALUE[next(sizeof VALUE / sizeof *VALUE)];
}

/* Most changes go to the first part, where headers are. */
static size_t place(const bytes *b)
{
    return next(next(4) ? (b->n < 1500 ? b->n : 1500) : b->n);
}

static void mutate(bytes *b)
{
    for (uint64_t k = next(4) + 1; k > 0 && b->n > 16; k--) {
        const size_t at = place(b), left = b->n - at;
        const uint64_t value = strange();
        const size_t size = left < 8 ? left : next(2) ? 8 : left < 4 ? left : 4;
        const size_t part = next(left < 64 ? left : 64) + 1;
        switch (next(6)) {
        case 0:
            b->at[at] = (char)next(256);
            break;
        case 1:
            memcpy(b->at + at, &value, size);
            break;
        case 2:
            b->n = at;
            break;
        case 3:
            memmove(b->at + at, b->at + at + part, left - part), b->n -= part;
            break;
        case 4:
            b->at[at] = "0123456789-{}[],:\"en"[next(20)];
            break;
        default:
            if (b->n + part > b->room) break;
            memmove(b->at + at + part, b->at + at, left), b->n += part;
        }
    }
}

/* A message is one line of text. */
static void check_line(const error *e, const char *what, uint64_t i)
{
    for (const char *c = e->msg; *c; c++)
        if ((unsigned char)*c < ' ') fail_msg("%s, mutation %" PRIu64 ": '%s'", what, i, e->msg);
    if (!*e->msg) fail_msg("%s, mutation %" PRIu64 ": no reason", what, i);
}

/* Mutate the file `target` n times and read `path`, which is it or the folder that it is in. */
static void fuzz(const char *what, const char *target, const char *path, uint64_t n)
{
    bytes whole = { 0 }, b;
    error e = { 0 };
    uint64_t taken = 0;
    if (!file_read(&whole.at, &whole.n, target, 1 << 24, &e)) fail_msg("%s", e.msg);
    b.room = whole.n + 4096, b.at = malloc(b.room);
    for (uint64_t i = 0; i < n; i++) {
        const interchange *format;
        bundle b2;
        e = (error){ 0 };
        memcpy(b.at, whole.at, whole.n), b.n = whole.n;
        mutate(&b);
        FILE *f = fopen(target, "wb");
        assert_non_null(f);
        fwrite(b.at, 1, b.n, f), fclose(f);
        if (path && interchange_import(&b2, &format, path, &e))
            bundle_close(&b2), taken++;
        else if (path)
            check_line(&e, what, i);
        else {
            results_file r;
            notes list = { 0 };
            if (results_file_read(&r, &list, target, &e))
                results_file_close(&r), taken++;
            else
                check_line(&e, what, i);
            notes_close(&list);
        }
    }
    FILE *f = fopen(target, "wb");
    fwrite(whole.at, 1, whole.n, f), fclose(f);
    printf("%s: %" PRIu64 " mutations, %" PRIu64 " taken\n", what, n, taken);
    fflush(stdout);
    free(b.at), free(whole.at);
}

/* Export a model and fuzz each of these files (NULL last) of it. */
static void fuzz_format(const char *name, const char *const *files, uint64_t n)
{
    static const char *const KEYS[] = { "model.n_layers=1",    "model.dim=8",
                                        "model.n_heads=2",     "model.ffn_dim=8",
                                        "model.attention=mqa", "model.rope_scaling=llama3",
                                        "model.rope_factor=4", NULL };
    static const char *const PLAIN[] = { "model.n_layers=1", "model.dim=8", "model.n_heads=2",
                                         "model.ffn_dim=8", NULL };
    bundle b;
    error e;
    char path[96], file[192];
    const interchange *format = exchange_format(name);
    exchange_open(&b, strncmp(name, "llama2c", 7) == 0 ? PLAIN : KEYS, 7);
    snprintf(path, sizeof path, "%s/%s", dir.folder, name);
    if (!interchange_export(format, &b, "float32", path, &e)) fail_msg("%s", e.msg);
    bundle_close(&b);
    if (!format->folder) fuzz(name, path, path, n);
    for (; format->folder && *files; files++) {
        char what[64];
        snprintf(file, sizeof file, "%s/%s", path, *files);
        snprintf(what, sizeof what, "%s %s", name, *files);
        fuzz(what, file, path, n);
    }
}

int main(int argc, char **argv)
{
    const uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    state_of_rng = argc > 2 ? strtoull(argv[2], NULL, 10) * 2 + 1 : 12345;
    scratch_open(&dir);
    fuzz_format(
        "hf", (const char *const[]){ "model.safetensors", "config.json", "tokenizer.model", NULL },
        n);
    fuzz_format("llama2c", (const char *const[]){ "model.bin", "tokenizer.bin", NULL }, n);
    fuzz_format("llama2c-v1", (const char *const[]){ "model.bin", NULL }, n);
    fuzz_format("gguf", (const char *const[]){ NULL }, n);
    char csv[128];
    snprintf(
        csv, sizeof csv, "%s",
        scratch_text(&dir, "r.csv",
                     "arm,seed,metric,value,tokens,other\n\"a, \"\"b\"\"\",1,val_loss,3.5,1e3,\n"
                     "c,2,val_loss,nan,1000,x\n"));
    fuzz("csv", csv, NULL, n);
    char line[128];
    snprintf(
        line, sizeof line, "%s",
        scratch_text(
            &dir, "r.jsonl",
            "{\"arm\": \"a\", \"seed\": 1, \"metric\": \"m\", \"value\": null}\n"
            "{\"arm\": \"b\", \"seed\": 1, \"metric\": \"m\", \"value\": 1.5, \"step\": 3}\n"));
    fuzz("jsonl", line, NULL, n);
    scratch_close(&dir);
    return 0;
}
