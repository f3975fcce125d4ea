/* compare.c - attnlab compare STUDY: who differs, by how much, how surely. */
#include "analysis/answers/comparison.h"
#include "analysis/answers/grid.h"
#include "analysis/answers/interaction.h"
#include "analysis/answers/sample.h"
#include "analysis/answers/sentence.h"
#include "analysis/answers/tables.h"
#include "cli/verb.h"
#include "cli/verbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FAIL_CONFOUNDED = CONTRAST_WORSE + 1, FAIL_KINDS };

typedef struct options {
    verb common;
    const char *study, *metric;
    double alpha, margin; /* NaN: the study's */
    int64_t generation;   /* -1: the newest */
    bool all;             /* every two arms     */
    bool slopes;          /* interactions alone */
    grid_asked grid;
    study_point at;
    bool fail_if[FAIL_KINDS];
} options;

enum {
    KEY_METRIC = 1000,
    KEY_ALPHA,
    KEY_MARGIN,
    KEY_GENERATION,
    KEY_PAIRS,
    KEY_AT,
    KEY_SLOPES,
    KEY_FAIL,
    KEY_ROWS,
    KEY_COLS,
    KEY_TABLES
};

static const struct argp_option OPTIONS[] = {
    { "metric", KEY_METRIC, "METRIC", 0,
      "Compare by this, such as val_bpb@512 (the study's metric)", 0 },
    { "alpha", KEY_ALPHA, "ALPHA", 0, "How often to err (the study's alpha)", 0 },
    { "margin", KEY_MARGIN, "MARGIN", 0,
      "Differences below this are equivalent (the study's margin)", 0 },
    { "generation", KEY_GENERATION, "N", 0, "Runs of this generation (the newest of each cell)",
      0 },
    { "at", KEY_AT, "POINT", 0,
      "By the last evaluation at tokens=N, flops=N or seconds=N of training (final)", 0 },
    { "pairs", KEY_PAIRS, "WHICH", 0,
      "base: each arm with its baseline (the default); all: every two", 0 },
    { "interactions", KEY_SLOPES, NULL, 0,
      "Only how differences change along axes of numbers, such as the context", 0 },
    { "rows", KEY_ROWS, "AXIS", 0, "A grid: this axis down, such as attention; may be repeated",
      0 },
    { "cols", KEY_COLS, "AXIS", 0, "A grid: this axis across, such as context; may be repeated",
      0 },
    { "tables", KEY_TABLES, "AXIS", 0, "A grid: one for each value of this axis; may be repeated",
      0 },
    { "fail-if", KEY_FAIL, "VERDICT", 0,
      "Exit with status 3 if any contrast is worse, better, equivalent, undecided or confounded",
      0 },
    { 0 },
};

static void add_axis(options *o, const struct argp_state *state, grid_side side, const char *name)
{
    if (o->grid.n == GRID_AXES)
        argp_failure(state, STATUS_USAGE, 0, "more than %d axes for one grid", GRID_AXES);
    o->grid.place[o->grid.n].side = side;
    o->grid.place[o->grid.n++].axis = name;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case KEY_METRIC:
        o->metric = arg;
        return 0;
    case KEY_ALPHA:
        o->alpha = verb_number(state, "--alpha", arg, 0, 0.5);
        return 0;
    case KEY_MARGIN:
        o->margin = verb_number(state, "--margin", arg, 0, INFINITY);
        return 0;
    case KEY_GENERATION:
        o->generation = (int64_t)verb_number(state, "--generation", arg, -1, 1e9);
        return 0;
    case KEY_PAIRS:
        if (strcmp(arg, "all") != 0 && strcmp(arg, "base") != 0)
            argp_failure(state, STATUS_USAGE, 0, "--pairs '%s': base or all", arg);
        o->all = strcmp(arg, "all") == 0;
        return 0;
    case KEY_AT: {
        error e;
        if (!study_point_parse(&o->at, arg, &e)) verb_refuse(state, &e);
        return 0;
    }
    case KEY_SLOPES:
        o->slopes = true;
        return 0;
    case KEY_ROWS:
        add_axis(o, state, GRID_ROWS, arg);
        return 0;
    case KEY_COLS:
        add_axis(o, state, GRID_COLS, arg);
        return 0;
    case KEY_TABLES:
        add_axis(o, state, GRID_TABLES, arg);
        return 0;
    case KEY_FAIL:
        if (strcmp(arg, "confounded") == 0) {
            o->fail_if[FAIL_CONFOUNDED] = true;
            return 0;
        }
        for (int v = CONTRAST_UNDECIDED; v <= CONTRAST_WORSE; v++)
            if (strcmp(arg, contrast_verdict_name((contrast_verdict)v)) == 0) {
                o->fail_if[v] = true;
                return 0;
            }
        argp_failure(state, STATUS_USAGE, 0,
                     "--fail-if '%s': worse, better, equivalent, undecided or confounded", arg);
        return 0;
    case ARGP_KEY_ARG:
        if (o->study) argp_error(state, "one study");
        o->study = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->study) argp_error(state, "give a study: its name, or its study.yaml");
        if (o->grid.n && (o->all || o->slopes))
            argp_failure(state, STATUS_USAGE, 0,
                         "--rows, --cols and --tables show each arm against its baseline: leave "
                         "out %s",
                         o->all ? "--pairs all" : "--interactions");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "STUDY",
    .doc = "Compare each arm of a study with its baseline.\vEvery comparison is recorded, with the "
           "number of the look.  With --rows, --cols or --tables it is laid out by the axes of the "
           "study, a cell an arm; axes that are given no place go down (the first of words), "
           "across (the first of numbers) and into tables, so that none is averaged over.  With -o "
           "csv or json a grid has a row a cell and a column an axis.  Exit status 3: what "
           "--fail-if names was found.",
    .children = verb_child,
};

/* What other text would add to the error, where the record tells. */
static void put_sample(table *t, const sample *m)
{
    const bool known = m->pieces > 0;
    known ? table_int(t, m->pieces) : table_text(t, NULL);
    const double number[] = { m->se_text, m->share, m->lo, m->hi };
    for (int k = 0; k < 4; k++) table_real(t, known ? number[k] : NAN, 6);
}

/* For programs: the columns of comparison_row, and what they need to be read alone. */
static bool print_rows(const comparison *c, db *d, table_format f, error *e)
{
    static const char *const COLUMN[] = {
        "cmp_id",      "arm_id",     "base_arm_id",    "arm",
        "base",        "n",          "mean",           "base_mean",
        "diff",        "se",         "ci_lo",          "ci_hi",
        "p",           "p_adjusted", "p_equivalent",   "pair_correlation",
        "mde",         "verdict",    "confounds_json", "seeds_needed",
        "text_pieces", "se_text",    "text_share",     "ci_lo_text",
        "ci_hi_text",  "look",       "metric",         "alpha",
        "margin",      "procedure"
    };
    char procedure[256];
    contrast_describe(procedure, sizeof procedure, &c->result);
    table t;
    table_open(&t, f, stdout, sizeof COLUMN / sizeof *COLUMN, COLUMN);
    bool ok = true;
    for (int i = 0; ok && i < c->asked.pairs; i++) {
        sample m;
        if (!(ok = sample_read(&m, c, d, i, e))) break;
        const contrast *r = &c->result.row[i];
        const study_arm *arm = &c->study->arm[r->of.arm], *base = &c->study->arm[r->of.base];
        const double number[] = { r->mean,         r->base_mean,   r->diff,        r->se,
                                  r->lo,           r->hi,          r->p,           r->p_adjusted,
                                  r->p_equivalent, r->correlation, c->power[i].mde };
        char *confounds =
            json_array_size(c->confounds[i]) ? json_dumps(c->confounds[i], JSON_COMPACT) : NULL;
        c->cmp_id ? table_int(&t, c->cmp_id) : table_text(&t, NULL);
        table_int(&t, arm->arm_id), table_int(&t, base->arm_id);
        table_text(&t, arm->label), table_text(&t, base->label), table_int(&t, r->n);
        for (size_t k = 0; k < sizeof number / sizeof *number; k++)
            table_real(&t, isinf(number[k]) ? NAN : number[k], 6);
        table_text(&t, contrast_verdict_name(r->verdict)), table_text(&t, confounds);
        c->power[i].needed ? table_int(&t, c->power[i].needed) : table_text(&t, NULL);
        put_sample(&t, &m);
        table_int(&t, c->look), table_text(&t, c->study->metric.name);
        table_real(&t, c->asked.alpha, 6), table_real(&t, c->asked.margin, 6);
        table_text(&t, procedure);
        free(confounds);
    }
    table_close(&t);
    return ok;
}

static void print_slopes(const comparison *c, table_format f)
{
    interactions k;
    interaction_find(&k, c);
    interaction_print(&k, c, f, stdout);
    interaction_close(&k);
}

static void print_head(const study *s, table_format f)
{
    const char *question = s->question ? s->question : "";
    printf("%s%s%s%s\n\n", f == TABLE_MD ? "## " : "", s->name, *question ? ": " : "", question);
    if (s->hypothesis && *s->hypothesis) printf("Hypothesis: %s\n\n", s->hypothesis);
}

static bool print_grid(const grid *g, const comparison *c, db *d, table_format f, error *e)
{
    const bool text = f == TABLE_TEXT || f == TABLE_MD;
    if (text) print_head(c->study, f);
    grid_print(g, f, stdout);
    return sentence_notes(text ? stdout : stderr, c, d, e);
}

static bool print(const comparison *c, db *d, table_format f, error *e)
{
    if (!table_for_people(f)) return print_rows(c, d, f, e) && sentence_notes(stderr, c, d, e);
    if (f == TABLE_LATEX || f == TABLE_HTML) {
        tables_arms(stdout, c, f), tables_pairs(stdout, c, f);
        return sentence_notes(stderr, c, d, e);
    }
    print_head(c->study, f);
    tables_arms(stdout, c, f);
    putchar('\n');
    if (c->asked.pairs) {
        tables_pairs(stdout, c, f);
        putchar('\n');
    }
    for (int i = 0; i < c->asked.pairs; i++) {
        if (f == TABLE_MD) fputs("- ", stdout);
        sentence_verdict(stdout, c, i);
    }
    putchar('\n');
    tables_interactions(stdout, c, f);
    return tables_samples(stdout, c, d, f, e) && sentence_notes(stdout, c, d, e);
}

/* The command line, for the record; the caller frees it. */
static char *join(int argc, char **argv)
{
    size_t size = 1;
    for (int i = 0; i < argc; i++) size += strlen(argv[i]) + 1;
    char *text = calloc(1, size);
    if (!text) error_memory();
    for (int i = 0; i < argc; i++) {
        if (i) strcat(text, " ");
        strcat(text, argv[i]);
    }
    return text;
}

/* A database that cannot be written is compared all the same. */
static void record(comparison *c, const char *path, int argc, char **argv)
{
    error e;
    db d;
    char *line = join(argc, argv);
    bool ok = db_open(&d, path, DB_WRITE, &e);
    if (ok) {
        ok = comparison_record(c, &d, line, &e);
        if (ok) db_tidy(&d);
        db_close(&d);
    }
    if (!ok) fprintf(stderr, "%s: this look is not recorded: %s\n", argv[0], e.msg);
    free(line);
}

static bool found(const comparison *c, const options *o)
{
    for (int i = 0; i < c->asked.pairs; i++)
        if (o->fail_if[c->result.row[i].verdict] ||
            (o->fail_if[FAIL_CONFOUNDED] && json_array_size(c->confounds[i])))
            return true;
    return false;
}

static int compare(db *d, const options *o, int argc, char **argv)
{
    error e;
    study s;
    comparison c;
    if (!study_open_at(&s, d, o->study, o->metric, o->generation, o->at, &e))
        return verb_fail(argv[0], &e);
    if (!isnan(o->alpha)) s.alpha = o->alpha;
    if (!isnan(o->margin)) s.margin = o->margin;
    if (!comparison_open(&c, &s, d, o->all, &e)) {
        study_free(&s);
        return verb_fail(argv[0], &e);
    }
    grid *g = NULL;
    if (o->grid.n && !grid_open(&g, &c, &o->grid, &e)) {
        comparison_close(&c), study_free(&s);
        return verb_fail(argv[0], &e);
    }
    record(&c, o->common.db, argc, argv);
    bool ok = true;
    if (o->slopes)
        print_slopes(&c, o->common.format);
    else if (g)
        ok = print_grid(g, &c, d, o->common.format, &e);
    else
        ok = print(&c, d, o->common.format, &e);
    if (g) grid_close(g);
    const int status = found(&c, o) ? STATUS_VERDICT : STATUS_DONE;
    comparison_close(&c);
    study_free(&s);
    return ok ? verb_done(argv[0], status) : verb_fail(argv[0], &e);
}

int compare_verb(int argc, char **argv)
{
    options o = { .alpha = NAN, .margin = NAN, .generation = -1 };
    verb_parse(&ARGP, argc, argv, &o);
    error e;
    db d;
    if (!db_open(&d, o.common.db, DB_READ, &e)) return verb_fail(argv[0], &e);
    const int status = compare(&d, &o, argc, argv);
    db_close(&d);
    return status;
}
