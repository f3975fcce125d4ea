/* metric.c - see metric.h. */
#include "analysis/data/metric.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct kind {
    const char *name, *value, *unit;
    bool larger_is_better;
} kind;

static const kind KIND[] = {
    { "loss", "e.nll_sum / e.n_tok", "nats", false },
    { "bpb", "e.nll_sum / e.n_bytes / 0.6931471805599453", "bits a byte", false },
    { "last", "e.last_nll_sum / e.last_n_tok", "nats", false },
};

static bool bad(const char *text, error *e)
{
    return error_usage(e,
                       "no metric '%s': write [TASK.]SPLIT_KIND@CONTEXT, such as val_loss@512; the "
                       "kinds are loss, bpb and last",
                       text);
}

/* Copy n characters of a name made of letters, digits and - _. */
static bool copy(char *out, size_t size, const char *text, size_t n)
{
    static const char *const NAME =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    if (n == 0 || n >= size || strspn(text, NAME) < n) return false;
    memcpy(out, text, n);
    out[n] = '\0';
    return true;
}

bool metric_parse(metric *m, const char *text, error *e)
{
    *m = (metric){ .task = "lm" };
    if (strlen(text) >= sizeof m->name) return bad(text, e);
    strcpy(m->name, text);
    const char *split = text, *at = strchr(text, '@'), *dot = strchr(text, '.');
    if (dot && (!at || dot < at)) {
        if (!copy(m->task, sizeof m->task, text, (size_t)(dot - text))) return bad(text, e);
        split = dot + 1;
    }
    const char *end = at ? at : text + strlen(text), *last = NULL;
    for (const char *c = split; c < end; c++)
        if (*c == '_') last = c;
    if (!last || !copy(m->split, sizeof m->split, split, (size_t)(last - split)))
        return bad(text, e);
    for (size_t i = 0; i < sizeof KIND / sizeof *KIND; i++)
        if (strlen(KIND[i].name) == (size_t)(end - last - 1) &&
            strncmp(KIND[i].name, last + 1, (size_t)(end - last - 1)) == 0) {
            m->value = KIND[i].value, m->unit = KIND[i].unit;
            m->larger_is_better = KIND[i].larger_is_better;
        }
    if (!m->value) return bad(text, e);
    if (!at) return true;
    const size_t digits = strspn(at + 1, "0123456789");
    if (digits == 0 || digits > 9 || at[1 + digits] || at[1] == '0') return bad(text, e);
    m->context = strtoll(at + 1, NULL, 10);
    return true;
}
