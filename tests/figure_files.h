/* figure_files.h - figures drawn for tests, and the numbers in their data files. */
#ifndef TESTS_FIGURE_FILES_H
#define TESTS_FIGURE_FILES_H

#include "tests/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void near(double x, double y, double eps)
{
    if (!(fabs(x - y) <= eps)) fail_msg("%.12g is not %.12g", x, y);
}

/* Runs plot with up to six more words; text formats alone are made, quickly. */
static inline int plot(const fixture *f, const char *study, const char *out, char **err,
                       const char *const *more)
{
    const char *argv[16] = { "attnlab plot", study, "--db", f->path, "--out", out };
    char *printed;
    int n = 6;
    while (more && *more) argv[n++] = *more++;
    const int status = fixture_command("plot", &printed, err, argv);
    free(printed);
    return status;
}

static inline char *drawn(const fixture *f, const char *kind, const char *ending,
                          const char *const *more)
{
    char folder[128], path[256], *err;
    const char *argv[12] = { "--kind", kind, "--format", "tex" };
    for (int i = 4; more && *more; i++) argv[i] = *more++;
    snprintf(folder, sizeof folder, "%s/out", f->folder);
    if (plot(f, "study", folder, &err, argv) != 0) fail_msg("%s: %s", kind, err);
    assert_string_equal(err, "");
    free(err);
    snprintf(path, sizeof path, "%s/%s.%s", folder, kind, ending);
    return fixture_file(path);
}

/* The rows of the block of `text` under "# comment"; returns how many rows of `width` numbers. */
static inline int block(double *value, int most, const char *text, const char *comment, int width)
{
    char head[160];
    snprintf(head, sizeof head, "# %s\n", comment);
    const char *at = strstr(text, head);
    if (!at) fail_msg("no block '%s'", comment);
    at = strchr(at + strlen(head), '\n') + 1; /* past the names of the columns */
    int n = 0;
    for (; *at && *at != '\n' && n < most; n++)
        for (int c = 0; c < width; c++) {
            char *end;
            value[n * width + c] = strtod(at, &end);
            if (end == at) fail_msg("no number in block '%s'", comment);
            at = end + (*end == '\n' || *end == ' ');
        }
    return n;
}

/* Three repetitions of bench decode for each arm, at two contexts and batches: 1, 3 and 2 ms a
 * token for each key/value head, sequence and 100 positions. */
static inline void put_speeds(fixture *f)
{
    fixture_run(f, "INSERT INTO bench(config_id, host_id, code_id, phase, context, batch, threads,"
                   " block, rep, ns, tokens, at_ms, steps, weight_bytes, cache_bytes)"
                   " SELECT config_id, 1, 1, 'decode', 100 * c.value, b.value, 2, r.key, r.key,"
                   " 1000000 * 4 * r.value * coalesce(n_kv_heads, 1) * b.value * c.value,"
                   " 4 * b.value, 0, 4, 1048576, 1048576 * n_kv_heads * b.value * c.value"
                   " FROM config, json_each('[1, 4]') b, json_each('[1, 8]') c,"
                   " json_each('[1, 3, 2]') r");
}

#endif
