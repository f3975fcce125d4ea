/* command.h - what a command is, and what it gets when it runs.
 *
 * Each cli/NAME.c ends in one `const command command_NAME`; cli/meson.build lists the files, and
 * the order there is the order in `attnlab help`.  Help, man page, completion and the parser all
 * read these tables, so a command declares its options once:
 *
 *     typedef struct options {
 *         bool all;
 *         double height;
 *     } options;
 *
 *     static const option OPTIONS[] = {
 *         { "all", 'a', OPTION_FLAG, NULL, offsetof(options, all), "show what is equal as well" },
 *         { "height", 0, OPTION_REAL, "K", offsetof(options, height), "...", "7", 0.1, 1000 },
 *         { 0 },
 *     };
 *
 * Options that several commands share (--db, --output, --metric, ...) are declared in command.c;
 * a command names those it takes in `shared` and finds their values in the call.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "core/base/error.h"
#include "core/base/notes.h"
#include "core/base/table.h"
#include "trainer/config/run_spec.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What an option's value is, and the type of the field that it is kept in.  Without a value on the
 * command line and without a default, the field holds what is given in parentheses. */
typedef enum option_kind {
    OPTION_FLAG,    /* takes no value; bool (false)                             */
    OPTION_TEXT,    /* const char * (NULL)                                      */
    OPTION_TEXTS,   /* may be repeated; option_texts (none)                     */
    OPTION_INTEGER, /* int64_t (OPTION_UNSET)                                   */
    OPTION_COUNT,   /* the same, of things that are many: 4k, 1.5M, 64Ki        */
    OPTION_REAL,    /* double (NaN)                                             */
    OPTION_REALS,   /* may be repeated; option_numbers (none)                   */
    OPTION_NUMBERS, /* whole numbers, may be repeated; option_numbers (none)    */
    OPTION_CHOICE,  /* int64_t, the index of the word in choices (OPTION_UNSET) */
    OPTION_CHOICES, /* may be repeated; uint64_t, a bit for each word (0)       */
} option_kind;

enum { OPTION_UNSET = -1 };

typedef struct option_texts {
    const char **item; /* (n) */
    int n;
} option_texts;

typedef struct option_numbers {
    double *item; /* (n) */
    int n;
} option_numbers;

typedef struct option {
    const char *name; /* without the dashes */
    char letter;      /* 0: none            */
    option_kind kind;
    const char *value; /* what the value is called: "FILE", "N"; NULL for a flag */
    size_t offset;     /* of the field                                           */
    const char *help;
    const char *initial;        /* the default as it would be written; "(...)" only describes it */
    double min, max;            /* of a number; both ends are allowed          */
    const char *const *choices; /* NULL last                                   */
} option;

typedef enum command_group {
    COMMAND_DATA,
    COMMAND_TRAIN,
    COMMAND_COMPARE,
    COMMAND_LOOK,
    COMMAND_MODEL,
    COMMAND_DATABASE,
    COMMAND_REFERENCE,
    COMMAND_GROUPS
} command_group;

/* The shared options, a bit each, in the order of the table in command.c. */
enum {
    SHARED_DB = 1,
    SHARED_OUTPUT = 2,
    SHARED_METRIC = 4,
    SHARED_ALPHA = 8,
    SHARED_MARGIN = 16,
    SHARED_GENERATION = 32,
    SHARED_AGAIN = 64,
    SHARED_ACCEPT = 128,
    SHARED_QUIET = 256,
    SHARED_ALLOW_MIXED = 512
};

struct command;

/* One run of a command: the shared options, the arguments, and where notes go. */
typedef struct command_call {
    const struct command *command;
    char name[48]; /* "attnlab compare", for messages */
    char *line;    /* the whole command line          */
    const char *db, *metric;
    int64_t output; /* a table_format */
    double alpha, margin;
    int64_t generation;
    bool again, accept, quiet, allow_mixed, help;
    const char **argument; /* (arguments) */
    int arguments;
    bool document; /* an object of JSON is open */
    notes notes;   /* kept for the end of it    */
} command_call;

typedef struct command {
    const char *name;
    command_group group;
    const char *help;      /* one line, for the list of commands                     */
    const char *arguments; /* "STUDY [KEY=VALUE...]": brackets optional, dots repeat */
    const char *summary;   /* the first paragraph of the command's own help          */
    const char *text;      /* further paragraphs, or NULL                            */
    unsigned shared;       /* SHARED_ bits                                           */
    const option *options; /* the last has no name; NULL: none                       */
    size_t size;           /* of the struct that the offsets refer to                */
    int (*run)(command_call *call, const void *options); /* gives the exit status    */
} command;

/* Every command, in the order of cli/meson.build; NULL last. */
extern const command *const commands[];

/* "Compare", ...: the heading of a group. */
extern const char *const command_groups[COMMAND_GROUPS];

/* The shared options; bit i of `shared` stands for row i.  The last has no name. */
extern const option command_shared[];

/* -h, which every command takes. */
extern const option option_help;

/* Option i of a command: its own, then the shared ones, then --help; NULL past the end. */
const option *command_option(const command *c, int i);

/* May it be given more than once? */
bool command_repeats(const option *o);

/* The command of this name, or NULL. */
const command *command_find(const char *name);

/* The output format that was asked for. */
table_format command_format(const command_call *call);

/* Is the answer text that people read in a terminal or in Markdown (no program, no LaTeX, no HTML)?
 */
bool command_prose(const command_call *call);

/* Call before the table is printed.  In JSON the answer is {"rows": TABLE, "notes": [...]}; the end
 * of it is written after the command has run. */
void command_rows(command_call *call);

/* A note on the answer: a line on stderr, or in JSON an element of "notes". */
void command_note(command_call *call, note_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same of a list, which is left empty. */
void command_notes(command_call *call, notes *list);

/* Notes on the paths of a configuration, not resolved yet, that are found in the current folder and
 * not beside the file that names them. */
void command_elsewhere(command_call *call, const config *settings);

/* Notes that explain the answer: below it where people read it, else as command_notes.  The list is
 * left empty. */
void command_remarks(command_call *call, notes *list);

/* Say on stderr why the command failed; returns the exit status. */
int command_fail(const command_call *call, const error *e);

/* The same of a wrong command line: says where to read on. */
int command_refuse(const command_call *call, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* "missing argument: NAME" */
int command_missing(const command_call *call, const char *argument);

#endif
