/* test_figures.c - every kind of figure shows what compare prints, what closed forms give, and what
 * can be counted in the database; in LaTeX no name is a command. */
#include "core/base/hash.h"
#include "tests/figure_files.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SEEDS = 6, ARMS = 6 };

/* Two contexts of three variants: one is like the baseline, one worse at the longer context. */
static const double BASE[] = { 3.51, 3.50, 3.52, 3.505, 3.49, 3.515 },
                    LONG[] = { 3.41, 3.41, 3.40, 3.409, 3.39, 3.412 },
                    NEAR[] = { 3.512, 3.503, 3.524, 3.507, 3.4945, 3.5185 },
                    NEAR_LONG[] = { 3.413, 3.412, 3.403, 3.41, 3.3945, 3.4135 },
                    FAR[] = { 3.53, 3.512, 3.50, 3.52, 3.50, 3.52 },
                    FAR_LONG[] = { 3.51, 3.508, 3.507, 3.506, 3.487, 3.515 };

#define AXES(attention, context)                                                                   \
    "{\"model.attention\":\"" attention "\",\"model.context\":" #context "}"

static const fixture_arm GRID[ARMS] = {
    { "mha @256", "mha", 8, 256, -1, BASE, AXES("mha", 256) },
    { "mha @512", "mha", 8, 512, -1, LONG, AXES("mha", 512) },
    { "gqa @256", "gqa", 2, 256, 0, NEAR, AXES("gqa", 256) },
    { "gqa @512", "gqa", 2, 512, 1, NEAR_LONG, AXES("gqa", 512) },
    { "mqa @256", "mqa", 1, 256, 0, FAR, AXES("mqa", 256) },
    { "mqa @512", "mqa", 1, 512, 1, FAR_LONG, AXES("mqa", 512) },
};

/* cmocka compares floats. */
/* Is the difference in `text` with `after` it, to any of the numbers of digits that compare uses?
 */
static void shown(const char *text, double difference, const char *after)
{
    enum { FEWEST = 2, MOST = 8 };
    for (int digits = FEWEST; digits <= MOST; digits++) {
        char wanted[96];
        snprintf(wanted, sizeof wanted, "'%s%.*f%s'", difference < 0 ? "\u2212" : "+", digits,
                 fabs(difference), after);
        if (strstr(text, wanted)) return;
    }
    fail_msg("no difference %g with '%s' is drawn", difference, after);
}

static json_t *compared(const fixture *f, const char *metric)
{
    char *out, *err;
    const char *argv[] = { "attnlab compare",          "study", "--db", f->path, "-o", "json",
                           metric ? "--metric" : NULL, metric,  NULL };
    assert_int_equal(fixture_command("compare", &out, &err, argv), 0);
    json_t *rows = fixture_rows(out);
    assert_true(json_is_array(rows));
    free(out), free(err);
    return rows;
}

/* Lines: the same differences, a little aside from 256 and 512; each is where its arm is. */
static void as_lines(const fixture *f, const json_t *rows)
{
    double v[8];
    char *lines = drawn(f, "interaction", "dat", NULL);
    const char *at = strstr(lines, "# gqa: ");
    assert_non_null(at);
    char head[160];
    snprintf(head, sizeof head, "%.*s", (int)strcspn(at + 2, "\n"), at + 2);
    assert_int_equal(block(v, 8, lines, head, 2), 2);
    for (int i = 0; i < 2; i++) {
        const json_t *r = json_array_get(rows, (size_t)i);
        double own[8];
        near(v[2 * i] / (256 << i), 1, 0.03);
        near(v[2 * i + 1], fixture_number(r, "diff"), 2e-6);
        assert_int_equal(block(own, 2, lines, i ? "gqa @512" : "gqa @256", 4), 1);
        near(own[0], v[2 * i], 0);
        near(own[1], fixture_number(r, "diff"), 2e-6);
        near(own[2], fixture_number(r, "ci_lo"), 2e-6);
        near(own[3], fixture_number(r, "ci_hi"), 2e-6);
    }
    /* One doubling: the slope is the difference of differences. */
    snprintf(head, sizeof head, "# gqa: %+.4f [",
             fixture_number(json_array_get(rows, 1), "diff") -
                 fixture_number(json_array_get(rows, 0), "diff"));
    assert_memory_equal(at, head, 12);
    free(lines);
}

/* Differences, intervals and verdicts: forest, heat map and lines against what compare prints. */
static void as_compared(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "study", GRID, ARMS, SEEDS, 0.02);
    json_t *rows = compared(&f, NULL);
    assert_int_equal(json_array_size(rows), 4);
    double v[64];
    char *forest = drawn(&f, "diff", "dat", NULL), *script = drawn(&f, "diff", "gp", NULL);
    assert_int_equal(block(v, 8, forest, "simultaneous 1 - alpha", 4), 4);
    for (int i = 0; i < 4; i++) {
        const json_t *r = json_array_get(rows, (size_t)i);
        near(v[4 * i], fixture_number(r, "diff"), 2e-6);
        near(v[4 * i + 1], 4 - i, 0);
        near(v[4 * i + 2], fixture_number(r, "ci_lo"), 2e-6);
        near(v[4 * i + 3], fixture_number(r, "ci_hi"), 2e-6);
        char after[64];
        snprintf(after, sizeof after, "  %s", json_string_value(json_object_get(r, "verdict")));
        shown(script, fixture_number(r, "diff"), after);
    }
    /* The seeds, by brute force: row 4 - 0.24 is gqa @256. */
    double seed[64];
    assert_int_equal(block(seed, 32, forest, "the seeds", 2), 4 * SEEDS);
    for (int s = 0; s < SEEDS; s++) near(seed[2 * s], NEAR[s] - BASE[s], 1e-8);
    free(forest), free(script);

    /* (256, 512) across, (mha, gqa, mqa) down: rows 3, 2, 1. */
    char *heat = drawn(&f, "heat", "dat", NULL), *cells = drawn(&f, "heat", "gp", NULL);
    assert_int_equal(block(v, 8, heat, "cells", 4), 4);
    static const double X[] = { 1, 2, 1, 2 }, Y[] = { 2, 2, 1, 1 };
    int decided = 0;
    for (int i = 0; i < 4; i++) {
        const json_t *r = json_array_get(rows, (size_t)i);
        const char *verdict = json_string_value(json_object_get(r, "verdict"));
        near(v[4 * i], X[i], 0), near(v[4 * i + 1], Y[i], 0);
        near(v[4 * i + 2], fixture_number(r, "diff"), 2e-6);
        shown(cells, fixture_number(r, "diff"),
              strcmp(verdict, "undecided") == 0    ? " ~"
              : strcmp(verdict, "equivalent") == 0 ? " ="
                                                   : "");
        decided += strcmp(verdict, "undecided") != 0;
    }
    assert_in_range(decided, 1, 3); /* both kinds were there */
    free(heat), free(cells);

    /* Other axes turn the squares. */
    heat = drawn(&f, "heat", "dat",
                 (const char *[]){ "--rows", "model.context", "--cols", "model.attention", NULL });
    assert_int_equal(block(v, 8, heat, "cells", 4), 4);
    near(v[0], 2, 0), near(v[1], 2, 0);
    near(v[4], 2, 0), near(v[5], 1, 0);
    free(heat);

    as_lines(&f, rows);
    json_decref(rows);
    fixture_close(&f);
}

/* Training by evaluation context: the means that compare has for each length. */
static void matrix(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "study", GRID, ARMS, SEEDS, 0.02);
    char folder[128], *err;
    snprintf(folder, sizeof folder, "%s/none", f.folder);
    assert_int_equal(plot(&f, "study", folder, &err,
                          (const char *[]){ "--kind", "matrix", "--format", "tex", NULL }),
                     STATUS_FAILED);
    assert_non_null(strstr(err, "two or more lengths (eval.context), but only one is recorded"));
    free(err);
    /* At 256, a run trained at c loses c / 5120 nats more than at 512. */
    fixture_run(&f, "INSERT INTO eval(run_id, step, context, stride, n_tok, n_bytes, nll_sum,"
                    " last_n_tok, last_nll_sum) SELECT e.run_id, e.step, 256, 256, e.n_tok,"
                    " e.n_bytes, e.nll_sum + e.n_tok * c.context / 5120.0, e.last_n_tok,"
                    " e.last_nll_sum FROM eval e JOIN run USING(run_id) JOIN config c"
                    " USING(config_id)");
    char *text = drawn(&f, "matrix", "dat", NULL);
    double v[64];
    const char *const title[] = { "mha", "gqa", "mqa" };
    const double *const value[] = { BASE, LONG, NEAR, NEAR_LONG, FAR, FAR_LONG };
    for (int p = 0; p < 3; p++) {
        assert_int_equal(block(v, 8, text, title[p], 4), 4);
        for (int i = 0; i < 4; i++) { /* by arm, then by length */
            double mean = 0;
            for (int s = 0; s < SEEDS; s++) mean += value[2 * p + i / 2][s] / SEEDS;
            if (i % 2 == 0) mean += (256 << i / 2) / 5120.0;
            near(v[4 * i], 1 + i % 2, 0);
            near(v[4 * i + 1], 2 - i / 2, 0);
            near(v[4 * i + 2], mean, 1e-8);
        }
    }
    free(text);
    fixture_close(&f);
}

/* Loss against what training took: 40 steps of 4,096 tokens at 3e7 FLOPs, 1.5 s a step. */
static void measures(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "study", GRID, 2, SEEDS, NAN);
    fixture_run(&f, "UPDATE train_step SET wall_ms = 1500 * step");
    static const struct {
        const char *x;
        double end;
    } X[] = { { "tokens", 40 * 4.096 }, { "flops", 40 * 4096 * 3e7 / 1e12 }, { "seconds", 60 } };
    double v[64], mean = 0;
    for (int s = 0; s < SEEDS; s++) mean += LONG[s] / SEEDS;
    for (int i = 0; i < 3; i++) {
        char *text = drawn(&f, "loss", "dat", (const char *[]){ "--x", X[i].x, NULL });
        /* The mean of "mha @512" ends there; its band is the first of its blocks. */
        assert_int_equal(block(v, 16, text, "mha @512", 3), 8);
        const double *last = v + 7 * 3;
        double square = 0;
        for (int s = 0; s < SEEDS; s++) square += (LONG[s] - mean) * (LONG[s] - mean);
        const double half = 2.570581836 * sqrt(square / (SEEDS - 1) / SEEDS); /* t(0.975, 5) */
        near(last[0], X[i].end, 1e-6);
        near(last[1], mean - half, 1e-8);
        near(last[2], mean + half, 1e-8);
        free(text);
    }
    fixture_close(&f);
}

#define RATE(lr) "{\"model.attention\":\"mha\",\"train.lr\":" #lr "}"

/* Means on a parabola in log lr are fitted by it; what diverged is counted, and limits the fit. */
static void rates(void **state)
{
    (void)state;
    enum { RATES = 5 };
    static const double LR[RATES] = { 0.0001, 0.001, 0.003, 0.01, 0.1 };
    static const char *const AXIS[RATES] = { RATE(0.0001), RATE(0.001), RATE(0.003), RATE(0.01),
                                             RATE(0.1) };
    for (int bent = 0; bent < 2; bent++) {
        fixture f;
        double y[RATES][3];
        fixture_arm arm[RATES];
        char label[RATES][16];
        fixture_open(&f);
        for (int i = 0; i < RATES; i++) {
            const double off = log(LR[i]) - log(0.002);
            for (int s = 0; s < 3; s++)
                y[i][s] = 3 + 0.05 * off * off + 0.01 * (s - 1) + (bent && i == 1 ? 1.5 : 0);
            snprintf(label[i], sizeof label[i], "lr=%g", LR[i]);
            arm[i] = (fixture_arm){ label[i], "mha", 8, 512, i ? 0 : -1, y[i], AXIS[i] };
        }
        if (bent) y[4][2] = NAN;
        fixture_study(&f, "study", arm, RATES, 3, NAN);
        char *text = drawn(&f, "lr", "dat", NULL), *script = drawn(&f, "lr", "gp", NULL);
        double v[256];
        if (bent) {
            /* Rates beyond the wall, and those that have no partner on its side, are left out. */
            const int n = block(v, 100, text, "parabola in log lr fitted around the best mean", 2);
            assert_true(n > 20);
            near(v[0], 0.001, 1e-9), near(v[2 * (n - 1)], 0.01, 1e-9);
            assert_non_null(strstr(script, "× 1/3"));
        } else {
            assert_null(strstr(script, "×"));
            const int n = block(v, 100, text, "parabola in log lr fitted around the best mean", 2);
            assert_true(n > 20);
            for (int i = 0; i < n; i++) {
                const double off = log(v[2 * i]) - log(0.002);
                near(v[2 * i + 1], 3 + 0.05 * off * off, 1e-7);
            }
            assert_int_equal(block(v, 32, text, "mha", 2), 0 + 15); /* seeds come first */
        }
        free(text), free(script);
        fixture_close(&f);
    }
}

/* Every kind twice: the same bytes, in every format but those that test_plot.c looks at. */
static void same_bytes(void **state)
{
    (void)state;
    static const char *const KIND[] = { "loss",   "diff",       "heat",     "interaction",
                                        "matrix", "frontier",   "position", "noise",
                                        "width",  "throughput", "groups",   "memory",
                                        "speed" };
    static const char *const ENDING[] = { "tex", "gp", "dat" };
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "study", GRID, ARMS, SEEDS, 0.02);
    fixture_run(&f, "INSERT INTO eval(run_id, step, context, stride, n_tok, n_bytes, nll_sum)"
                    " SELECT run_id, step, 256, 256, n_tok, n_bytes, nll_sum + 1 FROM eval");
    fixture_run(&f, "INSERT INTO eval_pos SELECT eval_id, 0, 40, 80 FROM eval");
    fixture_run(&f, "UPDATE run SET cpu_ms = 60000");
    put_speeds(&f);
    char folder[2][128], digest[2][HASH_HEX], path[256], *err;
    for (int i = 0; i < 2; i++) {
        snprintf(folder[i], sizeof folder[i], "%s/%d", f.folder, i);
        assert_int_equal(
            plot(&f, "study", folder[i], &err, (const char *[]){ "--format", "tex", NULL }), 0);
        assert_non_null(strstr(err, "no figure 'lr': it needs an axis of learning rates"));
        assert_non_null(strstr(err, "no figure 'trend': it needs arms compared with a baseline"));
        int lines = 0;
        for (const char *at = err; (at = strchr(at, '\n')); at++) lines++;
        assert_int_equal(lines, 2 + 4); /* and those of tasks, of which the study has none */
        free(err);
    }
    for (size_t k = 0; k < sizeof KIND / sizeof *KIND; k++)
        for (size_t n = 0; n < 3; n++) {
            for (int i = 0; i < 2; i++) {
                error e;
                snprintf(path, sizeof path, "%s/%s.%s", folder[i], KIND[k], ENDING[n]);
                if (!hash_file(digest[i], path, &e)) fail_msg("%s", e.msg);
            }
            assert_string_equal(digest[0], digest[1]);
        }
    snprintf(path, sizeof path, "%s/loss.svg", folder[0]);
    assert_int_not_equal(access(path, F_OK), 0); /* only what was asked for */
    fixture_close(&f);
}

/* No line of a .tex but comments holds a command that a name brought. */
static void hostile(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "\\input{owned}", "\\write", "$x", "$(", "#1 ", "^^", "&&", "'; ", "`touch"
    };
    fixture f;
    fixture_open(&f);
    const fixture_arm arm[] = {
        { "\\input{owned} %\n\\write18{touch owned}", "mha", 8, 256, -1, BASE,
          AXES("m\\\\h", 256) },
        { "\\immediate\\write18{touch owned}$x_1^2$ #1 ~ {", "mha", 8, 512, -1, LONG,
          AXES("m\\\\h", 512) },
        { "}\\end{document} ^^5cinput{owned} && \\csname", "a", 2, 256, 0, NEAR,
          AXES("\\\\input{owned} ^^5c `touch owned` '; system('touch owned') \\n!touch owned",
               256) },
        { "`touch owned` '; system('touch owned'); ' \"$(touch owned)", "b", 2, 512, 1, NEAR_LONG,
          AXES("\\\\input{owned} ^^5c `touch owned` '; system('touch owned') \\n!touch owned",
               512) },
        { "\xff\xfe\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87 \xe2\x80\xae"
          "a very long name that goes on "
          "and on and on and on and on and on and on",
          "c", 1, 256, 0, FAR, AXES("%$&#_{}~", 256) },
        { "\xff\xfe\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87 \xe2\x80\xae"
          "a very long name that went on "
          "and on and on and on and on and on and on",
          "d", 1, 512, 1, FAR_LONG, AXES("%$&#_{}~", 512) },
    };
    static const char *const NAME = "study\\input{owned}$`touch owned`%";
    fixture_study(&f, NAME, arm, ARMS, SEEDS, 0.02);
    fixture_run(&f, "INSERT INTO eval(run_id, step, context, stride, n_tok, n_bytes, nll_sum)"
                    " SELECT run_id, step, 256, 256, n_tok, n_bytes, nll_sum + 1 FROM eval");
    char folder[128], path[256], command[512], *err, *text;
    snprintf(folder, sizeof folder, "%s/out", f.folder);
    const char *args[] = { "--format", "tex", fixture_has("gnuplot") ? "--format" : NULL, "svg",
                           NULL };
    assert_int_equal(plot(&f, NAME, folder, &err, args), 0);
    free(err);
    static const char *const KIND[] = {
        "loss", "diff", "heat", "interaction", "matrix", "frontier"
    };
    for (size_t k = 0; k < sizeof KIND / sizeof *KIND; k++) {
        snprintf(path, sizeof path, "%s/%s.tex", folder, KIND[k]);
        text = fixture_file(path);
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
            if (line[strspn(line, " ")] == '%') continue;
            for (size_t b = 0; b < sizeof BAD / sizeof *BAD; b++) {
                const char *at = strstr(line, BAD[b]);
                if (at && (at == line || at[-1] != '\\') && !strstr(line, "\\def\\attnlabchar"))
                    fail_msg("%s.tex: %s in '%s'", KIND[k], BAD[b], line);
            }
        }
        free(text);
        if (!fixture_has("pdflatex")) continue;
        snprintf(command, sizeof command,
                 "cd '%s' && echo '\\immediate\\openout3=owned \\closeout3' >owned.tex && pdflatex "
                 "-shell-escape -interaction=nonstopmode -halt-on-error %s.tex >/dev/null",
                 folder, KIND[k]);
        if (system(command) != 0) fail_msg("pdflatex refuses %s.tex", KIND[k]);
    }
    snprintf(path, sizeof path, "%s/owned", folder);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_not_equal(access("owned", F_OK), 0);
    /* What the font lacks is written by number; what is no text, and what turns it round, is not.
     */
    snprintf(path, sizeof path, "%s/loss.gp", folder);
    text = fixture_file(path);
    assert_non_null(strstr(text, "'??\xc3\xa9 U+4E2DU+6587"));
    assert_null(strstr(text, "\xe2\x80\xae"));
    /* Two that are cut alike are told apart. */
    assert_non_null(strstr(text, " (6)'"));
    free(text);
    fixture_close(&f);
}

static void refusals(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "study", GRID, ARMS, 2, 0.02);
    char folder[128], *err;
    snprintf(folder, sizeof folder, "%s/out", f.folder);
    assert_int_equal(
        plot(&f, "study", folder, &err,
             (const char *[]){ "--kind", "heat", "--format", "tex", "--rows", "model.dim", NULL }),
        STATUS_USAGE);
    assert_non_null(
        strstr(err, "--rows 'model.dim': no such axis; study 'study' varies model.attention, "
                    "model.context"));
    free(err);
    assert_int_equal(plot(&f, "study", folder, &err,
                          (const char *[]){ "--kind", "heat", "--format", "tex", "--rows",
                                            "model.context", "--cols", "model.context", NULL }),
                     STATUS_USAGE);
    assert_non_null(strstr(err, "are both 'model.context'"));
    free(err);
    /* One that can be drawn is drawn, though another that was asked for cannot. */
    assert_int_equal(
        plot(&f, "study", folder, &err,
             (const char *[]){ "--kind", "lr", "--kind", "diff", "--format", "tex", NULL }),
        STATUS_FAILED);
    char path[256];
    snprintf(path, sizeof path, "%s/diff.tex", folder);
    assert_int_equal(access(path, F_OK), 0);
    free(err);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_compared), cmocka_unit_test(matrix),     cmocka_unit_test(measures),
        cmocka_unit_test(rates),       cmocka_unit_test(same_bytes), cmocka_unit_test(hostile),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
