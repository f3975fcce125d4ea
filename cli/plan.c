/* plan.c - attnlab plan STUDY --budget 8h --effect 0.02: the size, length and seeds that have the
 * best chance to decide a question in a given time. */
#define _DEFAULT_SOURCE /* realpath */
#include "analysis/answers/pilots.h"
#include "analysis/figures/widths.h"
#include "analysis/statistics/budget.h"
#include "cli/pilot.h"
#include "core/base/file.h"
#include "core/base/growing.h"
#include "core/base/number.h"
#include "core/compute/threads.h"
#include "experiments/study_stored.h"
#include "experiments/study_write.h"
#include "trainer/run/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAKER "attnlab plan"

typedef struct options {
    const char *budget, *out, *figure;
    double effect, power, minutes;
    int64_t jobs;
    option_texts from;
    bool dry_run;
} options;

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "budget",        0,   OPTION_TEXT,    "TIME",  AT(budget),  "time for the study: 90m, 8h, 2d" },
    { "effect",        0,   OPTION_REAL,    "X",     AT(effect),  "the difference that matters", "(the study's margin)", 1e-12, 1e6 },
    { "power",         0,   OPTION_REAL,    "P",     AT(power),   "chance of a verdict to aim for", "0.8", 0.05, 0.999 },
    { "jobs",          'j', OPTION_INTEGER, "N",     AT(jobs),    "runs at a time", "(as many as processors)", 1, 1024 },
    { "pilot-minutes", 0,   OPTION_REAL,    "M",     AT(minutes), "time for the pilots", "10", 0.01, 1e5 },
    { "from",          0,   OPTION_TEXTS,   "STUDY", AT(from),    "take sizes, lengths, spread and speed from this study in place of pilots; may be repeated" },
    { "out",           0,   OPTION_TEXT,    "FILE",  AT(out),     "write the chosen study to this file" },
    { "figure",        0,   OPTION_TEXT,    "DIR",   AT(figure),  "draw the designs into this folder, which is made if need be" },
    { "dry-run",       0,   OPTION_FLAG,    NULL,    AT(dry_run), "only show the pilots and what they cost" },
    { 0 },
};
// clang-format on

enum { ROWS = 64, SIZES = 16, POINTS = 64 };

typedef struct planner {
    command_call *call;
    const options *o;
    study_file own;
    arms arms;
    pilot_question pilots;
    budget_question asked;
    int *family; /* contrasts of each baseline */
    procedure_plan procedures;
    int sizes, rows, chosen, points;
    ladder_size size[SIZES];
    promise_pilot pilot[POINTS];
    budget_time time[POINTS];
    budget_row row[ROWS];
    bool plateau;
} planner;

/* "90m", "8h", "2d", "45s" or "1.5h"; a number alone is refused. */
static bool read_time(double *seconds, const char *text, error *e)
{
    static const struct {
        const char *unit;
        double seconds;
    } UNIT[] = { { "s", 1 }, { "m", 60 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 } };
    char number[NUMBER_TEXT];
    const size_t n = strspn(text, "0123456789.");
    snprintf(number, sizeof number, "%.*s", (int)(n < NUMBER_TEXT ? n : 0), text);
    for (size_t i = 0; i < sizeof UNIT / sizeof *UNIT; i++)
        if (strcmp(text + n, UNIT[i].unit) == 0 && number_real(seconds, number) && *seconds > 0) {
            *seconds *= UNIT[i].seconds;
            return true;
        }
    return error_usage(e, "--budget: '%.40s' is not a time: write 45s, 90m, 8h or 2d", text);
}

/* The contrasts that the study will test at once. */
static bool find_family(planner *p, error *e)
{
    int stars = 0;
    p->family = error_zeroed((size_t)p->arms.n, sizeof *p->family);
    for (int b = 0; b < p->arms.n; b++) {
        int n = 0;
        for (int a = 0; a < p->arms.n; a++) n += p->arms.arm[a].base == b;
        if (n) p->family[stars++] = n;
    }
    p->procedures = (procedure_plan){ { stars, p->family, 0 }, p->own.alpha };
    return stars > 0 || error_usage(e,
                                    "%s: no arm is compared with another, so there is nothing to "
                                    "decide: set sweep.axes and sweep.baseline",
                                    p->own.name);
}

static bool ask(planner *p, error *e)
{
    const options *o = p->o;
    double seconds;
    if (!o->budget) return error_usage(e, "missing option: --budget TIME, such as 8h");
    if (!read_time(&seconds, o->budget, e)) return false;
    const double margin = p->own.margin > 0 ? p->own.margin : NAN,
                 effect = isnan(o->effect) ? margin : o->effect;
    if (isnan(effect))
        return error_usage(e, "missing option: --effect X, the difference that matters; the study "
                              "has no margin to take in its place");
    p->asked = (budget_question){
        seconds, p->arms.n, o->jobs != OPTION_UNSET ? (int)o->jobs : threads_available(),
        effect,  margin,    o->power
    };
    p->pilots =
        (pilot_question){ p->call, &p->own, &p->arms, p->asked.jobs, 60 * o->minutes, seconds };
    return find_family(p, e);
}

/* --- what is known ------------------------------------------------------------------------------
 */

static int by_parameters(const void *a, const void *b)
{
    const ladder_size *x = a, *y = b;
    const double m = (double)x->n_layers * (double)x->dim * (double)x->dim,
                 n = (double)y->n_layers * (double)y->dim * (double)y->dim;
    return (m > n) - (m < n);
}

static int size_of(const planner *p, int64_t n_layers, int64_t dim)
{
    for (int i = 0; i < p->sizes; i++)
        if (p->size[i].n_layers == n_layers && p->size[i].dim == dim) return i;
    return -1;
}

/* Sizes are numbered from the smallest. */
static bool take_points(planner *p, const pilots *k, error *e)
{
    const config *own = &p->arms.arm[0].spec.config;
    if (k->n > POINTS)
        return error_usage(e, "%d sizes and lengths; at most %d are allowed", k->n, POINTS);
    for (int i = 0; i < k->n; i++) {
        const pilots_point *x = &k->point[i];
        if (!(x->df > 0) || !(x->sd > 0) || size_of(p, x->n_layers, x->dim) >= 0) continue;
        if (p->sizes == SIZES)
            return error_usage(e, "more than %d sizes of model; at most %d are allowed", SIZES,
                               SIZES);
        p->size[p->sizes++] =
            (ladder_size){ (double)x->dim / (double)own->model.dim, x->n_layers, x->dim };
    }
    qsort(p->size, (size_t)p->sizes, sizeof *p->size, by_parameters);
    for (int i = 0; i < k->n; i++) {
        const pilots_point *x = &k->point[i];
        const int size = size_of(p, x->n_layers, x->dim);
        if (size < 0) continue;
        p->pilot[p->points] = (promise_pilot){ size, x->tokens, x->sd, x->df };
        p->time[p->points++] = (budget_time){ size, x->tokens, x->seconds };
        p->plateau = p->plateau || x->plateau;
    }
    return p->points > 0 ||
           error_set(e, "no two arms of the pilots have finished runs at the same seeds, so their "
                        "spread is not known");
}

static bool learn(planner *p, const pilot_plan *made, error *e)
{
    db d;
    pilots k = { 0 };
    if (!db_open(&d, p->call->db, DB_READ, e)) return false;
    bool ok = true;
    for (int i = 0; ok && i < p->o->from.n; i++)
        ok = pilots_add(&k, &d, p->o->from.item[i], p->call->metric, e);
    for (int i = 0; ok && made && i < made->n; i++)
        for (int l = 0; ok && l < PILOT_LENGTHS; l++)
            ok = pilots_add(&k, &d, made->design[i].name[l], p->call->metric, e);
    ok = ok && take_points(p, &k, e);
    pilots_close(&k);
    db_close(&d);
    return ok;
}

/* Spread is not extrapolated to shorter runs: on the plateau of the loss it is larger than after.
 */
static int64_t shortest_pilot(const planner *p, int size)
{
    double tokens = INFINITY;
    for (int i = 0; i < p->points; i++)
        if (p->pilot[i].size == size) tokens = fmin(tokens, p->pilot[i].tokens);
    return isfinite(tokens) ? (int64_t)(0.99 * tokens) : INT64_MAX;
}

static void propose(planner *p)
{
    int64_t tokens[LADDER_LENGTHS];
    forecast f;
    ladder_lengths(tokens, &p->arms);
    forecast_open(&f, &p->procedures, true);
    for (int s = 0; s < p->sizes; s++)
        for (int l = 0; l < LADDER_LENGTHS && p->rows < ROWS; l++) {
            if ((l && tokens[l] == tokens[l - 1]) || tokens[l] < shortest_pilot(p, s)) continue;
            budget_row *r = &p->row[p->rows++];
            *r = (budget_row){ .size = s, .tokens = (double)tokens[l] };
            budget_fit(r, &f, p->pilot, p->points, p->time, p->points, &p->asked);
        }
    forecast_close(&f);
    p->chosen = budget_choose(p->row, p->asked.power, p->rows);
}

/* --- what is said -------------------------------------------------------------------------------
 */

static int digits_of(double x)
{
    const int digits = x > 0 && isfinite(x) ? 2 - (int)floor(log10(x)) : 4;
    return digits < 2 ? 2 : digits > 7 ? 7 : digits;
}

static void print_rows(const planner *p, table_format f)
{
    const bool people = table_for_people(f);
    table t;
    table_open(&t, f, stdout, 13,
               people ? (const char *[]){ "layers", "dim", "tokens", "seeds", "minutes",
                                          "core-minutes", "sd of a difference", "half-width",
                                          "from", "to", "finds it", "shows equivalence", "" }
                      : (const char *[]){ "n_layers", "dim", "tokens", "seeds", "minutes",
                                          "core_minutes", "sd_difference", "half_width",
                                          "half_width_lo", "half_width_hi", "chance_difference",
                                          "chance_equivalence", "chosen" });
    for (int i = 0; i < p->rows; i++) {
        const budget_row *r = &p->row[i];
        const int digits = digits_of(r->promise.half);
        table_int(&t, p->size[r->size].n_layers), table_int(&t, p->size[r->size].dim);
        table_int(&t, (int64_t)r->tokens);
        r->seeds ? table_int(&t, r->seeds) : table_text(&t, NULL);
        table_real(&t, r->seconds / 60, 1), table_real(&t, r->core_seconds / 60, 1);
        table_real(&t, r->spread.sd, digits);
        const double number[] = { r->promise.half, r->promise.lo, r->promise.hi };
        for (int k = 0; k < 3; k++) table_real(&t, r->seeds ? number[k] : NAN, digits);
        table_real(&t, r->seeds ? r->promise.difference : NAN, 2);
        table_real(&t, r->seeds ? r->promise.equivalence : NAN, 2);
        if (people)
            table_text(&t, i == p->chosen ? "<- chosen" : !r->seeds ? "too long" : "");
        else
            table_int(&t, i == p->chosen);
    }
    table_close(&t);
}

/* What the chosen row promises, in sentences. */
static char *promise_text(const planner *p, const budget_row *r)
{
    char time[32];
    const int digits = digits_of(r->promise.half);
    growing words;
    growing_open(&words);
    progress_time(time, sizeof time, r->seconds);
    fprintf(
        words.f,
        "%lld layers of %lld, %.0f tokens, %d seeds: about %s with %d run%s at a time. Half the "
        "width of a contrast's interval: %.*f (%.*f to %.*f with %.0f %% probability). A true "
        "difference of %g is found with %.0f %%",
        (long long)p->size[r->size].n_layers, (long long)p->size[r->size].dim, r->tokens, r->seeds,
        time, p->asked.jobs, p->asked.jobs == 1 ? "" : "s", digits, r->promise.half, digits,
        r->promise.lo, digits, r->promise.hi, 100 * PROMISE_RANGE, p->asked.effect,
        100 * r->promise.difference);
    if (!isnan(p->asked.margin))
        fprintf(words.f, ", and arms that don't differ are shown equivalent within %g with %.0f %%",
                p->asked.margin, 100 * r->promise.equivalence);
    fputc('.', words.f);
    return growing_close(&words);
}

static void put_notes(const planner *p, const pilot_plan *made)
{
    notes list = { 0 };
    const budget_row *r = p->chosen < 0 ? NULL : &p->row[p->chosen];
    const int contrasts = maxt_contrasts(&p->procedures.family);
    if (r) {
        char *text = promise_text(p, r);
        notes_add(&list, NOTE_INFO, "%s", text);
        free(text);
    }
    if (r && r->promise.chance < p->asked.power)
        notes_add(&list, NOTE_WARNING,
                  "No design reaches %.0f %% within the budget; the one with the best chance is "
                  "chosen (%.0f %%). More time, a larger effect or a quieter recipe would help.",
                  100 * p->asked.power, 100 * r->promise.chance);
    if (!r)
        notes_add(&list, NOTE_WARNING, "No design with %d seeds fits into the budget.",
                  PROMISE_SEEDS);
    notes_add(&list, NOTE_INFO,
              "Chances are for each of %d contrast%s, alpha %g over all of them. Chosen is the "
              "design whose runs train longest among those that reach %.0f %%.",
              contrasts, contrasts == 1 ? "" : "s", p->own.alpha, 100 * p->asked.power);
    if (made && made->left_out)
        notes_add(&list, NOTE_INFO, "%d larger size%s left out: no pilot or no study fits.",
                  made->left_out, made->left_out == 1 ? "" : "s");
    if (r && (r->tokens != (double)p->arms.arm[0].spec.config.train.tokens ||
              p->size[r->size].dim != p->arms.arm[0].spec.config.model.dim))
        notes_add(&list, NOTE_INFO,
                  "This is not the size or the length that the study asks about. A small or short "
                  "model may answer another question than a large or long one.");
    if (p->plateau)
        notes_add(&list, NOTE_WARNING,
                  "Some pilots ended while the moment of leaving the first plateau still spread "
                  "them (`attnlab noise`): longer runs may be much quieter than this line says. "
                  "Allow more --pilot-minutes.");
    if (command_prose(p->call)) putchar('\n');
    command_remarks(p->call, &list);
}

/* --- the figure ---------------------------------------------------------------------------------
 */

/* The best line of each size and length: what its seeds promise within the budget. */
static int make_lines(widths_line *line, const planner *p)
{
    int n = 0;
    for (int i = 0; i < p->rows && n < WIDTHS_LINES; i++) {
        const budget_row *r = &p->row[i];
        if (!r->seeds) continue;
        const double one = r->core_seconds / r->seeds / 60,
                     most = p->asked.seconds * p->asked.jobs / 60 / one;
        widths_line *l = &line[n++];
        *l = (widths_line){ .spread = r->spread,
                            .plan = p->procedures,
                            .minutes = one,
                            .seeds = most < PROMISE_MOST ? (int)most : PROMISE_MOST,
                            .mark = i == p->chosen ? r->seeds : 0,
                            .mark_half = NAN };
        snprintf(l->name, sizeof l->name, "%lldx%lld, %.0fk tokens%s",
                 (long long)p->size[r->size].n_layers, (long long)p->size[r->size].dim,
                 r->tokens / 1000, i == p->chosen ? " (chosen)" : "");
    }
    return n;
}

static bool draw(const planner *p, error *e)
{
    widths_line *line = error_zeroed(WIDTHS_LINES, sizeof *line);
    const int lines = make_lines(line, p);
    const bool ok = lines > 0
                        ? widths_write(p->o->figure, line, p->asked.margin, lines, e)
                        : error_set(e, "--figure: no design fits into the budget, so there is "
                                       "nothing to draw");
    free(line);
    return ok;
}

/* --- the study that is chosen -------------------------------------------------------------------
 */

static bool write_study(const planner *p, const char *path, const study_file *s, const arms *a,
                        error *e)
{
    const char *folder = a->arm[0].spec.config.data.corpus;
    char *place = *folder ? realpath(folder, NULL) : NULL, mark[FILE_MARK];
    char *text = promise_text(p, &p->row[p->chosen]);
    file_draft d;
    bool ok = file_output_open(&d, path, MAKER, NULL, NULL, e);
    if (ok) {
        file_mark(mark, MAKER);
        fprintf(d.f, "# %s\n# The promise, before any run of this study:\n# %s\n\n", mark, text);
        study_write(d.f, s, place);
        ok = file_draft_close(&d, e);
    }
    free(place), free(text);
    return ok;
}

static bool write_chosen(const planner *p, error *e)
{
    study_file s;
    arms a;
    char name[STUDY_NAME];
    const command_call *call = p->call;
    const budget_row *r = &p->row[p->chosen];
    snprintf(name, sizeof name, "%.54s-planned", p->own.name);
    const ladder_rung rung = { &p->size[r->size], (int64_t)r->tokens, name, 1, r->seeds, false };
    if (!ladder_open(&s, &a, &rung, &p->own, call->argument[0], call->db,
                     (char *const *)call->argument + 1, call->arguments - 1, e))
        return false;
    const bool ok = write_study(p, p->o->out, &s, &a, e);
    if (ok) fprintf(stderr, "%s: run it with `attnlab sweep %s`\n", p->o->out, p->o->out);
    arms_close(&a), study_file_close(&s);
    return ok;
}

/* --- the command --------------------------------------------------------------------------------
 */

static void print_pilots(const planner *p, const pilot_plan *made)
{
    char time[32];
    table t;
    command_rows(p->call);
    table_open(
        &t, command_format(p->call), stdout, 7,
        (const char *[]){ "n_layers", "dim", "n_params", "tokens", "runs", "minutes", "study" });
    for (int i = 0; i < made->n; i++)
        for (int k = 0; k < PILOT_LENGTHS; k++) {
            const pilot_design *d = &made->design[i];
            table_int(&t, d->size.n_layers), table_int(&t, d->size.dim);
            table_int(&t, d->n_params), table_int(&t, d->tokens[k]);
            table_int(&t, (int64_t)d->seeds * p->arms.n);
            table_real(&t, budget_total(&p->asked, d->run_seconds[k], d->seeds) / 60, 1);
            table_text(&t, d->name[k]);
        }
    table_close(&t);
    progress_time(time, sizeof time, pilot_seconds(made, &p->pilots));
    command_note(p->call, NOTE_INFO,
                 "The pilots take about %s with %d run%s at a time; those without minutes are "
                 "in the database.",
                 time, p->asked.jobs, p->asked.jobs == 1 ? "" : "s");
}

static int make_plan(planner *p, error *e)
{
    pilot_plan made = { 0 };
    if (p->o->out && !file_output_check(p->o->out, MAKER, NULL, NULL, e)) return e->status;
    if (!p->o->from.n) {
        if (!pilot_choose(&made, &p->pilots, e)) return e->status;
        if (p->o->dry_run) {
            print_pilots(p, &made);
            return STATUS_DONE;
        }
        const int status = pilot_run(&made, &p->pilots, e);
        if (status != STATUS_DONE) return status;
    }
    if (!learn(p, p->o->from.n ? NULL : &made, e)) return e->status;
    propose(p);
    command_rows(p->call);
    print_rows(p, command_format(p->call));
    put_notes(p, &made);
    if (p->o->figure && !draw(p, e)) return e->status;
    if (p->o->out && p->chosen < 0) {
        error_set(e, "--out: no design fits into the budget, so no study was written");
        return e->status;
    }
    if (p->o->out && !write_chosen(p, e)) return e->status;
    return STATUS_DONE;
}

static int run(command_call *call, const void *given)
{
    planner p = { .call = call, .o = given };
    error e;
    if (p.o->dry_run && p.o->from.n)
        return command_refuse(call, "--dry-run shows pilots, and with --from there are none");
    if (!study_stored_open(&p.own, call->argument[0], call->db, (char *const *)call->argument + 1,
                           call->arguments - 1, &e))
        return command_fail(call, &e);
    int status;
    if (!arms_open(&p.arms, &p.own, &e))
        status = e.status;
    else {
        status = ask(&p, &e) ? make_plan(&p, &e) : e.status;
        arms_close(&p.arms);
    }
    study_file_close(&p.own);
    free(p.family);
    if (status != STATUS_DONE) command_fail(call, &e);
    return status;
}

const command command_plan = {
    .name = "plan",
    .group = COMMAND_TRAIN,
    .help = "the size, length and seeds that decide in a given time",
    .arguments = "STUDY [KEY=VALUE...]",
    .summary =
        "From short pilots, or from studies in the database, find the size of the model, the "
        "tokens and the number of seeds that have the best chance to decide a study's "
        "question in a given time on this machine, and how wide its intervals will be.",
    .text =
        "STUDY is as for `attnlab sweep`. Sizes are 0.5, 1 and 1.5 times its layers and width, "
        "lengths 1/8, 1/4, 1/2, 1 and 2 times its tokens. Chosen is the design whose "
        "runs train longest among those that reach --power for each contrast: to find a true "
        "difference of --effect and, "
        "if the study has a margin, to show arms equivalent that don't differ.\n\n"
        "Pilots are studies in the database (NAME.pilot-...), on seeds that the study doesn't use. "
        "The same command resumes them. docs/statistics.md has the model and its limits.\n\n"
        "Exit status: 0 a plan was made, 1 a run failed, 2 a wrong study, 5 stopped by a signal.",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_METRIC | SHARED_ACCEPT | SHARED_ALLOW_MIXED,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
