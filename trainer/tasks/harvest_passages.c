/* harvest_passages.c - how a passage goes on, among passages from elsewhere in the same document,
 * and which of two paragraphs comes first.
 */
#include "trainer/tasks/harvest_tasks.h"

#include <stdlib.h>

enum { OPTIONS = 4, SHORTEST = 60, APART = 20, TRIES = 400 };

static int tokens_of(const harvest_text *t, int from, int to)
{
    return harvest_text_token(t, to) - harvest_text_token(t, from) + 1;
}

/* The end of the sentences from `place` on that have at least SHORTEST bytes; -1 if the text or
 * `most` tokens end before. */
static int passage_end(const harvest_text *t, int place, int most)
{
    for (int i = place + 1; i < t->sentences; i++) {
        const int end = harvest_gap(t, t->sentence[i]);
        if (tokens_of(t, t->sentence[place], end) > most) return -1;
        if (end - t->sentence[place] >= SHORTEST) return end;
    }
    return -1;
}

static int sentences(const harvest_text *t)
{
    return t->sentences - 1;
}

/* Three other sentences, not near and about as long (within a third). */
static bool find_others(int other[OPTIONS - 1], const harvest_text *t, int place, int length,
                        int most, draws *d)
{
    int n = 0;
    for (int i = 0; i < TRIES && n < OPTIONS - 1; i++) {
        const int k = (int)draws_below(d, t->sentences - 1), end = passage_end(t, k, most);
        const int own = end - t->sentence[k];
        bool good =
            end >= 0 && abs(k - place) >= APART && 3 * own >= 2 * length && 2 * own <= 3 * length;
        for (int j = 0; j < n; j++) good = good && other[j] != k;
        if (good) other[n++] = k;
    }
    return n == OPTIONS - 1;
}

static json_t *make_continuation(const harvest_text *t, const harvest_order *o, int place, draws *d,
                                 int64_t *distance)
{
    const int from = t->sentence[place], most = o->answer, end = passage_end(t, place, most);
    const int gap = harvest_gap(t, from);
    int other[OPTIONS - 1];
    (void)distance;
    if (end < 0 || gap == from) return NULL;
    const int begin = harvest_begin(t, o, gap, most);
    if (begin < 0 || !find_others(other, t, place, end - from, most, d)) return NULL;
    const int answer = (int)draws_below(d, OPTIONS);
    json_t *options = json_array();
    for (int i = 0, k = 0; i < OPTIONS; i++) {
        const int is = i == answer ? place : other[k++];
        json_t *option =
            json_pack("s%+%", t->bytes + gap, (size_t)(from - gap), t->bytes + t->sentence[is],
                      (size_t)(passage_end(t, is, most) - t->sentence[is]));
        if (json_array_append_new(options, option) != 0) error_memory();
    }
    return json_pack("{s:s%, s:o, s:i}", "prompt", t->bytes + begin, (size_t)(gap - begin),
                     "options", options, "answer", answer);
}

static int paragraphs(const harvest_text *t)
{
    return t->paragraphs > 3 ? t->paragraphs - 3 : 0;
}

static json_t *make_order(const harvest_text *t, const harvest_order *o, int place, draws *d,
                          int64_t *distance)
{
    static const char BETWEEN[] = "\n\n";
    const int *p = t->paragraph + place + 1, most = o->answer;
    const int gap = harvest_gap(t, p[0]), middle = harvest_gap(t, p[1]), end = harvest_gap(t, p[2]);
    (void)distance;
    if (middle - p[0] < SHORTEST || end - p[1] < SHORTEST || tokens_of(t, p[0], end) > most)
        return NULL;
    const int begin = harvest_begin(t, o, gap, most);
    if (begin < 0) return NULL;
    const char *first = t->bytes + p[0], *second = t->bytes + p[1];
    const size_t n = (size_t)(middle - p[0]), m = (size_t)(end - p[1]), gaps = sizeof BETWEEN - 1;
    const int answer = (int)draws_below(d, 2);
    json_t *right =
        json_pack("s#+%+#+%", BETWEEN, (int)gaps, first, n, BETWEEN, (int)gaps, second, m);
    json_t *wrong =
        json_pack("s#+%+#+%", BETWEEN, (int)gaps, second, m, BETWEEN, (int)gaps, first, n);
    return json_pack("{s:s%, s:[o, o], s:i}", "prompt", t->bytes + begin, (size_t)(gap - begin),
                     "options", answer ? wrong : right, answer ? right : wrong, "answer", answer);
}

const harvest_task harvest_continuation = { "continuation", "choice",  "general",
                                            "acc_norm",     sentences, make_continuation };
const harvest_task harvest_order_of_two = { "order", "choice",   "general",
                                            NULL,    paragraphs, make_order };
