/* plan_json.c - write the parts of a plan as JSON: values by the type of their key, a partial
 * assignment in the order of the axes, so that equal plans are equal texts.
 */
#define _GNU_SOURCE /* open_memstream */
#include "experiments/plan_json.h"

#include "core/base/number.h"
#include "core/base/table.h"

#include <stdlib.h>

/* A text that is written piece by piece. */
typedef struct draft {
    FILE *f;
    char *text;
    size_t size;
} draft;

static void draft_open(draft *d)
{
    *d = (draft){ 0 };
    d->f = open_memstream(&d->text, &d->size);
    if (!d->f) error_memory();
}

static char *draft_close(draft *d)
{
    if (fclose(d->f) != 0) error_memory();
    return d->text;
}

/* {"small":{"model.dim":64},"large":{...}} */
static void put_levels(FILE *f, const study_file_axis *x)
{
    for (int j = 0; j < x->n; j++) {
        const yaml_node *level = &x->level[j];
        fprintf(f, "%c\"%s\":{", j ? ',' : '{', x->value[j].text);
        for (int i = 0; i < level->n; i++) {
            fprintf(f, "%s\"%s\":", i ? "," : "", level->key[i].text);
            study_file_json(f, config_find(level->key[i].text), &level->item[i]);
        }
        fputc('}', f);
    }
    fputc('}', f);
}

static void put_axes(FILE *f, const study_file *s)
{
    fputc('{', f);
    for (int i = 0; i < s->axes; i++) {
        const study_file_axis *x = &s->axis[i];
        fprintf(f, "%s\"%s\":", i ? "," : "", x->name);
        if (!x->key) put_levels(f, x);
        for (int j = 0; x->key && j < x->n; j++) {
            fputc(j ? ',' : '[', f);
            study_file_json(f, x->key, &x->value[j]);
        }
        if (x->key) fputc(']', f);
    }
    fputc('}', f);
}

/* Some axes, each with one value: those of an arm or, if `a` is NULL, of a partial assignment. */
static void put_values(FILE *f, const study_file *s, const arm *a, const yaml_node *partial)
{
    const char *before = "";
    fputc('{', f);
    for (int i = 0; i < s->axes; i++) {
        const study_file_axis *x = &s->axis[i];
        const yaml_node *value = a         ? &x->value[a->at[i]]
                                 : partial ? yaml_find(partial, x->name)
                                           : NULL;
        if (!value) continue;
        fprintf(f, "%s\"%s\":", before, x->name);
        study_file_json(f, x->key, value);
        before = ",";
    }
    fputc('}', f);
}

/* {"train.lr":{"from":0.0005,"to":0.008,"points":5,"seeds":2}} */
static void put_tune(FILE *f, const study_file_tune *t)
{
    char from[NUMBER_TEXT], to[NUMBER_TEXT];
    number_print(from, t->from), number_print(to, t->to);
    fprintf(f, "{\"%s\":{\"from\":%s,\"to\":%s,\"points\":%d,\"seeds\":%d}}", t->key->name, from,
            to, t->points, t->seeds);
}

static void put_seeds(FILE *f, const study_file *s)
{
    for (int i = 0; i < s->seeds; i++) fprintf(f, "%c%d", i ? ',' : '[', s->seed[i]);
    fputc(']', f);
}

static void put_arms(FILE *f, const arms *a)
{
    for (int i = 0; i < a->n; i++) {
        const arm *x = &a->arm[i];
        char *label = table_json_string(x->label);
        fprintf(f, "%c{\"label\":%s,\"config\":\"%s\",\"replica\":%lld}", i ? ',' : '[', label,
                x->spec.id, (long long)x->spec.config.train.replica);
        free(label);
    }
    fputc(']', f);
}

char *plan_json(const study_file *s, const arms *a)
{
    draft d;
    draft_open(&d);
    fputs("{\"axes\":", d.f);
    put_axes(d.f, s);
    fputs(",\"exclude\":[", d.f);
    for (int i = 0; s->exclude && i < s->exclude->n; i++) {
        if (i) fputc(',', d.f);
        put_values(d.f, s, NULL, &s->exclude->item[i]);
    }
    fputs("],\"baseline\":", d.f);
    put_values(d.f, s, NULL, s->baseline);
    const char *match = plan_json_match(s);
    fprintf(d.f, ",\"match\":%s,\"seeds\":", match ? match : "{}");
    put_seeds(d.f, s);
    if (s->start)
        fprintf(d.f, ",\"until\":{\"start\":%d,\"step\":%d,\"max\":%d,\"rule\":\"%s\"}", s->start,
                s->step, s->seeds, PLAN_JSON_RULE);
    fputs(",\"arms\":", d.f);
    put_arms(d.f, a);
    if (s->design != designs) fprintf(d.f, ",\"design\":\"%s\"", s->design->name);
    if (s->tune.key) fputs(",\"tune\":", d.f), put_tune(d.f, &s->tune);
    fputc('}', d.f);
    return draft_close(&d);
}

char *plan_json_axes(const study_file *s)
{
    draft d;
    draft_open(&d);
    put_axes(d.f, s);
    return draft_close(&d);
}

char *plan_json_baseline(const study_file *s)
{
    draft d;
    draft_open(&d);
    put_values(d.f, s, NULL, s->baseline);
    return draft_close(&d);
}

char *plan_json_seeds(const study_file *s)
{
    draft d;
    draft_open(&d);
    put_seeds(d.f, s);
    return draft_close(&d);
}

char *plan_json_arm(const study_file *s, const arm *a)
{
    draft d;
    draft_open(&d);
    put_values(d.f, s, a, NULL);
    return draft_close(&d);
}

char *plan_json_tune(const study_file *s)
{
    draft d;
    if (!s->tune.key) return NULL;
    draft_open(&d);
    put_tune(d.f, &s->tune);
    return draft_close(&d);
}

const char *plan_json_match(const study_file *s)
{
    switch (s->match) {
    case MATCH_PARAMS:
        return "{\"params\":\"model.ffn_dim\"}";
    case MATCH_LLAMA2:
        return "{\"llama2\":\"model.ffn_dim\"}";
    default:
        return NULL;
    }
}
