/* test_plot.c - the same data give the same bytes, and no name is ever executed. */
#include "analysis/figures/figures.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "tests/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const FILES[] = { "loss.svg",     "loss.png",     "loss.pdf",
                                     "diff.svg",     "diff.png",     "diff.pdf",
                                     "frontier.svg", "frontier.png", "frontier.pdf" };
enum { N = sizeof FILES / sizeof *FILES };

static const double BASE[] = { 3.51, 3.50, 3.52, 3.505, 3.49, 3.515 },
                    NEAR[] = { 3.512, 3.503, 3.524, 3.507, 3.4945, 3.5185 },
                    FAR[] = { 3.545, 3.528, NAN, 3.54, 3.522, 3.547 };

static void plot(const fixture *f, const char *name, const char *folder)
{
    char *out, *err;
    const int status = fixture_command(
        "plot", &out, &err,
        (const char *[]){ "attnlab plot", name, "--db", f->path, "--out", folder, NULL });
    if (status != 0) fail_msg("%s", err);
    for (int i = 0; i < N; i++) assert_non_null(strstr(out, FILES[i]));
    free(out), free(err);
}

static void same_bytes(void **state)
{
    (void)state;
    if (!fixture_has("gnuplot")) skip();
    fixture f;
    fixture_open(&f);
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, BASE, NULL },
                                { "gqa:n_kv_heads=2", "gqa:n_kv_heads=2", 2, 512, 0, NEAR, NULL },
                                { "mqa", "mqa", 1, 512, 0, FAR, NULL } };
    fixture_study(&f, "heads", arm, 3, 6, 0.02);
    char one[128], two[128], path[256], digest[2][HASH_HEX];
    snprintf(one, sizeof one, "%s/a/b", f.folder);
    snprintf(two, sizeof two, "%s/c", f.folder);
    plot(&f, "heads", one);
    sleep(1); /* a date would show now */
    plot(&f, "heads", two);
    for (int i = 0; i < N; i++) {
        error e;
        struct stat s;
        snprintf(path, sizeof path, "%s/%s", one, FILES[i]);
        assert_true(hash_file(digest[0], path, &e));
        assert_true(stat(path, &s) == 0 && s.st_size > 1000);
        snprintf(path, sizeof path, "%s/%s", two, FILES[i]);
        assert_true(hash_file(digest[1], path, &e));
        if (strcmp(digest[0], digest[1]) != 0) fail_msg("%s differs", FILES[i]);
    }
    fixture_close(&f);
}

/* Nothing that gnuplot or a shell would run; each writes `owned` if it does. */
static void hostile_names(void **state)
{
    (void)state;
    if (!fixture_has("gnuplot")) skip();
    fixture f;
    fixture_open(&f);
    const fixture_arm arm[] = {
        { "`touch owned`", "mha", 8, 512, -1, BASE, NULL },
        { "'; system('touch owned'); '", "a", 2, 512, 0, NEAR, NULL },
        { "$(touch owned)\n!touch owned\nsystem \"touch owned\"", "b", 1, 512, 0, FAR, NULL },
        { "\"><script>%s%n {/Bold x}_2^2 \\\"\\", "c", 4, 512, 0, NEAR, NULL },
    };
    fixture_study(&f, "'`touch owned`", arm, 4, 3, 0.02);
    char folder[128], path[256], *text;
    snprintf(folder, sizeof folder, "%s/out", f.folder);
    plot(&f, "'`touch owned`", folder);
    snprintf(path, sizeof path, "%s/owned", folder);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_not_equal(access("owned", F_OK), 0);
    for (int i = 0; i < N; i += 3) { /* SVG: markup in a name is text */
        snprintf(path, sizeof path, "%s/%s", folder, FILES[i]);
        text = fixture_file(path);
        assert_null(strstr(text, "<script"));
        assert_non_null(strstr(text, "&lt;script"));
        free(text);
    }
    fixture_close(&f);
}

/* A database with a study of two arms, "heads". */
static void open_heads(fixture *f)
{
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, BASE, NULL },
                                { "mqa", "mqa", 1, 512, 0, NEAR, NULL } };
    fixture_open(f);
    fixture_study(f, "heads", arm, 2, 2, 0.02);
}

/* Loss by position: only where there are sums by position, and the means are theirs. */
static void by_position(void **state)
{
    (void)state;
    if (!fixture_has("gnuplot")) skip();
    fixture f;
    open_heads(&f);
    char folder[128], path[256], *out, *err, *data;
    snprintf(folder, sizeof folder, "%s/out", f.folder);
    const char *args[] = { "attnlab plot", "heads",  "--db",     f.path, "--out",
                           folder,         "--kind", "position", NULL };
    assert_int_equal(fixture_command("plot", &out, &err, args), STATUS_FAILED);
    assert_non_null(strstr(err, "sums by position, but none are recorded"));
    free(out), free(err);
    /* Position p costs 2 + p / 512 nats; a span of 16 has its mean at 7.5. */
    fixture_run(&f,
                "WITH RECURSIVE n(p) AS (SELECT 0 UNION ALL SELECT p + 1 FROM n WHERE p < 511)"
                " INSERT INTO eval_pos SELECT eval_id, p, 40, 40 * (2 + p / 512.0) FROM eval, n");
    assert_int_equal(fixture_command("plot", &out, &err, args), 0);
    snprintf(path, sizeof path, "%s/position.dat", folder);
    data = fixture_file(path);
    char line[64];
    snprintf(line, sizeof line, "\n8 %.9g\n", 2 + 7.5 / 512);
    assert_non_null(strstr(data, line));
    snprintf(line, sizeof line, "\n504 %.9g\n", 2 + (496 + 7.5) / 512);
    assert_non_null(strstr(data, line));
    free(data), free(out), free(err);
    fixture_close(&f);
}

static void put(const char *folder, const char *name, const char *text)
{
    char path[256];
    error e;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_true(file_make_folder(folder, &e) && file_write(path, text, strlen(text), &e));
}

/* Earlier figures are replaced.  If one file is not a figure of ours, none is written. */
static void replaces_only_figures(void **state)
{
    (void)state;
    if (!fixture_has("gnuplot")) skip();
    fixture f;
    open_heads(&f);
    char folder[128], path[256], *out, *err, *png;
    const char *args[] = { "attnlab plot", "heads", "--db", f.path, "--out", folder, NULL };
    static const char *const KIND[] = { "dat", "gp", "svg", "png", "pdf", "tex" };
    size_t n;
    error e;
    snprintf(folder, sizeof folder, "%s/fresh", f.folder);
    for (int again = 0; again < 2; again++) plot(&f, "heads", folder);
    snprintf(path, sizeof path, "%s/loss.png", folder);
    assert_true(file_read(&png, &n, path, 1 << 24, &e));
    size_t at = 8; /* the signature; then chunks of 12 bytes and their data */
    bool marked = false;
    while (at + 12 <= n) {
        const unsigned char *b = (const unsigned char *)png + at;
        marked = marked || memcmp(b + 4, "tEXtSoftware\0Made by `attnlab plot`", 35) == 0;
        at += 12 + ((size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3]);
    }
    assert_true(marked && at == n && memcmp(png + n - 8, "IEND", 4) == 0);
    free(png);

    for (size_t i = 0; i < sizeof KIND / sizeof *KIND; i++) {
        char name[16];
        struct stat s;
        snprintf(folder, sizeof folder, "%s/%zu", f.folder, i);
        snprintf(name, sizeof name, "diff.%s", KIND[i]);
        put(folder, name, "mine");
        assert_int_equal(fixture_command("plot", &out, &err, args), STATUS_USAGE);
        fixture_expect(err, name);
        fixture_expect(err, "exists and was not made by `attnlab plot`");
        free(out), free(err);
        snprintf(path, sizeof path, "%s/loss.svg", folder); /* drawn before diff */
        assert_int_not_equal(stat(path, &s), 0);
    }
    fixture_close(&f);
}

static void refusals(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, BASE, NULL } };
    fixture_study(&f, "alone", arm, 1, 2, NAN);
    char *out, *err, folder[128], file[128];
    snprintf(folder, sizeof folder, "%s/out", f.folder);
    const char *args[] = { "attnlab plot", "alone",  "--db", f.path, "--out",
                           folder,         "--kind", "diff", NULL };
    assert_int_equal(fixture_command("plot", &out, &err, args), STATUS_FAILED);
    assert_non_null(strstr(err, "it needs an arm with a baseline"));
    free(out), free(err);
    snprintf(file, sizeof file, "%s/test.db/x", f.folder);
    args[5] = file;
    assert_int_equal(fixture_command("plot", &out, &err, args), STATUS_FAILED);
    assert_true(strlen(err) > 0 && strchr(err, '\n') == err + strlen(err) - 1);
    free(out), free(err);
    fixture_close(&f);
}

/* Every kind of the table is listed with its help, and can be asked for by its name. */
static void table(void **state)
{
    (void)state;
    char *out, *err;
    assert_int_equal(fixture_command("plot", &out, &err,
                                     (const char *const[]){ "attnlab plot", "--list", NULL }),
                     0);
    int kinds = 0;
    for (; figure_kinds[kinds]; kinds++) {
        const figure_kind *kind = figure_kinds[kinds];
        assert_true(*kind->needs && kind->make);
        fixture_expect(out, kind->help);
        assert_ptr_equal(figures_find(kind->name), kind);
    }
    assert_true(kinds > 0);
    assert_null(figures_find("los"));
    free(out), free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),         cmocka_unit_test(same_bytes),
        cmocka_unit_test(hostile_names), cmocka_unit_test(by_position),
        cmocka_unit_test(refusals),      cmocka_unit_test(replaces_only_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
