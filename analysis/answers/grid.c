/* grid.c - place the axes, number the rows and columns, and print the cells. */
#include "analysis/answers/grid.h"

#include "analysis/data/axes.h"
#include "core/base/growing.h"
#include "core/base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const OPTION[GRID_SIDES] = { "--tables", "--rows", "--cols" };

/* The axes of one side (rows, columns or tables), and its places: one for each combination of their
 * levels that some arm has, with the last axis varying fastest. */
typedef struct side {
    int keys;
    const char **key;
    int n, *of; /* number of places; (arms): the place of each arm */
    int *first; /* (places): an arm at that place */
} side;

struct grid {
    const comparison *c;
    axes x;
    side side[GRID_SIDES];
    int most; /* the most seeds that a cell has; others print their number */
};

static bool placed(const grid *g, const char *key)
{
    for (int s = 0; s < GRID_SIDES; s++)
        for (int i = 0; i < g->side[s].keys; i++)
            if (g->side[s].key[i] == key) return true;
    return false;
}

static void place(grid *g, grid_side where, const char *key)
{
    if (key) g->side[where].key[g->side[where].keys++] = key;
}

/* The first numeric axis without a place, or if not `numbers` the first axis of words; if there is
 * none, the first axis of any kind without a place; NULL if all have one. */
static const char *unplaced(const grid *g, bool numbers)
{
    const char *first = NULL;
    for (int i = 0; i < g->x.keys; i++) {
        const char *key = g->x.key[i];
        if (placed(g, key)) continue;
        if (axes_numeric(&g->x, key) == numbers) return key;
        if (!first) first = key;
    }
    return first;
}

static bool place_axes(grid *g, const grid_asked *asked, error *e)
{
    for (int i = 0; i < asked->n; i++) {
        const grid_side where = asked->place[i].side;
        const char *name = asked->place[i].axis, *key = axes_find(&g->x, OPTION[where], name, e);
        if (!key) return false;
        if (placed(g, key))
            return error_usage(e, "%s '%s': this axis was placed already", OPTION[where], name);
        place(g, where, key);
    }
    if (!g->side[GRID_ROWS].keys) place(g, GRID_ROWS, unplaced(g, false));
    if (!g->side[GRID_COLS].keys) place(g, GRID_COLS, unplaced(g, true));
    for (const char *key; (key = unplaced(g, false));) place(g, GRID_TABLES, key);
    return true;
}

/* Number the places: the levels of the axes are the digits of a number. */
static void number_places(side *s, const axes *x)
{
    const int arms = x->study->arms;
    int64_t *code = error_zeroed((size_t)arms, sizeof *code);
    for (int k = 0; k < s->keys; k++) {
        axes_groups level = axes_by(x, s->key[k]);
        for (int a = 0; a < arms; a++) code[a] = code[a] * level.n + level.of[a];
        axes_groups_close(&level);
    }
    s->of = error_zeroed((size_t)arms, sizeof *s->of),
    s->first = error_zeroed((size_t)arms, sizeof *s->first);
    for (int a = 0; a < arms; a++) {
        bool new = true;
        for (int b = 0; b < arms; b++) {
            bool counted = code[b] < code[a];
            for (int k = 0; k < b && counted; k++) counted = code[k] != code[b];
            s->of[a] += counted;
            new = new && !(b < a && code[b] == code[a]);
        }
        if (new) s->first[s->of[a]] = a, s->n++;
    }
    free(code);
}

static int arm_at(const grid *g, int t, int row, int col)
{
    for (int a = 0; a < g->c->study->arms; a++)
        if (g->side[GRID_TABLES].of[a] == t && g->side[GRID_ROWS].of[a] == row &&
            g->side[GRID_COLS].of[a] == col)
            return a;
    return -1;
}

bool grid_open(grid **out, const comparison *c, const grid_asked *asked, error *e)
{
    const study *s = c->study;
    grid *g = *out = error_zeroed(1, sizeof *g);
    g->c = c;
    axes_open(&g->x, s);
    for (int i = 0; i < GRID_SIDES; i++)
        g->side[i].key = error_zeroed((size_t)g->x.keys, sizeof *g->side[i].key);
    bool ok = place_axes(g, asked, e);
    for (int i = 0; ok && i < GRID_SIDES; i++) number_places(&g->side[i], &g->x);
    for (int a = 0; ok && a < s->arms; a++) {
        double mean, sd;
        const int n = comparison_arm(&mean, &sd, c, a), t = g->side[GRID_TABLES].of[a],
                  other = arm_at(g, t, g->side[GRID_ROWS].of[a], g->side[GRID_COLS].of[a]);
        if (n > g->most) g->most = n;
        if (other != a)
            ok = error_set(e, "study '%s': '%s' and '%s' have the same value of every axis",
                           s->name, s->arm[other].label, s->arm[a].label);
    }
    if (!ok) grid_close(g);
    return ok;
}

void grid_close(grid *g)
{
    for (int i = 0; i < GRID_SIDES; i++)
        free(g->side[i].key), free(g->side[i].of), free(g->side[i].first);
    axes_close(&g->x);
    free(g);
}

/* One part of "[n=4, 2 diverged]": how a cell differs from the others. */
static void put_count(FILE *out, int *listed, int n, const char *what)
{
    if (n) fprintf(out, "%s%d %s", (*listed)++ ? ", " : " [", n, what);
}

static void put_cell(FILE *out, const grid *g, int arm)
{
    const comparison *c = g->c;
    const study_arm *a = &c->study->arm[arm];
    const int digits = comparison_digits(c), pair = comparison_pair(c, arm);
    const contrast *r = pair < 0 ? NULL : &c->result.row[pair];
    double mean, sd;
    const int n = comparison_arm(&mean, &sd, c, arm);
    if (n)
        fprintf(out, "%.*f", digits, mean);
    else
        fputs("no value", out);
    if (r && r->n) {
        fprintf(out, " %+.*f %s", digits, table_rounded(r->diff, digits),
                r->verdict == CONTRAST_UNDECIDED    ? "~"
                : r->verdict == CONTRAST_EQUIVALENT ? "="
                                                    : contrast_verdict_name(r->verdict));
    } else if (r && n)
        fputs(" not compared", out);
    else if (n && comparison_is_base(c, arm))
        fputs(" base", out);
    int listed = 0;
    if (n && n != g->most) fprintf(out, "%sn=%d", listed++ ? ", " : " [", n);
    put_count(out, &listed, a->diverged, "diverged");
    put_count(out, &listed, a->failed, "failed");
    put_count(out, &listed, a->unfinished, "unfinished");
    if (listed) fputc(']', out);
    if (pair >= 0 && json_array_size(c->confounds[pair])) fputs(" !", out);
}

static char *cell(const grid *g, int arm)
{
    growing words;
    growing_open(&words);
    if (arm >= 0) put_cell(words.f, g, arm);
    return growing_close(&words);
}

/* The levels at a place of one side, in words; the caller frees the text. */
static char *words(const grid *g, grid_side where, int at)
{
    const side *s = &g->side[where];
    return axes_words(&g->x, s->first[at], s->key, s->keys);
}

/* Is a row or a column of a table empty? */
static bool empty(const grid *g, int t, grid_side where, int at)
{
    for (int a = 0; a < g->c->study->arms; a++)
        if (g->side[GRID_TABLES].of[a] == t && g->side[where].of[a] == at) return false;
    return true;
}

static void put_title(const grid *g, int t, table_format f, FILE *out)
{
    char *text = words(g, GRID_TABLES, t);
    if (f == TABLE_LATEX) {
        fprintf(out, "%% %s\n", text);
    } else if (f == TABLE_HTML) {
        fputs("<h3>", out), table_put_html(out, text), fputs("</h3>\n", out);
    } else
        fprintf(out, f == TABLE_MD ? "### %s\n\n" : "%s\n\n", text);
    free(text);
}

static void put_table(const grid *g, int t, table_format f, FILE *out)
{
    const side *rows = &g->side[GRID_ROWS], *cols = &g->side[GRID_COLS];
    char **title = error_zeroed((size_t)(rows->keys + cols->n), sizeof *title);
    int n = 0;
    for (int k = 0; k < rows->keys; k++)
        if (!(title[n++] = strdup(axes_leaf(rows->key[k])))) error_memory();
    for (int i = 0; i < cols->n; i++) {
        if (empty(g, t, GRID_COLS, i)) continue;
        title[n] = words(g, GRID_COLS, i);
        if (!cols->keys) free(title[n]), title[n] = strdup(g->c->study->metric.name);
        if (!title[n++]) error_memory();
    }
    table s;
    table_open(&s, f, out, n, (const char *const *)title);
    for (int r = 0; r < rows->n; r++) {
        if (empty(g, t, GRID_ROWS, r)) continue;
        for (int k = 0; k < rows->keys; k++) {
            char *text = axes_value(&g->x, rows->first[r], rows->key[k]);
            table_text(&s, text);
            free(text);
        }
        for (int i = 0; i < cols->n; i++) {
            if (empty(g, t, GRID_COLS, i)) continue;
            char *text = cell(g, arm_at(g, t, r, i));
            table_text(&s, text);
            free(text);
        }
    }
    table_close(&s);
    for (int i = 0; i < n; i++) free(title[i]);
    free(title);
}

/* Explain what the cells contain. */
static void put_key(const grid *g, FILE *out)
{
    const comparison *c = g->c;
    const metric *m = &c->study->metric;
    bool confounded = false, uneven = false;
    for (int i = 0; i < c->asked.pairs; i++)
        confounded = confounded || json_array_size(c->confounds[i]);
    for (int a = 0; a < c->study->arms; a++) {
        const study_arm *arm = &c->study->arm[a];
        double mean, sd;
        const int n = comparison_arm(&mean, &sd, c, a);
        uneven = uneven || (n && n != g->most) || arm->diverged || arm->failed || arm->unfinished;
    }
    fprintf(out, "Cells: mean %s", m->name);
    if (*m->unit) fprintf(out, " in %s", m->unit);
    fprintf(out, " over %d seed%s", g->most, g->most == 1 ? "" : "s");
    if (c->asked.pairs) {
        fputs(", difference from the baseline (base), verdict (~ undecided, ", out);
        if (!isnan(c->asked.margin)) fprintf(out, "= equivalent within ±%g, ", c->asked.margin);
        fprintf(out, "better, worse; at %.*g %%", number_level_digits(c->asked.alpha),
                100 * (1 - c->asked.alpha));
        if (c->asked.pairs > 1) fprintf(out, " for all %d at once", c->asked.pairs);
        fputc(')', out);
    }
    if (uneven) fputs(", [other n, runs without a value]", out);
    fprintf(out, "%s.\n", confounded ? ", ! if more than the axes differs" : "");
}

/* A value of an axis, as a number if it is one in the study. */
static void put_level(table *t, const grid *g, int arm, const char *key)
{
    const json_t *v = json_object_get(g->x.of[arm], key);
    if (json_is_integer(v))
        table_int(t, json_integer_value(v));
    else if (json_is_real(v))
        table_real(t, json_real_value(v), 6);
    else {
        char *text = axes_value(&g->x, arm, key);
        table_text(t, text);
        free(text);
    }
}

static void put_machine_row(table *t, const grid *g, int arm)
{
    const comparison *c = g->c;
    const study_arm *a = &c->study->arm[arm];
    const int pair = comparison_pair(c, arm);
    const contrast none = { .diff = NAN, .lo = NAN, .hi = NAN, .p_adjusted = NAN },
                   *r = pair < 0 ? &none : &c->result.row[pair];
    double mean, sd;
    const int n = comparison_arm(&mean, &sd, c, arm);
    table_text(t, a->label);
    table_text(t, pair < 0 ? NULL : c->study->arm[r->of.base].label);
    table_int(t, n), table_real(t, mean, 6), table_real(t, sd, 6);
    table_real(t, r->diff, 6), table_real(t, isinf(r->lo) ? NAN : r->lo, 6);
    table_real(t, isinf(r->hi) ? NAN : r->hi, 6), table_real(t, r->p_adjusted, 6);
    table_text(t, r->n ? contrast_verdict_name(r->verdict) : NULL);
    table_int(t, a->diverged), table_int(t, a->failed), table_int(t, a->unfinished);
    char *confounds = pair >= 0 && json_array_size(c->confounds[pair])
                          ? json_dumps(c->confounds[pair], JSON_COMPACT)
                          : NULL;
    table_text(t, confounds), table_text(t, c->study->metric.name);
    free(confounds);
}

static void put_machine_rows(const grid *g, table_format f, FILE *out)
{
    static const char *const COLUMN[] = { "arm",        "base",           "n",        "mean",
                                          "sd",         "diff",           "ci_lo",    "ci_hi",
                                          "p_adjusted", "verdict",        "diverged", "failed",
                                          "unfinished", "confounds_json", "metric" };
    enum { COLUMNS = sizeof COLUMN / sizeof *COLUMN };
    const char **title = error_zeroed((size_t)g->x.keys + COLUMNS, sizeof *title);
    int n = 0;
    for (int s = 0; s < GRID_SIDES; s++)
        for (int k = 0; k < g->side[s].keys; k++) title[n++] = g->side[s].key[k];
    memcpy(title + n, COLUMN, sizeof COLUMN);
    table t;
    table_open(&t, f, out, n + COLUMNS, title);
    for (int b = 0; b < g->side[GRID_TABLES].n; b++)
        for (int r = 0; r < g->side[GRID_ROWS].n; r++)
            for (int i = 0; i < g->side[GRID_COLS].n; i++) {
                const int arm = arm_at(g, b, r, i);
                if (arm < 0) continue;
                for (int k = 0; k < n; k++) put_level(&t, g, arm, title[k]);
                put_machine_row(&t, g, arm);
            }
    table_close(&t);
    free(title);
}

void grid_print(const grid *g, table_format f, FILE *out)
{
    if (!table_for_people(f)) {
        put_machine_rows(g, f, out);
        return;
    }
    for (int t = 0; t < g->side[GRID_TABLES].n; t++) {
        if (g->side[GRID_TABLES].keys) put_title(g, t, f, out);
        put_table(g, t, f, out);
        fputc('\n', out);
    }
    put_key(g, f == TABLE_LATEX || f == TABLE_HTML ? stderr : out);
}
