/* choice.c - which of several options follows: the likeliest is taken as the answer.
 *
 *     ll_k = log p(option k | prompt)      acc: argmax ll_k      acc_norm: argmax ll_k / bytes_k
 *     margin = p_answer - max of the other p_k,  p = softmax(ll)
 *
 * Of equal ones the first is taken, as in lm-evaluation-harness, whose acc, acc_norm (of options in
 * ASCII) and acc_bytes these are.  The margin varies less between seeds than the accuracy where a
 * model is unsure (Heineman et al., Signal and Noise, arXiv:2508.13144, on continuous metrics).
 */
#include "trainer/suites/task_kind.h"

#include "core/base/growing.h"

#include <math.h>

static bool read_options(item *it, const json_t *object, error *e)
{
    const json_t *text = json_object_get(object, "options");
    const json_t *tokens = json_object_get(object, "option_tokens");
    const json_t *list = text ? text : tokens;
    if (text && tokens) return error_usage(e, "both \"options\" and \"option_tokens\" are given");
    if (!list) return error_usage(e, "missing \"options\" (or \"option_tokens\")");
    const int n = json_is_array(list) ? (int)json_array_size(list) : 0;
    if (!json_is_array(list) || n < 2 || n > ITEM_OPTIONS)
        return error_usage(e, "\"%s\" must be a list of 2 to %d",
                           text ? "options" : "option_tokens", ITEM_OPTIONS);
    it->options = n;
    it->option = error_zeroed((size_t)n, sizeof *it->option);
    for (int i = 0; i < n; i++) {
        const json_t *x = json_array_get(list, (size_t)i);
        char name[32];
        snprintf(name, sizeof name, "option %d", i);
        if (text ? !item_part_text(&it->option[i], x, name, e)
                 : !item_part_tokens(&it->option[i], x, name, e))
            return false;
    }
    return true;
}

static bool read_item(item *it, const json_t *object, error *e)
{
    const json_t *answer = json_object_get(object, "answer");
    if (!read_options(it, object, e)) return false;
    if (!answer) return error_usage(e, "missing \"answer\"");
    if (!json_is_integer(answer))
        return error_usage(e, "\"answer\" must be the number of an option, 0 to %d",
                           it->options - 1);
    const json_int_t k = json_integer_value(answer);
    if (k < 0 || k >= it->options)
        return error_usage(
            e, "\"answer\" is %" JSON_INTEGER_FORMAT ", but there are %d options, 0 to %d", k,
            it->options, it->options - 1);
    it->answer = (int)k;
    return true;
}

static int likeliest(const coded *c, bool by_byte)
{
    int best = 0;
    double most = -INFINITY;
    for (int k = 0; k < c->sequences; k++) {
        const coded_sequence *s = &c->sequence[k];
        const double ll = -s->span->nll / (by_byte ? s->bytes : 1);
        if (ll > most) most = ll, best = k;
    }
    return best;
}

static double margin_of(const coded *c, int answer)
{
    double most = -INFINITY, sum = 0, other = 0;
    for (int k = 0; k < c->sequences; k++) most = fmax(most, -c->sequence[k].span->nll);
    for (int k = 0; k < c->sequences; k++) {
        const double p = exp(-c->sequence[k].span->nll - most);
        sum += p;
        if (k != answer) other = fmax(other, p);
    }
    return (exp(-c->sequence[answer].span->nll - most) - other) / sum;
}

static void score(task_score *out, const item *it, const coded *c)
{
    const coded_sequence *right = &c->sequence[it->answer];
    growing list;
    task_score_empty(out);
    out->acc = likeliest(c, false) == it->answer;
    if (right->bytes > 0) out->acc_norm = likeliest(c, true) == it->answer;
    out->margin = margin_of(c, it->answer);
    out->nll = right->span->nll;
    out->tokens = right->span->to - right->span->from;
    out->bytes = right->bytes;
    growing_open(&list);
    for (int k = 0; k < c->sequences; k++)
        fprintf(list.f, "%c%.9g", k ? ',' : '[', -c->sequence[k].span->nll);
    fputc(']', list.f);
    out->detail = growing_close(&list);
}

static const char *const METRICS[] = { "acc", "acc_norm", "margin", "nll", "bpb", NULL };

const task_kind task_kind_choice = {
    .name = "choice",
    .help = "which of several options is the likeliest to follow the prompt",
    .field = "prompt",
    .tokens = "prompt_tokens",
    .metrics = METRICS,
    .guessed = true,
    .read = read_item,
    .score = score,
};
