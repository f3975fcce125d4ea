/* roofline_check.h - attnlab roofline --check. */
#ifndef CLI_ROOFLINE_CHECK_H
#define CLI_ROOFLINE_CHECK_H

#include "cli/command.h"
#include "trainer/decode/hardware.h"

/* Print measured and predicted latencies of every cell of bench decode in the database, and a note
 * on the errors.  Fails if there is no cell that the machine can be checked with. */
bool roofline_check(command_call *call, const hardware *h, error *e);

#endif
