/* power.c - attnlab power STUDY: the noise floor, and what numbers of seeds can find. */
#include "analysis/answers/comparison.h"
#include "analysis/answers/sentence.h"
#include "analysis/statistics/noise.h"
#include "cli/command.h"
#include "cli/look.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

typedef struct options {
    option_numbers effect, seeds;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "effect", 0, OPTION_REALS,   "X", offsetof(options, effect), "seeds that find a true difference of X", "(the study's margin)", 1e-12, 1e6 },
    { "seeds",  0, OPTION_NUMBERS, "N", offsetof(options, seeds),  "what N seeds can find", "(2 to 24 of them)", 2, FORECAST_SEEDS_MAX },
    { 0 },
};
// clang-format on

static int digits_of(double x)
{
    const int digits = x > 0 && isfinite(x) ? 2 - (int)floor(log10(x)) : 4;
    return digits < 2 ? 2 : digits > 9 ? 9 : digits;
}

/* What pairing buys, pair by pair: the variance of the difference of two arms with seeds of their
 * own, over that of the paired one. */
static void print_pairs(const comparison *c, const noise *n, table_format f)
{
    const contrast_result *r = &c->result;
    const size_t seeds = (size_t)r->shared_seeds;
    double *x = error_zeroed(seeds + 1, sizeof *x), *b = error_zeroed(seeds + 1, sizeof *b);
    table t;
    table_open(&t, f, stdout, 8,
               (const char *[]){ "arm", "against", "n", "sd of arm", "sd of base",
                                 "sd of difference", "correlation", "pairing is worth" });
    const int digits = digits_of(n->difference);
    for (int i = 0; i < c->asked.pairs; i++) {
        const contrast_pair p = c->pair[i];
        if (r->left_out[p.arm] || r->left_out[p.base]) continue;
        size_t k = 0;
        for (int s = 0; s < c->asked.seeds; s++) {
            if (!r->used[s]) continue;
            x[k] = c->y[p.arm * c->asked.seeds + s], b[k++] = c->y[p.base * c->asked.seeds + s];
        }
        const double sx = gsl_stats_sd(x, 1, k), sb = gsl_stats_sd(b, 1, k);
        for (size_t s = 0; s < k; s++) x[s] -= b[s];
        const double sd = gsl_stats_sd(x, 1, k);
        char worth[32] = "";
        const double times = (sx * sx + sb * sb) / sd / sd;
        if (sd > 0 && k > 2)
            snprintf(worth, sizeof worth, times < 99.5 ? "%.2g x the seeds" : "%.0f x the seeds",
                     times);
        table_text(&t, c->study->arm[p.arm].label), table_text(&t, c->study->arm[p.base].label);
        table_int(&t, (int64_t)k);
        table_real(&t, sx, digits), table_real(&t, sb, digits), table_real(&t, sd, digits);
        table_real(&t, r->row[i].correlation, 2), table_text(&t, worth);
    }
    table_close(&t);
    free(x), free(b);
}

static void print_floor(const comparison *c, const noise *n)
{
    const study *s = c->study;
    const char *unit = s->metric.unit, *gap = *unit ? " " : "";
    const int digits = digits_of(n->difference);
    printf("%s, %s: a run lies %.*f%s%s from the mean of its arm (standard deviation).\n", s->name,
           s->metric.name, digits, n->arm, gap, unit);
    if (n->paired)
        printf(
            "The seeds explain %.0f %% of that variance, so a difference of two arms at one seed "
            "has %.*f",
            100 * n->shared, digits, n->difference);
    else
        printf("The arms share too few seeds to be paired: a difference of two runs has %.*f",
               digits, n->difference);
    printf(" (95 %% interval %.*f to %.*f, %g degrees of freedom).\n\n", digits, n->lo, digits,
           n->hi, n->df);
}

static void put_seeds(table *t, int seeds)
{
    if (seeds)
        table_int(t, seeds);
    else
        table_text(t, NULL);
}

/* A number of seeds, and what it can find. */
static void put_row(table *t, forecast *f, double sd, int seeds, double asked)
{
    const int digits = digits_of(sd);
    table_real(t, asked, digits);
    put_seeds(t, seeds);
    if (!seeds) {
        table_text(t, NULL), table_text(t, NULL), table_text(t, "more than 1000 seeds");
        return;
    }
    const procedure_forecast at = forecast_at(f, NULL, seeds);
    const double se = sd / sqrt(seeds);
    table_real(t, forecast_effect(&at, se), digits);
    table_real(t, forecast_margin(&at, se), digits);
    table_text(t, forecast_procedure(f, seeds)->name);
}

/* The seeds that find a difference, and how many they are at both ends of the interval of sd. */
static void put_effect(table *t, forecast *f, const noise *n, double effect)
{
    put_row(t, f, n->difference, noise_seeds(f, n->difference, effect), effect);
    put_seeds(t, noise_seeds(f, n->lo, effect)), put_seeds(t, noise_seeds(f, n->hi, effect));
}

static void put_number(table *t, forecast *f, const noise *n, int seeds)
{
    put_row(t, f, n->difference, seeds, NAN);
    table_text(t, NULL), table_text(t, NULL);
}

static void print_plan(const comparison *c, table_format format, const options *o, forecast *f,
                       const noise *n)
{
    static const int USUAL[] = { 2, 3, 4, 5, 6, 8, 10, 12, 16, 24 };
    const bool asked = o->effect.n || o->seeds.n;
    table t;
    table_open(&t, format, stdout, 7,
               (const char *[]){ "asked", "seeds", "smallest_difference", "smallest_margin",
                                 "procedure", "seeds_lo", "seeds_hi" });
    for (int i = 0; i < o->effect.n; i++) put_effect(&t, f, n, o->effect.item[i]);
    if (!asked && c->asked.margin > 0) put_effect(&t, f, n, c->asked.margin);
    for (int i = 0; i < o->seeds.n; i++) put_number(&t, f, n, (int)o->seeds.item[i]);
    for (size_t i = 0; !asked && i < sizeof USUAL / sizeof *USUAL; i++)
        put_number(&t, f, n, USUAL[i]);
    table_close(&t);
}

static void put_note(command_call *call, const comparison *c)
{
    notes list = { 0 };
    const int contrasts = c->asked.pairs ? c->asked.pairs : 1;
    notes_add(
        &list, NOTE_INFO,
        "smallest_difference: a true difference this large is found with 80 %% power; "
        "smallest_margin: arms that do not differ are shown equivalent within it; seeds_lo and "
        "seeds_hi: the seeds at both ends of the 95 %% interval of the noise. alpha %g over "
        "%d comparison%s at once.",
        c->asked.alpha, contrasts, contrasts == 1 ? "" : "s");
    sentence_spread(&list, c,
                    "The plan takes all differences to scatter alike: for an arm that scatters "
                    "more, see \"detectable\" in `attnlab compare`.");
    if (c->scored)
        notes_add(&list, NOTE_INFO,
                  "This is the noise of seeds on these items. Other items of the kind add an error "
                  "that no seed makes smaller: `attnlab compare --metric %s` shows it.",
                  c->study->metric.name);
    command_remarks(call, &list);
}

static bool print(const comparison *c, command_call *call, const options *o, error *e)
{
    const table_format format = command_format(call);
    static const int ONE[] = { 1 };
    noise n;
    noise_estimate(&n, &c->result, &c->asked);
    if (!(n.df > 0))
        return error_set(e, "study '%s': no arm has two finished runs, so its noise is not known",
                         c->study->name);
    int *size = error_zeroed((size_t)c->asked.pairs + 1, sizeof *size);
    procedure_plan plan = { contrast_family(size, &c->result, &c->asked), c->asked.alpha };
    if (!plan.family.stars && !plan.family.clique) plan.family = (maxt_family){ 1, ONE, 0 };
    const bool prose = command_prose(call);
    if (prose) {
        print_floor(c, &n);
        if (n.paired) print_pairs(c, &n, format), putchar('\n');
    }
    command_rows(call);
    forecast f;
    forecast_open(&f, &plan, n.paired);
    print_plan(c, format, o, &f, &n);
    forecast_close(&f);
    free(size);
    if (prose) putchar('\n');
    put_note(call, c);
    return true;
}

static int run(command_call *call, const void *given)
{
    error e;
    look l;
    if (!look_open(&l, call, false, &e)) return command_fail(call, &e);
    const bool ok =
        print(&l.comparison, call, given, &e) && look_changes(call, &l.comparison, &l.d, &e);
    look_close(&l);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_power = {
    .name = "power",
    .group = COMMAND_COMPARE,
    .help = "the noise of a study, and the seeds that a difference takes",
    .arguments = "STUDY",
    .summary =
        "The noise of a study's finished runs: which differences a number of seeds can find, "
        "and how many seeds a difference takes, at 80 % power.",
    .text = "Nothing is recorded, and no verdict is given: this is for planning.",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_METRIC | SHARED_ALPHA,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
