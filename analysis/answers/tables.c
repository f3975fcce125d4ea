/* tables.c - print the results of a comparison as tables for people. */
#include "analysis/answers/tables.h"

#include "analysis/answers/interaction.h"
#include "analysis/answers/sample.h"
#include "analysis/answers/scored.h"
#include "core/base/number.h"

#include <math.h>
#include <string.h>

void tables_arms(FILE *out, const comparison *c, table_format f)
{
    static const char *const COLUMN[] = { "arm",      "n",          "mean",
                                          "sd",       "parameters", "KV bytes/token",
                                          "diverged", "unfinished" };
    table t;
    table_open(&t, f, out, 8, COLUMN);
    for (int a = 0; a < c->study->arms; a++) {
        const study_arm *arm = &c->study->arm[a];
        double mean, sd;
        const int n = comparison_arm(&mean, &sd, c, a);
        table_text(&t, arm->label), table_int(&t, n);
        table_real(&t, mean, comparison_digits(c)), table_real(&t, sd, comparison_digits(c));
        table_int(&t, arm->n_params), table_real(&t, arm->kv_bytes, 0);
        table_int(&t, arm->diverged), table_int(&t, arm->unfinished + arm->failed);
    }
    table_close(&t);
}

void tables_pairs(FILE *out, const comparison *c, table_format f)
{
    char interval[32];
    snprintf(interval, sizeof interval, "%.*g %% interval", number_level_digits(c->asked.alpha),
             100 * (1 - c->asked.alpha));
    table t;
    table_open(&t, f, out, 8,
               (const char *[]){ "arm", "against", "n", "difference", interval, "p (adjusted)",
                                 "detectable", "verdict" });
    const int digits = comparison_digits(c);
    for (int i = 0; i < c->asked.pairs; i++) {
        const contrast *r = &c->result.row[i];
        char text[80] = "";
        if (isfinite(r->hi - r->lo))
            snprintf(text, sizeof text, "%+.*f to %+.*f", digits, table_rounded(r->lo, digits),
                     digits, table_rounded(r->hi, digits));
        char diff[40] = "";
        if (!isnan(r->diff))
            snprintf(diff, sizeof diff, "%+.*f", digits, table_rounded(r->diff, digits));
        table_text(&t, c->study->arm[r->of.arm].label);
        table_text(&t, c->study->arm[r->of.base].label);
        table_int(&t, r->n), table_text(&t, diff), table_text(&t, text);
        table_probability(&t, r->p_adjusted);
        table_real(&t, c->power[i].mde, digits);
        const bool small = r->verdict == CONTRAST_EQUIVALENT && (r->lo > 0 || r->hi < 0);
        char verdict[80];
        if (small)
            snprintf(verdict, sizeof verdict, "equivalent (%s by %.*f)",
                     (r->diff > 0) == c->asked.larger_is_better ? "better" : "worse", digits,
                     fabs(r->diff));
        else
            snprintf(verdict, sizeof verdict, "%s", contrast_verdict_name(r->verdict));
        table_text(&t, verdict);
    }
    table_close(&t);
}

void tables_interactions(FILE *out, const comparison *c, table_format f)
{
    interactions k;
    interaction_find(&k, c);
    if (k.n && f != TABLE_HTML)
        fputs("Along an axis, each doubling changes the difference by:\n\n", out);
    if (k.n) interaction_print(&k, c, f, out);
    if (k.n && f != TABLE_HTML) fputc('\n', out);
    interaction_close(&k);
}

bool tables_samples(FILE *out, const comparison *c, db *d, table_format f, error *e)
{
    table t;
    int rows = 0;
    for (int i = 0; i < c->asked.pairs; i++) {
        sample m;
        if (!sample_read(&m, c, d, i, e)) return false;
        if (!m.pieces) continue;
        if (!rows++) {
            if (f != TABLE_HTML)
                fprintf(out, "The held-out text as a sample (%d piece%s of text, %d seed%s):\n\n",
                        m.pieces, m.pieces == 1 ? "" : "s", m.seeds, m.seeds == 1 ? "" : "s");
            table_open(&t, f, out, 7,
                       (const char *[]){ "arm", "against", "error of seeds", "error of text",
                                         "of both", "share of text", "interval on other text" });
        }
        const int digits = comparison_digits(c) + 1;
        char text[80] = "", share[16];
        if (!isnan(m.lo))
            snprintf(text, sizeof text, "%+.*f to %+.*f", digits - 1,
                     table_rounded(m.lo, digits - 1), digits - 1, table_rounded(m.hi, digits - 1));
        snprintf(share, sizeof share, "%.0f %%", 100 * m.share);
        table_text(&t, c->study->arm[c->pair[i].arm].label);
        table_text(&t, c->study->arm[c->pair[i].base].label);
        table_real(&t, m.se_seeds, digits), table_real(&t, m.se_text, digits);
        table_real(&t, m.se, digits), table_text(&t, share), table_text(&t, text);
    }
    if (rows) table_close(&t);
    if (rows && f != TABLE_HTML) fputc('\n', out);
    return true;
}

static void put_interval(table *t, double lo, double hi)
{
    char text[64] = "";
    if (isfinite(hi - lo))
        snprintf(text, sizeof text, "%+.4f to %+.4f", table_rounded(lo, 4), table_rounded(hi, 4));
    table_text(t, text);
}

static void put_verdict(table *t, const crossed_row *r)
{
    char text[64];
    const bool small = r->verdict == CONTRAST_EQUIVALENT && (r->lo > 0 || r->hi < 0);
    snprintf(text, sizeof text, "%s", contrast_verdict_name(r->verdict));
    if (small)
        snprintf(text, sizeof text, "equivalent (%s by %.4f)",
                 (r->diff > 0) == r->larger_is_better ? "better" : "worse", fabs(r->diff));
    table_text(t, text);
}

/* "recall" for a group, "recall / mqar" for one of its tasks. */
static void put_name(table *t, const scores_row *of)
{
    char text[192];
    if (of->scope == SCORES_TASK && strcmp(of->group, of->name) != 0)
        snprintf(text, sizeof text, "%.80s / %.80s", of->group, of->name);
    else
        snprintf(text, sizeof text, "%.80s%s", of->name,
                 of->scope == SCORES_SUITE   ? " (mean of groups)"
                 : of->scope == SCORES_GROUP ? " (mean of tasks)"
                                             : "");
    table_text(t, text);
}

void tables_scores(FILE *out, const comparison *c, table_format f)
{
    static const char *const COLUMN[] = { "score",
                                          "arm",
                                          "against",
                                          "items",
                                          "mean",
                                          "against's",
                                          "difference",
                                          "on these items",
                                          "on items of this kind",
                                          "p (adjusted)",
                                          "detectable",
                                          "verdict" };
    const scored *k = c->scored;
    table t;
    table_open(&t, f, out, sizeof COLUMN / sizeof *COLUMN, COLUMN);
    for (int i = 0; i < c->asked.pairs; i++)
        for (int r = 0; r < k->scores->rows; r++) {
            const crossed_row *x = scored_at(k, i, r);
            char diff[32] = "";
            if (!isnan(x->diff)) snprintf(diff, sizeof diff, "%+.4f", table_rounded(x->diff, 4));
            put_name(&t, &k->scores->row[r]);
            table_text(&t, c->study->arm[c->pair[i].arm].label);
            table_text(&t, c->study->arm[c->pair[i].base].label);
            table_int(&t, k->scores->row[r].items);
            table_real(&t, k->arm[i * k->scores->rows + r], 4);
            table_real(&t, k->base[i * k->scores->rows + r], 4);
            table_text(&t, diff);
            put_interval(&t, x->these_lo, x->these_hi), put_interval(&t, x->lo, x->hi);
            table_probability(&t, x->p_adjusted);
            table_real(&t, isinf(x->mde) ? NAN : x->mde, 4), put_verdict(&t, x);
        }
    table_close(&t);
}
