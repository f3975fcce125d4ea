/* help.h - the texts that come from the table of commands: help, man page, shell completion. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* `attnlab help`: the commands by group. */
void help_list(FILE *out);

/* `attnlab help COMMAND`. */
void help_command(FILE *out, const command *c);

/* Say on stderr that there is no command `name`, and which one is nearest. */
void help_unknown(const char *name);

/* One option in words: its help, choices, range and default. */
enum { HELP_TEXT = 512 };
void help_option(char text[HELP_TEXT], const option *o);

/* The man page attnlab(1), in man(7) macros. */
void help_manual(FILE *out);

/* Completion scripts. */
void help_bash(FILE *out);
void help_zsh(FILE *out);

#endif
