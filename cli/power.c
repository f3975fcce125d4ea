/* power.c - attnlab power STUDY: the noise floor, and what numbers of seeds can find. */
#include "analysis/answers/comparison.h"
#include "analysis/statistics/noise.h"
#include "cli/verb.h"
#include "cli/verbs.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 32 }; /* effects or numbers of seeds that may be asked for */

typedef struct options {
    verb common;
    const char *study, *metric;
    double alpha; /* NaN: the study's */
    double effect[MOST];
    int seeds[MOST], effects, numbers;
} options;

enum { KEY_METRIC = 1000, KEY_ALPHA, KEY_EFFECT, KEY_SEEDS };

static const struct argp_option OPTIONS[] = {
    { "effect", KEY_EFFECT, "X", 0,
      "Seeds that find a true difference of X (the study's margin); may be repeated", 0 },
    { "seeds", KEY_SEEDS, "N", 0, "What N seeds can find (2 to 24 of them); may be repeated", 0 },
    { "metric", KEY_METRIC, "METRIC", 0, "Such as val_bpb@512 (the study's metric)", 0 },
    { "alpha", KEY_ALPHA, "ALPHA", 0, "How often to err (the study's alpha)", 0 },
    { 0 },
};

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
    case KEY_EFFECT:
        if (o->effects == MOST) argp_error(state, "at most %d effects", MOST);
        o->effect[o->effects++] = verb_number(state, "--effect", arg, 0, INFINITY);
        return 0;
    case KEY_SEEDS:
        if (o->numbers == MOST) argp_error(state, "at most %d numbers of seeds", MOST);
        o->seeds[o->numbers++] = (int)verb_number(state, "--seeds", arg, 1, POWER_SEEDS_MAX + 1);
        if (o->seeds[o->numbers - 1] < 2) argp_error(state, "--seeds: at least 2");
        return 0;
    case ARGP_KEY_ARG:
        if (o->study) argp_error(state, "one study");
        o->study = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->study) argp_error(state, "give a study: its name, or its study.yaml");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "STUDY",
    .doc = "The noise floor of a study's finished runs: what differences so many seeds can find, "
           "and how many seeds a difference takes, at 80 % power.\vNothing is recorded, and no "
           "verdict is given: this is for planning.",
    .children = verb_child,
};

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
    double *x = calloc(seeds + 1, sizeof *x), *b = calloc(seeds + 1, sizeof *b);
    if (!x || !b) error_memory();
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
        if (sd > 0 && k > 2)
            snprintf(worth, sizeof worth, "%.2g x the seeds", (sx * sx + sb * sb) / sd / sd);
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

static void put_row(table *t, const noise_plan *p, int seeds, double asked)
{
    const int digits = digits_of(p->difference);
    table_real(t, asked, digits);
    if (!seeds) {
        table_text(t, NULL), table_text(t, NULL), table_text(t, NULL);
        table_text(t, "more than 1000 seeds");
        return;
    }
    table_int(t, seeds);
    table_real(t, noise_effect(p, seeds), digits), table_real(t, noise_margin(p, seeds), digits);
    table_text(t, noise_procedure(p, seeds));
}

static void print_plan(const comparison *c, const options *o, const noise_plan *p)
{
    static const int USUAL[] = { 2, 3, 4, 5, 6, 8, 10, 12, 16, 24 };
    table t;
    table_open(&t, o->common.format, stdout, 5,
               (const char *[]){ "asked", "seeds", "smallest_difference", "smallest_margin",
                                 "procedure" });
    for (int i = 0; i < o->effects; i++) put_row(&t, p, noise_seeds(p, o->effect[i]), o->effect[i]);
    if (!o->effects && !o->numbers && !isnan(c->asked.margin))
        put_row(&t, p, noise_seeds(p, c->asked.margin), c->asked.margin);
    for (int i = 0; i < o->numbers; i++) put_row(&t, p, o->seeds[i], NAN);
    for (size_t i = 0; !o->effects && !o->numbers && i < sizeof USUAL / sizeof *USUAL; i++)
        put_row(&t, p, USUAL[i], NAN);
    table_close(&t);
}

static bool print(const comparison *c, const options *o, error *e)
{
    static const int ONE[] = { 1 };
    noise n;
    noise_estimate(&n, &c->result, &c->asked);
    if (!(n.df > 0))
        return error_set(e, "study '%s': no arm has two finished runs, so its noise is not known",
                         c->study->name);
    int *size = calloc((size_t)c->asked.pairs + 1, sizeof *size);
    if (!size) error_memory();
    noise_plan p = { .family = contrast_family(size, &c->result, &c->asked),
                     .paired = n.paired,
                     .alpha = c->asked.alpha,
                     .difference = n.difference };
    for (int a = 0; a < c->asked.arms; a++) p.arms += !c->result.left_out[a];
    if (p.arms < 2) p.arms = 2; /* what is planned is compared */
    if (!p.family.stars) p.family = (maxt_family){ 1, ONE, 0 };
    const bool prose = o->common.format == TABLE_TEXT || o->common.format == TABLE_MD;
    if (prose) {
        print_floor(c, &n);
        if (n.paired) print_pairs(c, &n, o->common.format), putchar('\n');
    }
    print_plan(c, o, &p);
    if (prose)
        printf("\nsmallest_difference: a true difference this large is found with 80 %% power; "
               "smallest_margin: arms\nthat do not differ are shown equivalent within it. alpha "
               "%g over %d comparison%s at once.\n",
               p.alpha, c->asked.pairs ? c->asked.pairs : 1, c->asked.pairs == 1 ? "" : "s");
    free(size);
    return true;
}

int power_verb(int argc, char **argv)
{
    options o = { .alpha = NAN };
    verb_parse(&ARGP, argc, argv, &o);
    error e;
    db d;
    study s;
    comparison c;
    if (!db_open(&d, o.common.db, DB_READ, &e)) return verb_fail(argv[0], &e);
    bool ok = study_open(&s, &d, o.study, o.metric, -1, &e);
    if (ok) {
        if (!isnan(o.alpha)) s.alpha = o.alpha;
        ok = comparison_open(&c, &s, &d, false, &e);
        if (ok) {
            ok = print(&c, &o, &e);
            comparison_close(&c);
        }
        study_free(&s);
    }
    db_close(&d);
    return ok ? verb_done(argv[0], STATUS_DONE) : verb_fail(argv[0], &e);
}
