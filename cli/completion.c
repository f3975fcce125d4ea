/* completion.c - completion scripts for bash and zsh from the table of commands.
 *
 * What a word may be follows from its name in the synopsis or in the option table: STUDY is a study
 * of the database or a file, RUN a uid, QUERY a saved query, KEY=VALUE a key of a configuration,
 * FILE, DIR, CONFIG and MODEL a file, a word in small letters itself.
 */
#include "cli/help.h"
#include "cli/parse.h"
#include "trainer/config/config.h"

#include <ctype.h>
#include <string.h>

/* The kind of word that `name` stands for: "study", "file", ... ; "none" where nothing is known. */
static const char *kind_of(const char *name)
{
    static const struct {
        const char *name, *kind;
    } KIND[] = {
        { "STUDY", "study" },        { "RUN", "run" },     { "RUN|STUDY", "run" },
        { "RUN|CHECKPOINT", "run" }, { "FILE", "file" },   { "DIR", "file" },
        { "CONFIG", "file" },        { "MODEL", "file" },  { "KEY=VALUE", "key" },
        { "QUERY", "query" },        { "KIND", "figure" }, { "COMMAND", "command" },
    };
    for (size_t i = 0; i < sizeof KIND / sizeof *KIND; i++)
        if (strcmp(name, KIND[i].name) == 0) return KIND[i].kind;
    return islower((unsigned char)*name) ? name : "none";
}

/* "train|decode", words to choose from, as "train decode". */
static void put_choice(FILE *out, const char *kind)
{
    for (; *kind; kind++) fputc(*kind == '|' ? ' ' : *kind, out);
}

static void put_words(FILE *out, const char *const *word)
{
    for (int i = 0; word[i]; i++) fprintf(out, "%s%s", i ? " " : "", word[i]);
}

static void put_commands(FILE *out)
{
    for (int i = 0; commands[i]; i++) fprintf(out, "%s%s", i ? " " : "", commands[i]->name);
}

/* The kinds of the arguments, in order; the last holds for all that follow. */
static void put_arguments(FILE *out, const command *c)
{
    const char *rest = c->arguments ? c->arguments : "";
    parse_argument a;
    while (parse_synopsis(&a, &rest)) {
        fputs(" '", out);
        put_choice(out, kind_of(a.name));
        fputc('\'', out);
    }
}

/* One case of bash's function: what the command takes. */
static void put_bash(FILE *out, const command *c)
{
    const option *o;
    fprintf(out, "    %s)\n        kinds=(", c->name);
    put_arguments(out, c);
    fputs(" ) options='", out);
    for (int i = 0; (o = command_option(c, i)); i++) {
        fprintf(out, "%s--%s", i ? " " : "", o->name);
        if (o->letter) fprintf(out, " -%c", o->letter);
    }
    fputs("'\n        case \"$1\" in\n", out);
    for (int i = 0; (o = command_option(c, i)); i++) {
        if (!o->value) continue;
        fprintf(out, "        --%s", o->name);
        if (o->letter) fprintf(out, " | -%c", o->letter);
        fputs(") value=", out);
        if (o->choices)
            fputc('\'', out), put_words(out, o->choices), fputc('\'', out);
        else
            fprintf(out, "@%s", kind_of(o->value));
        fputs(" ;;\n", out);
    }
    fputs("        esac ;;\n", out);
}

static void put_key_words(FILE *out, const config_key *key)
{
    const char *word;
    for (int64_t i = 0; (word = key->word(i)); i++) fprintf(out, "%s%s", i ? " " : "", word);
}

/* The values of those keys that are words. */
static void put_key_values(FILE *out)
{
    for (const config_key *k = config_keys; k->name; k++) {
        if (k->type != CONFIG_CHOICE && k->type != CONFIG_BOOL) continue;
        fprintf(out, "    %s) value='", k->name);
        if (k->type == CONFIG_BOOL)
            fputs("true false", out);
        else
            put_key_words(out, k);
        fputs("' ;;\n", out);
    }
}

static const char BASH_ASK[] =
    "# Words that the program knows: studies, runs, saved queries, figures.\n"
    "_attnlab_ask() {\n"
    "    local program=${COMP_WORDS[0]} base=()\n"
    "    [ -z \"$db\" ] || base=(--db \"$db\")\n"
    "    case \"$1\" in\n"
    "    study) \"$program\" \"${base[@]}\" ls --studies -o csv ;;\n"
    "    run) \"$program\" \"${base[@]}\" ls -o csv ;;\n"
    "    query) \"$program\" query --list -o csv ;;\n"
    "    figure) \"$program\" plot --list -o csv ;;\n"
    "    esac 2>/dev/null | sed '1d; s/[,\\r].*//; s/\"//g'\n"
    "}\n\n"
    "# Candidates of one kind for $word.\n"
    "_attnlab_candidates() {\n"
    "    case \"$1\" in\n"
    "    file) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
    "    study) COMPREPLY=($(compgen -W \"$(_attnlab_ask study)\" -- \"$word\") $(compgen -f -- "
    "\"$word\")) ;;\n"
    "    run | query | figure) COMPREPLY=($(compgen -W \"$(_attnlab_ask \"$1\")\" -- \"$word\")) "
    ";;\n"
    "    command) COMPREPLY=($(compgen -W \"$_attnlab_commands\" -- \"$word\")) ;;\n"
    "    key)\n"
    "        COMPREPLY=($(compgen -S = -W \"$_attnlab_keys\" -- \"$word\"))\n"
    "        type compopt >/dev/null 2>&1 && compopt -o nospace 2>/dev/null ;;\n"
    "    none) ;;\n"
    "    *) COMPREPLY=($(compgen -W \"$1\" -- \"$word\")) ;;\n"
    "    esac\n"
    "}\n\n";

/* bash splits words at '=', so that --output=js arrives as "--output", "=", "js". */
static const char BASH_MAIN[] =
    "_attnlab() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} option= command= db= kinds=() options= value= "
    "option_here= i n=0\n"
    "    local last=$((COMP_CWORD - 1))\n"
    "    COMPREPLY=()\n"
    "    if [ \"$word\" = = ]; then\n"
    "        word= option=${COMP_WORDS[last]}\n"
    "    elif [ \"${COMP_WORDS[last]}\" = = ]; then\n"
    "        option=${COMP_WORDS[last - 1]}\n"
    "    else\n"
    "        option=${COMP_WORDS[last]}\n"
    "    fi\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case \"${COMP_WORDS[i]}\" in\n"
    "        -*)\n"
    "            value=\n"
    "            option_here=${COMP_WORDS[i]}\n"
    "            _attnlab_command \"$option_here\"\n"
    "            [ -n \"$value\" ] || continue\n"
    "            [ \"${COMP_WORDS[i + 1]-}\" != = ] || i=$((i + 1))\n"
    "            i=$((i + 1))\n"
    "            case $option_here in --db | -d) db=${COMP_WORDS[i]-} ;; esac ;;\n"
    "        =) i=$((i + 1)) ;;\n"
    "        *)\n"
    "            if [ -z \"$command\" ]; then command=${COMP_WORDS[i]}; else n=$((n + 1)); fi ;;\n"
    "        esac\n"
    "    done\n"
    "    value=\n"
    "    case \"$option\" in\n"
    "    -*) _attnlab_command \"$option\" ;;\n"
    "    *) _attnlab_command ''; _attnlab_key \"$option\" ;;\n"
    "    esac\n"
    "    if [ -n \"$value\" ]; then\n"
    "        _attnlab_candidates \"${value#@}\"\n"
    "    elif [ -z \"$command\" ]; then\n"
    "        COMPREPLY=($(compgen -W \"$_attnlab_commands --db --help --version\" -- \"$word\"))\n"
    "    elif [[ $word == -* ]]; then\n"
    "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
    "    elif [ ${#kinds[@]} -gt 0 ]; then\n"
    "        [ $n -lt ${#kinds[@]} ] || n=$((${#kinds[@]} - 1))\n"
    "        _attnlab_candidates \"${kinds[n]}\"\n"
    "    fi\n"
    "}\n\n"
    "complete -o filenames -F _attnlab attnlab\n";

void help_bash(FILE *out)
{
    fputs("# bash completion for attnlab, made by `attnlab help --completion bash`\n"
          "# shellcheck shell=bash disable=SC2207\n\n"
          "_attnlab_commands='",
          out);
    put_commands(out);
    fputs("'\n_attnlab_keys='", out);
    for (const config_key *k = config_keys; k->name; k++)
        fprintf(out, "%s%s", k == config_keys ? "" : " ", k->name);
    fputs(
        "'\n\n# What the command takes: kinds of arguments, options, and the value of option $1.\n"
        "_attnlab_command() {\n    case \"$command\" in\n    '') case \"$1\" in --db | -d) "
        "value=@file ;; esac ;;\n",
        out);
    for (int i = 0; commands[i]; i++) put_bash(out, commands[i]);
    fputs("    esac\n}\n\n# The words that a key of a configuration may be.\n"
          "_attnlab_key() {\n    case \"$1\" in\n",
          out);
    put_key_values(out);
    fputs("    esac\n}\n\n", out);
    fputs(BASH_ASK, out);
    fputs(BASH_MAIN, out);
}

/* Text within a quoted specification of _arguments: quotes end it, brackets and colons mean
 * something. */
static void put_zsh(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else {
            if (strchr("[]:\\", *text)) fputc('\\', out);
            fputc(*text, out);
        }
    }
}

/* ":NAME:ACTION" of an argument or a value. */
static void put_action(FILE *out, const char *name, const char *const *choices)
{
    const char *kind = kind_of(name);
    fputc(':', out), put_zsh(out, name), fputc(':', out);
    if (choices)
        fputc('(', out), put_words(out, choices), fputc(')', out);
    else if (strcmp(kind, "file") == 0)
        fputs("_files", out);
    else if (strcmp(kind, "none") == 0)
        fputc(' ', out);
    else if (islower((unsigned char)*name))
        fputc('(', out), put_choice(out, name), fputc(')', out);
    else
        fprintf(out, "_attnlab_%s", kind);
}

static void put_zsh_option(FILE *out, const option *o)
{
    for (int letter = 0; letter < (o->letter ? 2 : 1); letter++) {
        fputs(" \\\n            '", out);
        if (command_repeats(o))
            fputc('*', out);
        else if (o->letter)
            fprintf(out, "(-%c --%s)", o->letter, o->name);
        if (letter)
            fprintf(out, "-%c%s", o->letter, o->value ? "+" : "");
        else
            fprintf(out, "--%s%s", o->name, o->value ? "=" : "");
        fputc('[', out), put_zsh(out, o->help), fputc(']', out);
        if (o->value) put_action(out, o->value, o->choices);
        fputc('\'', out);
    }
}

static void put_zsh_command(FILE *out, const command *c)
{
    const char *rest = c->arguments ? c->arguments : "";
    const option *o;
    parse_argument a;
    fprintf(out, "    %s)\n        _arguments -s", c->name);
    for (int i = 0; (o = command_option(c, i)); i++) put_zsh_option(out, o);
    for (int n = 1; parse_synopsis(&a, &rest); n++) {
        fputs(" \\\n            '", out);
        if (a.repeated)
            fputc('*', out);
        else
            fprintf(out, "%d", n);
        put_action(out, a.name, NULL);
        fputc('\'', out);
    }
    fputs(" ;;\n", out);
}

static const char ZSH_ASK[] =
    "# Words that the program knows: the first column of what it prints.\n"
    "_attnlab_ask() {\n"
    "    local -a found\n"
    "    local file=${(Q)${opt_args[--db]:-${opt_args[-d]:-$attnlab_db}}}\n"
    "    found=(${(f)\"$(attnlab ${file:+--db} ${file:+$file} \"$@\" -o csv 2>/dev/null |\n"
    "        sed '1d; s/[,\\r].*//; s/\"//g')\"})\n"
    "    compadd -a found\n"
    "}\n"
    "_attnlab_study() { _attnlab_ask ls --studies; _files }\n"
    "_attnlab_run() { _attnlab_ask ls }\n"
    "_attnlab_query() { _attnlab_ask query --list }\n"
    "_attnlab_figure() { _attnlab_ask plot --list }\n";

void help_zsh(FILE *out)
{
    fputs("#compdef attnlab\n# zsh completion for attnlab, made by `attnlab help --completion "
          "zsh`\n\n",
          out);
    fputs(ZSH_ASK, out);
    fputs("_attnlab_key() { compadd -S = --", out);
    for (const config_key *k = config_keys; k->name; k++) fprintf(out, " %s", k->name);
    fputs(" }\n\n_attnlab_command() {\n    local -a known\n    known=(\n", out);
    for (int i = 0; commands[i]; i++) {
        fprintf(out, "        '%s:", commands[i]->name);
        put_zsh(out, commands[i]->help);
        fputs("'\n", out);
    }
    fputs("    )\n    _describe command known\n}\n\n_attnlab_of() {\n    case $1 in\n", out);
    for (int i = 0; commands[i]; i++) put_zsh_command(out, commands[i]);
    fputs("    esac\n}\n\n_attnlab() {\n    local curcontext=$curcontext state line\n"
          "    typeset -A opt_args\n"
          "    _arguments -C '(-d --db)'{-d+,--db=}'[the database]:FILE:_files' "
          "'(- *)--help[list the commands]' \\\n"
          "        '(- *)--version[print the version]' '1:command:_attnlab_command' "
          "'*::argument:->rest'\n"
          "    local attnlab_db=${opt_args[--db]:-$opt_args[-d]}\n"
          "    [[ $state != rest ]] || _attnlab_of $words[1]\n}\n\n_attnlab \"$@\"\n",
          out);
}
