/* tasks_make.h - the suites that `attnlab tasks` makes instead of listing: from held-out text
 * (--from), or from generators (--generate).
 */
#ifndef CLI_TASKS_MAKE_H
#define CLI_TASKS_MAKE_H

#include "cli/command.h"

typedef struct tasks_make {
    const char *from, *out;    /* a corpus; the folder of the suite            */
    option_texts generate;     /* specs                                        */
    int64_t items, seed;       /* OPTION_UNSET: 200 of each task; 1            */
    int64_t context, distance; /* of --from; OPTION_UNSET: 512; 64 tokens   */
} tasks_make;

/* Was one of the two asked for? */
bool tasks_make_asked(const tasks_make *o);

/* Make the suite and print its tasks; returns the exit status. */
int tasks_make_run(command_call *call, const tasks_make *o);

#endif
