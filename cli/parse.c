/* parse.c - options and arguments read by their tables; numbers by the rules of the configuration.
 */
#include "cli/parse.h"

#include "core/db/db.h"
#include "trainer/config/config.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row of the command's own table has its field in `options`, a shared one in the call. */
static void *field_of(command_call *call, void *options, const option *o)
{
    for (const option *own = call->command->options; own && own->name; own++)
        if (own == o) return (char *)options + o->offset;
    return (char *)call + o->offset;
}

static void add_text(option_texts *list, const char *text)
{
    list->item = realloc(list->item, ((size_t)list->n + 1) * sizeof *list->item);
    if (!list->item) error_memory();
    list->item[list->n++] = text;
}

static void add_number(option_numbers *list, double x)
{
    list->item = realloc(list->item, ((size_t)list->n + 1) * sizeof *list->item);
    if (!list->item) error_memory();
    list->item[list->n++] = x;
}

static bool read_choice(int *index, const option *o, const char *text, error *e)
{
    char all[256] = "";
    for (int i = 0; o->choices[i]; i++) {
        if (strcmp(o->choices[i], text) == 0) {
            *index = i;
            return true;
        }
        const size_t n = strlen(all);
        snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", o->choices[i]);
    }
    return error_usage(e, "--%s: '%s' is not one of %s", o->name, text, all);
}

static bool read_number(double *real, int64_t *whole, const option *o, const char *text, error *e)
{
    char name[64], copy[64];
    snprintf(name, sizeof name, "--%s", o->name);
    if (strlen(text) >= sizeof copy) return error_usage(e, "%s: the number is too long", name);
    strcpy(copy, text);
    const yaml_node at = { .kind = YAML_SCALAR, .text = copy };
    if (o->kind == OPTION_REAL || o->kind == OPTION_REALS)
        return config_number(real, name, o->min, o->max, &at, e);
    return config_whole(whole, name, o->kind == OPTION_COUNT, o->min, o->max, &at, e);
}

/* The value of an option into its field; a flag has none. */
static bool set(void *field, const option *o, const char *text, error *e)
{
    double real = 0;
    int64_t whole = 0;
    int index = 0;
    if (text && !*text)
        return error_usage(e, "--%s: the value is empty: give %s", o->name, o->value);
    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return true;
    case OPTION_TEXT:
        *(const char **)field = text;
        return true;
    case OPTION_TEXTS:
        add_text(field, text);
        return true;
    case OPTION_CHOICE:
    case OPTION_CHOICES:
        if (!read_choice(&index, o, text, e)) return false;
        if (o->kind == OPTION_CHOICE)
            *(int64_t *)field = index;
        else
            *(uint64_t *)field |= (uint64_t)1 << index;
        return true;
    default:
        break;
    }
    if (!read_number(&real, &whole, o, text, e)) return false;
    if (o->kind == OPTION_REAL)
        *(double *)field = real;
    else if (o->kind == OPTION_REALS)
        add_number(field, real);
    else if (o->kind == OPTION_NUMBERS)
        add_number(field, (double)whole);
    else
        *(int64_t *)field = whole;
    return true;
}

void parse_init(command_call *call, void *options)
{
    const option *o;
    for (int i = 0; (o = command_option(call->command, i)); i++) {
        void *field = field_of(call, options, o);
        if (o->kind == OPTION_REAL) *(double *)field = NAN;
        if (o->kind == OPTION_INTEGER || o->kind == OPTION_COUNT || o->kind == OPTION_CHOICE)
            *(int64_t *)field = OPTION_UNSET;
        if (!o->initial || *o->initial == '(') continue;
        error e;
        const bool ok = set(field, o, o->initial, &e);
        assert(ok), (void)ok;
    }
    call->db = db_default_path();
}

void parse_close(command_call *call, void *options)
{
    const option *o;
    for (int i = 0; (o = command_option(call->command, i)); i++) {
        void *field = field_of(call, options, o);
        if (o->kind == OPTION_TEXTS) free(((option_texts *)field)->item);
        if (o->kind == OPTION_REALS || o->kind == OPTION_NUMBERS)
            free(((option_numbers *)field)->item);
    }
    free(call->argument);
    call->argument = NULL;
}

bool parse_synopsis(parse_argument *out, const char **rest)
{
    const char *at = *rest + strspn(*rest, " ");
    size_t n = strcspn(at, " ");
    *rest = at + n;
    if (!n) return false;
    *out = (parse_argument){ .optional = *at == '[' };
    at += out->optional, n -= out->optional;
    if (out->optional && at[n - 1] == ']') n--;
    if (n > 3 && strncmp(at + n - 3, "...", 3) == 0) out->repeated = true, n -= 3;
    snprintf(out->name, sizeof out->name, "%.*s", (int)n, at);
    return true;
}

/* Has the command as many arguments as it takes? */
static bool check_arguments(const command_call *call, error *e)
{
    const char *rest = call->command->arguments ? call->command->arguments : "";
    parse_argument a;
    int most = 0;
    bool endless = false;
    while (parse_synopsis(&a, &rest)) {
        if (!a.optional && call->arguments <= most)
            return error_usage(e, "missing argument: %s", a.name);
        endless = endless || a.repeated;
        most++;
    }
    if (!endless && call->arguments > most)
        return error_usage(e, "unexpected argument '%.100s'", call->argument[most]);
    return true;
}

/* The option whose name is nearest to a wrong one: one that it abbreviates, or one with a typing
 * error or two; else NULL. */
static const option *nearest(const command *c, const char *name)
{
    const option *best = NULL, *o;
    const size_t n = strlen(name);
    int least = 3;
    for (int i = 0; n && (o = command_option(c, i)); i++) {
        const int distance = strncmp(o->name, name, n) == 0 ? 0 : config_distance(name, o->name);
        if (distance < least && distance < (int)n) least = distance, best = o;
    }
    return best;
}

/* "--name" or "--name=value"; *next (NULL at the end) is the word that follows. */
static bool read_long(command_call *call, void *options, const char *word, const char *next,
                      bool *used, error *e)
{
    const char *equals = strchr(word, '=');
    char name[64];
    const int n = equals ? (int)(equals - word) : (int)strlen(word);
    const option *o = NULL;
    snprintf(name, sizeof name, "%.*s", n, word);
    for (int i = 0; (o = command_option(call->command, i)) && strcmp(o->name, name) != 0; i++) {
    }
    if (!o) {
        const option *like = nearest(call->command, name);
        return error_usage(e, "unknown option --%s%s%s%s", name, like ? "; did you mean --" : "",
                           like ? like->name : "", like ? "?" : "");
    }
    if (o->kind == OPTION_FLAG && equals)
        return error_usage(e, "--%s takes no value, and '%.100s' is given", name, equals + 1);
    const char *value = equals ? equals + 1 : next;
    if (o->kind == OPTION_FLAG)
        value = NULL;
    else if (!value)
        return error_usage(e, "--%s: missing value: %s", name, o->value);
    *used = value && !equals;
    return set(field_of(call, options, o), o, value, e);
}

/* "-x", "-xyz" of flags, "-xvalue" or "-x value". */
static bool read_letters(command_call *call, void *options, const char *word, const char *next,
                         bool *used, error *e)
{
    for (const char *at = word; *at; at++) {
        const option *o;
        for (int i = 0; (o = command_option(call->command, i)) && o->letter != *at; i++) {
        }
        if (!o && isprint((unsigned char)*at)) return error_usage(e, "unknown option -%c", *at);
        if (!o) return error_usage(e, "unknown option '-%.20s'", word);
        if (o->kind == OPTION_FLAG) {
            if (!set(field_of(call, options, o), o, NULL, e)) return false;
            continue;
        }
        const char *value = at[1] ? at + 1 : next;
        if (!value) return error_usage(e, "-%c: missing value: %s", *at, o->value);
        *used = !at[1];
        return set(field_of(call, options, o), o, value, e);
    }
    return true;
}

bool parse_words(command_call *call, void *options, char **word, int n, error *e)
{
    bool plain = false; /* "--" has been read */
    call->argument = error_zeroed((size_t)n + 1, sizeof *call->argument);
    for (int i = 0; i < n; i++) {
        const char *next = i + 1 < n ? word[i + 1] : NULL;
        bool used = false, ok = true;
        if (plain || word[i][0] != '-' || !word[i][1])
            call->argument[call->arguments++] = word[i];
        else if (strcmp(word[i], "--") == 0)
            plain = true;
        else if (word[i][1] == '-')
            ok = read_long(call, options, word[i] + 2, next, &used, e);
        else
            ok = read_letters(call, options, word[i] + 1, next, &used, e);
        if (!ok) return false;
        i += used;
    }
    if (call->help) return true;
    if (!check_arguments(call, e)) return false;
    return !(call->again && call->accept) ||
           error_usage(e, "--again and --accept exclude each other");
}
