/* new_variant.c - attnlab new-variant NAME: a variant of your own begins as a copy of another.
 *
 *     variants/NAME.c       the copy, with NAME for the name of the variant it holds
 *     variants/meson.build  one more line of variant_table
 *
 * A file that holds several variants, such as grouped.c, has one that is no alias of another; it
 * is the one that is kept.
 */
#include "cli/command.h"
#include "core/base/file.h"
#include "core/base/growing.h"
#include "variants/attn.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT = 1 << 20, PATH = 512, NAME = 64 };

static const char TABLE[] = "variants/meson.build", DEFINES[] = "\nconst attn_variant attn_";

typedef struct options {
    const char *from;
} options;

/* One definition in the text of a file: "const attn_variant attn_SYMBOL = { ... };" */
typedef struct definition {
    const char *begin, *end; /* end: after the last line break */
    char symbol[NAME];
} definition;

static bool is_identifier(const char *name)
{
    bool ok = islower((unsigned char)*name) && strlen(name) < NAME;
    for (const char *c = name; *c; c++)
        ok = ok && (islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
    return ok;
}

/* Is attn_NAME a word of attn.h, such as attn_layer? */
static bool has_meaning(const char *name, const char *header)
{
    char word[NAME + 8];
    const size_t n = (size_t)snprintf(word, sizeof word, "attn_%s", name);
    for (const char *at = header; (at = strstr(at, word)); at += n)
        if (!isalnum((unsigned char)at[n]) && at[n] != '_') return true;
    return false;
}

static bool check_name(const char *name, const char *header, error *e)
{
    char path[PATH];
    if (!is_identifier(name))
        return error_usage(e,
                           "'%s' cannot be a name: use small letters, digits and _, and begin "
                           "with a letter",
                           name);
    snprintf(path, sizeof path, "variants/%s.c", name);
    if (access(path, F_OK) == 0) return error_usage(e, "%s exists: choose another name", path);
    for (const attn_variant *const *v = attn_variants; *v; v++)
        if (strcmp((*v)->name, name) == 0)
            return error_usage(e, "there is a variant '%s' already: choose another name", name);
    if (has_meaning(name, header))
        return error_usage(e, "attn_%s means something in variants/attn.h: choose another name",
                           name);
    return true;
}

/* The next definition after *at.  False if there is none. */
static bool next_definition(definition *d, const char **at)
{
    const char *found = strstr(*at, DEFINES), *end = found ? strstr(found, "\n};\n") : NULL;
    if (!end) return false;
    const char *symbol = found + strlen(DEFINES);
    *d = (definition){ .begin = found, .end = end + strlen("\n};\n") };
    snprintf(d->symbol, NAME, "%.*s", (int)strcspn(symbol, " ="), symbol);
    *at = d->end - 1;
    return true;
}

static bool is_alias(const definition *d)
{
    const char *word = strstr(d->begin, ".alias_of");
    return word && word < d->end;
}

/* Write text..end with the symbol replaced, and with another value of `.name`. */
static void put_renamed(FILE *f, const char *text, const char *end, const char *symbol,
                        const char *name)
{
    static const char FIELD[] = ".name = \"";
    char old[NAME + 8];
    snprintf(old, sizeof old, "attn_%s", symbol);
    while (text < end) {
        const size_t n = strlen(old);
        const char next = strncmp(text, old, n) == 0 ? text[n] : 'x';
        if (!isalnum((unsigned char)next) && next != '_') {
            fprintf(f, "attn_%s", name);
            text += n;
        } else if (strncmp(text, FIELD, strlen(FIELD)) == 0) {
            fprintf(f, "%s%s", FIELD, name);
            text += strlen(FIELD);
            text += strcspn(text, "\"");
        } else
            fputc(*text++, f);
    }
}

/* The text of variants/FROM.c for the variant `name`; the caller frees it. */
static char *renamed(const char *text, const char *from, const char *name, error *e)
{
    definition d, kept = { 0 };
    for (const char *at = text; next_definition(&d, &at);)
        if (!kept.begin && !is_alias(&d)) kept = d;
    if (!kept.begin) {
        error_usage(e, "variants/%s.c defines no attn_variant: it cannot be copied", from);
        return NULL;
    }
    char title[PATH];
    const int n = snprintf(title, sizeof title, "/* %s.c - ", from);
    growing out;
    growing_open(&out);
    const char *at = text;
    if (strncmp(text, title, (size_t)n) == 0) fprintf(out.f, "/* %s.c - ", name), at += n;
    for (const char *from_here = at; next_definition(&d, &from_here);) {
        const bool other = strcmp(d.symbol, kept.symbol) != 0;
        put_renamed(out.f, at, other ? d.begin : d.end, kept.symbol, name);
        at = d.end;
    }
    put_renamed(out.f, at, at + strlen(at), kept.symbol, name);
    return growing_close(&out);
}

/* The text of variants/meson.build with one more variant; the caller frees it. */
static char *listed(const char *text, const char *name, error *e)
{
    const char *list = strstr(text, "variant_table = {\n"),
               *end = list ? strstr(list, "\n}") : NULL;
    if (!end) {
        error_usage(e, "%s has no variant_table: add the line '%s': ['%s'] yourself", TABLE, name,
                    name);
        return NULL;
    }
    growing out;
    growing_open(&out);
    fprintf(out.f, "%.*s\n  '%s': ['%s'],%s", (int)(end - text), text, name, name, end);
    return growing_close(&out);
}

static bool write_both(const char *name, const char *code, const char *list, error *e)
{
    char path[PATH];
    snprintf(path, sizeof path, "variants/%s.c", name);
    if (!file_write(path, code, strlen(code), e)) return false;
    if (file_write(TABLE, list, strlen(list), e)) return true;
    unlink(path);
    return false;
}

static bool make(const char *name, const char *from, error *e)
{
    char path[PATH], *source = NULL, *build = NULL, *code = NULL, *list = NULL, *header = NULL;
    size_t n;
    if (access("variants/attn.h", F_OK) != 0 || access(TABLE, F_OK) != 0)
        return error_usage(e,
                           "there is no %s here: run this in the top folder of attnlab's "
                           "sources",
                           TABLE);
    snprintf(path, sizeof path, "variants/%.256s.c", from);
    if (!is_identifier(from) || access(path, R_OK) != 0)
        return error_usage(e, "--from: there is no %s to copy", path);
    const bool ok = file_read(&header, &n, "variants/attn.h", LIMIT, e) &&
                    check_name(name, header, e) && file_read(&source, &n, path, LIMIT, e) &&
                    file_read(&build, &n, TABLE, LIMIT, e) &&
                    (code = renamed(source, from, name, e)) && (list = listed(build, name, e)) &&
                    write_both(name, code, list, e);
    free(header), free(source), free(build), free(code), free(list);
    return ok;
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    const char *name = call->argument[0];
    error e;
    if (!make(name, o->from, &e)) return command_fail(call, &e);
    printf("wrote variants/%s.c, a copy of %s.c, and listed it in %s\n", name, o->from, TABLE);
    printf("edit it, then: ninja -C build && build/tests/conformance %s --only texts,forward\n",
           name);
    return STATUS_DONE;
}

static const option OPTIONS[] = {
    { "from", 0, OPTION_TEXT, "FILE", offsetof(options, from), "the file of variants/ to copy",
      "template" },
    { 0 },
};

const command command_new_variant = {
    .name = "new-variant",
    .group = COMMAND_REFERENCE,
    .help = "begin an attention variant of your own",
    .arguments = "NAME",
    .summary = "Copy variants/FILE.c to variants/NAME.c under the new name, and list it in "
               "variants/meson.build. Run it in the top folder of attnlab's sources.",
    .text = "template is the smallest complete variant; grouped is softmax attention; other files "
            "of variants/ can be copied as well. docs/variants.md says which suits which idea, and "
            "what to do next.",
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
