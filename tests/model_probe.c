/* model_probe.c - what attnlab itself computes with a model that is exchanged: logits, and greedy
 * continuations.  tools/check_interchange compares other programs with it.
 *
 *     model_probe MODEL encode FILE           the pieces of a file, BOS in front
 *     model_probe MODEL logits ID...          (n, V) float32 on stdout
 *     model_probe MODEL greedy N ID...        N further tokens
 *     model_probe PATH import                 like `attnlab import`, without writing anything
 *
 * MODEL is a folder with config.yaml, or a safetensors file beside one.
 */
#include "core/base/file.h"
#include "trainer/corpus/tokenizer.h"
#include "trainer/interchange/interchange.h"
#include "trainer/model/pass.h"

#include <stdlib.h>
#include <string.h>

static int fail(const error *e)
{
    fprintf(stderr, "model_probe: %s\n", e->msg);
    return 1;
}

static int encode(const bundle *b, const char *path)
{
    tokenizer t;
    char *text;
    int32_t *ids;
    size_t bytes, n;
    error e;
    if (!file_read(&text, &bytes, path, 1 << 28, &e)) return fail(&e);
    if (!tokenizer_open(&t, b->tokenizer, b->tokenizer_bytes, &e)) return fail(&e);
    if (!tokenizer_encode(&ids, &n, &t, text, bytes, &e)) return fail(&e);
    printf("%d", t.bos);
    for (size_t i = 0; i < n; i++) printf(" %d", ids[i]);
    putchar('\n');
    free(ids), free(text);
    tokenizer_close(&t);
    return 0;
}

/* The logits of every position, all at once, as training computes them. */
static int logits(const bundle *b, const int32_t *id, int n)
{
    const int V = b->m.config.V;
    pass p;
    error e;
    if (!pass_open(&p, &b->m, PASS_EVAL, 1, n, n, b->w, NULL, &e)) return fail(&e);
    float *out = error_zeroed((size_t)n * (size_t)V, sizeof *out);
    pass_forward(&p, id, 1);
    for (int i = 0; i < n; i++) pass_logits(&p, out + (size_t)i * (size_t)V, i, 1);
    fwrite(out, sizeof *out, (size_t)n * (size_t)V, stdout);
    free(out);
    pass_close(&p);
    return 0;
}

static int32_t best(const float *x, int V)
{
    int at = 0;
    for (int i = 1; i < V; i++)
        if (x[i] > x[at]) at = i;
    return at;
}

static int greedy(const bundle *b, const int32_t *id, int n, int more)
{
    pass p;
    error e;
    float *x = error_zeroed((size_t)b->m.config.V, sizeof *x);
    if (!pass_open(&p, &b->m, PASS_DECODE, 1, n + more, n, b->w, NULL, &e)) return fail(&e);
    pass_extend(&p, id, 0, n);
    for (int i = 0; i < more; i++) {
        pass_logits(&p, x, i ? 0 : n - 1, 1);
        const int32_t next = best(x, b->m.config.V);
        printf("%s%d", i ? " " : "", next);
        pass_extend(&p, &next, n + i, 1);
    }
    putchar('\n');
    free(x);
    pass_close(&p);
    return 0;
}

int main(int argc, char **argv)
{
    bundle b;
    error e;
    const interchange *format;
    char corpus[CONFIG_PATH];
    if (argc < 3) return 2;
    if (strcmp(argv[2], "import") == 0) {
        if (!interchange_import(&b, &format, argv[1], &e)) return fail(&e);
        bundle_close(&b);
        return 0;
    }
    if (!bundle_load(&b, corpus, argv[1], NULL, &e)) return fail(&e);
    const bool go_on = strcmp(argv[2], "greedy") == 0;
    const int first = go_on ? 4 : 3, n = argc > first ? argc - first : 0;
    int32_t *id = error_zeroed((size_t)n + 1, sizeof *id);
    for (int i = 0; i < n; i++) id[i] = (int32_t)atoi(argv[first + i]);
    const int status = strcmp(argv[2], "encode") == 0 ? encode(&b, argc > 3 ? argv[3] : "")
                       : go_on                        ? greedy(&b, id, n, atoi(argv[3]))
                                                      : logits(&b, id, n);
    free(id);
    bundle_close(&b);
    return status;
}
