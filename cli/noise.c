/* noise.c - attnlab noise STUDY: where the noise comes from. */
#include "analysis/answers/anatomy.h"
#include "cli/command.h"
#include "cli/look.h"

#include <math.h>

static const char *const CAUSE[COMPONENTS_PARTS] = {
    [COMPONENTS_WEIGHTS] = "initial weights",    [COMPONENTS_ORDER] = "order of the text",
    [COMPONENTS_INTERACTION] = "interaction",    [COMPONENTS_SEED] = "seed (weights and order)",
    [COMPONENTS_EVALUATION] = "held-out sample", [COMPONENTS_TOTAL] = "all together",
};

static int digits_of(double x)
{
    const int digits = x > 0 && isfinite(x) ? 2 - (int)floor(log10(x)) : 4;
    return digits < 2 ? 2 : digits > 7 ? 7 : digits;
}

/* The inner factor of a nested design contains the interaction. */
static const char *cause_of(const components *p, int part)
{
    if (p->design == COMPONENTS_WEIGHTS_IN_ORDER && part == COMPONENTS_WEIGHTS)
        return "initial weights and interaction";
    if (p->design == COMPONENTS_ORDER_IN_WEIGHTS && part == COMPONENTS_ORDER)
        return "order of the text and interaction";
    return CAUSE[part];
}

static void print_parts(const anatomy *k, table_format f)
{
    table t;
    table_open(&t, f, stdout, 8,
               (const char *[]){ "arm", "design", "runs", "cause", "sd", "from", "to",
                                 "share of variance" });
    for (int i = 0; i < k->splits; i++) {
        const anatomy_split *x = &k->split[i];
        const double all = x->parts.part[COMPONENTS_TOTAL].variance;
        const int digits = digits_of(sqrt(all));
        for (int part = 0; part < COMPONENTS_PARTS; part++) {
            const component *v = &x->parts.part[part];
            char share[16];
            if (isnan(v->variance)) continue;
            snprintf(share, sizeof share, "%.0f %%", 100 * v->variance / all);
            table_text(&t, k->c->study->arm[x->arm].label);
            table_text(&t, components_design_name(x->parts.design));
            table_int(&t, x->parts.runs), table_text(&t, cause_of(&x->parts, part));
            table_real(&t, sqrt(v->variance), digits), table_real(&t, sqrt(v->lo), digits);
            table_real(&t, sqrt(v->hi), digits), table_text(&t, all > 0 ? share : NULL);
        }
    }
    table_close(&t);
}

static void print_pairs(const anatomy *k, table_format f)
{
    table t;
    table_open(&t, f, stdout, 9,
               (const char *[]){ "arm", "against", "n", "correlation", "from", "to",
                                 "pairing is worth (times the seeds)", "from", "to" });
    for (int i = 0; i < k->pairs; i++) {
        const anatomy_pair *p = &k->pair[i];
        table_text(&t, k->c->study->arm[p->arm].label);
        table_text(&t, k->c->study->arm[p->base].label);
        table_int(&t, p->n), table_real(&t, p->correlation, 2), table_real(&t, p->lo, 2);
        table_real(&t, p->hi, 2), table_real(&t, p->worth, 1), table_real(&t, p->least, 1);
        table_real(&t, p->most, 1);
    }
    table_close(&t);
}

static void print_moments(const anatomy *k, table_format f)
{
    const leave *l = &k->leave;
    table t;
    if (!l->plateau.found) {
        puts("No plateau of the training loss was found.");
        return;
    }
    printf("Runs stay at a training loss of about %.2f, and have left it when they pass %.2f. ",
           l->plateau.stay, l->plateau.level);
    if (isnan(l->share.lo))
        puts("How much of the spread that moment explains is not known: it takes 4 seeds.\n");
    else
        printf("The moment explains %.0f %% of the variance within arms (95 %% interval %.0f to "
               "%.0f %%).\n\n",
               100 * l->share.r2, 100 * l->share.lo, 100 * l->share.hi);
    table_open(
        &t, f, stdout, 6,
        (const char *[]){ "arm", "left", "stayed", "first step", "median step", "last step" });
    for (int a = 0; a < k->c->study->arms; a++) {
        const leave_arm x = leave_of(l, a);
        if (!x.n && !x.stayed) continue;
        table_text(&t, k->c->study->arm[a].label), table_int(&t, x.n), table_int(&t, x.stayed);
        table_real(&t, x.first, 0), table_real(&t, x.median, 0), table_real(&t, x.last, 0);
    }
    table_close(&t);
}

static void print_points(const anatomy *k, table_format f)
{
    table t;
    table_open(&t, f, stdout, 8,
               (const char *[]){ "tokens", "runs", "sd in an arm", "from", "to",
                                 "sd of a difference", "from", "to" });
    for (int i = 0; i < k->points; i++) {
        const anatomy_point *p = &k->point[i];
        const int digits = digits_of(p->arm.variance);
        table_int(&t, (int64_t)llround(p->tokens)), table_int(&t, p->runs);
        table_real(&t, p->arm.variance, digits), table_real(&t, p->arm.lo, digits);
        table_real(&t, p->arm.hi, digits), table_real(&t, p->difference.variance, digits);
        table_real(&t, p->difference.lo, digits), table_real(&t, p->difference.hi, digits);
    }
    table_close(&t);
}

/* A row of the one table that programs read. */
static void put_row(table *t, const char *part, const char *subject, const char *against,
                    double tokens, int n, const char *quantity, component v)
{
    table_text(t, part), table_text(t, subject), table_text(t, against);
    isnan(tokens) ? table_text(t, NULL) : table_int(t, (int64_t)llround(tokens));
    table_int(t, n), table_text(t, quantity);
    table_real(t, v.variance, 6), table_real(t, v.lo, 6), table_real(t, v.hi, 6);
}

static void put_moments(table *t, const anatomy *k)
{
    const leave *l = &k->leave;
    const study *s = k->c->study;
    if (!l->plateau.found) return;
    put_row(t, "plateau", NULL, NULL, NAN, 0, "loss of the plateau",
            (component){ l->plateau.stay, NAN, NAN });
    put_row(t, "plateau", NULL, NULL, NAN, 0, "loss that is passed",
            (component){ l->plateau.level, NAN, NAN });
    put_row(t, "plateau", NULL, NULL, NAN, s->seeds, "r2",
            (component){ l->share.r2, l->share.lo, l->share.hi });
    for (int a = 0; a < s->arms; a++)
        for (int i = 0; i < s->seeds; i++) {
            char seed[64];
            const int cell = a * s->seeds + i;
            if (isnan(l->moment[cell])) continue;
            snprintf(seed, sizeof seed, "step of seed %lld", (long long)s->seed[i]);
            put_row(t, "plateau", s->arm[a].label, NULL, l->moment[cell] * l->tokens[cell], 1, seed,
                    (component){ l->moment[cell], NAN, NAN });
        }
}

static void print_rows(const anatomy *k, table_format f)
{
    static const char *const COLUMN[] = { "part",     "arm",   "against", "tokens", "n",
                                          "quantity", "value", "lo",      "hi" };
    const study *s = k->c->study;
    table t;
    table_open(&t, f, stdout, sizeof COLUMN / sizeof *COLUMN, COLUMN);
    for (int i = 0; i < k->splits; i++)
        for (int part = 0; part < COMPONENTS_PARTS; part++) {
            const anatomy_split *x = &k->split[i];
            if (isnan(x->parts.part[part].variance)) continue;
            put_row(&t, "variance", s->arm[x->arm].label, NULL, NAN, x->parts.runs,
                    cause_of(&x->parts, part), x->parts.part[part]);
        }
    for (int i = 0; i < k->pairs; i++) {
        const anatomy_pair *p = &k->pair[i];
        const char *arm = s->arm[p->arm].label, *base = s->arm[p->base].label;
        put_row(&t, "pairing", arm, base, NAN, p->n, "correlation",
                (component){ p->correlation, p->lo, p->hi });
        put_row(&t, "pairing", arm, base, NAN, p->n, "times the seeds",
                (component){ p->worth, p->least, p->most });
    }
    put_moments(&t, k);
    for (int i = 0; i < k->points; i++) {
        const anatomy_point *p = &k->point[i];
        put_row(&t, "spread", NULL, NULL, p->tokens, p->runs, "sd in an arm", p->arm);
        put_row(&t, "spread", NULL, NULL, p->tokens, p->runs, "sd of a difference", p->difference);
    }
    table_close(&t);
}

static void print_prose(const anatomy *k, table_format f)
{
    const study *s = k->c->study;
    printf("%s, %s: where the noise comes from. Intervals are 95 %%.\n\n", s->name, s->metric.name);
    puts("Variance between runs of one arm, by cause:\n");
    print_parts(k, f);
    if (k->pairs) {
        puts("\nWhat pairing by seed buys:\n");
        print_pairs(k, f);
    }
    puts("\nLeaving the first plateau:\n");
    print_moments(k, f);
    if (!k->points) return;
    printf("\nSpread against tokens%s:\n\n", k->training ? " (training loss)" : "");
    print_points(k, f);
}

static void put_notes(command_call *call, const anatomy *k)
{
    notes list = { 0 };
    int elsewhere = 0, outdated = 0;
    bool split = false, none = false, paired = false;
    for (int i = 0; i < k->splits; i++) {
        const components_design d = k->split[i].parts.design;
        elsewhere += k->split[i].elsewhere, outdated += k->split[i].outdated;
        none = none || d == COMPONENTS_NONE, paired = paired || d == COMPONENTS_PAIRED;
        split = split || (d != COMPONENTS_NONE && d != COMPONENTS_PAIRED);
    }
    if (paired)
        notes_add(&list, NOTE_INFO,
                  "Weights and order can't be split where each seed sets both: vary train.replica "
                  "in the study, or train with train.seed and train.data_seed apart (`attnlab "
                  "train`); such runs of a configuration of this study are found by themselves.");
    if (none)
        notes_add(&list, NOTE_INFO,
                  "An arm without a row has fewer than two runs, or runs that are neither crossed "
                  "nor nested.");
    if (split)
        notes_add(&list, NOTE_INFO,
                  "Training is deterministic: runs with the same weights and order don't differ, "
                  "so what is left of a cell is interaction.");
    if (elsewhere)
        notes_add(&list, NOTE_INFO, "%d run%s of these configurations outside the study counted.",
                  elsewhere, elsewhere == 1 ? "" : "s");
    if (outdated)
        notes_add(&list, NOTE_WARNING, "%d run%s made by other code left out.", outdated,
                  outdated == 1 ? "" : "s");
    if (k->points && !k->training)
        notes_add(&list, NOTE_INFO,
                  "Spread along one schedule describes these runs. A shorter run has a schedule of "
                  "its own: `attnlab plan` tries lengths.");
    leave_note(&list, &k->leave);
    if (command_prose(call)) putchar('\n');
    command_remarks(call, &list);
}

static int run(command_call *call, const void *given)
{
    error e;
    look l;
    anatomy k;
    (void)given;
    if (!look_open(&l, call, false, &e)) return command_fail(call, &e);
    int done = 0;
    for (int a = 0; a < l.study.arms; a++) done += l.study.arm[a].done;
    bool ok = done > 1 || error_set(&e, "study '%s': it has %d finished run%s, and noise takes two",
                                    l.study.name, done, done == 1 ? "" : "s");
    if (ok && (ok = anatomy_open(&k, &l.comparison, &l.d, &e))) {
        command_rows(call);
        if (command_prose(call))
            print_prose(&k, command_format(call));
        else
            print_rows(&k, command_format(call));
        put_notes(call, &k);
        anatomy_close(&k);
    }
    ok = ok && look_changes(call, &l.comparison, &l.d, &e);
    look_close(&l);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_noise = {
    .name = "noise",
    .group = COMMAND_COMPARE,
    .help = "where the noise of a study comes from",
    .arguments = "STUDY",
    .summary = "Where the noise of a study's finished runs comes from: initial weights, order of "
               "the text, held-out text; what pairing buys; the moment at which runs leave the "
               "first plateau of the training loss; and whether longer training is quieter.",
    .text = "Weights and order are told apart where the study varies train.replica, or where the "
            "database has other runs of the same configuration with their own train.seed and "
            "train.data_seed. `attnlab plot STUDY --kind noise` draws it. Nothing is recorded, and "
            "no verdict is given.",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_METRIC,
    .run = run,
};
