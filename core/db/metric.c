/* metric.c - the names of metrics: [TASK.]SPLIT_KIND[@CONTEXT], or tasks:SUITE.
 *
 * TASK and SPLIT are letters, digits, - and _.  KIND begins after the last _, CONTEXT is a positive
 * number of tokens.
 */
#include "core/db/metric.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char METRIC_DEFAULT_TASK[] = "lm";
const char METRIC_DEFAULT_SPLIT[] = "val";
const char METRIC_DEFAULT_KIND[] = "loss";
const char METRIC_IMPORTED[] = "imported";
const char METRIC_TASKS[] = "tasks";

bool metric_is_suite(const metric *m)
{
    return strcmp(m->split, METRIC_TASKS) == 0;
}

/* "tasks:SUITE[/PART][:SCORE][@CONTEXT]".  Losses are better when they are small. */
static bool parse_suite(metric *m, const char *text, error *e)
{
    const char *suite = text + strlen(METRIC_TASKS) + 1, *score = strrchr(suite, ':');
    if (!*suite || strlen(suite) >= METRIC_TASK)
        return error_usage(e, "no metric '%s': write tasks:SUITE, of at most %d characters", text,
                           METRIC_TASK - 1);
    *m = (metric){ .value = "NULL", .unit = "", .larger_is_better = true };
    if (score && (strncmp(score, ":nll", 4) == 0 || strncmp(score, ":bpb", 4) == 0))
        m->larger_is_better = false;
    snprintf(m->name, sizeof m->name, "%s", text);
    snprintf(m->task, sizeof m->task, "%s", suite);
    snprintf(m->split, sizeof m->split, "%s", METRIC_TASKS);
    return true;
}

static bool refuse(const char *text, error *e)
{
    char kinds[256] = "", example[METRIC_NAME];
    size_t n = 0;
    for (const metric_kind *const *k = metric_kinds; *k && n < sizeof kinds; k++)
        n += (size_t)snprintf(kinds + n, sizeof kinds - n, "%s%s", n ? ", " : "", (*k)->name);
    metric_write(example, sizeof example, METRIC_DEFAULT_TASK, METRIC_DEFAULT_SPLIT,
                 METRIC_DEFAULT_KIND, 512);
    return error_usage(e,
                       "no metric '%s': write [TASK.]SPLIT_KIND[@CONTEXT], such as %s, or "
                       "tasks:SUITE; the kinds are %s",
                       text, example, kinds);
}

/* Copy a word of n characters: letters, digits, - and _. */
static bool copy(char out[METRIC_WORD], const char *text, size_t n)
{
    static const char GOOD[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    if (n == 0 || n >= METRIC_WORD || strspn(text, GOOD) < n) return false;
    memcpy(out, text, n);
    out[n] = '\0';
    return true;
}

static const metric_kind *find_kind(const char *text, size_t n)
{
    for (const metric_kind *const *k = metric_kinds; *k; k++)
        if (strlen((*k)->name) == n && memcmp((*k)->name, text, n) == 0) return *k;
    return NULL;
}

/* "@512" or nothing. */
static bool parse_context(int64_t *out, const char *text)
{
    *out = 0;
    if (!*text) return true;
    const char *digits = text + 1;
    const size_t n = strspn(digits, "0123456789");
    if (n == 0 || n > 9 || digits[n] || *digits == '0') return false;
    *out = strtoll(digits, NULL, 10);
    return true;
}

bool metric_parse(metric *m, const char *text, error *e)
{
    *m = (metric){ 0 };
    if (strncmp(text, METRIC_TASKS, strlen(METRIC_TASKS)) == 0 && text[strlen(METRIC_TASKS)] == ':')
        return parse_suite(m, text, e);
    snprintf(m->name, sizeof m->name, "%s", text);
    snprintf(m->task, sizeof m->task, "%s", METRIC_DEFAULT_TASK);
    const size_t length = strcspn(text, "@"), dot = strcspn(text, ".");
    const bool has_task = dot < length;
    const char *split = has_task ? text + dot + 1 : text, *end = text + length, *last = NULL;
    for (const char *at = split; at < end; at++)
        if (*at == '_') last = at;
    const metric_kind *kind = last ? find_kind(last + 1, (size_t)(end - last - 1)) : NULL;
    if (strlen(text) >= sizeof m->name || !kind || (has_task && !copy(m->task, text, dot)) ||
        !copy(m->split, split, (size_t)(last - split)) || !parse_context(&m->context, end))
        return refuse(text, e);
    m->value = kind->value, m->unit = kind->unit;
    m->larger_is_better = kind->larger_is_better;
    return true;
}

bool metric_of_import(metric *m, const char *text, error *e)
{
    const metric_kind *loss = find_kind(METRIC_DEFAULT_KIND, strlen(METRIC_DEFAULT_KIND));
    const char *at = strrchr(text, '@');
    error why;
    int64_t context = 0;
    if (metric_parse(m, text, &why) && m->value == loss->value) return true;
    if (at && !parse_context(&context, at)) at = NULL;
    const size_t n = at ? (size_t)(at - text) : strlen(text);
    if (n == 0 || n >= METRIC_TASK || strlen(text) >= METRIC_NAME)
        return error_usage(e,
                           "the metric '%.80s' has a name of %zu characters; 1 to %d are allowed",
                           text, n, METRIC_TASK - 1);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 127)
            return error_usage(e, "the metric '%.80s' has a blank in its name", text);
    *m = (metric){ .context = context, .value = loss->value, .unit = "" };
    snprintf(m->name, sizeof m->name, "%s", text);
    snprintf(m->task, sizeof m->task, "%.*s", (int)n, text);
    snprintf(m->split, sizeof m->split, "%s", METRIC_IMPORTED);
    return true;
}

bool metric_same(const metric *a, const metric *b)
{
    return strcmp(a->task, b->task) == 0 && strcmp(a->split, b->split) == 0 &&
           a->value == b->value && a->context == b->context;
}

void metric_write(char *out, size_t size, const char *task, const char *split, const char *kind,
                  int64_t context)
{
    const bool usual = strcmp(task, METRIC_DEFAULT_TASK) == 0;
    int n = snprintf(out, size, "%s%s%s_%s", usual ? "" : task, usual ? "" : ".", split, kind);
    if (context > 0 && n >= 0 && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, "@%lld", (long long)context);
}
