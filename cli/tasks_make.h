/* tasks_make.h - the suites that `attnlab tasks` makes instead of listing: from held-out text
 * (--from), or from generators (--generate).
 */
#ifndef CLI_TASKS_MAKE_H
#define CLI_TASKS_MAKE_H

#include "cli/command.h"

typedef struct tasks_make {
    const char *from, *out;            /* a corpus; the folder of the suite            */
    option_texts generate;             /* specs                                        */
    int64_t items, seed;               /* OPTION_UNSET: 200 of each task; 1            */
    int64_t context, answer, distance; /* of --from, in tokens; OPTION_UNSET: 512, 96, 64 */
} tasks_make;

/* Was any of these options given? */
bool tasks_make_asked(const tasks_make *o);

/* Make the suite and print its tasks; returns the exit status. */
int tasks_make_run(command_call *call, const tasks_make *o);

#endif
