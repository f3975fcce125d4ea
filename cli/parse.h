/* parse.h - a command line read by the tables of its command.
 *
 *     --name=value  --name value  -x value  -xvalue  -abc (flags)  --  (the rest are arguments)
 *
 * Options and arguments come in any order.  A long option is written out: an abbreviation would
 * change its meaning on the day a longer name is added.
 */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include "cli/command.h"

/* Defaults into the shared options of the call and into the command's own `options`. */
void parse_init(command_call *call, void *options);

/* Read n words.  Fails (STATUS_USAGE) on an unknown option, a missing or wrong value, a wrong
 * number of arguments, and shared options that exclude each other; not on the last two where
 * call->help is set. */
bool parse_words(command_call *call, void *options, char **word, int n, error *e);

/* Free the lists of repeated options and of arguments. */
void parse_close(command_call *call, void *options);

/* One word of a synopsis such as "CONFIG [KEY=VALUE...]"; *rest is moved past it.  Returns false at
 * the end. */
typedef struct parse_argument {
    char name[64]; /* without brackets and dots */
    bool optional, repeated;
} parse_argument;
bool parse_synopsis(parse_argument *out, const char **rest);

#endif
