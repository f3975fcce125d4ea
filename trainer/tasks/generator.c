/* generator.c - reads specs, and gives each item a stream of its own:
 *
 *     key = (seed, part)      stream = "task.NAME"      row = index
 *
 * Options are not in the name of the stream, so specs that differ in them share draws.
 */
#include "trainer/tasks/generator.h"

#include "core/base/growing.h"
#include "core/base/number.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const task_generator *find(const char *name, size_t n)
{
    for (const task_generator *const *g = task_generators; *g; g++)
        if (strlen((*g)->name) == n && memcmp((*g)->name, name, n) == 0) return *g;
    return NULL;
}

static bool refuse_name(const char *name, size_t n, error *e)
{
    char known[256] = "";
    size_t at = 0;
    for (const task_generator *const *g = task_generators; *g && at < sizeof known; g++)
        at += (size_t)snprintf(known + at, sizeof known - at, "%s%s", at ? ", " : "", (*g)->name);
    return error_usage(e, "no generator '%.*s': there are %s", (int)(n < 60 ? n : 60), name, known);
}

static bool refuse_option(const task_generator *kind, const char *given, size_t n, error *e)
{
    char known[256] = "";
    size_t at = 0;
    for (const generator_option *o = kind->options; o->name && at < sizeof known; o++)
        at += (size_t)snprintf(known + at, sizeof known - at, "%s%s", at ? ", " : "", o->name);
    return error_usage(e, "%s: no option '%.*s': it has %s", kind->name, (int)n, given, known);
}

/* One "option=value" of n characters. */
static bool set(generator *g, bool *given, const char *text, size_t n, error *e)
{
    char value[NUMBER_TEXT];
    const char *equals = memchr(text, '=', n);
    if (!equals)
        return error_usage(e, "%s: '%.*s' is not OPTION=VALUE", g->kind->name, (int)n, text);
    const size_t name = (size_t)(equals - text);
    const generator_option *o = g->kind->options;
    while (o->name && (strlen(o->name) != name || memcmp(o->name, text, name) != 0)) o++;
    if (!o->name) return refuse_option(g->kind, text, name, e);
    const int i = (int)(o - g->kind->options);
    if (given[i]) return error_usage(e, "%s: %s is given twice", g->kind->name, o->name);
    given[i] = true;
    snprintf(value, sizeof value, "%.*s", (int)(n - name - 1), equals + 1);
    int64_t whole = 0;
    const bool number =
        o->real ? number_real(&g->opt[i], value) : number_whole(&whole, value) == NUMBER_TAKEN;
    if (!o->real) g->opt[i] = (double)whole;
    if (number && g->opt[i] >= o->min && g->opt[i] <= o->max) return true;
    return error_usage(e, "%s: %s='%s' is not a %s from %.16g to %.16g", g->kind->name, o->name,
                       value, o->real ? "number" : "whole number", o->min, o->max);
}

bool generator_read(generator *g, const char *spec, error *e)
{
    bool given[GENERATOR_OPTIONS] = { 0 };
    const size_t n = strcspn(spec, ":");
    *g = (generator){ .kind = find(spec, n) };
    if (!g->kind) return refuse_name(spec, n, e);
    for (int i = 0; g->kind->options[i].name; i++) {
        assert(i < GENERATOR_OPTIONS);
        g->opt[i] = g->kind->options[i].value;
    }
    for (const char *at = spec + n; *at;) { /* at a colon, or at the end */
        const char *option = at + 1;
        at = option + strcspn(option, ":");
        if (!set(g, given, option, (size_t)(at - option), e)) return false;
    }
    return !g->kind->check || g->kind->check(g->opt, e);
}

void generator_describe(char out[GENERATOR_SPEC], const generator *g)
{
    size_t n = (size_t)snprintf(out, GENERATOR_SPEC, "%s", g->kind->name);
    for (int i = 0; g->kind->options[i].name; i++) {
        char value[NUMBER_TEXT];
        number_print(value, g->opt[i]);
        n += (size_t)snprintf(out + n, GENERATOR_SPEC - n, ":%s=%s", g->kind->options[i].name,
                              value);
        assert(n < GENERATOR_SPEC);
    }
}

bool generator_is_text(const generator *g)
{
    return !g->kind->length;
}

int generator_length(const generator *g)
{
    return g->kind->length ? g->kind->length(g->opt) : 0;
}

int generator_vocab(const generator *g)
{
    return g->kind->vocab ? g->kind->vocab(g->opt) : 0;
}

void generator_make(generator_item *out, const generator *g, uint64_t seed, generator_part part,
                    int64_t index)
{
    char name[64];
    snprintf(name, sizeof name, "task.%s", g->kind->name);
    draws d = { .stream = rng_stream(seed, (uint64_t)part, name), .row = (uint64_t)index };
    *out = (generator_item){ .n = generator_length(g) };
    if (out->n > 0) {
        out->token = error_zeroed((size_t)out->n, sizeof *out->token);
        out->token[0] = GENERATOR_BOS;
    }
    g->kind->make(out, g->opt, &d, index);
    if (out->text) out->n = (int)strlen(out->text);
    assert(out->answers > 0 && !out->token == generator_is_text(g));
}

void generator_item_close(generator_item *item)
{
    free(item->token), free(item->text), free(item->answer);
    *item = (generator_item){ 0 };
}

void generator_answer_add(generator_item *item, int from, int to, int evidence, double depth)
{
    assert(evidence >= 0 && evidence < from && from < to);
    item->answer = growing_list(item->answer, item->answers, sizeof *item->answer);
    item->answer[item->answers++] =
        (generator_answer){ from, to, evidence,
                            depth < 0 ? (double)evidence / (double)from : depth };
}
