/* study_write.c - a study as YAML: keys by section, then `sweep`.
 *
 * Scalars are quoted as JSON does, which YAML reads; a key's reader knows its type.
 */
#include "experiments/study_write.h"

#include "core/base/number.h"
#include "core/base/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put_text(FILE *f, const char *text)
{
    char *quoted = table_json_string(text);
    fputs(quoted, f);
    free(quoted);
}

void study_write_node(FILE *f, const yaml_node *node)
{
    if (node->kind == YAML_SCALAR) {
        put_text(f, node->text);
        return;
    }
    const bool map = node->kind == YAML_MAP;
    fputc(map ? '{' : '[', f);
    for (int i = 0; i < node->n; i++) {
        if (i) fputs(", ", f);
        if (map) put_text(f, node->key[i].text), fputs(": ", f);
        study_write_node(f, &node->item[i]);
    }
    fputc(map ? '}' : ']', f);
}

static void put_keys(FILE *f, const study_file *s, const char *corpus)
{
    const char *section = "";
    size_t n = 0;
    for (const config_key *k = config_keys; k->name; k++) {
        if (!config_given(&s->base, k) || study_file_axis_of(s, k->name) >= 0) continue;
        const size_t dot = (size_t)(strchr(k->name, '.') - k->name);
        if (dot != n || memcmp(section, k->name, n) != 0) {
            section = k->name, n = dot;
            fprintf(f, "%.*s:\n", (int)n, section);
        }
        fprintf(f, "  %s: ", k->name + n + 1);
        if (k->type == CONFIG_TEXT) {
            const bool text = strcmp(k->name, "data.corpus") == 0 && corpus;
            put_text(f, text ? corpus : (const char *)&s->base + k->offset);
        } else {
            char value[CONFIG_VALUE];
            config_value(value, sizeof value, &s->base, k);
            fputs(value, f);
        }
        fputc('\n', f);
    }
}

/* A map in flow style, a line for each of its keys. */
static void put_map(FILE *f, const char *name, const yaml_node *map)
{
    if (!map || !map->n) return;
    fprintf(f, "  %s:\n", name);
    for (int i = 0; i < map->n; i++) {
        fprintf(f, "    %s: ", map->key[i].text);
        study_write_node(f, &map->item[i]);
        fputc('\n', f);
    }
}

static void put_design(FILE *f, const study_file *s)
{
    if (s->design != designs) fprintf(f, "  design: %s\n", s->design->name);
    put_map(f, "axes", s->given_axes);
    put_map(f, "cross", s->cross);
    if (s->list) fputs("  arms: ", f), study_write_node(f, s->list), fputc('\n', f);
    if (s->tune.key) put_map(f, "tune", s->tune.place);
}

static void put_real(FILE *f, const char *name, double x)
{
    char text[NUMBER_TEXT];
    number_print(text, x);
    fprintf(f, "  %s: %s\n", name, text);
}

static void put_seeds(FILE *f, const study_file *s)
{
    bool counted = true;
    if (s->start) {
        fprintf(f, "  seeds: {start: %d, step: %d, max: %d}\n", s->start, s->step, s->seeds);
        return;
    }
    for (int i = 0; i < s->seeds; i++) counted = counted && s->seed[i] == i + 1;
    if (counted) {
        fprintf(f, "  seeds: %d\n", s->seeds);
        return;
    }
    fputs("  seeds: [", f);
    for (int i = 0; i < s->seeds; i++) fprintf(f, "%s%d", i ? ", " : "", s->seed[i]);
    fputs("]\n", f);
}

void study_write(FILE *f, const study_file *s, const char *corpus)
{
    put_keys(f, s, corpus);
    fputs("sweep:\n  name: ", f);
    put_text(f, s->name);
    if (*s->question) fputs("\n  question: ", f), put_text(f, s->question);
    if (*s->hypothesis) fputs("\n  hypothesis: ", f), put_text(f, s->hypothesis);
    fputc('\n', f);
    put_design(f, s);
    if (s->exclude) fputs("  exclude: ", f), study_write_node(f, s->exclude), fputc('\n', f);
    if (s->baseline) fputs("  baseline: ", f), study_write_node(f, s->baseline), fputc('\n', f);
    if (s->match == MATCH_PARAMS) fputs("  match: {params: model.ffn_dim}\n", f);
    if (s->match == MATCH_LLAMA2) fputs("  match: {preset: llama2}\n", f);
    put_seeds(f, s);
    if (!isnan(s->margin)) put_real(f, "margin", s->margin);
    if (*s->metric) fputs("  metric: ", f), put_text(f, s->metric), fputc('\n', f);
    put_real(f, "alpha", s->alpha);
}
