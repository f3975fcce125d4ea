/* config_identity.c - the name of a configuration: SHA-256 of its canonical JSON.
 *
 *     {"eval.context":[512],"model.attention":"gqa:n_kv_heads=2", ... }
 *
 * One object, keys sorted, no blanks; integers as digits, reals as the shortest decimal that reads
 * back, with a point or an exponent; keys at their default left out, except those whose default is
 * derived, which are always there.
 */
#include "core/base/table.h"
#include "trainer/config/run_source.h"

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

/* What stands for a path: the hash of what is there.  A run that is named by its identity stands
 * for itself. */
static const char *content_of(const config *settings, const config_key *key)
{
    if (key->offset == offsetof(config, data.corpus)) return settings->corpus_sha256;
    return run_source_is(settings->train.init_from) ? settings->train.init_from
                                                    : settings->init_sha256;
}

/* A value as JSON, which is also YAML. */
static void put_value(FILE *f, const config *settings, const config_key *key, bool paths)
{
    const void *field = (const char *)settings + key->offset;
    char number[40];
    if (key->offset == offsetof(config, train.tokens) && settings->tokens_of_source) {
        fprintf(f, "\"%.17g%%\"", settings->tokens_percent);
        return;
    }
    switch (key->type) {
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
        put_string(f, key->word(*(const int64_t *)field));
        return;
    case CONFIG_TEXT:
        put_string(f, paths ? field : content_of(settings, key));
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
    case CONFIG_TEXTS: {
        const config_texts *s = field;
        fputc('[', f);
        for (int i = 0; i < s->n; i++) fputs(i ? ", " : "", f), put_string(f, s->item[i]);
        fputc(']', f);
        return;
    }
    }
}

/* What put_value writes, as a string that the caller frees. */
static char *value_of(const config *settings, const config_key *key, bool paths)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    if (!f) error_memory();
    put_value(f, settings, key, paths);
    if (fclose(f) != 0) error_memory();
    return text;
}

bool config_is_seed(const config_key *key)
{
    return key->offset == offsetof(config, train.seed) ||
           key->offset == offsetof(config, train.data_seed) ||
           key->offset == offsetof(config, train.replica);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const config_key *const *)a)->name, (*(const config_key *const *)b)->name);
}

char *config_canonical(const config *settings, bool seeds)
{
    const config_key *keys[CONFIG_KEYS];
    config initial;
    size_t n = 0, size;
    char *json = NULL;
    FILE *f = open_memstream(&json, &size);
    if (!f) error_memory();
    config_init(&initial);
    for (const config_key *key = config_keys; key->name; key++)
        if (key->identity && (seeds || !config_is_seed(key))) keys[n++] = key;
    qsort(keys, n, sizeof *keys, by_name);

    char before = '{';
    for (size_t i = 0; i < n; i++) {
        char *value = value_of(settings, keys[i], false);
        char *usual = value_of(&initial, keys[i], false);
        if (keys[i]->derived || strcmp(value, usual) != 0) {
            fprintf(f, "%c\"%s\":%s", before, keys[i]->name, value);
            before = ',';
        }
        free(value), free(usual);
    }
    fputc('}', f);
    if (fclose(f) != 0) error_memory();
    return json;
}

void config_value(char *out, size_t size, const config *settings, const config_key *key)
{
    const void *field = (const char *)settings + key->offset;
    if (key->type == CONFIG_TEXT) {
        snprintf(out, size, "%s", content_of(settings, key));
        return;
    }
    if (key->type == CONFIG_CHOICE) {
        snprintf(out, size, "%s", key->word(*(const int64_t *)field));
        return;
    }
    if (key->type != CONFIG_SPECS) {
        char *text = value_of(settings, key, false);
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

void config_write(FILE *f, const config *settings)
{
    const char *section = "";
    size_t n = 0;
    fputs("# A resolved configuration, written by attnlab.\n", f);
    for (const config_key *key = config_keys; key->name; key++) {
        const size_t dot = (size_t)(strchr(key->name, '.') - key->name);
        if (dot != n || memcmp(section, key->name, n) != 0) {
            section = key->name, n = dot;
            fprintf(f, "%.*s:\n", (int)n, section);
        }
        fprintf(f, "  %s: ", key->name + n + 1);
        put_value(f, settings, key, true);
        fputc('\n', f);
    }
}
