/* csv.c - records of CSV: commas, quotes that are doubled inside quotes, lines that end in LF or
 * CRLF.
 */
#include "analysis/data/csv.h"

#include <string.h>

bool csv_record(char *field[CSV_FIELDS], int *n, char **at, int *line)
{
    char *in = *at;
    *n = 0;
    while (*in == '\n' || *in == '\r') *line += *in++ == '\n'; /* empty lines */
    if (!*in) return false;
    for (bool more = true; more;) {
        if (*n == CSV_FIELDS) {
            *n = -1;
            return true;
        }
        char *out = in;
        field[(*n)++] = out;
        const bool quoted = *in == '"';
        if (quoted) in++;
        while (*in && (quoted || !strchr(",\r\n", *in))) {
            if (quoted && *in == '"') {
                if (in[1] != '"') break;
                in++;
            }
            *line += *in == '\n';
            *out++ = *in++;
        }
        if (quoted && *in++ != '"') {
            *n = -1;
            return true;
        }
        more = *in == ',';
        if (*in == '\r' && in[1] == '\n') in++;
        *line += *in == '\n';
        if (*in && !strchr(",\n", *in)) {
            *n = -1;
            return true;
        }
        if (*in) in++;
        *out = '\0';
    }
    *at = in;
    return true;
}
