/* report_verdicts.c - how a page begins: one sentence that counts the verdicts, and a grid of the
 * differences; below, each contrast in words.
 *
 * The grid has a row for each value of one axis and a column for each value of another, as
 * `attnlab compare --rows --cols` has; the other axes make separate tables.  If only one axis
 * varies, or two arms would share a cell, it has a row for each arm.
 */
#include "analysis/answers/sentence.h"
#include "analysis/data/axes.h"
#include "analysis/report/html.h"
#include "analysis/report/report.h"
#include "core/base/growing.h"
#include "core/base/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where the arms stand in the grid: (arms) each, with the words of the rows, columns and tables. */
typedef struct layout {
    axes x;
    axes_groups row, col, rest;
    const char *row_key, *col_key;
    bool list; /* a row for each arm, one column */
} layout;

enum { NO_DATA = CONTRAST_WORSE + 1, VERDICTS };

static const int ORDER[VERDICTS] = { CONTRAST_WORSE, CONTRAST_BETTER, CONTRAST_EQUIVALENT,
                                     CONTRAST_UNDECIDED, NO_DATA };

static const char *verdict_of(const contrast *r)
{
    return r->n ? contrast_verdict_name(r->verdict) : "no data";
}

static const char *word_of(int verdict)
{
    return verdict == NO_DATA ? "without data" : contrast_verdict_name((contrast_verdict)verdict);
}

static bool compared(const comparison *c)
{
    for (int i = 0; i < c->asked.pairs; i++)
        if (c->result.row[i].n) return true;
    return false;
}

/* Why nothing can be compared. */
static void put_nothing(FILE *out, const study *s)
{
    int done = 0, diverged = 0, failed = 0, unfinished = 0;
    for (int a = 0; a < s->arms; a++) {
        done += s->arm[a].done, diverged += s->arm[a].diverged;
        failed += s->arm[a].failed, unfinished += s->arm[a].unfinished;
    }
    const int runs = done + diverged + failed + unfinished;
    if (done)
        fprintf(out, "No verdict yet: %d of %d runs are done, too few for any contrast", done,
                runs);
    else
        fprintf(out, "No run is done, so there is nothing to compare");
    const struct {
        int n;
        const char *what;
    } why[] = { { diverged, "diverged" },
                { failed, "failed" },
                { unfinished, "are not finished yet" } };
    const char *gap = ": ";
    for (size_t i = 0; i < sizeof why / sizeof *why; i++) {
        if (!why[i].n) continue;
        fputs(gap, out);
        if (why[i].n == runs)
            fprintf(out, "all %d runs %s", runs, why[i].what);
        else
            fprintf(out, "%d of %d %s", why[i].n, runs, why[i].what);
        gap = ", ";
    }
    fputc('.', out);
}

/* "Of 9 contrasts 2 are equivalent, 7 undecided; nothing is worse." */
static void put_counts(FILE *out, const comparison *c)
{
    int count[VERDICTS] = { 0 };
    bool first = true;
    for (int i = 0; i < c->asked.pairs; i++)
        count[c->result.row[i].n ? (int)c->result.row[i].verdict : NO_DATA]++;
    for (int i = 0; i < VERDICTS; i++) {
        if (count[ORDER[i]] != c->asked.pairs) continue;
        fprintf(out, "All %d contrasts are %s.", c->asked.pairs, word_of(ORDER[i]));
        return;
    }
    fprintf(out, "Of %d contrasts", c->asked.pairs);
    for (int i = 0; i < VERDICTS; i++) {
        const int n = count[ORDER[i]];
        if (!n) continue;
        fprintf(out, "%s ", first ? "" : ",");
        fprintf(out, "%d%s %s", n, !first ? "" : n == 1 ? " is" : " are", word_of(ORDER[i]));
        first = false;
    }
    fputs(count[CONTRAST_WORSE] == 0    ? "; nothing is worse."
          : count[CONTRAST_BETTER] == 0 ? "; nothing is better."
                                        : ".",
          out);
}

static void put_lead(FILE *out, const comparison *c)
{
    growing words;
    growing_open(&words);
    if (c->asked.pairs && !compared(c))
        put_nothing(words.f, c->study);
    else if (!c->asked.pairs)
        fputs("No arm has a baseline, so nothing is compared.", words.f);
    else if (c->asked.pairs == 1)
        sentence_verdict(words.f, c, 0);
    else
        put_counts(words.f, c);
    char *text = growing_close(&words);
    html_element(out, "p", "lead", text);
    free(text);
}

static void layout_open(layout *l, const study *s)
{
    *l = (layout){ 0 };
    axes_open(&l->x, s);
    const axes *x = &l->x;
    const char *row = NULL, *col = NULL;
    for (int k = 0; k < x->keys && !row; k++)
        if (!axes_numeric(x, x->key[k])) row = x->key[k];
    if (!row && x->keys) row = x->key[0];
    for (int k = 0; k < x->keys && !col; k++)
        if (axes_numeric(x, x->key[k]) && x->key[k] != row) col = x->key[k];
    for (int k = 0; k < x->keys && !col; k++)
        if (x->key[k] != row) col = x->key[k];
    l->list = x->keys < 2, l->row_key = row, l->col_key = col;
    l->row = axes_by(x, row ? row : ""), l->col = axes_by(x, col ? col : "");
    l->rest = axes_without(x, row, col);
    for (int a = 0; a < s->arms; a++)
        for (int b = 0; b < a; b++)
            l->list = l->list || (l->row.of[a] == l->row.of[b] && l->col.of[a] == l->col.of[b] &&
                                  l->rest.of[a] == l->rest.of[b]);
}

static void layout_close(layout *l)
{
    axes_groups_close(&l->row), axes_groups_close(&l->col), axes_groups_close(&l->rest);
    axes_close(&l->x);
}

/* A cell: the difference and its verdict; for a baseline, its mean. */
static void put_cell(FILE *out, const comparison *c, int arm)
{
    const int digits = comparison_digits(c), pair = comparison_pair(c, arm);
    double mean, sd;
    if (arm < 0 || (pair < 0 && !comparison_arm(&mean, &sd, c, arm))) {
        fputs("<td></td>", out);
        return;
    }
    if (pair < 0) {
        fprintf(out, "<td class=\"cell\">%.*f<span>mean</span></td>", digits, mean);
        return;
    }
    const contrast *r = &c->result.row[pair];
    fprintf(out, "<td class=\"cell %s\">", r->n ? verdict_of(r) : "none");
    if (r->n) fprintf(out, "%s%.*f", r->diff < 0 ? "\u2212" : "+", digits, fabs(r->diff));
    fprintf(out, "<span>%s%s</span></td>", verdict_of(r),
            json_array_size(c->confounds[pair]) ? " !" : "");
}

static void put_head(FILE *out, const char *text)
{
    fputs("<th scope=\"col\">", out);
    table_put_html(out, text);
    fputs("</th>", out);
}

static void put_row(FILE *out, const char *text)
{
    fputs("<tr><th scope=\"row\">", out);
    table_put_html(out, text);
    fputs("</th>", out);
}

static void put_list(FILE *out, const comparison *c)
{
    fputs("<table class=\"grid\">\n<thead><tr>", out);
    put_head(out, "arm"), put_head(out, c->study->metric.name);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (int a = 0; a < c->study->arms; a++) {
        put_row(out, c->study->arm[a].label);
        put_cell(out, c, a);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table>\n", out);
}

static void put_table(FILE *out, const comparison *c, const layout *l, int group)
{
    const study *s = c->study;
    char corner[160];
    if (l->rest.n > 1) html_element(out, "h3", NULL, l->rest.text[group]);
    fputs("<table class=\"grid\">\n<thead><tr>", out);
    snprintf(corner, sizeof corner, "%.60s, by %.60s", axes_leaf(l->row_key),
             axes_leaf(l->col_key));
    put_head(out, corner);
    for (int k = 0; k < l->col.n; k++) put_head(out, l->col.text[k]);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (int r = 0; r < l->row.n; r++) {
        put_row(out, l->row.text[r]);
        for (int k = 0; k < l->col.n; k++) {
            int arm = -1;
            for (int a = 0; a < s->arms; a++)
                if (l->rest.of[a] == group && l->row.of[a] == r && l->col.of[a] == k) arm = a;
            put_cell(out, c, arm);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table>\n", out);
}

/* Say what the cells contain. */
static void put_key(FILE *out, const comparison *c)
{
    const metric *m = &c->study->metric;
    bool confounded = false;
    for (int i = 0; i < c->asked.pairs; i++)
        confounded = confounded || json_array_size(c->confounds[i]);
    fputs("<p class=\"small\">", out);
    fputs("Differences from the baseline in ", out);
    table_put_html(out, m->name);
    if (*m->unit) fputs(", ", out), table_put_html(out, m->unit);
    fprintf(out, "; %s is better", m->larger_is_better ? "larger" : "smaller");
    if (!isnan(c->asked.margin)) fprintf(out, "; equivalent: within ±%g", c->asked.margin);
    fprintf(out, "; all verdicts hold together at %g %%%s.</p>\n", 100 * (1 - c->asked.alpha),
            confounded ? "; !: more than the axes differs (see the notes)" : "");
}

void report_verdicts(FILE *out, const comparison *c)
{
    put_lead(out, c);
    if (!compared(c)) return;
    layout l;
    layout_open(&l, c->study);
    fputs("<div class=\"scroll\" tabindex=\"0\">\n", out);
    if (l.list) put_list(out, c);
    for (int t = 0; !l.list && t < l.rest.n; t++) put_table(out, c, &l, t);
    fputs("</div>\n", out);
    put_key(out, c);
    layout_close(&l);
}

void report_words(FILE *out, const comparison *c)
{
    enum { OPEN = 3 }; /* so few contrasts need not be folded */
    if (!compared(c) || c->asked.pairs < 2) return;
    fprintf(out, "<details%s><summary>Each contrast in words</summary>\n",
            c->asked.pairs <= OPEN ? " open" : "");
    for (int i = 0; i < c->asked.pairs; i++) {
        growing words;
        growing_open(&words);
        sentence_verdict(words.f, c, i);
        char *text = growing_close(&words);
        const contrast *r = &c->result.row[i];
        fprintf(out, "<div class=\"verdict\"><span class=\"badge %s\">%s</span>",
                r->n ? verdict_of(r) : "none", verdict_of(r));
        text[strcspn(text, "\n")] = '\0';
        html_element(out, "p", NULL, text);
        fputs("</div>\n", out);
        free(text);
    }
    fputs("</details>\n", out);
}
