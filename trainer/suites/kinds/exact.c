/* exact.c - the model writes on, always the likeliest token; the text must be the answer.
 *
 *     acc: greedy continuation of the prompt = answer
 *
 * Where every token of the answer is the likeliest after those before it, the continuation is the
 * answer.  Otherwise it may still be the same text, in other pieces: then it is written (answer.h).
 */
#include "trainer/suites/task_kind.h"

static bool read_item(item *it, const json_t *object, error *e)
{
    return task_kind_find("cloze")->read(it, object, e);
}

static void score(task_score *out, const item *it, const coded *c)
{
    task_kind_find("cloze")->score(out, it, c);
}

static const char *const METRICS[] = { "acc", "nll", "bpb", NULL };

const task_kind task_kind_exact = {
    .name = "exact",
    .help = "whether the model, taking the likeliest token each time, writes the answer",
    .field = "prompt",
    .tokens = "prompt_tokens",
    .metrics = METRICS,
    .decodes = true,
    .read = read_item,
    .score = score,
};
