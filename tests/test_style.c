/* test_style.c - style files: a printed file is read back, mistakes are refused with
 * their line, and the settings are drawn. */
#include "analysis/figures/style.h"
#include "core/base/file.h"
#include "tests/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_text(const char *path, const char *text)
{
    error e;
    if (!file_write(path, text, strlen(text), &e)) fail_msg("%s", e.msg);
}

/* As printed, with one thing changed, and printed again. */
static void there_and_back(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    char path[128], *text[3] = { 0 };
    snprintf(path, sizeof path, "%s/style", f.folder);
    style s;
    style_default(&s);
    for (int i = 0; i < 3; i++) {
        size_t n;
        FILE *out = open_memstream(&text[i], &n);
        style_print(out, &s);
        fclose(out);
        write_text(path, text[i]);
        error e;
        style_default(&s);
        if (!style_read(&s, path, &e)) fail_msg("%s", e.msg);
        if (i == 1) s.mean_width = 3.25;
    }
    assert_string_equal(text[0], text[1]);
    assert_non_null(strstr(text[2], "\nmean_width: 3.25\n"));
    assert_true(s.mean_width == 3.25 && s.colours == 7);
    for (int i = 0; i < 3; i++) free(text[i]);
    fixture_close(&f);
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } BAD[] = {
        { "grid_colour: red\n", ":1: grid_colour: 'red' is not a colour such as #0072B2" },
        { "\n# a comment\ncolours: #0072B2 #12345\n", ":3: colours: '#0072B2 #12345': give 1 to" },
        { "colours:\n", ":1: colours: '': give 1 to 24 colours" },
        { "font: Sans'; system('touch owned'); '\n", ":1: font: " },
        { "font_size: 1000\n", ":1: font_size: '1000' is not a number from 4 to 72" },
        { "font_size: nan\n", ":1: font_size: 'nan' is not a number" },
        { "font_size 12\n", ":1: 'font_size 12': write \"key: value\"" },
        { "fontsize: 12\n", ":1: unknown key 'fontsize'" },
        { "tex_font: write18\n", ":1: tex_font: 'write18': use tiny, scriptsize" },
    };
    fixture f;
    fixture_open(&f);
    char path[128];
    snprintf(path, sizeof path, "%s/style", f.folder);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        style s;
        error e;
        style_default(&s);
        write_text(path, BAD[i].text);
        if (style_read(&s, path, &e)) fail_msg("taken: %s", BAD[i].text);
        assert_int_equal(e.status, STATUS_USAGE);
        if (!strstr(e.msg, BAD[i].message)) fail_msg("%s\nfor: %s", e.msg, BAD[i].text);
        assert_memory_equal(e.msg, path, strlen(path));
    }
    fixture_close(&f);
}

/* Black on white is 21 to 1; small text of any arm has at least 4.5. */
static void contrast_of_ink(void **state)
{
    (void)state;
    style s;
    style_default(&s);
    assert_float_equal(style_luminance("#ffffff"), 1, 1e-9);
    assert_float_equal(style_luminance("#000000"), 0, 1e-9);
    assert_float_equal(style_luminance("#777777"), 0.1845, 1e-4);
    for (int i = 0; i < 2 * s.colours; i++) {
        char ink[STYLE_COLOUR];
        style_ink(ink, style_colour(&s, i));
        assert_true(1.05 / (style_luminance(ink) + 0.05) >= 4.5);
    }
    char half[STYLE_COLOUR];
    style_blend(half, "#000000", "#ff8040", 0.5);
    assert_string_equal(half, "#804020");
}

static void is_drawn(void **state)
{
    (void)state;
    static const double Y[] = { 3.5, 3.6 }, Z[] = { 3.6, 3.6 };
    fixture f;
    fixture_open(&f);
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, Y, NULL },
                                { "mqa", "mqa", 1, 512, 0, Z, NULL } };
    fixture_study(&f, "study", arm, 2, 2, NAN);
    char path[128], folder[128], *out, *err, *text;
    snprintf(path, sizeof path, "%s/style", f.folder);
    snprintf(folder, sizeof folder, "%s/out", f.folder);
    write_text(path, "colours: #123456 #abcdef\nfont: Liberation Serif\ntex_font: tiny\n"
                     "mean_width: 5\n");
    const char *args[] = { "attnlab plot", "study",    "--db", f.path,    "--out", folder, "--kind",
                           "loss",         "--format", "tex",  "--style", path,    NULL };
    if (fixture_command("plot", &out, &err, args) != 0) fail_msg("%s", err);
    free(out), free(err);
    snprintf(path, sizeof path, "%s/loss.gp", folder);
    text = fixture_file(path);
    assert_non_null(strstr(text, "font 'Liberation Serif,12'"));
    assert_non_null(strstr(text, "lw 5 lc rgb '#00123456'"));
    assert_non_null(strstr(text, "lw 5 lc rgb '#00abcdef'"));
    assert_null(strstr(text, "0072B2"));
    free(text);
    snprintf(path, sizeof path, "%s/loss.tex", folder);
    text = fixture_file(path);
    assert_non_null(strstr(text, "\\definecolor{attnlab-2}{HTML}{abcdef}"));
    assert_non_null(strstr(text, "font=\\tiny"));
    free(text);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(refusals),
        cmocka_unit_test(contrast_of_ink),
        cmocka_unit_test(is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
