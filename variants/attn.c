/* attn.c - variants by name, and specs: "name:option=value:option=value", read and written back in
 * one canonical form, which is part of the identity of a run. */
#include "variants/attn.h"

#include "core/base/number.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const attn_option NO_OPTIONS[] = { { 0 } };

static const attn_option *options(const attn_variant *v)
{
    return v->options ? v->options : NO_OPTIONS;
}

static double initial(const attn_option *o, const attn_dims *d)
{
    return o->value == ATTN_HEADS ? d->H : o->value;
}

/* Is `text`, of n characters, this word? */
static bool is(const char *word, const char *text, size_t n)
{
    return strlen(word) == n && memcmp(word, text, n) == 0;
}

static const attn_variant *find(const char *name, size_t n)
{
    for (const attn_variant *const *v = attn_variants; *v; v++)
        if (is((*v)->name, name, n)) return *v;
    return NULL;
}

int attn_rotary(const attn_variant *v, const attn_dims *d)
{
    return v->rotary ? v->rotary(d) : 0;
}

int attn_kv_heads(const attn_variant *v, const attn_dims *d)
{
    return v->kv_heads ? v->kv_heads(d) : 0;
}

double attn_pairs(const attn_variant *v, const attn_dims *d)
{
    return v->pairs ? v->pairs(d) : 0;
}

double attn_state_flops(const attn_variant *v, const attn_dims *d)
{
    return v->state_flops ? v->state_flops(d) : 0;
}

int attn_source(const attn_variant *v, const attn_dims *d)
{
    return v->source ? v->source(d) : d->layer;
}

static double floats_at(const attn_variant *v, const attn_dims *d, int T)
{
    attn_dims one = *d;
    tensor_spec list[TENSOR_MAX] = { { 0 } };
    double floats = 0;
    one.B = 1, one.T = T, one.S = 1;
    v->cache(&one, list);
    for (int i = 0; i < tensor_list_length(list); i++) floats += (double)tensor_floats(&list[i]);
    return floats;
}

double attn_cache_floats(const attn_variant *v, const attn_dims *d)
{
    return floats_at(v, d, d->T);
}

bool attn_cache_constant(const attn_variant *v, const attn_dims *d)
{
    const int longer = d->T <= INT_MAX / 2 ? 2 * d->T : INT_MAX;
    const double floats = floats_at(v, d, d->T);
    return floats_at(v, d, 1) == floats && floats_at(v, d, longer) == floats;
}

float attn_std(void)
{
    return 0.02f;
}

float attn_std_out(const attn_dims *d)
{
    return 0.02f / sqrtf(2 * (float)d->L);
}

/* A whole number that is too large is a number all the same: it is outside of every range. */
static bool number(double *out, attn_kind kind, const char *text)
{
    int64_t whole;
    if (kind != ATTN_INTEGER) return number_real(out, text);
    const number_answer answer = number_whole(&whole, text);
    *out = (double)whole;
    return answer == NUMBER_TAKEN || (answer == NUMBER_LARGE && number_real(out, text));
}

/* "it has size, n_kv_heads" */
static void list_options(char *out, size_t size, const attn_variant *v)
{
    size_t n = 0;
    snprintf(out, size, "it has none");
    for (const attn_option *o = options(v); o->name && n < size; o++)
        if (o->kind != ATTN_FIXED)
            n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "it has ", o->name);
}

/* One "option=value". */
static bool set(const attn_variant *v, attn_dims *d, bool *given, const char *text, error *e)
{
    const size_t n = strcspn(text, "=");
    if (!text[n]) return error_set(e, "%s: '%s' is not option=value", v->name, text);
    const char *value = text + n + 1;
    const attn_option *o = options(v);
    while (o->name && (o->kind == ATTN_FIXED || !is(o->name, text, n))) o++;
    const int i = (int)(o - options(v));
    if (!o->name) {
        char all[128];
        list_options(all, sizeof all, v);
        return error_set(e, "%s: no option '%.*s'; %s", v->name, (int)n, text, all);
    }
    if (given[i]) return error_set(e, "%s: %s is given twice", v->name, o->name);
    given[i] = true;
    if (!number(&d->opt[i], o->kind, value))
        return error_set(e, "%s: %s='%s' is not %s", v->name, o->name, value,
                         o->kind == ATTN_INTEGER ? "an integer" : "a number");
    if (!(d->opt[i] >= o->min && d->opt[i] <= o->max))
        return error_set(e, "%s: %s=%s is outside %.16g..%.16g", v->name, o->name, value, o->min,
                         o->max);
    return true;
}

/* The spec as it should have been written, if it separates options by something else than ':':
 * "window,size=8", "window(size=8; n_kv_heads=2)".  False if that is not what is wrong. */
static bool mend(char out[ATTN_SPEC], const char *spec)
{
    static const char WRONG[] = ",; ()";
    size_t n = 0;
    bool gap = false;
    if (!spec[strcspn(spec, WRONG)]) return false;
    for (; *spec; spec++) {
        if (strchr(WRONG, *spec) || *spec == ':') {
            gap = n > 0;
            continue;
        }
        if (gap && out[n - 1] != '=') out[n++] = ':';
        out[n++] = *spec, gap = false;
    }
    out[n] = '\0';
    return find(out, strcspn(out, ":"));
}

/* Say that there is no such variant, and what may have been meant. */
static bool refuse_name(const char *name, size_t n, error *e)
{
    if (memchr(name, '=', n))
        return error_set(e, "'%.*s' is an option: it follows the variant's name, as in gqa:%.*s",
                         (int)n, name, (int)n, name);
    for (const attn_variant *const *v = attn_variants; *v; v++)
        if (strlen((*v)->name) == n && strncasecmp((*v)->name, name, n) == 0)
            return error_set(e, "no attention variant '%.*s': did you mean %s?", (int)n, name,
                             (*v)->name);
    return error_set(e, "no attention variant '%.*s': `attnlab variants` lists them", (int)n, name);
}

bool attn_parse(const char *spec, const attn_variant **v, attn_dims *d, error *e)
{
    char text[ATTN_SPEC];
    bool given[ATTN_MAX_OPTIONS] = { 0 };
    memset(d->opt, 0, sizeof d->opt);
    *v = NULL;
    if (strlen(spec) >= sizeof text) return error_set(e, "attention '%.40s...' is too long", spec);
    if (mend(text, spec))
        return error_set(e, "options are separated by ':': did you mean %s?", text);
    memcpy(text, spec, strlen(spec) + 1);

    const size_t n = strcspn(text, ":");
    const attn_variant *found = find(text, n);
    if (!found) return refuse_name(text, n, e);
    for (int i = 0; options(found)[i].name; i++) d->opt[i] = initial(&options(found)[i], d);

    for (char *at = text + n; *at;) { /* at a colon, or at the end */
        char *option = at + 1;
        at = option + strcspn(option, ":");
        const char last = *at;
        *at = '\0';
        if (!set(found, d, given, option, e)) return false;
        *at = last;
    }
    if (!found->check(d, e)) return false;
    *v = found;
    return true;
}

/* Does the name of u stand for these options? */
static bool fits(const attn_variant *u, const attn_dims *d)
{
    for (int i = 0; options(u)[i].name; i++)
        if (options(u)[i].kind == ATTN_FIXED && initial(&options(u)[i], d) != d->opt[i])
            return false;
    return true;
}

/* The first alias whose name says what was parsed, or else the variant that v is or stands for. */
static const attn_variant *canonical(const attn_variant *v, const attn_dims *d)
{
    const attn_variant *original = v->alias_of ? v->alias_of : v;
    for (const attn_variant *const *u = attn_variants; *u; u++)
        if ((*u)->alias_of == original && fits(*u, d)) return *u;
    return original;
}

void attn_describe(char out[ATTN_SPEC], const attn_variant *v, const attn_dims *d)
{
    const attn_variant *name = canonical(v, d);
    size_t n = (size_t)snprintf(out, ATTN_SPEC, "%s", name->name);
    for (int i = 0; options(name)[i].name; i++) {
        const attn_option *o = &options(name)[i];
        if (o->kind == ATTN_FIXED) continue;
        if (!o->always && d->opt[i] == initial(o, d)) continue;
        char value[NUMBER_TEXT];
        number_print(value, d->opt[i]);
        n += (size_t)snprintf(out + n, ATTN_SPEC - n, ":%s=%s", o->name, value);
        assert(n < ATTN_SPEC);
    }
}
