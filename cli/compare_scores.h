/* compare_scores.h - print a comparison by a suite of tasks. */
#ifndef CLI_COMPARE_SCORES_H
#define CLI_COMPARE_SCORES_H

#include "analysis/answers/scored.h"
#include "cli/command.h"

/* For programs: one row for each contrast and each task, group and suite. */
void compare_scores_rows(const comparison *c, table_format f);

/* For people: the table of all rows and, in text and Markdown, sentences on the suite and groups.
 */
void compare_scores_print(FILE *out, const comparison *c, table_format f);

/* Has any row one of these verdicts (a bit each)? */
bool compare_scores_found(const comparison *c, uint64_t verdicts);

#endif
