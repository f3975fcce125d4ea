/* report.c - put the page together: verdicts first, then figures, methods and the data behind them.
 *
 * What the database holds is read by the statements of report.sql.
 */
#include "analysis/report/report.h"

#include "analysis/answers/sentence.h"
#include "analysis/answers/tables.h"
#include "analysis/data/rows.h"
#include "analysis/figures/figures.h"
#include "analysis/report/html.h"
#include "analysis/report/sql.h"
#include "core/base/file.h"
#include "core/base/growing.h"

#include <stdlib.h>
#include <string.h>

extern const char report_css[], report_js[];

enum { LIMIT = 1 << 24 }; /* size of the chart library */

typedef struct page_figure {
    const char *name, *title, *caption;
    bool narrow; /* has a second form for narrow pages */
} page_figure;

/* Draw a figure into a folder and put it into the page; *drawn: the study has what it needs. */
static bool put_form(bool *drawn, FILE *out, const page_figure *f, bool narrow, const comparison *c,
                     db *d, const char *folder, error *e)
{
    const figures_request request = { .c = c, .d = d, .formats = FIGURES_SVG, .narrow = narrow };
    char missing[FIGURES_MISSING], path[4096], prefix[64];
    if (!figures_draw(missing, folder, figures_find(f->name), &request, e)) return false;
    *drawn = !*missing;
    if (*missing) return true;
    snprintf(path, sizeof path, "%s/%s.svg", folder, f->name);
    snprintf(prefix, sizeof prefix, "%s-%s", f->name, narrow ? "narrow-" : "");
    fprintf(out, "<div class=\"scroll%s\" tabindex=\"0\">",
            narrow      ? " narrow"
            : f->narrow ? " wide"
                        : "");
    if (!html_svg(out, path, prefix, f->title, e)) return false;
    fputs("</div>", out);
    return true;
}

/* A figure with its caption; nothing if the study lacks what it needs. */
static bool put_figure(bool *drawn, FILE *out, const page_figure *f, const comparison *c, db *d,
                       const char *folder, error *e)
{
    growing forms;
    growing_open(&forms);
    bool ok = put_form(drawn, forms.f, f, false, c, d, folder, e);
    if (ok && *drawn && f->narrow) ok = put_form(drawn, forms.f, f, true, c, d, folder, e);
    char *text = growing_close(&forms);
    if (ok && *drawn) {
        fprintf(out, "<figure>%s", text);
        html_element(out, "figcaption", NULL, f->caption);
        fputs("</figure>\n", out);
    }
    free(text);
    return ok;
}

static bool put_rows(FILE *out, db *d, const char *sql, int64_t id, error *e)
{
    sqlite3_stmt *q;
    if (!db_query(d, &q, e, sql, "i", id)) return false;
    fputs("<div class=\"scroll\" tabindex=\"0\">\n", out);
    const bool ok = rows_print(NULL, d, q, TABLE_HTML, out, e);
    fputs("</div>\n", out);
    sqlite3_finalize(q);
    return ok;
}

/* How differences change along axes, as figures. */
static bool put_axes(FILE *out, const comparison *c, db *d, const char *folder, error *e)
{
    static const page_figure FIGURE[] = {
        { "interaction", "Differences along the axis",
          "Differences from the baseline along the axis, with their simultaneous intervals.",
          true },
        { "heat", "Differences by two axes",
          "Differences from the baseline by the first two axes; ~ marks what is undecided.",
          false },
    };
    bool drawn;
    for (size_t i = 0; i < sizeof FIGURE / sizeof *FIGURE; i++)
        if (!put_figure(&drawn, out, &FIGURE[i], c, d, folder, e)) return false;
    return true;
}

/* Sections that not every study has: how differences change along an axis, and on other text. */
static bool put_more(FILE *out, const comparison *c, db *d, const char *folder, error *e)
{
    growing axes, samples;
    growing_open(&axes), growing_open(&samples);
    tables_interactions(axes.f, c, TABLE_HTML);
    bool ok = tables_samples(samples.f, c, d, TABLE_HTML, e);
    char *along = growing_close(&axes), *other = growing_close(&samples);
    if (ok && *along) {
        fprintf(out,
                "<h2>Along an axis</h2>\n<p>How much each doubling changes the difference from the "
                "baseline.</p>\n<div class=\"scroll\" tabindex=\"0\">%s</div>\n",
                along);
        ok = put_axes(out, c, d, folder, e);
    }
    if (ok && *other)
        fprintf(
            out,
            "<h2>On other text</h2>\n<p>The intervals above are for this held-out text. Here its "
            "pieces are a sample, as the seeds are, so these intervals are for the difference "
            "on other text of the same kind.</p>\n<div class=\"scroll\" tabindex=\"0\">%s</div>\n",
            other);
    free(along), free(other);
    return ok;
}

/* The chart library; *bare: it is not installed, or can't be part of a page. */
static void put_library(FILE *out, bool *bare)
{
    char *library;
    size_t n;
    error missing;
    *bare = !file_read(&library, &n, REPORT_DYGRAPHS, LIMIT, &missing);
    if (*bare) return;
    char *map = strstr(library, "//# sourceMappingURL"); /* a link to a file that is not there */
    if (map) *map = '\0';
    *bare = strstr(library, "</script") != NULL;
    if (!*bare) fprintf(out, "<script>%s</script>\n", library);
    free(library);
}

/* The interactive curves, and the figure that stands in for them on paper and without scripts. */
static bool put_curves(FILE *out, const comparison *c, db *d, const char *folder, bool *bare,
                       error *e)
{
    static const page_figure LOSS = {
        "loss", "Loss against tokens",
        "Loss against tokens: the mean of each arm over its seeds, and single seeds.", false
    };
    json_t *curves;
    bool drawn;
    if (!report_curves(&curves, c, d, e)) return false;
    fputs("<h2>Curves</h2>\n", out);
    if (!json_array_size(json_object_get(curves, "kinds")))
        fputs("<p>No run has enough evaluations for a curve yet.</p>\n", out);
    fputs("<div class=\"interactive\"><div id=\"chart\"></div><div id=\"values\" "
          "aria-live=\"polite\"></div><div class=\"controls\" id=\"controls\"></div>"
          "<p class=\"small\">Bold: mean over seeds; shaded: its pointwise 95 % "
          "t-interval; thin: single seeds. Drag to zoom, shift-drag to pan, "
          "double-click to reset.</p></div>\n<div class=\"static-curves\">\n",
          out);
    const bool ok = put_figure(&drawn, out, &LOSS, c, d, folder, e);
    fputs("</div>\n", out);
    html_json(out, "curves", curves);
    json_decref(curves);
    if (!ok) return false;
    put_library(out, bare);
    fprintf(out, "<script>\n%s</script>\n", report_js);
    return true;
}

static bool put_database(FILE *out, const comparison *c, db *d, error *e)
{
    // clang-format off
    static const struct {
        const char *title, *sql;
    } PART[] = {
        { "Configuration: what the arms have in common", sql_report_common_keys },
        { "Configuration: where the arms differ", sql_report_different_keys },
        { "Environment", sql_report_environment },
        { "Text", sql_report_text },
        { "Versions of the study, and what was known at each", sql_report_versions },
        { "Looks at the data", sql_report_looks },
        { "Runs", sql_report_runs },
    };
    // clang-format on
    for (size_t i = 0; i < sizeof PART / sizeof *PART; i++) {
        fputs("<details>", out);
        html_element(out, "summary", NULL, PART[i].title);
        if (!put_rows(out, d, PART[i].sql, c->study->sweep_id, e)) return false;
        fputs("</details>\n", out);
    }
    return true;
}

static bool put_design(FILE *out, const study *s, db *d, error *e)
{
    growing words;
    growing_open(&words);
    const bool ok = report_design(words.f, s, d, e);
    char *text = growing_close(&words);
    if (ok) html_element(out, "p", "small", text);
    free(text);
    return ok;
}

static void put_head(FILE *out, const study *s)
{
    char mark[FILE_MARK];
    file_mark(mark, REPORT_MAKER);
    fputs("<!DOCTYPE html>\n<html lang=\"en\" class=\"no-script\">\n<head>\n<meta "
          "charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          /* Nothing is loaded, even if something on the page tried to. */
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n",
          out);
    fprintf(out, "<meta name=\"generator\" content=\"%s\">\n", mark);
    html_element(out, "title", NULL, s->name);
    fprintf(out, "<style>\n%s</style>\n</head>\n<body>\n", report_css);
    html_element(out, "h1", NULL, s->name);
    if (s->question && *s->question) html_element(out, "p", "question", s->question);
    if (s->hypothesis && *s->hypothesis) {
        fputs("<p class=\"small\">Hypothesis: ", out);
        table_put_html(out, s->hypothesis);
        fputs("</p>\n", out);
    }
}

/* Of scores on a suite: the figure of its tasks, and all rows. */
static bool put_scores(FILE *out, const comparison *c, db *d, const char *folder, error *e)
{
    static const page_figure TASKS = { "tasks", "Tasks",
                                       "Scores by task and arm; colour: the difference from the "
                                       "baseline, ~ where it is undecided.",
                                       true };
    bool drawn;
    if (!put_figure(&drawn, out, &TASKS, c, d, folder, e)) return false;
    fputs("<details><summary>Each task and group in numbers</summary>\n<div class=\"scroll\" "
          "tabindex=\"0\">",
          out);
    tables_scores(out, c, TABLE_HTML);
    fputs("</div></details>\n", out);
    return true;
}

/* The verdicts and, if anything is compared, their figure and numbers. */
static bool put_answer(FILE *out, const comparison *c, db *d, const char *folder, error *e)
{
    char caption[256];
    bool drawn;
    fputs("<h2>Verdict</h2>\n", out);
    report_verdicts(out, c);
    snprintf(caption, sizeof caption,
             "Differences in %s from the baseline with their simultaneous intervals; circles are "
             "single seeds%s.",
             c->study->metric.name,
             c->asked.margin > 0 ? ", the shaded band is the margin of equivalence" : "");
    const page_figure diff = { "diff", "Differences from the baseline", caption, true };
    if (!put_figure(&drawn, out, &diff, c, d, folder, e)) return false;
    report_words(out, c);
    if (!drawn) return true;
    fputs("<details><summary>Each contrast in numbers</summary>\n<div class=\"scroll\" "
          "tabindex=\"0\">",
          out);
    tables_pairs(out, c, TABLE_HTML);
    fputs("</div></details>\n", out);
    return true;
}

static bool put_notes(FILE *out, const comparison *c, db *d, error *e)
{
    notes list = { 0 };
    const bool ok = sentence_notes(&list, c, d, e);
    fputs("<h2>Notes and warnings</h2>\n", out);
    for (int i = 0; ok && i < list.n; i++)
        html_element(out, "p", list.item[i].level == NOTE_WARNING ? "warning" : NULL,
                     list.item[i].text);
    notes_close(&list);
    return ok;
}

static bool put_methods(FILE *out, const comparison *c, db *d, error *e)
{
    growing words;
    growing_open(&words);
    const bool ok = report_methods(words.f, c, d, e);
    char *text = growing_close(&words);
    fputs("<h2>Methods</h2>\n", out);
    if (ok) html_element(out, "p", NULL, text);
    free(text);
    return ok;
}

/* A long table is folded, since the grid and the figures show the arms as well. */
static void put_arms(FILE *out, const comparison *c)
{
    enum { OPEN = 12 };
    const int arms = c->study->arms;
    fputs("<h2>Arms</h2>\n", out);
    if (arms > OPEN) fprintf(out, "<details><summary>The %d arms in numbers</summary>\n", arms);
    fputs("<div class=\"scroll\" tabindex=\"0\">", out);
    tables_arms(out, c, TABLE_HTML);
    fprintf(out, "</div>%s\n", arms > OPEN ? "</details>" : "");
}

bool report_write(FILE *out, const comparison *c, db *d, const char *folder, bool *bare, error *e)
{
    static const page_figure FRONTIER = {
        "frontier", "Loss against KV cache",
        "The metric against the bytes of key/value cache per token.", true
    };
    bool drawn;
    put_head(out, c->study);
    if (!put_design(out, c->study, d, e) || !put_answer(out, c, d, folder, e) ||
        (c->scored && !put_scores(out, c, d, folder, e)))
        return false;
    put_arms(out, c);
    if (!put_figure(&drawn, out, &FRONTIER, c, d, folder, e) ||
        !put_curves(out, c, d, folder, bare, e) || !put_more(out, c, d, folder, e) ||
        !put_notes(out, c, d, e) || !put_methods(out, c, d, e))
        return false;
    fputs("<h2>To repeat the study</h2>\n", out);
    if (!report_repeat(out, c->study, d, e)) return false;
    fputs("<h2>The data</h2>\n", out);
    if (!put_database(out, c, d, e)) return false;
    fputs("</body>\n</html>\n", out);
    return true;
}
