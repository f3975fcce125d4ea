/* item.c - reads the items of a task, line by line, and takes those of a generator.
 *
 * What is wrong is said once, with the file and the line.
 */
#include "trainer/suites/item.h"

#include "core/base/file.h"
#include "core/base/growing.h"
#include "core/base/utf8.h"
#include "trainer/suites/layout.h"
#include "trainer/suites/task_kind.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const size_t FILE_LIMIT = (size_t)4 << 30;

static void part_close(item_part *p)
{
    free(p->text), free(p->token);
}

void item_close(item *it)
{
    for (int i = 0; it->option && i < it->options; i++) part_close(&it->option[i]);
    part_close(&it->prompt);
    free(it->id), free(it->option), free(it->span);
    *it = (item){ 0 };
}

void items_close(items *list)
{
    for (int i = 0; i < list->n; i++) item_close(&list->item[i]);
    free(list->item);
    *list = (items){ 0 };
}

/* --- values ---------------------------------------------------------------------------------- */

bool item_part_text(item_part *out, const json_t *value, const char *name, error *e)
{
    if (!json_is_string(value)) return error_usage(e, "%s must be a text", name);
    const size_t n = json_string_length(value);
    out->text = error_zeroed(n + 1, 1);
    memcpy(out->text, json_string_value(value), n);
    out->n = (int)n; /* a line is shorter than an int can count */
    return true;
}

bool item_part_tokens(item_part *out, const json_t *value, const char *name, error *e)
{
    if (!json_is_array(value)) return error_usage(e, "%s must be a list of tokens", name);
    out->n = (int)json_array_size(value);
    out->token = error_zeroed((size_t)out->n, sizeof *out->token);
    for (int i = 0; i < out->n; i++) {
        const json_t *x = json_array_get(value, (size_t)i);
        if (!json_is_integer(x) || json_integer_value(x) < 0 || json_integer_value(x) > INT32_MAX)
            return error_usage(e, "%s: element %d is not a token (a whole number from 0 on)", name,
                               i);
        out->token[i] = (int32_t)json_integer_value(x);
    }
    return true;
}

bool item_part_read(item_part *out, const json_t *object, const char *text, const char *tokens,
                    error *e)
{
    const json_t *a = json_object_get(object, text);
    const json_t *b = tokens ? json_object_get(object, tokens) : NULL;
    if (!a && !tokens) return error_usage(e, "missing \"%s\"", text);
    if (a && b) return error_usage(e, "both \"%s\" and \"%s\" are given", text, tokens);
    if (!a && !b) return error_usage(e, "missing \"%s\" (or \"%s\")", text, tokens);
    char name[80];
    snprintf(name, sizeof name, "\"%s\"", a ? text : tokens);
    return a ? item_part_text(out, a, name, e) : item_part_tokens(out, b, name, e);
}

static bool read_id(item *it, const json_t *object, error *e)
{
    const json_t *id = json_object_get(object, "id");
    char number[32];
    if (!id) return error_usage(e, "missing \"id\"");
    if (json_is_integer(id))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
    else if (!json_is_string(id))
        return error_usage(e, "\"id\" must be a text or a whole number");
    const char *text = json_is_string(id) ? json_string_value(id) : number;
    if (!*text || strlen(text) > ITEM_ID)
        return error_usage(e, "\"id\" must have 1 to %d bytes", ITEM_ID);
    it->id = strdup(text);
    if (!it->id) error_memory();
    return true;
}

static bool read_place(item *it, const json_t *object, error *e)
{
    const json_t *distance = json_object_get(object, "distance");
    const json_t *depth = json_object_get(object, "depth");
    it->distance = -1, it->depth = -1;
    if (distance) {
        if (!json_is_integer(distance) || json_integer_value(distance) < 0)
            return error_usage(e, "\"distance\" must be a whole number of tokens, 0 or more");
        it->distance = json_integer_value(distance);
    }
    if (depth) {
        if (!json_is_number(depth) || json_number_value(depth) < 0 || json_number_value(depth) > 1)
            return error_usage(e, "\"depth\" must be a number from 0 to 1");
        it->depth = json_number_value(depth);
    }
    return true;
}

/* From a layout, or what the kind's own fields hold. */
static bool read_prompt(item *it, const json_t *object, const task_kind *kind, const char *layout,
                        error *e)
{
    if (!layout) return item_part_read(&it->prompt, object, kind->field, kind->tokens, e);
    if (kind->tokens && json_object_get(object, kind->tokens))
        return error_usage(e, "a template makes texts, but \"%s\" is given", kind->tokens);
    if (!layout_fill(&it->prompt.text, layout, object, e)) return false;
    it->prompt.n = (int)strlen(it->prompt.text);
    return true;
}

/* What is scored must be there, and be text after text, or tokens after tokens. */
static bool check_options(const item *it, error *e)
{
    for (int i = 0; i < it->options; i++) {
        if (it->option[i].n == 0)
            return it->options == 1 ? error_usage(e, "the answer is empty")
                                    : error_usage(e, "option %d is empty", i);
        if (!it->option[i].text != !it->prompt.text)
            return error_usage(e, "the prompt is %s, but what follows it is %s",
                               it->prompt.text ? "text" : "tokens",
                               it->prompt.text ? "tokens" : "text");
    }
    if (!it->prompt.text && it->prompt.n == 0)
        return error_usage(e, "\"prompt_tokens\" is empty: the first token can't be predicted");
    return true;
}

/* --- lines ----------------------------------------------------------------------------------- */

static bool read_object(item *it, const json_t *object, const task_kind *kind, const char *layout,
                        error *e)
{
    return read_id(it, object, e) && read_place(it, object, e) &&
           read_prompt(it, object, kind, layout, e) && kind->read(it, object, e) &&
           check_options(it, e);
}

static bool read_line(item *it, const char *line, size_t n, const task_kind *kind,
                      const char *layout, error *e)
{
    json_error_t why;
    const size_t good = utf8_valid(line, n);
    if (n > ITEM_LINE)
        return error_usage(e, "the line has %zu bytes; at most %d are allowed", n, ITEM_LINE);
    if (good < n)
        return error_usage(e, "byte %zu (0x%02x) is not UTF-8", good + 1,
                           (unsigned char)line[good]);
    json_t *object = json_loadb(line, n, JSON_REJECT_DUPLICATES, &why);
    if (!object) return error_usage(e, "column %d: %.200s", why.column, why.text);
    const bool ok = json_is_object(object)
                        ? read_object(it, object, kind, layout, e)
                        : error_usage(e, "must be one JSON object, {\"id\": ...}");
    json_decref(object);
    return ok;
}

static bool read_lines(items *out, const char *bytes, size_t n, const char *path,
                       const task_kind *kind, const char *layout, error *e)
{
    int line = 1;
    for (const char *at = bytes, *end = bytes + n; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        const size_t length = (size_t)((stop ? stop : end) - at);
        const size_t blank = strspn(at, " \t\r");
        if (blank < length) {
            out->item = growing_list(out->item, out->n, sizeof *out->item);
            item *it = &out->item[out->n++];
            *it = (item){ .line = line };
            if (!read_line(it, at, length, kind, layout, e))
                return error_where(e, "%s:%d", path, line);
        }
        at += length + 1;
    }
    return out->n > 0 || error_usage(e, "%s: no items: the file is empty", path);
}

static int by_id(const void *a, const void *b)
{
    const item *const *x = a, *const *y = b;
    const int order = strcmp((*x)->id, (*y)->id);
    return order ? order : (*x)->line - (*y)->line;
}

static bool check_ids(const items *list, const char *path, error *e)
{
    const item **sorted = error_zeroed((size_t)list->n, sizeof *sorted);
    bool ok = true;
    for (int i = 0; i < list->n; i++) sorted[i] = &list->item[i];
    qsort(sorted, (size_t)list->n, sizeof *sorted, by_id);
    for (int i = 1; ok && i < list->n; i++)
        if (strcmp(sorted[i - 1]->id, sorted[i]->id) == 0)
            ok = error_usage(e, "%s:%d: the id \"%s\" is that of line %d", path, sorted[i]->line,
                             sorted[i]->id, sorted[i - 1]->line);
    free(sorted);
    return ok;
}

bool items_read(items *out, const char *path, const task_kind *kind, const char *layout, error *e)
{
    char *bytes;
    size_t n;
    *out = (items){ 0 };
    if (!file_read(&bytes, &n, path, FILE_LIMIT, e)) return false;
    const bool ok = read_lines(out, bytes, n, path, kind, layout, e) && check_ids(out, path, e);
    free(bytes);
    if (!ok) items_close(out);
    return ok;
}

/* --- generators ------------------------------------------------------------------------------ */

static void part_copy(item_part *out, const generator_item *from, int at, int n)
{
    const size_t size = from->text ? 1 : sizeof *from->token;
    void *copy = error_zeroed((size_t)n + 1, size);
    *out = (item_part){ .n = n };
    if (from->text)
        out->text = memcpy(copy, from->text + at, (size_t)n);
    else
        out->token = memcpy(copy, from->token + at, (size_t)n * size);
}

/* With one answer, an item is a prompt and what follows it; what comes later gives nothing away. */
static void take(item *it, const generator_item *from)
{
    const generator_answer *first = from->answer;
    if (from->answers == 1) {
        it->options = 1;
        it->option = error_zeroed(1, sizeof *it->option);
        part_copy(&it->prompt, from, 0, first->from);
        part_copy(it->option, from, first->from, first->to - first->from);
    } else {
        part_copy(&it->prompt, from, 0, from->n);
        it->spans = from->answers;
        it->span = error_zeroed((size_t)it->spans, sizeof *it->span);
        memcpy(it->span, from->answer, (size_t)it->spans * sizeof *it->span);
    }
    it->distance = from->answers == 1 ? first->from - first->evidence : -1;
    it->depth = from->answers == 1 ? first->depth : -1;
}

void items_generate(items *out, const generator *g, uint64_t seed, int n)
{
    *out = (items){ .n = n, .item = error_zeroed((size_t)n, sizeof *out->item) };
    for (int i = 0; i < n; i++) {
        generator_item made;
        char id[24];
        generator_make(&made, g, seed, PART_OF_SUITE, i);
        snprintf(id, sizeof id, "%d", i);
        out->item[i].id = strdup(id);
        if (!out->item[i].id) error_memory();
        take(&out->item[i], &made);
        generator_item_close(&made);
    }
}
