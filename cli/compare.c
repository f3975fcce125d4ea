/* compare.c - attnlab compare STUDY [STUDY]: who differs, by how much, how surely. */
#include "analysis/answers/comparison.h"
#include "analysis/answers/grid.h"
#include "analysis/answers/interaction.h"
#include "analysis/answers/ledger.h"
#include "analysis/answers/sample.h"
#include "analysis/answers/sentence.h"
#include "analysis/answers/tables.h"
#include "analysis/answers/trends.h"
#include "analysis/data/across.h"
#include "analysis/statistics/verdict.h"
#include "cli/command.h"
#include "cli/compare_published.h"
#include "cli/compare_scores.h"
#include "cli/look.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The words of --fail-if: the verdicts, in the order of their enum, and one more. */
static const char *const FAIL_IF[] = { "undecided", "equivalent", "better",
                                       "worse",     "confounded", NULL };
enum { FAIL_CONFOUNDED = CONTRAST_WORSE + 1 };

static const char *const PAIRS[] = { "base", "all", NULL };

typedef struct options {
    const char *at, *published;
    option_texts with;
    int64_t pairs;                 /* 1: every two arms    */
    bool interactions;             /* those alone          */
    const char *trend, *to;        /* an axis of sizes; a size */
    int64_t by;                    /* trends_size          */
    bool ledger;                   /* test at its level    */
    uint64_t fail_if;              /* a bit for each word  */
    option_texts side[GRID_SIDES]; /* axes */
} options;

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "at",           0, OPTION_TEXT,    "POINT",   AT(at),           "use the last evaluation up to tokens=N, flops=N or seconds=N of training", "(the final one)" },
    { "pairs",        0, OPTION_CHOICE,  "WHICH",   AT(pairs),        "each arm with its baseline, or every two arms", "base", 0, 0, PAIRS },
    { "interactions", 0, OPTION_FLAG,    NULL,      AT(interactions), "only how differences change along axes of numbers, such as the context" },
    { "trend",        0, OPTION_TEXT,    "AXIS",    AT(trend),        "only whether differences grow or close along this axis of sizes" },
    { "by",           0, OPTION_CHOICE,  "SIZE",    AT(by),           "--trend: what the size is: parameters, training FLOPs, or the axis itself", "params", 0, 0, trends_sizes },
    { "to",           0, OPTION_TEXT,    "N",       AT(to),           "--trend: predict the difference at this size, such as 100M" },
    { "ledger",       0, OPTION_FLAG,    NULL,      AT(ledger),       "enter the study in the ledger, and test it at the level that false discoveries over studies allow" },
    { "rows",         0, OPTION_TEXTS,   "AXIS",    AT(side[GRID_ROWS]),   "a grid: this axis down, such as attention" },
    { "cols",         0, OPTION_TEXTS,   "AXIS",    AT(side[GRID_COLS]),   "a grid: this axis across, such as context" },
    { "tables",       0, OPTION_TEXTS,   "AXIS",    AT(side[GRID_TABLES]), "a grid: one for each value of this axis" },
    { "published",    0, OPTION_TEXT,    "TABLE",   AT(published),    "compare the models of a published table instead: its name, such as llama2-table18, or a CSV file" },
    { "with",         0, OPTION_TEXTS,   "FILE",    AT(with),         "with --published: set the models of this CSV file beside it" },
    { "fail-if",      0, OPTION_CHOICES, "VERDICT", AT(fail_if),      "exit with status 3 if any contrast is", NULL, 0, 0, FAIL_IF },
    { 0 },
};
// clang-format on

/* What other held-out text would add to the error, if the database has its windows. */
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
    char procedure[VERDICT_TEXT];
    verdict_describe(procedure, sizeof procedure, &c->result);
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

static bool read_size(double *to, const char *text, error *e)
{
    *to = NAN;
    if (!text) return true;
    static const char SUFFIX[] = "kMGTP";
    char *end;
    double x = strtod(text, &end);
    const char *suffix = *end ? strchr(SUFFIX, *end) : NULL;
    if (suffix && end > text) x *= pow(1000, (double)(suffix - SUFFIX + 1)), end++;
    if (end == text || *end || !(x > 0) || isinf(x))
        return error_usage(e, "--to '%s': must be a size above 0, such as 100M or 1e18", text);
    *to = x;
    return true;
}

static bool print_trends(command_call *call, const options *o, const trends *t, const comparison *c,
                         error *e)
{
    double to;
    notes list = { 0 };
    if (!read_size(&to, o->to, e)) return false;
    command_rows(call);
    trends_print(t, c, to, command_format(call), stdout);
    if (command_prose(call)) putchar('\n');
    trends_notes(&list, t, c, to);
    command_remarks(call, &list);
    return true;
}

static void print_head(const study *s, table_format f)
{
    const char *question = s->question ? s->question : "";
    printf("%s%s%s%s\n\n", f == TABLE_MD ? "## " : "", s->name, *question ? ": " : "", question);
    if (s->hypothesis && *s->hypothesis) printf("Hypothesis: %s\n\n", s->hypothesis);
}

static bool put_notes(command_call *call, const comparison *c, db *d, error *e)
{
    notes list = { 0 };
    const bool ok = sentence_notes(&list, c, d, e);
    command_remarks(call, &list);
    return ok;
}

static bool print_grid(command_call *call, const grid *g, const comparison *c, db *d, error *e)
{
    if (command_prose(call)) print_head(c->study, command_format(call));
    command_rows(call);
    grid_print(g, command_format(call), stdout);
    return put_notes(call, c, d, e);
}

static bool print(command_call *call, const comparison *c, db *d, error *e)
{
    const table_format f = command_format(call);
    if (!table_for_people(f)) {
        command_rows(call);
        if (c->scored) compare_scores_rows(c, f);
        return (c->scored || print_rows(c, d, f, e)) && put_notes(call, c, d, e);
    }
    if (f == TABLE_LATEX || f == TABLE_HTML) {
        tables_arms(stdout, c, f);
        c->scored ? compare_scores_print(stdout, c, f) : tables_pairs(stdout, c, f);
        return put_notes(call, c, d, e);
    }
    print_head(c->study, f);
    tables_arms(stdout, c, f);
    putchar('\n');
    if (c->scored) {
        compare_scores_print(stdout, c, f);
        putchar('\n');
        return put_notes(call, c, d, e);
    }
    if (c->asked.pairs) {
        tables_pairs(stdout, c, f);
        putchar('\n');
    }
    for (int i = 0; i < c->asked.pairs; i++) {
        if (f == TABLE_MD) fputs("- ", stdout);
        sentence_verdict(stdout, c, i);
    }
    putchar('\n');
    if (!c->study->other.sweep_id) tables_interactions(stdout, c, f);
    return tables_samples(stdout, c, d, f, e) && put_notes(call, c, d, e);
}

static bool found(const comparison *c, uint64_t fail_if)
{
    if (c->scored && compare_scores_found(c, fail_if)) return true;
    for (int i = 0; i < c->asked.pairs; i++)
        if (fail_if >> c->result.row[i].verdict & 1 ||
            (fail_if >> FAIL_CONFOUNDED & 1 && json_array_size(c->confounds[i])))
            return true;
    return false;
}

/* Enter the verdict in the ledger, before it is shown. */
static bool enter(command_call *call, const comparison *c, error *e)
{
    db d;
    ledger_entry x = { .level = c->asked.alpha };
    notes list = { 0 };
    if (!c->cmp_id)
        return error_set(e, "%s: a verdict that can't be stored can't be entered in the ledger",
                         call->db);
    if (!db_open(&d, call->db, DB_CHANGE, e)) return false;
    const bool ok = ledger_enter(&x, c, &d, e);
    if (ok) db_tidy(&d);
    db_close(&d);
    if (ok) ledger_note(&list, &x), command_notes(call, &list);
    return ok;
}

/* Test the study at the level of the ledger. */
static bool take_level(study *s, db *d, error *e)
{
    ledger_entry x;
    if (!ledger_ready(s, d, e) || !ledger_find(&x, s, d, e)) return false;
    s->alpha = x.level, s->ledger = true;
    return true;
}

/* One answer: interactions, a grid, or the whole page.  The grid is laid out first, so that a wrong
 * axis is refused before the look is recorded. */
static bool answer(command_call *call, const options *o, const grid_asked *asked, comparison *c,
                   db *d, error *e)
{
    grid *g = NULL;
    trends k = { 0 };
    bool ok = true;
    if (asked->n && !grid_open(&g, c, asked, e)) return false;
    if (o->trend && !trends_open(&k, c, o->trend, (trends_size)o->by, e)) return false;
    comparison_power(c);
    look_record(c, call);
    if (o->ledger && !enter(call, c, e)) {
        if (g) grid_close(g);
        return false;
    }
    if (o->interactions) {
        command_rows(call), print_slopes(c, command_format(call));
        ok = look_changes(call, c, d, e);
    } else if (o->trend)
        ok = print_trends(call, o, &k, c, e) && look_changes(call, c, d, e);
    else if (g)
        ok = print_grid(call, g, c, d, e);
    else
        ok = print(call, c, d, e);
    if (g) grid_close(g);
    trends_close(&k);
    return ok;
}

/* The study, or two of them as one. */
static bool open_study(study *s, notes *list, command_call *call, study_point at, db *d, error *e)
{
    const char *const *name = call->argument;
    study first, second;
    if (call->arguments < 2)
        return study_open_at(s, d, name[0], call->metric, call->generation, at, e);
    if (!study_open_at(&first, d, name[0], call->metric, call->generation, at, e)) return false;
    if (study_open_at(&second, d, name[1], call->metric, call->generation, at, e)) {
        if (!across_join(s, &first, &second, list, e)) return false;
        if (!metric_is_suite(&s->metric) || scores_open(s, d, e)) return true;
        study_free(s);
        return false;
    }
    study_free(&first);
    return false;
}

static int compare(command_call *call, const options *o, const grid_asked *asked, study_point at,
                   db *d)
{
    error e;
    study s;
    comparison c;
    notes list = { 0 };
    bool ok = open_study(&s, &list, call, at, d, &e), named = false;
    if (ok) {
        look_options(&s, call);
        const bool all = o->pairs == 1;
        ok = (!o->ledger || take_level(&s, d, &e)) && comparison_open(&c, &s, d, all, &e);
        if (ok) {
            c.all = all;
            ok = answer(call, o, asked, &c, d, &e);
            if (ok) command_remarks(call, &list);
            named = ok && found(&c, o->fail_if);
            comparison_close(&c);
        }
        study_free(&s);
    }
    notes_close(&list);
    return !ok ? command_fail(call, &e) : named ? STATUS_VERDICT : STATUS_DONE;
}

static bool read_grid(grid_asked *asked, const options *o, error *e)
{
    static const grid_side SIDE[] = { GRID_ROWS, GRID_COLS, GRID_TABLES };
    *asked = (grid_asked){ 0 };
    for (int k = 0; k < GRID_SIDES; k++)
        for (int i = 0; i < o->side[SIDE[k]].n; i++) {
            if (asked->n == GRID_AXES)
                return error_usage(e, "a grid has at most %d axes", GRID_AXES);
            asked->place[asked->n].side = SIDE[k];
            asked->place[asked->n++].axis = o->side[SIDE[k]].item[i];
        }
    return true;
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    study_point at = { 0 };
    grid_asked asked;
    error e;
    db d;
    if (o->published) {
        if (o->fail_if || o->at || call->metric || o->interactions)
            return command_refuse(call, "--published takes --with, --pairs, --alpha and --output: "
                                        "leave out the other options");
        return compare_published(call, o->published, &o->with, o->pairs == 1);
    }
    if (o->with.n) return command_refuse(call, "--with belongs to --published TABLE");
    if (!call->arguments) return command_missing(call, "STUDY");
    if (!read_grid(&asked, o, &e)) return command_refuse(call, "%s", e.msg);
    if (asked.n && (o->pairs == 1 || o->interactions))
        return command_refuse(call,
                              "--rows, --cols and --tables show each arm against its baseline: "
                              "leave out %s",
                              o->pairs == 1 ? "--pairs all" : "--interactions");
    double to;
    if (!read_size(&to, o->to, &e)) return command_refuse(call, "%s", e.msg);
    if (o->trend && (asked.n || o->pairs == 1 || o->interactions || call->arguments > 1))
        return command_refuse(call, "--trend is an answer of its own, for one study: leave out the "
                                    "second study, --rows, --cols, --tables, --pairs and "
                                    "--interactions");
    if (!o->trend && (o->to || o->by))
        return command_refuse(call, "%s is for --trend: add --trend AXIS", o->to ? "--to" : "--by");
    if (call->arguments > 1 && (asked.n || o->pairs == 1 || o->interactions))
        return command_refuse(call, "--rows, --cols, --tables, --pairs and --interactions take one "
                                    "study: leave them out to compare two");
    if (o->ledger &&
        (call->arguments > 1 || o->pairs == 1 || o->interactions || o->at || call->metric ||
         call->generation >= 0 || !isnan(call->alpha) || !isnan(call->margin)))
        return command_refuse(call,
                              "--ledger tests what the study states: leave out a second study, "
                              "--pairs, --interactions, --at, --metric, --generation, --alpha "
                              "and --margin");
    if (o->at && !study_point_parse(&at, o->at, &e)) return command_refuse(call, "%s", e.msg);
    if (!db_open(&d, call->db, DB_READ, &e)) return command_fail(call, &e);
    const int status = compare(call, o, &asked, at, &d);
    db_close(&d);
    return status;
}

const command command_compare = {
    .name = "compare",
    .group = COMMAND_COMPARE,
    .help = "which arms differ, by how much, how surely",
    .arguments = "[STUDY] [STUDY]",
    .summary = "Compare each arm of a study with its baseline, or with the same arm of a second "
               "study.",
    .text =
        "Every comparison is recorded, with the number of the look. Where --metric, --alpha, "
        "--margin, --at or --pairs depart from what the study states, the notes say so.\n\n"
        "Of two studies, each arm of the first is compared with the arm of the second that has the "
        "same label, at the seeds that both have. Every key in which they differ is named, and it "
        "is a look at both.\n\n"
        "--metric SUITE compares scores on a suite of tasks: one row for each task, each group "
        "(the "
        "mean of its tasks) and the suite (the mean of its groups), all tested at once, with seeds "
        "and items as sources of error. SUITE/PART takes a group or a task, SUITE:SCORE another "
        "score (acc, acc_norm, margin, nll, bpb), SUITE@N the evaluation with items of up to N "
        "tokens.\n\n"
        "--published TABLE needs no database: it compares the models of a paper's table, with the "
        "binomial error of its items. Arguments are then models: one is compared with the "
        "baseline, two with each other.\n\n"
        "With --rows, --cols or --tables it is laid out by the axes of the study, one cell for "
        "each arm. Axes that are given no place go down (the first axis of words), across (the "
        "first axis of numbers) and into tables, so that none is averaged over. In CSV and JSON "
        "a grid has one row for each cell and one column for each axis.\n\n"
        "With --trend, a line is fitted to the differences against the logarithm of the size, seed "
        "by seed. A gap grows, closes, stays (within the margin) or is undecided. A prediction for "
        "--to has an interval for both the seeds and the scatter of the sizes about the line.\n\n"
        "With --ledger the study is entered in the ledger (attnlab ledger), once and for all, when "
        "its last run has ended, and alpha is the level that the ledger gives. As the gate of an "
        "automated search: `attnlab compare STUDY --ledger --fail-if undecided --fail-if "
        "worse`.\n\n"
        "Exit status: 3 if --fail-if names a verdict that was found.",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_METRIC | SHARED_ALPHA | SHARED_MARGIN |
              SHARED_GENERATION,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
