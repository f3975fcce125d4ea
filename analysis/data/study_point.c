/* study_point.c - points along the training, as they are written; see study.h. */
#include "analysis/data/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAME[] = { "final", "tokens", "flops", "seconds" };

bool study_point_parse(study_point *p, const char *text, error *e)
{
    *p = (study_point){ STUDY_FINAL, 0 };
    if (strcmp(text, NAME[STUDY_FINAL]) == 0) return true;
    for (int k = STUDY_TOKENS; k <= STUDY_SECONDS; k++) {
        const size_t n = strlen(NAME[k]);
        if (strncmp(text, NAME[k], n) != 0 || text[n] != '=') continue;
        static const char SUFFIX[] = "kMGT";
        char *end;
        double x = strtod(text + n + 1, &end);
        const char *suffix = *end ? strchr(SUFFIX, *end) : NULL;
        if (suffix && end > text + n + 1) x *= pow(1000, (double)(suffix - SUFFIX + 1)), end++;
        if (end == text + n + 1 || *end || !(x > 0) || isinf(x)) break;
        *p = (study_point){ (study_measure)k, x };
        return true;
    }
    return error_usage(e, "--at '%s': final, tokens=N, flops=N or seconds=N, such as tokens=2M",
                       text);
}

void study_point_print(char *text, size_t size, study_point p)
{
    if (p.of == STUDY_FINAL)
        snprintf(text, size, "%s", NAME[p.of]);
    else
        snprintf(text, size, "%s=%.10g", NAME[p.of], p.value);
}
