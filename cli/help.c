/* help.c - attnlab help: the commands by group, one command, the man page, shell completion. */
#include "cli/help.h"

#include "trainer/config/config.h"

#include <string.h>

enum { WIDTH = 80 };

void help_list(FILE *out)
{
    fputs("usage: attnlab [--db FILE] COMMAND ...\n", out);
    for (int g = 0; g < COMMAND_GROUPS; g++) {
        bool any = false;
        for (const command *const *c = commands; *c; c++) {
            if ((int)(*c)->group != g) continue;
            if (!any) fprintf(out, "\n%s\n", command_groups[g]);
            any = true;
            fprintf(out, "  %-9s  %s\n", (*c)->name, (*c)->help);
        }
    }
    fputs("\n`attnlab help COMMAND` describes a command and its options.\n", out);
}

/* Words from `text` up to `end`, broken at blanks; lines after the first are indented. */
static void wrap(FILE *out, const char *text, const char *end, int column, int indent)
{
    bool first = true;
    while (text < end) {
        text += strspn(text, " ");
        const int n = (int)strcspn(text, " \n");
        if (!n) break;
        if (!first && column + 1 + n > WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            column = indent, first = true;
        }
        column += fprintf(out, "%s%.*s", first ? "" : " ", n, text);
        first = false;
        text += n;
    }
    fputc('\n', out);
}

/* Paragraphs end in a newline; a line that starts with a blank stays as it is. */
static void put_text(FILE *out, const char *text)
{
    while (*text) {
        const char *end = text + strcspn(text, "\n");
        if (*text == ' ')
            fprintf(out, "%.*s\n", (int)(end - text), text);
        else if (end == text)
            fputc('\n', out);
        else
            wrap(out, text, end, 0, 0);
        text = *end ? end + 1 : end;
    }
}

__attribute__((format(printf, 2, 3))) static void append(char text[HELP_TEXT], const char *fmt, ...)
{
    const size_t n = strlen(text);
    va_list args;
    va_start(args, fmt);
    vsnprintf(text + n, HELP_TEXT - n, fmt, args);
    va_end(args);
}

void help_option(char text[HELP_TEXT], const option *o)
{
    const bool range = o->max > o->min;
    *text = '\0';
    append(text, "%s", o->help);
    for (int i = 0; o->choices && o->choices[i]; i++)
        append(text, "%s%s", !i ? ": " : o->choices[i + 1] ? ", " : " or ", o->choices[i]);
    if (range) append(text, " (%.10g to %.10g", o->min, o->max);
    if (o->initial) append(text, "%sdefault", range ? "; " : " (");
    if (o->initial && *o->initial == '(')
        append(text, ": %.*s", (int)strlen(o->initial) - 2, o->initial + 1);
    else if (o->initial)
        append(text, " %s", o->initial);
    if (range || o->initial) append(text, ")");
    if (command_repeats(o)) append(text, "; may be repeated");
}

static void put_option(FILE *out, const option *o)
{
    enum { INDENT = 26 };
    char text[HELP_TEXT], letter[8] = "    ";
    if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
    int column = fprintf(out, "  %s--%s%s%s", letter, o->name, o->value ? " " : "",
                         o->value ? o->value : "");
    if (column + 2 > INDENT) fputc('\n', out), column = 0;
    fprintf(out, "%*s", INDENT - column, "");
    help_option(text, o);
    wrap(out, text, text + strlen(text), INDENT, INDENT);
}

void help_command(FILE *out, const command *c)
{
    const option *o;
    fprintf(out, "usage: attnlab %s [OPTION...]%s%s\n\n", c->name, c->arguments ? " " : "",
            c->arguments ? c->arguments : "");
    put_text(out, c->summary);
    fputs("\nOptions:\n", out);
    for (int i = 0; (o = command_option(c, i)); i++) put_option(out, o);
    if (!c->text) return;
    fputc('\n', out);
    put_text(out, c->text);
}

typedef struct options {
    bool manual;
    int64_t shell;
} options;

static const char *const SHELLS[] = { "bash", "zsh", NULL };

// clang-format off
static const option OPTIONS[] = {
    { "man",        0, OPTION_FLAG,   NULL,    offsetof(options, manual), "print the manual page, for `man -l`" },
    { "completion", 0, OPTION_CHOICE, "SHELL", offsetof(options, shell),  "print a completion script", NULL, 0, 0, SHELLS },
    { 0 },
};
// clang-format on

/* The command that the user may have meant, or NULL: at most half of its letters differ. */
static const command *nearest(const char *name)
{
    const command *best = commands[0];
    for (const command *const *c = commands; *c; c++)
        if (config_distance(name, (*c)->name) < config_distance(name, best->name)) best = *c;
    return 2 * config_distance(name, best->name) <= (int)strlen(best->name) ? best : NULL;
}

void help_unknown(const char *name)
{
    const command *like = nearest(name);
    fprintf(stderr, "attnlab: unknown command '%.100s'%s%s%s (`attnlab help` lists them)\n", name,
            like ? "; did you mean " : "", like ? like->name : "", like ? "?" : "");
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    if (o->manual)
        help_manual(stdout);
    else if (o->shell != OPTION_UNSET)
        o->shell ? help_zsh(stdout) : help_bash(stdout);
    else if (!call->arguments)
        help_list(stdout);
    else {
        const command *c = command_find(call->argument[0]);
        if (!c) {
            help_unknown(call->argument[0]);
            return STATUS_USAGE;
        }
        help_command(stdout, c);
    }
    return STATUS_DONE;
}

const command command_help = {
    .name = "help",
    .group = COMMAND_REFERENCE,
    .help = "what a command does, and its options",
    .arguments = "[COMMAND]",
    .summary = "List the commands, or describe one of them and its options.",
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
