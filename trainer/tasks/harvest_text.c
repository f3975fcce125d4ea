/* harvest_text.c - decodes a document and finds its parts.
 *
 * Spellings are numbered by sorting the words.  A spelling is a name if it has 4 letters or more,
 * begins with a capital, occurs at least 4 times within sentences, and never with a small letter.
 */
#include "trainer/tasks/harvest_text.h"

#include "core/base/growing.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LETTERS = 4, NAME_TIMES = 4, SHORT_WORD = 3 };

/* Bytes of the letter at `text`, 0 if it is none.  Beyond ASCII all are letters but U+0080 to
 * U+00BF and U+2000 to U+2FFF, where punctuation and symbols are. */
static int letter(const char *text)
{
    const unsigned char c = (unsigned char)*text;
    if (c < 0x80) return isalpha(c) != 0;
    if (c == 0xc2 || c == 0xe2) return 0;
    return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void decode(harvest_text *t, const corpus_split *s, const tokenizer *k, int64_t from,
                   int64_t n)
{
    growing bytes;
    int32_t before = k->bos;
    int at = 0;
    growing_open(&bytes);
    t->token_at = error_zeroed((size_t)n + 1, sizeof *t->token_at);
    for (int64_t i = 0; i < n; i++) {
        int32_t token;
        size_t length;
        corpus_read(&token, s, from + i, 1);
        const char *piece = tokenizer_bytes(k, token, before, &length);
        t->token_at[t->tokens++] = at;
        fwrite(piece, 1, length, bytes.f);
        at += (int)length, before = token;
    }
    t->token_at[t->tokens] = at;
    t->bytes = growing_close(&bytes), t->n = at;
}

int harvest_text_token(const harvest_text *t, int at)
{
    int low = 0, high = t->tokens; /* token_at[low] <= at < token_at[high] */
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (t->token_at[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void find_words(harvest_text *t)
{
    for (int at = 0; at < t->n;) {
        int n = 0;
        for (int more; at + n < t->n && (more = letter(t->bytes + at + n)) > 0;) n += more;
        if (n == 0) {
            at++;
            continue;
        }
        t->word = growing_list(t->word, t->words, sizeof *t->word);
        t->word[t->words++] =
            (harvest_word){ .at = at, .n = n, .token = harvest_text_token(t, at) };
        at += n;
    }
}

/* Quotation marks and brackets that may close behind the end of a sentence, in bytes from `at`. */
static int closing(const harvest_text *t, int at)
{
    static const char *const MARK[] = { "\"", "'", ")", "]", "\xe2\x80\x9d", "\xe2\x80\x99" };
    for (size_t i = 0; i < sizeof MARK / sizeof *MARK; i++)
        if (strncmp(t->bytes + at, MARK[i], strlen(MARK[i])) == 0) return (int)strlen(MARK[i]);
    return 0;
}

/* Does a sentence end with the mark at `at`?  Then the next one begins at the place returned. */
static int sentence_after(const harvest_text *t, int at)
{
    int letters = 0, end = at + 1;
    if (!strchr(".?!", t->bytes[at])) return -1;
    while (letters <= SHORT_WORD && letters < at &&
           isalpha((unsigned char)t->bytes[at - 1 - letters]))
        letters++;
    if (t->bytes[at] == '.' && letters <= SHORT_WORD) return -1;
    for (int n; (n = closing(t, end)) > 0;) end += n;
    if (!is_blank(t->bytes[end])) return -1;
    while (is_blank(t->bytes[end])) end++;
    return islower((unsigned char)t->bytes[end]) ? -1 : end; /* "Why?" she asked. */
}

static void add(int **list, int *n, int at)
{
    if (*n > 0 && (*list)[*n - 1] >= at) return;
    *list = growing_list(*list, *n, sizeof **list);
    (*list)[(*n)++] = at;
}

/* Where a paragraph begins behind the empty line at `at`; -1 if there is none. */
static int paragraph_after(const harvest_text *t, int at)
{
    if (t->bytes[at] != '\n' || t->bytes[at + 1] != '\n') return -1;
    while (is_blank(t->bytes[at])) at++;
    return at;
}

static void find_sentences(harvest_text *t)
{
    int start = 0;
    while (is_blank(t->bytes[start])) start++;
    add(&t->sentence, &t->sentences, start);
    add(&t->paragraph, &t->paragraphs, start);
    for (int at = start; at < t->n; at++) {
        const int paragraph = paragraph_after(t, at);
        const int sentence = paragraph >= 0 ? paragraph : sentence_after(t, at);
        if (paragraph >= 0 && paragraph < t->n) add(&t->paragraph, &t->paragraphs, paragraph);
        if (sentence >= 0 && sentence < t->n) add(&t->sentence, &t->sentences, sentence);
    }
    for (int i = 0, k = 0; i < t->sentences; i++) {
        while (k < t->words && t->word[k].at < t->sentence[i]) k++;
        if (k < t->words) t->word[k].first = true;
    }
}

/* --- spellings -------------------------------------------------------------------------------- */

typedef struct spelling {
    const char *at;
    int n, word;
} spelling;

static int compare(const void *a, const void *b)
{
    const spelling *x = a, *y = b;
    const int least = x->n < y->n ? x->n : y->n, order = memcmp(x->at, y->at, (size_t)least);
    return order ? order : x->n - y->n;
}

/* Is this spelling, with a small first letter, among the n sorted ones? */
static bool is_small_too(const spelling *sorted, int n, const spelling *s)
{
    char text[64];
    spelling small = { text, s->n, 0 };
    if (s->n >= (int)sizeof text) return true;
    memcpy(text, s->at, (size_t)s->n);
    text[0] = (char)tolower((unsigned char)text[0]);
    return bsearch(&small, sorted, (size_t)n, sizeof *sorted, compare);
}

static void number_spellings(harvest_text *t)
{
    const int n = t->words;
    spelling *all = error_zeroed((size_t)n, sizeof *all);
    t->name = error_zeroed((size_t)n, sizeof *t->name);
    for (int i = 0; i < n; i++) all[i] = (spelling){ t->bytes + t->word[i].at, t->word[i].n, i };
    qsort(all, (size_t)n, sizeof *all, compare);
    for (int i = 0; i < n;) {
        int within = 0, next = i;
        for (; next < n && compare(&all[next], &all[i]) == 0; next++) {
            t->word[all[next].word].id = t->spellings;
            within += !t->word[all[next].word].first;
        }
        const bool proper = isupper((unsigned char)all[i].at[0]) && all[i].n >= NAME_LETTERS &&
                            !isupper((unsigned char)all[i].at[1]);
        t->name[t->spellings++] = proper && within >= NAME_TIMES && !is_small_too(all, n, &all[i]);
        i = next;
    }
    free(all);
}

void harvest_text_open(harvest_text *t, const corpus_split *s, const tokenizer *k, int64_t from,
                       int64_t n, const char *path)
{
    *t = (harvest_text){ .path = path };
    decode(t, s, k, from, n);
    find_words(t);
    find_sentences(t);
    number_spellings(t);
}

void harvest_text_close(harvest_text *t)
{
    free(t->bytes), free(t->token_at), free(t->word), free(t->sentence), free(t->paragraph);
    free(t->name);
    *t = (harvest_text){ 0 };
}

int harvest_text_sentence(const harvest_text *t, int token)
{
    int low = -1, high = t->sentences;
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (harvest_text_token(t, t->sentence[middle]) < token)
            low = middle;
        else
            high = middle;
    }
    return high < t->sentences ? t->sentence[high] : -1;
}
