/* cloze.c - the answer is given, and every token of it is predicted from those before it.
 *
 *     nll = -log p(answer | prompt)      acc: is each token of the answer the likeliest?
 *
 * These are the log-likelihood and the greedy flag of lm-evaluation-harness (tasks of output type
 * `loglikelihood`, such as LAMBADA: Paperno et al. 2016).
 */
#include "trainer/suites/task_kind.h"

static bool read_item(item *it, const json_t *object, error *e)
{
    it->options = 1;
    it->option = error_zeroed(1, sizeof *it->option);
    return item_part_read(it->option, object, "answer", "answer_tokens", e);
}

static void score(task_score *out, const item *it, const coded *c)
{
    int right = 0, n = 0;
    (void)it;
    task_score_sum(out, c);
    for (int i = 0; i < c->sequences; i++)
        for (int j = 0; j < c->sequence[i].spans; j++, n++) right += c->sequence[i].span[j].greedy;
    out->acc = (double)right / n;
}

static const char *const METRICS[] = { "acc", "nll", "bpb", NULL };

const task_kind task_kind_cloze = {
    .name = "cloze",
    .help = "how likely the answer is, and whether each of its tokens is the likeliest",
    .field = "prompt",
    .tokens = "prompt_tokens",
    .metrics = METRICS,
    .read = read_item,
    .score = score,
};
