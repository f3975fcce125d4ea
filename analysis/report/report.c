/* report.c - see report.h. */
#include "analysis/report/report.h"

#include "analysis/answers/sentence.h"
#include "analysis/answers/tables.h"
#include "analysis/data/rows.h"
#include "analysis/figures/figures.h"
#include "analysis/report/html.h"
#include "core/base/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const char report_css[], report_js[];

enum { LIMIT = 1 << 24 };

/* Text that was printed, as paragraphs, a line each; "! " starts a warning. */
static void put_lines(FILE *out, const char *text)
{
    while (*text) {
        const size_t n = strcspn(text, "\n");
        char *line = strndup(text, n);
        if (!line) error_memory();
        if (strncmp(line, "! ", 2) == 0)
            html_element(out, "p", "warning", line + 2);
        else if (*line)
            html_element(out, "p", NULL, line);
        free(line);
        text += n + (text[n] == '\n');
    }
}

static void put_verdicts(FILE *out, const comparison *c)
{
    for (int i = 0; i < c->asked.pairs; i++) {
        char *text = NULL;
        size_t n;
        FILE *words = open_memstream(&text, &n);
        if (!words) error_memory();
        sentence_verdict(words, c, i);
        fclose(words);
        const bool none = c->result.row[i].n == 0; /* too few runs to say */
        const char *verdict = contrast_verdict_name(c->result.row[i].verdict);
        fprintf(out, "<div class=\"verdict\"><span class=\"badge %s\">%s</span>", verdict,
                none ? "no data" : verdict);
        put_lines(out, text);
        fputs("</div>\n", out);
        free(text);
    }
}

static bool put_figure(FILE *out, const char *folder, const char *kind, const char *title,
                       const char *caption, error *e)
{
    char path[4096], prefix[64];
    snprintf(path, sizeof path, "%s/%s.svg", folder, kind);
    snprintf(prefix, sizeof prefix, "%s-", kind);
    fputs("<figure><div class=\"scroll\" tabindex=\"0\">", out);
    if (!html_svg(out, path, prefix, title, e)) return false;
    fputs("</div>", out);
    html_element(out, "figcaption", NULL, caption);
    fputs("</figure>\n", out);
    return true;
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

/* Tables whose heading stands only where they have rows. */
/* Figures that not every study can have. */
static bool put_optional(FILE *out, const comparison *c, db *d, const char *folder, error *e)
{
    static const struct {
        figures_kind kind;
        const char *title, *caption;
    } FIGURE[] = {
        { FIGURES_INTERACTION, "Differences along the axis",
          "Differences from the baseline along the axis, with their simultaneous intervals." },
        { FIGURES_HEAT, "Differences by two axes",
          "Differences from the baseline by the first two axes; ~ marks what is undecided." },
    };
    const figures_request r = { .c = c, .d = d, .formats = FIGURES_SVG };
    for (size_t i = 0; i < sizeof FIGURE / sizeof *FIGURE; i++) {
        char needs[FIGURES_NEEDS];
        if (!figures_draw(needs, folder, FIGURE[i].kind, &r, e)) return false;
        if (!*needs && !put_figure(out, folder, figures_name(FIGURE[i].kind), FIGURE[i].title,
                                   FIGURE[i].caption, e))
            return false;
    }
    return true;
}

static bool put_more(FILE *out, const comparison *c, db *d, const char *folder, error *e)
{
    char *text[2] = { 0 };
    size_t n;
    bool ok = true;
    for (int i = 0; ok && i < 2; i++) {
        FILE *to = open_memstream(&text[i], &n);
        if (!to) error_memory();
        if (i == 0)
            tables_interactions(to, c, TABLE_HTML);
        else
            ok = tables_samples(to, c, d, TABLE_HTML, e);
        fclose(to);
    }
    if (ok && *text[0]) {
        fprintf(out,
                "<h2>Along an axis</h2>\n<p>How much a doubling changes the difference from the "
                "baseline.</p>\n<div class=\"scroll\" tabindex=\"0\">%s</div>\n",
                text[0]);
        ok = put_optional(out, c, d, folder, e);
    }
    if (ok && *text[1])
        fprintf(out,
                "<h2>On other text</h2>\n<p>The intervals above take the held-out text as it is. "
                "Here its pieces are a sample, beside the seeds: what the difference would be on "
                "other text of the kind.</p>\n<div class=\"scroll\" tabindex=\"0\">%s</div>\n",
                text[1]);
    free(text[0]), free(text[1]);
    return ok;
}

static bool put_library(FILE *out, bool *bare, error *e)
{
    char *library;
    size_t n;
    error missing;
    (void)e;
    *bare = !file_read(&library, &n, REPORT_DYGRAPHS, LIMIT, &missing);
    if (*bare) return true;
    char *map = strstr(library, "//# sourceMappingURL"); /* a link to what is not there */
    if (map) *map = '\0';
    *bare = strstr(library, "</script") != NULL;
    if (!*bare) fprintf(out, "<script>%s</script>\n", library);
    free(library);
    return true;
}

static bool put_curves(FILE *out, const comparison *c, db *d, const char *folder, bool *bare,
                       error *e)
{
    json_t *curves;
    fputs(
        "<h2>Curves</h2>\n<div class=\"interactive\"><div class=\"controls\" id=\"controls\"></div>"
        "<div id=\"chart\"></div><div id=\"values\" aria-live=\"polite\"></div>"
        "<p class=\"small\">Bold: mean over seeds; shaded: its 95 % "
        "t-interval, point by point; thin: seeds. Drag to zoom, shift-drag to move, "
        "double-click to go back.</p></div>\n<div class=\"static-curves\">\n",
        out);
    if (!put_figure(out, folder, "loss", "Loss against tokens",
                    "Loss against tokens: mean of each arm over its seeds, and the seeds.", e))
        return false;
    fputs("</div>\n", out);
    if (!report_curves(&curves, c, d, e)) return false;
    html_json(out, "curves", curves);
    json_decref(curves);
    if (!put_library(out, bare, e)) return false;
    fprintf(out, "<script>\n%s</script>\n", report_js);
    return true;
}

static bool put_record(FILE *out, const comparison *c, db *d, error *e)
{
    static const struct {
        const char *title, *sql;
    } PART[] = {
        { "Configuration: what the arms have in common",
          "SELECT key, min(value) AS value FROM arm JOIN config_param USING(config_id)"
          " WHERE sweep_id = ? AND dropped = 0 GROUP BY key HAVING count(DISTINCT value) = 1"
          " ORDER BY key" },
        { "Configuration: where they differ",
          "SELECT key, a.label AS arm, value FROM arm a JOIN config_param USING(config_id)"
          " WHERE sweep_id = ?1 AND dropped = 0 AND key IN (SELECT key FROM arm"
          "  JOIN config_param USING(config_id) WHERE sweep_id = ?1 AND dropped = 0 GROUP BY key"
          "  HAVING count(DISTINCT value) > 1) ORDER BY key, a.ord" },
        { "Environment",
          "SELECT k.version, k.git_commit, k.git_dirty AS"
          " uncommitted, k.compiler, substr(k.binary_sha256, 1, 12) AS binary, h.hostname,"
          " h.cpu_model, h.os, h.blas_kernel, t.threads, count(DISTINCT r.run_id) AS runs"
          " FROM arm a JOIN arm_run ar USING(arm_id) JOIN run r USING(run_id)"
          " JOIN attempt t ON t.run_id = r.run_id LEFT JOIN code k ON k.code_id = t.code_id"
          " LEFT JOIN host h USING(host_id) WHERE a.sweep_id = ? AND a.dropped = 0"
          " GROUP BY t.code_id, t.host_id, t.threads" },
        { "Text", "SELECT t.sha256 AS corpus, t.vocab_size, t.train_tokens, t.train_bytes,"
                  " t.val_tokens, t.val_bytes FROM dataset t WHERE dataset_id IN (SELECT dataset_id"
                  " FROM arm JOIN config USING(config_id) WHERE sweep_id = ? AND dropped = 0)" },
        { "Versions of the study, and what was known at each",
          "SELECT version, datetime(at_ms / 1000, 'unixepoch') AS at_utc, metric, margin, alpha,"
          " seeds, runs_done, looks FROM sweep_version WHERE sweep_id = ? ORDER BY version" },
        { "Looks at the data",
          "SELECT look, datetime(at_ms / 1000, 'unixepoch') AS at_utc, version, metric, at_x, "
          "alpha,"
          " margin, argv AS command FROM comparison WHERE sweep_id = ? ORDER BY cmp_id" },
        { "Runs",
          "SELECT a.label AS arm, ar.pair_key AS seed, r.run_uid, r.status, e.context,"
          " e.nll_sum / e.n_tok AS loss, r.train_ms / 1000.0 AS seconds, substr(r.final_hash, 1,"
          " 12) AS weights, r.message FROM arm a JOIN arm_run ar USING(arm_id)"
          " JOIN run r USING(run_id) LEFT JOIN eval e ON e.run_id = r.run_id"
          " AND e.step = r.last_step AND e.task = 'lm' AND e.split = 'val'"
          " WHERE a.sweep_id = ? AND a.dropped = 0 ORDER BY a.ord, ar.pair_key, e.context" },
    };
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
    char *text = NULL;
    size_t n;
    FILE *words = open_memstream(&text, &n);
    if (!words) error_memory();
    const bool ok = report_design(words, s, d, e);
    fclose(words);
    if (ok) html_element(out, "p", "small", text);
    free(text);
    return ok;
}

static void put_head(FILE *out, const study *s)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\" class=\"no-script\">\n<head>\n<meta "
          "charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          /* Nothing is loaded, even if something in here wanted to. */
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n",
          out);
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

/* Verdicts and how they came about. */
static bool put_answer(FILE *out, const comparison *c, const char *folder, error *e)
{
    char caption[256];
    fputs("<h2>Verdict</h2>\n", out);
    put_verdicts(out, c);
    if (!c->asked.pairs) return true;
    snprintf(caption, sizeof caption,
             "Differences in %s from the baseline with their simultaneous intervals; circles are "
             "seeds%s.",
             c->study->metric.name,
             c->asked.margin > 0 ? ", the shaded band is the margin of equivalence" : "");
    if (!put_figure(out, folder, "diff", "Differences from the baseline", caption, e)) return false;
    fputs("<div class=\"scroll\" tabindex=\"0\">", out);
    tables_pairs(out, c, TABLE_HTML);
    fputs("</div>\n", out);
    return true;
}

static bool put_notes(FILE *out, const comparison *c, db *d, error *e)
{
    char *text = NULL;
    size_t n;
    FILE *words = open_memstream(&text, &n);
    if (!words) error_memory();
    notes list = { 0 };
    const bool ok = sentence_notes(&list, c, d, e);
    notes_print(&list, words);
    notes_close(&list);
    fclose(words);
    fputs("<h2>Notes and warnings</h2>\n", out);
    if (ok) put_lines(out, text);
    free(text);
    return ok;
}

static bool put_methods(FILE *out, const comparison *c, db *d, error *e)
{
    char *text = NULL;
    size_t n;
    FILE *words = open_memstream(&text, &n);
    if (!words) error_memory();
    const bool ok = report_methods(words, c, d, e);
    fclose(words);
    fputs("<h2>Methods</h2>\n", out);
    if (ok) html_element(out, "p", NULL, text);
    free(text);
    return ok;
}

/* Has any arm a cache to be drawn against? */
static bool has_cache(const comparison *c)
{
    for (int a = 0; a < c->study->arms; a++)
        if (c->study->arm[a].kv_bytes > 0 && c->study->arm[a].done) return true;
    return false;
}

bool report_write(FILE *out, const comparison *c, db *d, const char *folder, bool *bare, error *e)
{
    const bool cache = has_cache(c);
    const figures_request r = { .c = c, .d = d, .formats = FIGURES_SVG };
    char needs[FIGURES_NEEDS];
    if (!figures_draw(needs, folder, FIGURES_LOSS, &r, e) ||
        (c->asked.pairs && !figures_draw(needs, folder, FIGURES_DIFF, &r, e)) ||
        (cache && !figures_draw(needs, folder, FIGURES_FRONTIER, &r, e)))
        return false;
    put_head(out, c->study);
    if (!put_design(out, c->study, d, e) || !put_answer(out, c, folder, e)) return false;
    fputs("<h2>Arms</h2>\n<div class=\"scroll\" tabindex=\"0\">", out);
    tables_arms(out, c, TABLE_HTML);
    fputs("</div>\n", out);
    if (cache &&
        !put_figure(out, folder, "frontier", "Loss against KV cache",
                    "The measure against the bytes of key/value cache that a token takes.", e))
        return false;
    if (!put_curves(out, c, d, folder, bare, e) || !put_more(out, c, d, folder, e) ||
        !put_notes(out, c, d, e) || !put_methods(out, c, d, e))
        return false;
    fputs("<h2>To repeat it</h2>\n", out);
    if (!report_repeat(out, c->study, d, e)) return false;
    fputs("<h2>The record</h2>\n", out);
    if (!put_record(out, c, d, e)) return false;
    fputs("</body>\n</html>\n", out);
    return true;
}
