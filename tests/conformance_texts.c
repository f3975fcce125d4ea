/* conformance_texts.c - what a variant says of itself, and that another name for it is the same
 * function.
 */
#include "tests/conformance.h"
#include "tests/promise.h"

#include <math.h>
#include <string.h>

/* One spec, as short as it can be, and it reads back as itself. */
static void check_spec(const attn_variant *v, const attn_dims *d)
{
    char spec[ATTN_SPEC], again[ATTN_SPEC];
    const attn_variant *u;
    attn_dims back = *d;
    error e;
    attn_describe(spec, v, d);
    if (!promise(attn_parse(spec, &u, &back, &e), "spec: '%s' is refused: %s", spec, e.msg)) return;
    attn_describe(again, u, &back);
    promise(strcmp(spec, again) == 0, "spec: '%s' reads back as '%s'", spec, again);
    promise(memcmp(back.opt, d->opt, sizeof back.opt) == 0, "spec: '%s' loses an option", spec);
}

void check_texts(const trial *t)
{
    const attn_variant *v = t->r.v;
    const attn_dims *d = &t->r.l.dims;
    promise(v->summary && v->summary[0] && !strchr(v->summary, '\n'),
            "summary: one line is needed");
    promise(v->cache_size && v->cache_size[0],
            "cache_size: it is missing: \"2 G E floats a token\"");
    if (promise(v->equation && v->equation[0], "equation: it is missing")) {
        int lines = 1;
        for (const char *at = v->equation; *at; at++) lines += *at == '\n';
        promise(lines <= 3, "equation: %d lines, but at most 3 are allowed", lines);
    }
    for (const attn_option *o = v->options; o && o->name; o++) {
        if (o->kind == ATTN_FIXED) continue;
        promise(o->help && o->help[0], "option: %s has no line of help", o->name);
        promise(o->value == ATTN_HEADS || (o->value >= o->min && o->value <= o->max),
                "option: the default of %s, %g, is outside %g..%g", o->name, o->value, o->min,
                o->max);
    }
    check_spec(v, d);
    const double flops = attn_state_flops(v, d);
    promise(flops >= 0 && isfinite(flops), "state_flops: %g", flops);
    const int width = attn_rotary(v, d);
    promise(width >= 0 && width % 2 == 0, "rotary: the width %d is not even", width);
    const tensor_spec *list[] = { t->r.w.spec, t->r.act.spec, t->r.tmp.spec, t->r.cache.spec };
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < tensor_list_length(list[k]); i++)
            for (int j = 0; j < i; j++)
                promise(strcmp(list[k][i].name, list[k][j].name) != 0,
                        "names: two tensors are called %s", list[k][i].name);
}

static void compare(const rig *one, const rig *two, const trial *t, const char *same)
{
    const size_t n = t->n;
    float *y1 = rig_block("y", n, NAN), *y2 = rig_block("y", n, NAN);
    float *dx1 = rig_block("dx", n, NAN), *dx2 = rig_block("dx", n, NAN);
    rig_forward(one, y1, t->x), rig_forward(two, y2, t->x);
    rig_backward(one, dx1, y1, t->x), rig_backward(two, dx2, y2, t->x);
    promise(memcmp(y1, y2, n * sizeof *y1) == 0, "alias: y differs from that of %s", same);
    promise(memcmp(dx1, dx2, n * sizeof *dx1) == 0, "alias: dx differs from that of %s", same);
    for (int i = 0; i < one->dw.n; i++)
        promise(memcmp(one->dw.at[i], two->dw.at[i],
                       tensor_floats(&one->w.spec[i]) * sizeof(float)) == 0,
                "alias: d%s differs from that of %s", one->w.spec[i].name, same);
    rig_free(y1), rig_free(y2), rig_free(dx1), rig_free(dx2);
}

/* An alias does what its original does with the same options, to the last bit, and both have one
 * canonical spec. */
void check_alias(const trial *t)
{
    const attn_variant *v = t->r.v, *original = v->alias_of;
    if (!original) return;
    char name[ATTN_SPEC], same[ATTN_SPEC];
    attn_describe(name, v, &t->r.l.dims);
    attn_describe(same, original, &t->r.l.dims);
    promise(strcmp(name, same) == 0, "alias: it is called %s, and its original %s", name, same);
    promise(!original->alias_of, "alias: %s, its original, is an alias too", original->name);
    for (int i = 0; v->options[i].name || original->options[i].name; i++)
        if (!promise(v->options[i].name && original->options[i].name &&
                         strcmp(v->options[i].name, original->options[i].name) == 0,
                     "alias: option %d is not that of %s", i, original->name))
            return;
    rig one, two;
    rig_open(&one, v, &t->r.l.dims);
    rig_open(&two, original, &t->r.l.dims);
    for (int i = 0; i < one.w.n; i++) two.l.w[i] = one.l.w[i];
    compare(&one, &two, t, same);
    rig_close(&one), rig_close(&two);
}
