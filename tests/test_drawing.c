/* test_drawing.c - what figures must never lose: every arm is in every legend, within the page; an
 * arm looks the same on every figure and in the report, and no two arms look alike; bands end where
 * their panel does; the last quarter is each arm's own.
 */
#include "analysis/figures/figures.h"
#include "tests/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 6, MOST = 40, LABEL = 40 };

typedef struct study_made {
    fixture f;
    char label[MOST][LABEL], attention[MOST][LABEL], axis[MOST][128];
    double value[MOST][SEEDS];
} study_made;

/* A study of so many arms: `contexts` values of the context for each variant. */
static void make(study_made *m, int arms, int contexts)
{
    fixture_arm arm[MOST];
    for (int a = 0; a < arms; a++) {
        const int variant = a / contexts, context = 128 << a % contexts;
        snprintf(m->attention[a], LABEL, "window:size=%d", 100 + variant);
        snprintf(m->label[a], LABEL, "size=%d ctx=%d", 100 + variant, context);
        snprintf(m->axis[a], sizeof m->axis[a], "{\"model.attention\":\"%s\",\"model.context\":%d}",
                 m->attention[a], context);
        for (int s = 0; s < SEEDS; s++) m->value[a][s] = 3.4 + 0.01 * a + 0.003 * ((s * s + a) % 5);
        arm[a] = (fixture_arm){ m->label[a], m->attention[a], 4, 512, variant ? a % contexts : -1,
                                m->value[a], m->axis[a] };
    }
    fixture_open(&m->f);
    fixture_study(&m->f, "study", arm, arms, SEEDS, 0.02);
    fixture_run(&m->f, "INSERT INTO eval_pos SELECT eval_id, p, 40, 80 FROM eval,"
                       " (SELECT 0 AS p UNION SELECT 1)");
}

/* The text of out/NAME, once the figures are drawn. */
static void drawn(char **text, const study_made *m, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/out/%s", m->f.folder, name);
    *text = fixture_file(path);
}

static void plot(const study_made *m, const char *format)
{
    char folder[128], *out, *err;
    snprintf(folder, sizeof folder, "%s/out", m->f.folder);
    const char *argv[] = { "attnlab plot", "study",    "--db", m->f.path, "--out",
                           folder,         "--format", format, NULL };
    if (fixture_command("plot", &out, &err, argv) != 0) fail_msg("%s", err);
    free(out), free(err);
}

/* The legend's entry of a label in a script: its point and colour ("pt 7 ... '#000072B2'"), without
 * its size.  Fails unless the entry is there and within the page. */
static void entry_of(char look[64], const char *script, const char *label)
{
    enum { ENTRY = 3000000, POINT = 4000000 };
    char head[96], colour[16];
    double x, y;
    int kind;
    for (int i = 0; i < MOST; i++) {
        snprintf(head, sizeof head, "set label %d '%s", ENTRY + i, label);
        const char *at = strstr(script, head);
        if (!at) continue;
        assert_int_equal(sscanf(strstr(at, " at screen "), " at screen %lf,%lf", &x, &y), 2);
        if (!(x > 0 && x < 1 && y > 0 && y < 1)) fail_msg("%s is at %g, %g", label, x, y);
        snprintf(head, sizeof head, "set label %d '' at screen ", POINT + i);
        at = strstr(script, head);
        assert_non_null(at);
        assert_int_equal(sscanf(strstr(at, " pt "), " pt %d ps %*s lw %*s lc rgb '#%9[0-9a-fA-F]",
                                &kind, colour),
                         2);
        snprintf(look, 64, "pt %d #%s", kind, colour + 2); /* without the opacity */
        return;
    }
    fail_msg("no entry for '%s'", label);
}

static int count(const char *text, const char *part)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part)) n++;
    return n;
}

/* Every arm is in the legend of each figure that shows arms, and looks the same on all of them. */
static void legends(void **state)
{
    (void)state;
    static const int ARMS[] = { 3, 14, 18, 30 };
    static const char *const KIND[] = { "loss", "frontier", "position" };
    for (size_t i = 0; i < sizeof ARMS / sizeof *ARMS; i++) {
        study_made m;
        char look[MOST][64], other[64], name[32];
        make(&m, ARMS[i], ARMS[i] == 14 ? 1 : ARMS[i] % 3 == 0 ? 3 : 2);
        plot(&m, "tex");
        for (int k = 0; k < 3; k++) {
            snprintf(name, sizeof name, "%s.gp", KIND[k]);
            char *script;
            drawn(&script, &m, name);
            for (int a = 0; a < ARMS[i]; a++) {
                entry_of(k ? other : look[a], script, m.label[a]);
                if (k) assert_string_equal(other, look[a]);
            }
            free(script);
            snprintf(name, sizeof name, "%s.tex", KIND[k]);
            char *tex;
            drawn(&tex, &m, name);
            assert_int_equal(count(tex, "\\addlegendentry{"), ARMS[i]);
            free(tex);
        }
        for (int a = 0; a < ARMS[i]; a++)
            for (int b = 0; b < a; b++)
                if (strcmp(look[a], look[b]) == 0)
                    fail_msg("%s and %s: both %s", m.label[a], m.label[b], look[a]);
        fixture_close(&m.f);
    }
}

/* gnuplot draws every entry of the legend into the SVG. */
static void in_svg(void **state)
{
    (void)state;
    if (!fixture_has("gnuplot")) skip();
    study_made m;
    make(&m, 30, 3);
    plot(&m, "svg");
    char *svg;
    drawn(&svg, &m, "loss.svg");
    for (int a = 0; a < 30; a++)
        if (!strstr(svg, m.label[a])) fail_msg("'%s' is not in loss.svg", m.label[a]);
    free(svg);
    fixture_close(&m.f);
}

/* Arms of which nothing can be drawn are named all the same. */
static void nothing_to_draw(void **state)
{
    (void)state;
    study_made m;
    char look[64];
    make(&m, 3, 1);
    fixture_run(&m.f, "UPDATE run SET status = 'planned', last_step = 0 WHERE run_id IN"
                      " (SELECT run_id FROM arm_run JOIN arm USING(arm_id) WHERE ord = 2)");
    plot(&m, "tex");
    char *script;
    drawn(&script, &m, "loss.gp");
    entry_of(look, script, m.label[2]);
    fixture_expect(script, "(not finished)'");
    free(script);
    drawn(&script, &m, "frontier.tex");
    fixture_expect(script, "not drawn: 1 of 3 arms");
    free(script);
    fixture_close(&m.f);
}

/* Looks differ also if a style has few colours, or as many as there are points. */
static void few_colours(void **state)
{
    (void)state;
    study_made m;
    study s;
    error e;
    make(&m, 36, 1);
    if (!study_open(&s, &m.f.d, "study", NULL, -1, &e)) fail_msg("%s", e.msg);
    for (int colours = 1; colours <= 12; colours++) {
        style look;
        style_default(&look);
        look.colours = colours;
        for (int c = 7; c < colours; c++) snprintf(look.colour[c], STYLE_COLOUR, "#1020%02d", c);
        chart_look *arm = figures_looks(&s, &look);
        for (int a = 0; a < s.arms; a++)
            for (int b = 0; b < a; b++)
                if (arm[a].point == arm[b].point && strcmp(arm[a].colour, arm[b].colour) == 0)
                    fail_msg("%d colours: arms %d and %d look alike", colours, a, b);
        free(arm);
    }
    study_free(&s);
    fixture_close(&m.f);
}

/* The report's interactive curves have the figures' colours and points. */
static void in_report(void **state)
{
    (void)state;
    study_made m;
    study s;
    error e;
    char path[128], wanted[160], *out, *err;
    make(&m, 9, 3);
    snprintf(path, sizeof path, "%s/page.html", m.f.folder);
    const char *argv[] = { "attnlab report", "study", "--db", m.f.path, "--out", path, NULL };
    if (fixture_command("report", &out, &err, argv) != 0) fail_msg("%s", err);
    free(out), free(err);
    char *page = fixture_file(path);
    if (!study_open(&s, &m.f.d, "study", NULL, -1, &e)) fail_msg("%s", e.msg);
    style usual;
    style_default(&usual);
    chart_look *look = figures_looks(&s, &usual);
    for (int a = 0; a < s.arms; a++) {
        snprintf(wanted, sizeof wanted,
                 "{\"name\":\"%s\",\"colour\":\"%s\",\"dash\":%d,\"point\":%d,", m.label[a],
                 look[a].colour, look[a].dash, look[a].point);
        fixture_expect(page, wanted);
    }
    free(look), free(page);
    study_free(&s);
    fixture_close(&m.f);
}

/* The first row of the second block of `text` under "# comment": that of the right panel. */
static void right_panel(double value[3], const char *text, const char *comment, int width)
{
    char head[96];
    snprintf(head, sizeof head, "# %s\n# x lower", comment);
    if (width == 2) snprintf(head, sizeof head, "# %s\n# x mean", comment);
    const char *at = strstr(text, head);
    assert_non_null(at);
    at = strstr(at + 1, head);
    assert_non_null(at);
    at = strchr(strchr(at, '\n') + 1, '\n') + 1;
    for (int i = 0; i < width; i++) {
        char *end;
        value[i] = strtod(at, &end);
        at = end;
    }
}

/* The ends of the n-th y axis of a gnuplot script. */
static void y_range(double range[2], const char *script, int n)
{
    static const char KEY[] = "set yrange [";
    const char *at = script;
    for (int i = 0; i <= n; i++) {
        at = strstr(at, KEY);
        assert_non_null(at);
        at += sizeof KEY - 1;
    }
    char *colon;
    range[0] = strtod(at, &colon);
    range[1] = strtod(colon + 1, NULL);
}

/* A band stays within its panel, since gnuplot's PNG fills what lies outside.  One seed far above
 * five that are alike puts the lower end of the interval below all of them. */
static void bands_within(void **state)
{
    (void)state;
    study_made m;
    make(&m, 2, 1);
    fixture_run(&m.f, "DELETE FROM eval_pos");
    fixture_run(&m.f, "UPDATE eval SET nll_sum = nll_sum + 0.5 * n_tok WHERE run_id IN"
                      " (SELECT run_id FROM arm_run WHERE pair_key = 6)");
    plot(&m, "tex");
    char *data, *script;
    drawn(&data, &m, "loss.dat"), drawn(&script, &m, "loss.gp");
    double range[2][2];
    y_range(range[0], script, 0), y_range(range[1], script, 1);
    int bands = 0, touch = 0;
    for (char *at = data; (at = strstr(at, "# x lower upper")); bands++) {
        at = strchr(at, '\n') + 1;
        const double first = strtod(at, NULL);
        /* The last quarter begins at more than 100 thousand tokens. */
        const double *y = range[first > 100];
        for (char *end; *at && *at != '\n'; at = end + 1) {
            strtod(at, &end);
            const double lower = strtod(end, &end), upper = strtod(end, &end);
            assert_true(lower >= y[0] - 1e-6 && upper <= y[1] + 1e-6);
            touch += lower <= y[0] + 1e-6;
        }
    }
    assert_int_equal(bands, 4);
    assert_true(touch > 0);
    free(data), free(script);
    fixture_close(&m.f);
}

/* A band starts at the left end of its panel, between the evaluations on both sides of it, since
 * gnuplot's PNG draws points beyond it wrongly.  With lengths of 1 : 10, the panel shows 75 to 100
 * % of each arm. */
static void last_quarter(void **state)
{
    (void)state;
    study_made m;
    double band[3], mean[3];
    make(&m, 2, 1);
    /* Evaluations at each eighth of 163,840 tokens but the sixth. */
    fixture_run(&m.f, "DELETE FROM eval_pos");
    fixture_run(&m.f, "DELETE FROM eval WHERE step = 30");
    plot(&m, "tex");
    char *data, *script;
    drawn(&data, &m, "loss.dat");
    right_panel(band, data, m.label[0], 3);
    assert_true(fabs(band[0] - 0.75 * 163.84) < 1e-6);                       /* thousands */
    double middle = 2.5 * (exp(-25 / 8.0) + exp(-35 / 8.0)) - 5 * exp(-5.0); /* fixture.c */
    double square = 0, mean_value = 0;
    for (int s = 0; s < SEEDS; s++) mean_value += m.value[0][s] / SEEDS;
    middle += mean_value;
    for (int s = 0; s < SEEDS; s++) square += pow(m.value[0][s] - mean_value, 2);
    const double half = 2.5705818366 * sqrt(square / (SEEDS - 1) / SEEDS); /* t of 5 degrees */
    double range[2];
    drawn(&script, &m, "loss.gp");
    y_range(range, script, 1);
    assert_true(fabs(fmin(middle - half, range[1]) - band[1]) < 1e-6);
    assert_true(fabs(fmin(middle + half, range[1]) - band[2]) < 1e-6);
    free(script);
    free(data);
    fixture_run(&m.f, "UPDATE train_step SET tokens = 10 * tokens WHERE run_id IN"
                      " (SELECT run_id FROM arm_run JOIN arm USING(arm_id) WHERE ord = 1)");
    plot(&m, "tex");
    drawn(&data, &m, "loss.dat");
    for (int a = 0; a < 2; a++) {
        right_panel(band, data, m.label[a], 3), right_panel(mean, data, m.label[a], 2);
        assert_true(fabs(band[0] - 75) < 1e-6);
        assert_true(fabs(mean[0] - 12.5) < 1e-6); /* percent, whatever the length */
    }
    free(data);
    drawn(&script, &m, "loss.gp");
    fixture_expect(script, "set xrange [75:100]");
    fixture_expect(script, "the last quarter of each arm");
    free(script);
    fixture_close(&m.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legends),         cmocka_unit_test(in_svg),
        cmocka_unit_test(nothing_to_draw), cmocka_unit_test(few_colours),
        cmocka_unit_test(in_report),       cmocka_unit_test(bands_within),
        cmocka_unit_test(last_quarter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
