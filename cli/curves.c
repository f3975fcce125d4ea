/* curves.c - attnlab curves STUDY: has it converged, what would more tokens bring, and how
 * many tokens does one arm need to reach what another does. */
#include "analysis/answers/reach.h"
#include "cli/command.h"
#include "cli/look.h"
#include "core/base/number.h"

#include <math.h>

typedef struct options {
    int64_t from; /* OPTION_UNSET: not given */
    double loss;  /* NaN: not given          */
    bool reach;   /* that table alone        */
} options;

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "from",  0, OPTION_COUNT, "TOKENS", AT(from),  "fit points from here on", "(after the warm-up and a tenth of the run)", 1, 1e15 },
    { "loss",  0, OPTION_REAL,  "LOSS",   AT(loss),  "the loss to reach", "(what the baseline reaches)", 1e-9, 1e9 },
    { "reach", 0, OPTION_FLAG,  NULL,     AT(reach), "only the tokens that a loss takes" },
    { 0 },
};
// clang-format on

/* "1.23 (1.10 to 1.36)"; nothing where there is no value. */
static void put_value(table *t, const powerlaw_value *v, int digits)
{
    char text[96] = "";
    if (isfinite(v->value) && isfinite(v->hi - v->lo))
        snprintf(text, sizeof text, "%.*f (%.*f to %.*f)", digits, table_rounded(v->value, digits),
                 digits, table_rounded(v->lo, digits), digits, table_rounded(v->hi, digits));
    else if (isfinite(v->value))
        snprintf(text, sizeof text, "%.*f", digits, table_rounded(v->value, digits));
    table_text(t, text);
}

/* Can it say anything about a longer run? */
static bool forecasts(const series *r)
{
    return r->fit.shape == POWERLAW_CURVE && r->basis != SERIES_SCHEDULE;
}

static void print_fits(const series_list *l, table_format f)
{
    static const powerlaw_value NONE = { NAN, NAN, NAN, NAN };
    table t;
    table_open(&t, f, stdout, 8,
               (const char *[]){ "arm", "from", "seeds", "tokens", "loss there",
                                 "fall a doubling, there", "at twice the tokens", "E" });
    for (int k = 0; k < l->n; k++) {
        const series *r = &l->row[k];
        const powerlaw *p = &r->fit;
        char text[64];
        series_describe(text, sizeof text, r);
        table_text(&t, r->name), table_text(&t, p->points ? text : NULL), table_int(&t, p->seeds);
        snprintf(text, sizeof text, "%.0f", p->most);
        table_text(&t, p->points ? text : NULL);
        put_value(&t, &p->loss, 3), put_value(&t, &p->doubling, 3);
        put_value(&t, forecasts(r) ? &p->next : &NONE, 3);
        if (!forecasts(r))
            table_text(&t, NULL);
        else if (isnan(p->floor.value))
            table_text(&t, "not identified");
        else if (p->floor.lo < 0) { /* no loss is below 0 */
            snprintf(text, sizeof text, "below %.2f", p->floor.hi);
            table_text(&t, text);
        } else
            put_value(&t, &p->floor, 2);
    }
    table_close(&t);
}

static void put_numbers(table *t, const powerlaw_value *v)
{
    table_real(t, v->value, 6), table_real(t, v->lo, 6), table_real(t, v->hi, 6);
}

static void print_fits_exactly(const series_list *l, table_format f)
{
    static const char *const COLUMN[] = {
        "arm",         "basis",   "schedule", "seeds",   "points",   "levels",      "least_tokens",
        "most_tokens", "loss",    "loss_lo",  "loss_hi", "doubling", "doubling_lo", "doubling_hi",
        "gain",        "gain_lo", "gain_hi",  "next",    "next_lo",  "next_hi",     "beta",
        "beta_lo",     "beta_hi", "e",        "e_lo",    "e_hi",     "log_a",       "sd",
        "df",          "method",  "metric",   "alpha"
    };
    table t;
    table_open(&t, f, stdout, sizeof COLUMN / sizeof *COLUMN, COLUMN);
    for (int k = 0; k < l->n; k++) {
        const series *r = &l->row[k];
        const powerlaw *p = &r->fit;
        static const char *const BASIS[] = { "horizons", "constant rate", "one schedule" };
        table_text(&t, r->name), table_text(&t, BASIS[r->basis]), table_text(&t, r->schedule);
        table_int(&t, p->seeds), table_int(&t, p->points), table_int(&t, p->levels);
        table_real(&t, p->points ? p->least : NAN, 0), table_real(&t, p->points ? p->most : NAN, 0);
        put_numbers(&t, &p->loss), put_numbers(&t, &p->doubling), put_numbers(&t, &p->gain);
        put_numbers(&t, &p->next), put_numbers(&t, &p->beta), put_numbers(&t, &p->floor);
        table_real(&t, p->log_a, 6), table_real(&t, p->sd, 6), table_real(&t, p->df, 0);
        table_text(&t, p->seeds > 1 ? "jackknife over seeds" : "error of the fit");
        table_text(&t, l->study->metric.name), table_real(&t, l->study->alpha, 6);
    }
    table_close(&t);
}

/* Has it converged?  By the gain of a doubling against the margin. */
static void put_sentence(const series_list *l, const series *r)
{
    const powerlaw *p = &r->fit;
    const double margin = l->study->margin;
    printf("%s: ", r->name);
    if (!p->points) {
        puts("no finished run has a loss to go by.");
    } else if (p->shape == POWERLAW_NONE && p->levels < 2) {
        puts("one number of tokens is no curve: evaluate more often (eval.every_tokens), or make "
             "train.tokens an axis.");
    } else if (p->shape == POWERLAW_NONE) {
        puts("no power law fits: the data do not determine a curve.");
    } else if (p->shape == POWERLAW_LINE) {
        printf("two numbers of tokens give a slope, %.3f a doubling, and no curve: a third is "
               "needed.\n",
               p->doubling.value);
    } else if (r->basis == SERIES_SCHEDULE) {
        puts("along one schedule whose rate falls: a description of that run, no forecast of a "
             "longer one, and a shorter one would have ended below it.");
    } else {
        printf("twice the tokens would take %.3f", p->gain.value);
        if (isfinite(p->gain.hi - p->gain.lo)) printf(" (%.3f to %.3f)", p->gain.lo, p->gain.hi);
        printf(" off the loss: ");
        if (!isfinite(p->gain.hi - p->gain.lo))
            puts("without an interval nothing is said.");
        else if (p->gain.hi < margin)
            printf("converged, within the margin of %g.\n", margin);
        else if (p->gain.lo > (isnan(margin) ? 0 : margin))
            puts("not converged.");
        else
            puts("whether it has converged is undecided.");
    }
}

static void put_notes(notes *out, const series_list *l)
{
    bool several = false, single = false, steady = false, unknown = false;
    for (int k = 0; k < l->n; k++) {
        const series *r = &l->row[k];
        several = several || r->fit.seeds > 1, single = single || r->fit.seeds == 1;
        steady = steady || (r->basis == SERIES_STEADY && forecasts(r));
        unknown = unknown || (forecasts(r) && isnan(r->fit.floor.value));
        if (r->fit.most > r->epoch)
            notes_add(out, NOTE_WARNING,
                      "%s: up to %.2g epochs; text that is read again teaches less (Muennighoff et "
                      "al. 2023).",
                      r->name, r->fit.most / r->epoch);
    }
    notes_add(
        out, NOTE_INFO, "Intervals: %.*g %%, each alone%s%s.", number_level_digits(l->study->alpha),
        100 * (1 - l->study->alpha),
        several ? "; standard errors by leaving out one seed at a time (jackknife), Student's "
                  "t on seeds - 1"
                : "",
        single ? "; with one seed the error of the fit alone, and other seeds may differ" : "");
    if (steady)
        notes_add(out, NOTE_INFO,
                  "Constant rate: the loss of a run stopped there; decaying would lower it.");
    if (unknown)
        notes_add(out, NOTE_INFO,
                  "E not identified: the curve does not bend enough for its interval of beta to "
                  "exclude 0, so no limit can be told.");
}

static void print_reach(const series_list *l, const reach_list *found, table_format f)
{
    table t;
    char interval[32];
    snprintf(interval, sizeof interval, "%.*g %% interval", number_level_digits(l->study->alpha),
             100 * (1 - l->study->alpha));
    table_open(&t, f, stdout, 8,
               (const char *[]){ "arm", "against", "its tokens", "loss to reach", "reached",
                                 "times the tokens", interval, "from" });
    for (int i = 0; i < found->n; i++) {
        const reach *r = &found->row[i];
        char text[64], bounds[64] = "", ratio[64];
        table_text(&t, l->row[r->series].name), table_text(&t, l->row[r->base].name);
        table_real(&t, r->tokens, 0), table_real(&t, r->loss, 3);
        snprintf(text, sizeof text, "%d of %d", r->reached, r->n);
        table_text(&t, text);
        if (isinf(r->ratio) && !isnan(r->least))
            snprintf(ratio, sizeof ratio, "over %.3g", r->least);
        else if (r->ratio == 0)
            snprintf(ratio, sizeof ratio, "less than seen");
        else if (isfinite(r->ratio))
            snprintf(ratio, sizeof ratio, "%.3f%s", r->ratio, r->median ? " (median)" : "");
        else
            *ratio = '\0';
        if (isinf(r->hi))
            snprintf(bounds, sizeof bounds, "%.3g to never seen", isinf(r->lo) ? r->least : r->lo);
        else if (!isnan(r->hi))
            snprintf(bounds, sizeof bounds, "%.3f to %.3f", r->lo, r->hi);
        table_text(&t, ratio), table_text(&t, bounds);
        series_describe(text, sizeof text, &l->row[r->series]);
        table_text(&t, text);
    }
    table_close(&t);
}

static double finite(double x)
{
    return isfinite(x) ? x : NAN;
}

static void print_reach_exactly(const series_list *l, const reach_list *found, table_format f)
{
    static const char *const COLUMN[] = { "arm",      "base",     "base_tokens", "loss",
                                          "n",        "reached",  "early",       "ratio",
                                          "ratio_lo", "ratio_hi", "censored_at", "estimate",
                                          "metric",   "alpha" };
    table t;
    table_open(&t, f, stdout, sizeof COLUMN / sizeof *COLUMN, COLUMN);
    for (int i = 0; i < found->n; i++) {
        const reach *r = &found->row[i];
        table_text(&t, l->row[r->series].name), table_text(&t, l->row[r->base].name);
        table_real(&t, r->tokens, 0), table_real(&t, r->loss, 6), table_int(&t, r->n);
        table_int(&t, r->reached), table_int(&t, r->early);
        table_real(&t, finite(r->ratio), 6), table_real(&t, finite(r->lo), 6);
        table_real(&t, finite(r->hi), 6), table_real(&t, r->least, 6);
        table_text(&t, r->median ? "median" : "geometric mean");
        table_text(&t, l->study->metric.name), table_real(&t, l->study->alpha, 6);
    }
    table_close(&t);
}

static void print(const series_list *l, command_call *call, const options *o)
{
    const table_format f = command_format(call);
    const bool people = table_for_people(f), prose = command_prose(call);
    reach_list found;
    notes list = { 0 };
    reach_find(&found, l, o->loss);
    command_rows(call);
    if (!people)
        o->reach ? print_reach_exactly(l, &found, f) : print_fits_exactly(l, f);
    else if (!o->reach)
        print_fits(l, f);
    if (!o->reach) {
        if (prose) putchar('\n');
        for (int k = 0; prose && k < l->n; k++) put_sentence(l, &l->row[k]);
        if (prose) putchar('\n');
        put_notes(&list, l);
        study_note_import(&list, l->study);
        command_remarks(call, &list);
    }
    if (people && found.n) {
        if (!o->reach && prose) putchar('\n');
        print_reach(l, &found, f);
    }
    reach_close(&found);
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    error e;
    db d;
    study s;
    series_list l;
    if (!look_study(&d, &s, call, &e)) return command_fail(call, &e);
    const bool ok =
        s.metric.larger_is_better
            ? error_usage(&e, "study '%s': %s grows with training; curves are of losses", s.name,
                          s.metric.name)
            : series_open(&l, &s, &d, o->from == OPTION_UNSET ? NAN : (double)o->from, &e);
    if (ok) {
        print(&l, call, o);
        series_close(&l);
    }
    study_free(&s);
    db_close(&d);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_curves = {
    .name = "curves",
    .group = COMMAND_COMPARE,
    .help = "has it converged, and what would more tokens bring",
    .arguments = "STUDY",
    .summary =
        "Fit loss = E + A tokens^-beta to each arm of a study, and count the tokens that arms "
        "need for the same loss.",
    .text =
        "It works best from runs of several lengths (train.tokens as an axis), otherwise from a "
        "constant rate (train.schedule=constant or wsd). Intervals hold 1 - ALPHA, each alone. "
        "In CSV and JSON the rows are the fits, or with --reach the tokens.",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_METRIC | SHARED_ALPHA,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
