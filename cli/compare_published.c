/* compare_published.c - attnlab compare --published TABLE [MODEL [MODEL]]: contrasts of a published
 * table, each with the binomial error of its items.  No database is needed. */
#include "cli/compare_published.h"

#include "analysis/answers/published_contrast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double alpha_of(const command_call *call)
{
    return isnan(call->alpha) ? 0.05 : call->alpha;
}

static void print_rows(const published *p, const published_contrast *c, int n, table_format f)
{
    static const char *const COLUMN[] = { "table", "arm",   "base",       "benchmark", "metric",
                                          "items", "score", "base_score", "diff",      "se",
                                          "z",     "ci_lo", "ci_hi",      "right",     "tasks",
                                          "sd",    "t",     "p" };
    table t;
    table_open(&t, f, stdout, sizeof COLUMN / sizeof *COLUMN, COLUMN);
    for (int i = 0; i < n; i++) {
        const published_model *a = &p->model[c[i].model], *b = &p->model[c[i].base];
        for (int k = 0; k < p->columns; k++) {
            const published_difference *x = &c[i].column[k];
            if (isnan(x->diff)) continue;
            const double number[] = { a->score[k], b->score[k], x->diff, x->se,
                                      x->z,        x->lo,       x->hi,   x->right };
            table_text(&t, p->name), table_text(&t, a->name), table_text(&t, b->name);
            table_text(&t, p->column[k].name), table_text(&t, p->column[k].metric);
            isnan(a->items[k]) ? table_text(&t, NULL) : table_int(&t, (int64_t)a->items[k]);
            for (size_t j = 0; j < sizeof number / sizeof *number; j++)
                table_real(&t, number[j], 6);
            for (int j = 0; j < 4; j++) table_text(&t, NULL);
        }
        table_text(&t, p->name), table_text(&t, a->name), table_text(&t, b->name);
        table_text(&t, "mean over benchmarks");
        for (int j = 0; j < 4; j++) table_text(&t, NULL);
        table_real(&t, c[i].mean, 6), table_real(&t, c[i].se, 6);
        for (int j = 0; j < 4; j++) table_text(&t, NULL);
        table_int(&t, c[i].tasks), table_real(&t, c[i].sd, 6);
        table_real(&t, c[i].t, 6), table_real(&t, c[i].p, 6);
    }
    table_close(&t);
}

/* "+1 of 164"; "about" where rounding leaves it open. */
static void put_right(table *t, const published_difference *x)
{
    char text[48] = "";
    if (!isnan(x->right))
        snprintf(text, sizeof text, x->right == 0 ? "%s%.0f" : "%s%+.0f", x->exact ? "" : "about ",
                 x->right);
    table_text(t, text);
}

static void print_table(const published *p, const published_contrast *c, int n, table_format f)
{
    static const char *const COLUMN[] = { "benchmark",        "metric",        "arm",
                                          "against",          "items",         "score",
                                          "against's",        "difference",    "error of items",
                                          "interval (items)", "right answers", "beyond the items" };
    table t;
    table_open(&t, f, stdout, sizeof COLUMN / sizeof *COLUMN, COLUMN);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < p->columns; k++) {
            const published_difference *x = &c[i].column[k];
            const published_model *a = &p->model[c[i].model], *b = &p->model[c[i].base];
            const int digits = a->digits[k] > b->digits[k] ? a->digits[k] : b->digits[k];
            char diff[32], text[64] = "";
            if (isnan(x->diff)) continue;
            snprintf(diff, sizeof diff, "%+.*f", digits, table_rounded(x->diff, digits));
            if (!isnan(x->lo))
                snprintf(text, sizeof text, "%+.1f to %+.1f", table_rounded(x->lo, 1),
                         table_rounded(x->hi, 1));
            table_text(&t, p->column[k].name), table_text(&t, p->column[k].metric);
            table_text(&t, a->name), table_text(&t, b->name);
            isnan(a->items[k]) ? table_text(&t, NULL) : table_int(&t, (int64_t)a->items[k]);
            table_real(&t, a->score[k], digits), table_real(&t, b->score[k], digits);
            table_text(&t, diff), table_real(&t, x->se, 2), table_text(&t, text);
            put_right(&t, x);
            table_text(&t, isnan(x->lo) ? "not known" : x->lo > 0 || x->hi < 0 ? "yes" : "no");
        }
    table_close(&t);
}

static void print(command_call *call, const published *p, const published_contrast *c, int n)
{
    const table_format f = command_format(call);
    if (!table_for_people(f)) {
        command_rows(call);
        print_rows(p, c, n, f);
        return;
    }
    if (command_prose(call))
        printf("%s%s\n\n", f == TABLE_MD ? "## " : "", p->title ? p->title : p->name);
    print_table(p, c, n, f);
    if (!command_prose(call)) return;
    putchar('\n');
    for (int i = 0; i < n; i++) {
        if (f == TABLE_MD) fputs("- ", stdout);
        published_say(stdout, p, &c[i], alpha_of(call));
    }
    putchar('\n');
}

static void remark(command_call *call, published *p, bool own)
{
    notes list = { 0 };
    notes_add(&list, NOTE_WARNING,
              "Published tables have one run a model: the errors here are those of the items, with "
              "the models unpaired. What another seed would change is not in them.");
    published_check(&list, p);
    if (own)
        notes_add(&list, NOTE_WARNING,
                  "Scores from different programs differ by their prompts and their scoring as "
                  "well: compare them with care.");
    for (int i = 0; i < p->notes.n; i++)
        notes_add(&list, p->notes.item[i].level, "%s", p->notes.item[i].text);
    if (p->source) notes_add(&list, NOTE_INFO, "Source: %s", p->source);
    command_remarks(call, &list);
}

/* The pairs that were asked for: two models, one against the baseline, all models against it, or
 * every two. */
static bool choose(int (*pair)[2], int *n, const command_call *call, const published *p, bool all,
                   error *e)
{
    int first, second = p->baseline;
    *n = 0;
    if (call->arguments) {
        if (!published_find(&first, p, call->argument[0], e)) return false;
        if (call->arguments > 1 && !published_find(&second, p, call->argument[1], e)) return false;
        if (first == second)
            return error_usage(e, "'%s' would be compared with itself: name another model",
                               p->model[first].name);
        pair[*n][0] = first, pair[(*n)++][1] = second;
        return true;
    }
    for (int a = 0; a < p->models; a++)
        for (int b = 0; b < p->models; b++) {
            const bool later = a == p->baseline ? false : b == p->baseline || (all && b < a);
            if (a == b || !later) continue;
            pair[*n][0] = a, pair[(*n)++][1] = b;
        }
    return *n > 0 ||
           error_usage(e, "%s has a single model: set others beside it by --with FILE", p->name);
}

int compare_published(command_call *call, const char *name, const option_texts *with, bool all)
{
    error e;
    published p;
    notes list = { 0 };
    if (!published_open(&p, name, &e)) return command_fail(call, &e);
    bool ok = true;
    for (int i = 0; ok && i < with->n; i++) ok = published_add(&p, &list, with->item[i], &e);
    const size_t room = (size_t)p.models * (size_t)p.models;
    int(*pair)[2] = error_zeroed(room, sizeof *pair), n = 0;
    published_contrast *c = error_zeroed(room, sizeof *c);
    ok = ok && choose(pair, &n, call, &p, all, &e);
    if (ok) {
        published_compare(c, &p, pair, alpha_of(call), n);
        print(call, &p, c, n);
        remark(call, &p, with->n > 0);
        command_remarks(call, &list);
        published_contrast_close(c, n);
    }
    notes_close(&list);
    free(pair), free(c);
    published_close(&p);
    return ok ? STATUS_DONE : command_fail(call, &e);
}
