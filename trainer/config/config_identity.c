/* config_identity.c - the name of a configuration: SHA-256 of its canonical JSON.
 *
 *     {"eval.context":[512],"model.attention":"gqa:n_kv_heads=2", ... }
 *
 * One object, keys sorted, no blanks; integers as digits, reals as the shortest decimal that reads
 * back, with a point or an exponent; keys at their default left out, except those whose default is
 * derived, which are always there.
 */
#include "core/base/table.h"
#include "trainer/config/config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The shortest decimal that reads back as x; a real shows that it is one. */
static void print_real(char *out, size_t size, double x)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, size, "%.*g", digits, x);
        if (strtod(out, NULL) == x) break;
    }
    const size_t n = strlen(out);
    if (!strpbrk(out, ".e")) snprintf(out + n, size - n, ".0");
}

static void put_string(FILE *f, const char *text)
{
    char *quoted = table_json_string(text);
    fputs(quoted, f);
    free(quoted);
}

static void put_text(FILE *f, const config *c, const config_key *k, bool paths)
{
    const char *path = (const char *)c + k->offset;
    if (paths)
        put_string(f, path);
    else
        put_string(f, path == c->data.corpus ? c->corpus_sha256 : c->init_sha256);
}

/* A value as JSON, which is also YAML. */
static void put_value(FILE *f, const config *c, const config_key *k, bool paths)
{
    const void *field = (const char *)c + k->offset;
    char number[40];
    switch (k->type) {
    case CONFIG_INT:
    case CONFIG_COUNT:
        fprintf(f, "%" PRId64, *(const int64_t *)field);
        return;
    case CONFIG_REAL:
        print_real(number, sizeof number, *(const double *)field);
        fputs(number, f);
        return;
    case CONFIG_BOOL:
        fputs(*(const bool *)field ? "true" : "false", f);
        return;
    case CONFIG_CHOICE:
        put_string(f, k->choices[*(const int64_t *)field]);
        return;
    case CONFIG_TEXT:
        put_text(f, c, k, paths);
        return;
    case CONFIG_SPECS: {
        const config_specs *s = field;
        if (s->n == 1) {
            put_string(f, s->item[0]);
            return;
        }
        for (int i = 0; i < s->n; i++) fputc(i ? ',' : '[', f), put_string(f, s->item[i]);
        fputc(']', f);
        return;
    }
    case CONFIG_COUNTS: {
        const config_counts *s = field;
        for (int i = 0; i < s->n; i++) fprintf(f, "%c%" PRId64, i ? ',' : '[', s->item[i]);
        fputc(']', f);
        return;
    }
    }
}

/* What put_value writes, as a string that the caller frees. */
static char *value_of(const config *c, const config_key *k, bool paths)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    if (!f) error_memory();
    put_value(f, c, k, paths);
    if (fclose(f) != 0) error_memory();
    return text;
}

static bool is_seed(const config *c, const config_key *k)
{
    const char *field = (const char *)c + k->offset;
    return field == (const char *)&c->train.seed || field == (const char *)&c->train.data_seed ||
           field == (const char *)&c->train.replica;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const config_key *const *)a)->name, (*(const config_key *const *)b)->name);
}

char *config_canonical(const config *c, bool seeds)
{
    config initial;
    const config_key *key[CONFIG_KEYS];
    size_t keys = 0, size;
    char *json = NULL;
    FILE *f = open_memstream(&json, &size);
    if (!f) error_memory();
    config_init(&initial);
    for (const config_key *k = config_keys; k->name; k++)
        if (k->identity && (seeds || !is_seed(c, k))) key[keys++] = k;
    qsort(key, keys, sizeof *key, by_name);

    char before = '{';
    for (size_t i = 0; i < keys; i++) {
        char *value = value_of(c, key[i], false), *usual = value_of(&initial, key[i], false);
        if (key[i]->derived || strcmp(value, usual) != 0) {
            fprintf(f, "%c\"%s\":%s", before, key[i]->name, value);
            before = ',';
        }
        free(value), free(usual);
    }
    fputc('}', f);
    if (fclose(f) != 0) error_memory();
    return json;
}

void config_id(const config *c, char id[CONFIG_ID])
{
    char hex[HASH_HEX];
    char *json = config_canonical(c, false);
    hash_bytes(hex, json, strlen(json));
    free(json);
    snprintf(id, CONFIG_ID, "%s", hex);
}

void config_run_uid(const config *c, int64_t generation, char uid[CONFIG_UID])
{
    char id[CONFIG_ID], hex[HASH_HEX], text[128];
    config_id(c, id);
    const int n = snprintf(text, sizeof text, "%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, id,
                           c->train.seed, c->train.data_seed, c->train.replica, generation);
    hash_bytes(hex, text, (size_t)n);
    snprintf(uid, CONFIG_UID, "%s", hex);
}

void config_value(char *out, size_t size, const config *c, const config_key *k)
{
    const void *field = (const char *)c + k->offset;
    if (k->type == CONFIG_TEXT) {
        snprintf(out, size, "%s",
                 (const char *)field == c->data.corpus ? c->corpus_sha256 : c->init_sha256);
        return;
    }
    if (k->type == CONFIG_CHOICE) {
        snprintf(out, size, "%s", k->choices[*(const int64_t *)field]);
        return;
    }
    if (k->type != CONFIG_SPECS) {
        char *text = value_of(c, k, false);
        snprintf(out, size, "%s", text);
        free(text);
        return;
    }
    const config_specs *s = field;
    size_t n = 0;
    for (int i = 0; i < s->n && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%s",
                              s->n == 1 ? ""
                              : i       ? ", "
                                        : "[",
                              s->item[i]);
    if (s->n > 1 && n < size) snprintf(out + n, size - n, "]");
}

void config_write(FILE *f, const config *c)
{
    const char *section = "";
    size_t n = 0;
    fputs("# A resolved configuration, written by attnlab.\n", f);
    for (const config_key *k = config_keys; k->name; k++) {
        const size_t dot = (size_t)(strchr(k->name, '.') - k->name);
        if (dot != n || memcmp(section, k->name, n) != 0) {
            section = k->name, n = dot;
            fprintf(f, "%.*s:\n", (int)n, section);
        }
        fprintf(f, "  %s: ", k->name + n + 1);
        put_value(f, c, k, true);
        fputc('\n', f);
    }
}
