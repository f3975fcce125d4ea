/* tasks_make.c - checks the options, makes the suite in memory, writes it, and lists its tasks. */
#include "cli/tasks_make.h"

#include "trainer/tasks/generated_suite.h"
#include "trainer/tasks/harvest.h"

#include <inttypes.h>
#include <math.h>

enum { CONTEXT = 512, ANSWER = 96 };

static int64_t or_else(int64_t given, int64_t usual)
{
    return given == OPTION_UNSET ? usual : given;
}

bool tasks_make_asked(const tasks_make *o)
{
    return o->from || o->generate.n || o->out || o->items != OPTION_UNSET ||
           o->seed != OPTION_UNSET || o->context != OPTION_UNSET || o->answer != OPTION_UNSET ||
           o->distance != OPTION_UNSET;
}

static const char *conflict(const command_call *call, const tasks_make *o)
{
    if (!o->from && !o->generate.n)
        return "options of a new suite go with --out DIR and --from CORPUS or --generate SPEC";
    if (o->from && o->generate.n) return "give one of --from CORPUS and --generate SPEC";
    if (call->arguments) return "--from and --generate make a suite: omit SUITE";
    if (!o->out) return "missing option: --out DIR";
    if (!o->from &&
        (o->context != OPTION_UNSET || o->answer != OPTION_UNSET || o->distance != OPTION_UNSET))
        return "--context, --answer and --distance go with --from CORPUS";
    if (or_else(o->answer, ANSWER) > or_else(o->context, CONTEXT) / 2)
        return "--answer must be at most half of --context";
    return NULL;
}

static bool add(suite_draft *d, const tasks_make *o, error *e)
{
    const int64_t items = or_else(o->items, 200);
    growing words;
    growing_open(&words);
    fputs("Made by attnlab tasks", words.f);
    if (o->from) fprintf(words.f, " --from, of the held-out text of %s", o->from);
    for (int i = 0; i < o->generate.n; i++) fprintf(words.f, " --generate %s", o->generate.item[i]);
    d->source = growing_close(&words);
    const harvest_order order = { .corpus = o->from,
                                  .items = items,
                                  .context = (int)or_else(o->context, CONTEXT),
                                  .answer = (int)or_else(o->answer, ANSWER),
                                  .distance = (int)or_else(o->distance, 64) };
    if (o->from) return harvest_add(d, &order, e);
    for (int i = 0; i < o->generate.n; i++)
        if (!generated_suite_add(d, o->generate.item[i], items, e)) return false;
    return true;
}

static void print(const suite_draft *d, table_format format)
{
    static const char *const COLUMN[] = { "task", "kind", "group", "items", "mean_distance" };
    table t;
    table_open(&t, format, stdout, 5, COLUMN);
    for (int i = 0; i < d->tasks; i++) {
        const suite_draft_task *task = &d->task[i];
        table_text(&t, task->name), table_text(&t, task->kind), table_text(&t, task->group);
        table_int(&t, task->items);
        table_real(&t, task->distances ? task->distance / task->distances : NAN, 1);
    }
    table_close(&t);
}

int tasks_make_run(command_call *call, const tasks_make *o)
{
    suite_draft d = { 0 };
    error e;
    const char *wrong = conflict(call, o);
    if (wrong) return command_refuse(call, "%s", wrong);
    bool ok = suite_draft_open(&d, o->out, or_else(o->seed, 1), &e) && add(&d, o, &e) &&
              suite_draft_write(&d, &e);
    if (ok) {
        command_note(call, NOTE_INFO, "%s: a suite of %d tasks; see it with attnlab tasks %s",
                     o->out, d.tasks, o->out);
        command_rows(call);
        print(&d, command_format(call));
    }
    suite_draft_close(&d);
    return ok ? STATUS_DONE : command_fail(call, &e);
}
