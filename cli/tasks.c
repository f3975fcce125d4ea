/* tasks.c - attnlab tasks SUITE...: what is in a suite, checked; or a suite that is made. */
#include "cli/command.h"
#include "cli/tasks_make.h"
#include "core/base/growing.h"
#include "trainer/suites/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    int64_t show;
    tasks_make make;
} options;

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "show",     0, OPTION_INTEGER, "N",      AT(show),          "show the first N items of each task as a model reads them", NULL, 1, 1e6 },
    { "from",     0, OPTION_TEXT,    "CORPUS", AT(make.from),     "make a suite of the held-out text of a corpus" },
    { "generate", 0, OPTION_TEXTS,   "SPEC",   AT(make.generate), "make a suite of a generator's items (may be repeated)" },
    { "out",      0, OPTION_TEXT,    "DIR",    AT(make.out),      "the folder of the suite that is made" },
    { "items",    0, OPTION_COUNT,   "N",      AT(make.items),    "items of each task that is made", "(200)", 1, SUITE_ITEMS },
    { "seed",     0, OPTION_INTEGER, "N",      AT(make.seed),     "seed of the items that are made", "(1)", 0, 9e15 },
    { "context",  0, OPTION_COUNT,   "N",      AT(make.context),  "--from: longest item in tokens", "(512)", 1, 1 << 22 },
    { "answer",   0, OPTION_COUNT,   "N",      AT(make.answer),   "--from: longest option in tokens", "(96)", 1, 1 << 22 },
    { "distance", 0, OPTION_COUNT,   "N",      AT(make.distance), "--from: tokens back to the evidence, at least", "(64)", 1, 1 << 22 },
    { 0 },
};
// clang-format on

/* The longest item, with its longest option and without examples: bytes, or tokens. */
static int longest_of(const suite_task *t)
{
    int most = 0;
    for (int i = 0; i < t->all.n; i++) {
        const item *it = &t->all.item[i];
        int most_option = 0;
        for (int k = 0; k < it->options; k++)
            if (it->option[k].n > most_option) most_option = it->option[k].n;
        if (it->prompt.n + most_option > most) most = it->prompt.n + most_option;
    }
    return most;
}

static bool is_text(const suite_task *t)
{
    return t->all.item[0].prompt.text;
}

static void put_tasks(table *out, const suite *s)
{
    for (int i = 0; i < s->tasks; i++) {
        const suite_task *t = &s->task[i];
        table_text(out, s->name), table_text(out, t->group), table_text(out, t->name);
        table_text(out, t->kind->name), table_text(out, t->metric), table_int(out, t->shots);
        table_int(out, t->all.n), table_int(out, longest_of(t));
        table_text(out, is_text(t) ? "bytes" : "tokens");
        table_real(out, t->chance, 4);
        table_text(out, t->file ? t->file : t->spec);
    }
}

/* --- items ------------------------------------------------------------------------------------ */

static char *part_text(const item_part *p)
{
    growing words;
    growing_open(&words);
    if (p->text)
        fwrite(p->text, 1, (size_t)p->n, words.f);
    else
        for (int i = 0; i < p->n; i++) fprintf(words.f, "%s%d", i ? " " : "", p->token[i]);
    return growing_close(&words);
}

/* A row for each option, or for the whole item if its answers are inside. */
static void put_item(table *out, const suite *s, const suite_task *t, int i)
{
    const item *it = &t->all.item[i];
    char *context = coded_context(s, t, i);
    for (int k = 0; k < (it->options ? it->options : 1); k++) {
        char *text = it->options ? part_text(&it->option[k]) : NULL;
        table_text(out, s->name), table_text(out, t->name), table_text(out, it->id);
        table_text(out, context);
        table_text(out, text);
        table_text(out, it->options ? (k == it->answer ? "yes" : "no") : NULL);
        free(text);
    }
    free(context);
}

static void show(table *out, const suite *s, int64_t n)
{
    for (int i = 0; i < s->tasks; i++)
        for (int j = 0; j < s->task[i].all.n && j < n; j++) put_item(out, s, &s->task[i], j);
}

static int run(command_call *call, const void *given)
{
    static const char *const TASKS[] = { "suite", "group",   "task", "kind",   "metric", "shots",
                                         "items", "longest", "unit", "chance", "source" };
    static const char *const ITEMS[] = { "suite", "task", "item", "prompt", "option", "answer" };
    const options *o = given;
    const bool shown = o->show != OPTION_UNSET;
    table t;
    error e;
    bool ok = true;
    if (tasks_make_asked(&o->make)) return tasks_make_run(call, &o->make);
    if (call->arguments == 0) return command_missing(call, "SUITE");
    suite *s = error_zeroed((size_t)call->arguments, sizeof *s);
    for (int i = 0; ok && i < call->arguments; i++) ok = suite_open(&s[i], call->argument[i], &e);
    if (ok) {
        command_rows(call);
        table_open(&t, command_format(call), stdout, shown ? 6 : 11, shown ? ITEMS : TASKS);
        for (int i = 0; i < call->arguments; i++)
            shown ? show(&t, &s[i], o->show) : put_tasks(&t, &s[i]);
        table_close(&t);
    }
    for (int i = 0; i < call->arguments; i++) suite_close(&s[i]);
    free(s);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_tasks = {
    .name = "tasks",
    .group = COMMAND_DATA,
    .help = "check suites of evaluation tasks, or make one",
    .arguments = "[SUITE...]",
    .summary =
        "List the tasks of a suite. Every item is read, so whatever is wrong with a suite is "
        "said here, with its file and line.",
    .text =
        "SUITE is a folder with suite.yaml and a file of items (JSON Lines) for each task. "
        "`attnlab evaluate RUN SUITE` scores a model on it, and the key eval.tasks does so at the "
        "end of a run.\n\n"
        "With --out DIR a suite is made: --from CORPUS takes questions from held-out text, "
        "--generate "
        "SPEC the items of a generator. The same options give the same suite.\n\n"
        "`longest` is the length of the longest item with its longest option, without examples.",
    .shared = SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
