/* variants.c - `attnlab variants`: what model.attention can be, and what each variant costs at
 * given sizes, from its declarations alone. */
#include "cli/command.h"
#include "core/base/growing.h"
#include "core/base/table.h"
#include "trainer/model/memory.h"
#include "variants/attn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    bool verbose;
    int64_t dim, heads, context;
} options;

/* A variant at the sizes asked for. */
typedef struct entry {
    const attn_variant *v;
    attn_dims d;
    error why; /* the variant refuses these sizes */
    bool refused;
    double params, cache, longer; /* floats; longer: the cache of twice as many tokens */
} entry;

static void put_limit(FILE *f, double x)
{
    if (x <= INT_MIN || x >= INT_MAX)
        fputs("...", f);
    else
        fprintf(f, "%g", x);
}

/* "size=128 (1..): keys that a query sees; ..."; the caller frees it. */
static char *options_of(const attn_variant *v, const char *between)
{
    growing text;
    growing_open(&text);
    const char *before = "";
    for (const attn_option *o = v->options; o && o->name; o++) {
        if (o->kind == ATTN_FIXED) continue;
        fprintf(text.f, "%s%s=", before, o->name);
        if (o->value == ATTN_HEADS)
            fputs("n_heads", text.f);
        else
            put_limit(text.f, o->value);
        fputs(" (", text.f);
        put_limit(text.f, o->min);
        fputs("..", text.f);
        if (o->max < INT_MAX) put_limit(text.f, o->max);
        fprintf(text.f, "): %s", o->help);
        before = between;
    }
    return growing_close(&text);
}

/* "q_proj (256, 256), ..."; the caller frees it. */
static char *shapes_of(const tensor_spec *list)
{
    growing text;
    growing_open(&text);
    for (int i = 0; i < tensor_list_length(list); i++) {
        fprintf(text.f, "%s%s (", i ? ", " : "", list[i].name);
        for (int k = 0; k < TENSOR_RANK && list[i].dim[k] > 0; k++)
            fprintf(text.f, "%s%d", k ? ", " : "", list[i].dim[k]);
        fputc(')', text.f);
    }
    return growing_close(&text);
}

/* Floats of the cache of a sequence of T positions: the mean of the model's layers, which may share
 * it. */
static double cache_floats(const attn_variant *v, attn_dims d, int T)
{
    double floats = 0;
    d.T = d.S = T;
    for (d.layer = 0; d.layer < d.L; d.layer++) floats += attn_cache_floats(v, &d);
    return floats / d.L;
}

/* The first layer of four, which has all the parameters that a layer can have. */
static entry measure(const attn_variant *v, const options *o)
{
    tensor_spec list[TENSOR_MAX] = { { 0 } };
    const int T = (int)o->context;
    entry x = { .v = v,
                .d = { .B = 1,
                       .T = T,
                       .S = T,
                       .D = (int)o->dim,
                       .H = (int)o->heads,
                       .E = (int)(o->dim / o->heads),
                       .L = 4 } };
    x.refused = !attn_parse(v->name, &v, &x.d, &x.why);
    if (x.refused) return x;
    v->params(&x.d, list);
    for (int i = 0; i < tensor_list_length(list); i++) x.params += (double)tensor_floats(&list[i]);
    x.cache = cache_floats(v, x.d, T);
    x.longer = cache_floats(v, x.d, 2 * T);
    return x;
}

/* Each line of a text under a title. */
static void put_lines(const char *title, const char *text)
{
    for (const char *at = text; *at;) {
        const size_t n = strcspn(at, "\n");
        printf("  %-11s %.*s\n", at == text ? title : "", (int)n, at);
        at += n + (at[n] == '\n');
    }
}

static void put_block(const entry *x, bool first)
{
    const attn_variant *v = x->v;
    char *given = options_of(v, "\n"), size[MEMORY_TEXT];
    printf("%s%s: %s\n", first ? "" : "\n", v->name, v->summary);
    put_lines("equation", v->equation);
    put_lines("options", given);
    free(given);
    if (x->refused) {
        printf("  %-11s %s\n", "refused", x->why.msg);
        return;
    }
    tensor_spec list[TENSOR_MAX] = { { 0 } };
    v->params(&x->d, list);
    char *shapes = shapes_of(list);
    printf("  %-11s %.0f: %s\n", "parameters", x->params, shapes);
    free(shapes);
    memory_print(size, sizeof(float) * x->cache);
    if (attn_cache_constant(v, &x->d))
        printf("  %-11s %s: %s at any length\n", "cache", v->cache_size, size);
    else if (x->longer == x->cache)
        printf("  %-11s %s: %s at %d tokens and more\n", "cache", v->cache_size, size, x->d.T);
    else
        printf("  %-11s %s: %g bytes a token, %s at %d tokens\n", "cache", v->cache_size,
               sizeof(float) * x->cache / x->d.T, size, x->d.T);
    if (attn_state_flops(v, &x->d) > 0)
        printf("  %-11s %.0f a token, forward\n", "state FLOPs", attn_state_flops(v, &x->d));
}

static void put_row(table *t, const entry *x)
{
    const double bytes = sizeof(float) * x->cache;
    table_text(t, x->v->equation);
    table_text(t, x->v->cache_size);
    table_real(t, x->refused ? NAN : x->params, 0);
    table_real(t, x->refused ? NAN : bytes, 0);
    table_real(t, x->longer > x->cache ? bytes / x->d.T : NAN, 0);
}

static bool check(const options *o, error *e)
{
    if (o->dim % o->heads == 0) return true;
    return error_usage(e, "--heads %lld does not divide --dim %lld", (long long)o->heads,
                       (long long)o->dim);
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    const bool blocks = o->verbose && command_format(call) == TABLE_TEXT;
    static const char *const NAMES[] = {
        "name",  "options",  "summary",        "equation",
        "cache", "n_params", "kv_bytes_layer", "kv_bytes_per_token"
    };
    error e;
    table t = { 0 };
    if (!check(o, &e)) return command_fail(call, &e);
    if (!blocks) {
        command_rows(call);
        table_open(&t, command_format(call), stdout, o->verbose ? 8 : 3, NAMES);
    } else
        printf("One layer of %lld columns and %lld heads, %lld tokens; float32.\n\n",
               (long long)o->dim, (long long)o->heads, (long long)o->context);
    for (const attn_variant *const *v = attn_variants; *v; v++) {
        const entry x = measure(*v, o);
        if (blocks) {
            put_block(&x, v == attn_variants);
            continue;
        }
        char *text = options_of(*v, "; ");
        table_text(&t, (*v)->name);
        table_text(&t, text);
        table_text(&t, (*v)->summary);
        if (o->verbose) put_row(&t, &x);
        free(text);
    }
    if (!blocks) table_close(&t);
    return STATUS_DONE;
}

// clang-format off
static const option OPTIONS[] = {
    { "verbose", 'v', OPTION_FLAG,  NULL, offsetof(options, verbose), "equation, parameters and cache of each as well" },
    { "dim",     0, OPTION_INTEGER, "D",  offsetof(options, dim),     "width of the model",       "256",  1, 1 << 20 },
    { "heads",   0, OPTION_INTEGER, "H",  offsetof(options, heads),   "query heads",              "8",    1, 1 << 16 },
    { "context", 0, OPTION_INTEGER, "T",  offsetof(options, context), "tokens that a cache holds", "1024", 1, 1 << 24 },
    { 0 },
};
// clang-format on

const command command_variants = {
    .name = "variants",
    .group = COMMAND_REFERENCE,
    .help = "the attention variants and their options",
    .summary =
        "List the attention variants of this build, their options (with default and range) and "
        "the papers they come from.",
    .text = "With --verbose: the equation of each, its parameters, and the size of its cache, for "
            "one layer with --dim, --heads and --context and the defaults of its options.",
    .shared = SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
