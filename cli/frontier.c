/* frontier.c - attnlab frontier STUDY: loss against what it costs, dominated arms marked. */
#include "analysis/answers/frontier.h"
#include "analysis/answers/scored.h"
#include "analysis/statistics/verdict.h"
#include "cli/command.h"
#include "cli/look.h"

#include <math.h>

static void print(const frontier *f, table_format format)
{
    const study *s = f->c->study;
    const bool people = table_for_people(format);
    table t;
    table_open(&t, format, stdout, 9,
               people
                   ? (const char *[]){ "arm", "n", "mean", "KV bytes/token", "parameters", "FLOPs",
                                       "against KV bytes", "against parameters", "against FLOPs" }
                   : (const char *[]){ "arm", "n", "mean", "kv_bytes_per_token", "n_params",
                                       "train_flops", "against_kv", "against_params",
                                       "against_flops" });
    for (int a = 0; a < s->arms; a++) {
        const frontier_arm *x = &f->arm[a];
        char text[320];
        table_text(&t, s->arm[a].label), table_int(&t, x->n), table_real(&t, x->mean, 3);
        table_real(&t, x->cost[FRONTIER_KV], 0), table_real(&t, x->cost[FRONTIER_PARAMS], 0);
        snprintf(text, sizeof text, "%.3g", x->cost[FRONTIER_FLOPS]);
        if (people && !isnan(x->cost[FRONTIER_FLOPS]))
            table_text(&t, text);
        else
            table_real(&t, x->cost[FRONTIER_FLOPS], 0);
        for (int k = 0; k < FRONTIER_COSTS; k++) {
            frontier_describe(text, sizeof text, f, a, k);
            table_text(&t, *text ? text : NULL);
        }
    }
    table_close(&t);
}

static void put_notes(command_call *call, const frontier *f)
{
    char procedure[VERDICT_TEXT], pairs[64] = "One pair";
    notes list = { 0 };
    verdict_describe(procedure, sizeof procedure, &f->c->result);
    notes_add(
        &list, NOTE_INFO,
        "Dominated: another arm costs no more and is better, or costs less and is equivalent%s.",
        isnan(f->c->asked.margin) ? " (no margin is stated, so none is)" : "");
    notes_add(&list, NOTE_INFO,
              "Frontier: all that cost no more are worse. Costs within 0.5 %% are equal.");
    if (f->c->asked.pairs > 1)
        snprintf(pairs, sizeof pairs, "All %d pairs at once", f->c->asked.pairs);
    if (!f->c->scored)
        notes_add(&list, NOTE_INFO, "%s, alpha %g: %s.", pairs, f->c->asked.alpha, procedure);
    if (f->c->scored) scored_notes(&list, f->c);
    if (command_prose(call)) putchar('\n');
    command_remarks(call, &list);
}

static int run(command_call *call, const void *given)
{
    error e;
    look l;
    frontier f;
    (void)given;
    if (!look_open(&l, call, true, &e)) return command_fail(call, &e);
    look_record(&l.comparison, call);
    frontier_open(&f, &l.comparison);
    command_rows(call);
    print(&f, command_format(call));
    put_notes(call, &f);
    const bool ok = look_changes(call, &l.comparison, &l.d, &e);
    frontier_close(&f);
    look_close(&l);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_frontier = {
    .name = "frontier",
    .group = COMMAND_COMPARE,
    .help = "loss against cost, dominated arms marked",
    .arguments = "STUDY",
    .summary = "Loss against KV bytes, parameters and training FLOPs, dominated arms marked.",
    .text = "An arm is dominated if another costs no more and is better, or costs less and is "
            "equivalent, by one simultaneous comparison of all pairs. It is on the frontier if all "
            "arms that cost no more are worse. It is a look at the data, and is recorded as one.",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_METRIC | SHARED_ALPHA | SHARED_MARGIN,
    .run = run,
};
