/* harvest_words.c - single words that the text before gives away: the last word of a passage, and a
 * name that was last mentioned long ago.
 */
#include "trainer/tasks/harvest_tasks.h"

#include <string.h>

enum { LETTERS = 4, NAMES = 64, OPTIONS = 4 };

/* Tokens that one word may take. */
static const int ROOM = 16;

/* The last word that begins before byte `at`; -1 if there is none. */
static int word_before(const harvest_text *t, int at)
{
    int low = -1, high = t->words;
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (t->word[middle].at < at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The last word from byte `begin` on and before word `w` that is spelled like it; -1 if none is. */
static int mention(const harvest_text *t, int w, int begin)
{
    for (int i = w - 1; i >= 0 && t->word[i].at >= begin; i--)
        if (t->word[i].id == t->word[w].id) return i;
    return -1;
}

static int sentences(const harvest_text *t)
{
    return t->sentences - 1;
}

static json_t *make_last_word(const harvest_text *t, const harvest_order *o, int place, draws *d,
                              int64_t *distance)
{
    const int w = word_before(t, t->sentence[place + 1]);
    (void)d;
    if (w < 0 || t->word[w].n < LETTERS || t->word[w].at <= t->sentence[place]) return NULL;
    const harvest_word *word = &t->word[w];
    const int gap = harvest_gap(t, word->at), begin = harvest_begin(t, o, gap, ROOM);
    if (gap == word->at || begin < 0 || !strchr(".?!", t->bytes[word->at + word->n])) return NULL;
    const int earlier = mention(t, w, begin);
    if (earlier < 0 || t->word[earlier].at >= t->sentence[place]) return NULL;
    *distance = word->token - t->word[earlier].token;
    return json_pack("{s:s%, s:s%}", "prompt", t->bytes + begin, (size_t)(gap - begin), "answer",
                     t->bytes + gap, (size_t)(word->at + word->n - gap));
}

static int words(const harvest_text *t)
{
    return t->words;
}

/* Words of different spelling that are names, from byte `begin` on and before word w, without w's
 * own: at most NAMES, the last ones. */
static int other_names(int out[NAMES], const harvest_text *t, int w, int begin)
{
    int n = 0;
    for (int i = w - 1; i >= 0 && t->word[i].at >= begin && n < NAMES; i--) {
        const int id = t->word[i].id;
        bool known = id == t->word[w].id || !t->name[id];
        for (int k = 0; k < n && !known; k++) known = t->word[out[k]].id == id;
        if (!known) out[n++] = i;
    }
    return n;
}

static json_t *make_name(const harvest_text *t, const harvest_order *o, int place, draws *d,
                         int64_t *distance)
{
    const harvest_word *word = &t->word[place];
    int other[NAMES], chosen[OPTIONS];
    if (!t->name[word->id] || word->first) return NULL;
    const int gap = harvest_gap(t, word->at), begin = harvest_begin(t, o, gap, ROOM);
    if (gap == word->at || begin < 0) return NULL;
    const int earlier = mention(t, place, begin);
    if (earlier < 0 || word->token - t->word[earlier].token < o->distance) return NULL;
    const int n = other_names(other, t, place, begin);
    if (n < OPTIONS - 1) return NULL;
    draws_sample(chosen, d, 0, n, OPTIONS - 1);
    const int answer = (int)draws_below(d, OPTIONS);
    json_t *options = json_array();
    for (int i = 0, k = 0; i < OPTIONS; i++) {
        const harvest_word *is = i == answer ? word : &t->word[other[chosen[k++]]];
        json_t *option = json_pack("s%+%", t->bytes + gap, (size_t)(word->at - gap),
                                   t->bytes + is->at, (size_t)is->n);
        if (json_array_append_new(options, option) != 0) error_memory();
    }
    *distance = word->token - t->word[earlier].token;
    return json_pack("{s:s%, s:o, s:i}", "prompt", t->bytes + begin, (size_t)(gap - begin),
                     "options", options, "answer", answer);
}

const harvest_task harvest_last_word = { "last-word", "cloze",   "general",
                                         NULL,        sentences, make_last_word };
const harvest_task harvest_name = { "name", "choice", "recall", NULL, words, make_name };
