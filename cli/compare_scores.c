/* compare_scores.c - attnlab compare --metric SUITE: a row for each task and group. */
#include "cli/compare_scores.h"

#include "analysis/answers/tables.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const SCOPE[] = { "suite", "group", "task" };

void compare_scores_rows(const comparison *c, table_format f)
{
    static const char *const COLUMN[] = {
        "cmp_id",    "arm_id",         "base_arm_id", "arm",          "base",        "scope",
        "group",     "name",           "score",       "items",        "n",           "mean",
        "base_mean", "diff",           "se_seeds",    "se_items",     "ci_lo_these", "ci_hi_these",
        "ci_lo",     "ci_hi",          "p_adjusted",  "p_equivalent", "mde",         "seeds_needed",
        "verdict",   "confounds_json", "look",        "metric",       "alpha",       "margin"
    };
    const scored *k = c->scored;
    table t;
    table_open(&t, f, stdout, sizeof COLUMN / sizeof *COLUMN, COLUMN);
    for (int i = 0; i < c->asked.pairs; i++)
        for (int r = 0; r < k->scores->rows; r++) {
            const crossed_row *x = scored_at(k, i, r);
            const scores_row *of = &k->scores->row[r];
            const study_arm *arm = &c->study->arm[c->pair[i].arm],
                            *base = &c->study->arm[c->pair[i].base];
            const double number[] = { k->arm[i * k->scores->rows + r],
                                      k->base[i * k->scores->rows + r],
                                      x->diff,
                                      x->se_seeds,
                                      x->se_items,
                                      x->these_lo,
                                      x->these_hi,
                                      x->lo,
                                      x->hi,
                                      x->p_adjusted,
                                      x->p_equivalent,
                                      x->mde };
            char *confounds =
                json_array_size(c->confounds[i]) ? json_dumps(c->confounds[i], JSON_COMPACT) : NULL;
            c->cmp_id ? table_int(&t, c->cmp_id) : table_text(&t, NULL);
            table_int(&t, arm->arm_id), table_int(&t, base->arm_id);
            table_text(&t, arm->label), table_text(&t, base->label);
            table_text(&t, SCOPE[of->scope]), table_text(&t, of->group), table_text(&t, of->name);
            table_text(&t, of->kind->name), table_int(&t, of->items), table_int(&t, k->seeds);
            for (size_t n = 0; n < sizeof number / sizeof *number; n++)
                table_real(&t, isinf(number[n]) ? NAN : number[n], 6);
            x->needed ? table_int(&t, x->needed) : table_text(&t, NULL);
            table_text(&t, contrast_verdict_name(x->verdict)), table_text(&t, confounds);
            table_int(&t, c->look), table_text(&t, c->study->metric.name);
            table_real(&t, c->asked.alpha, 6), table_real(&t, x->margin, 6);
            free(confounds);
        }
    table_close(&t);
}

void compare_scores_print(FILE *out, const comparison *c, table_format f)
{
    const scored *k = c->scored;
    tables_scores(out, c, f);
    if (f != TABLE_TEXT && f != TABLE_MD) return;
    fputc('\n', out);
    for (int i = 0; i < c->asked.pairs; i++)
        for (int r = 0; r < k->scores->rows; r++) {
            if (r && k->scores->row[r].scope == SCORES_TASK) continue;
            if (f == TABLE_MD) fputs("- ", out);
            scored_sentence(out, c, i, r);
        }
}

bool compare_scores_found(const comparison *c, uint64_t verdicts)
{
    for (int i = 0; i < c->asked.pairs * c->scored->scores->rows; i++)
        if (verdicts >> c->scored->row[i].verdict & 1) return true;
    return false;
}
