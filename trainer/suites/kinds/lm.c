/* lm.c - the loss on a text: every token but BOS is predicted from those before it.
 *
 *     nll = -log p(text)      bpb = nll / (bytes ln 2)
 *
 * A text longer than the context is read in windows (coded.h).  The sums are those of
 * lm-evaluation-harness's `loglikelihood_rolling`.
 */
#include "trainer/suites/task_kind.h"

static bool read_item(item *it, const json_t *object, error *e)
{
    (void)object, (void)e;
    it->options = 1;
    it->option = error_zeroed(1, sizeof *it->option);
    it->option[0] = it->prompt; /* what the layout has made is the text */
    it->prompt = (item_part){ .text = error_zeroed(1, 1) };
    return true;
}

static void score(task_score *out, const item *it, const coded *c)
{
    (void)it;
    task_score_sum(out, c);
}

static const char *const METRICS[] = { "bpb", "nll", NULL };

const task_kind task_kind_lm = {
    .name = "lm",
    .help = "the loss on a text",
    .field = "text",
    .metrics = METRICS,
    .rolling = true,
    .read = read_item,
    .score = score,
};
