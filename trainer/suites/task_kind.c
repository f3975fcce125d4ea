/* task_kind.c - finds a kind by its name, and adds up what kinds have in common.
 *
 *     nll of an item = sum over its sequences and their spans
 */
#include "trainer/suites/task_kind.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const task_kind *task_kind_find(const char *name)
{
    for (const task_kind *const *k = task_kinds; *k; k++)
        if (strcmp((*k)->name, name) == 0) return *k;
    return NULL;
}

void task_kind_words(char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (const task_kind *const *k = task_kinds; *k && n < size; k++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "", (*k)->name);
}

void task_score_empty(task_score *out)
{
    *out = (task_score){ .acc = NAN, .acc_norm = NAN, .margin = NAN, .nll = NAN };
}

void task_score_sum(task_score *out, const coded *c)
{
    task_score_empty(out);
    out->nll = 0;
    for (int i = 0; i < c->sequences; i++) {
        const coded_sequence *s = &c->sequence[i];
        out->bytes += s->bytes;
        for (int j = 0; j < s->spans; j++) {
            out->nll += s->span[j].nll;
            out->tokens += s->span[j].to - s->span[j].from;
        }
    }
}
