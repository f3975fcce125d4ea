/* generated_suite.c - cuts an item behind the answer that is asked for:
 *
 *     prompt = what stands before the answer      answer = it, with the space in front of it
 *
 * Distances of text are in bytes until a tokenizer counts them, so only tokens have one here; the
 * depth is known of both.
 */
#include "trainer/tasks/generated_suite.h"

#include "trainer/tasks/generator.h"

static json_t *numbers(const int32_t *token, int n)
{
    json_t *out = json_array();
    for (int i = 0; i < n; i++)
        if (json_array_append_new(out, json_integer(token[i])) != 0) error_memory();
    return out;
}

static json_t *item_object(const generator_item *item, const generator_answer *a)
{
    if (item->token)
        return json_pack("{s:o, s:o}", "prompt_tokens", numbers(item->token, a->from),
                         "answer_tokens", numbers(item->token + a->from, a->to - a->from));
    const int from = a->from > 0 && item->text[a->from - 1] == ' ' ? a->from - 1 : a->from;
    return json_pack("{s:s%, s:s%}", "prompt", item->text, (size_t)from, "answer",
                     item->text + from, (size_t)(a->to - from));
}

bool generated_suite_add(suite_draft *d, const char *spec, int64_t n, error *e)
{
    generator g;
    if (!generator_read(&g, spec, e) || !suite_draft_add(d, spec, "cloze", g.kind->name, NULL, e))
        return false;
    for (int64_t i = 0; i < n; i++) {
        generator_item item;
        generator_make(&item, &g, (uint64_t)d->seed, PART_OF_SUITE, i);
        const generator_answer *a = &item.answer[i % item.answers];
        suite_draft_item(d, item_object(&item, a), item.token ? a->from - a->evidence : -1,
                         a->depth);
        generator_item_close(&item);
    }
    return true;
}
