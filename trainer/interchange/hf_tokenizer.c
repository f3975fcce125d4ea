/* hf_tokenizer.c - a table of pieces as merges.
 *
 *     SentencePiece: of all neighbours that form a piece, join the pair of the highest score
 *     tokenizers:    of all neighbours that are a merge, join the pair of the lowest rank
 *
 * Ranks follow scores, so both join the same pairs.  Splits of one piece have equal scores and
 * different ranks; where two of them overlap in a text, the results may differ.
 */
#include "trainer/interchange/hf_tokenizer.h"

#include "core/base/growing.h"

#include <stdlib.h>
#include <string.h>

static const char BLANK[] = "\xe2\x96\x81"; /* U+2581: a space inside a piece */

/* A piece cut in two. */
typedef struct merge {
    float score;
    int left, right; /* ids */
} merge;

typedef struct merges {
    const pieces *p;
    const piece **sorted; /* (p->n) by text */
    merge *item;
    int n;
} merges;

bool hf_tokenizer_is_merges(const pieces *p)
{
    return p->bpe && p->plain && p->unk >= 0;
}

static int compare_text(const char *a, size_t m, const char *b, size_t n)
{
    const int order = memcmp(a, b, m < n ? m : n);
    return order ? order : (m > n) - (m < n);
}

static int by_text(const void *a, const void *b)
{
    const piece *x = *(const piece *const *)a, *y = *(const piece *const *)b;
    return compare_text(x->text, x->bytes, y->text, y->bytes);
}

/* The id of the normal piece with this text, or -1. */
static int find(const merges *all, const char *text, size_t n)
{
    int low = 0, high = all->p->n;
    while (low < high) {
        const int middle = (low + high) / 2;
        const piece *x = all->sorted[middle];
        const int order = compare_text(x->text, x->bytes, text, n);
        if (order == 0) return x->type == PIECE_NORMAL ? (int)(x - all->p->item) : -1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* Higher scores first; then as the ids. */
static int by_rank(const void *a, const void *b)
{
    const merge *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->left != y->left) return x->left < y->left ? -1 : 1;
    return (x->right > y->right) - (x->right < y->right);
}

static void split(merges *all, const piece *x)
{
    for (size_t at = 1; at < x->bytes; at++) {
        if (((unsigned char)x->text[at] & 0xc0) == 0x80) continue; /* inside a character */
        const int left = find(all, x->text, at), right = find(all, x->text + at, x->bytes - at);
        if (left < 0 || right < 0) continue;
        all->item = growing_list(all->item, all->n, sizeof *all->item);
        all->item[all->n++] = (merge){ x->score, left, right };
    }
}

static json_t *list_merges(const pieces *p)
{
    merges all = { .p = p, .sorted = error_zeroed((size_t)p->n, sizeof *all.sorted) };
    json_t *out = json_array();
    for (int i = 0; i < p->n; i++) all.sorted[i] = &p->item[i];
    qsort(all.sorted, (size_t)p->n, sizeof *all.sorted, by_text);
    for (int i = 0; i < p->n; i++)
        if (p->item[i].type == PIECE_NORMAL) split(&all, &p->item[i]);
    qsort(all.item, (size_t)all.n, sizeof *all.item, by_rank);
    for (int i = 0; i < all.n; i++) {
        const piece *left = &p->item[all.item[i].left], *right = &p->item[all.item[i].right];
        growing words;
        growing_open(&words);
        fprintf(words.f, "%s %s", left->text, right->text);
        char *text = growing_close(&words);
        json_array_append_new(out, json_string(text));
        free(text);
    }
    free(all.sorted), free(all.item);
    return out;
}

/* Pieces that are found in the text before anything else. */
static json_t *list_added(const pieces *p)
{
    json_t *out = json_array();
    for (int i = 0; i < p->n; i++) {
        const piece *x = &p->item[i];
        if (x->type != PIECE_CONTROL && x->type != PIECE_UNKNOWN && x->type != PIECE_USER) continue;
        json_array_append_new(out,
                              json_pack("{s:i, s:s, s:b, s:b, s:b, s:b, s:b}", "id", i, "content",
                                        x->text, "single_word", 0, "lstrip", 0, "rstrip", 0,
                                        "normalized", 0, "special", x->type != PIECE_USER));
    }
    return out;
}

/* BOS in front of each text; null if there is none. */
static json_t *post_processor(const pieces *p)
{
    if (p->bos < 0) return json_null();
    const char *bos = p->item[p->bos].text;
    return json_pack("{s:s, s:[{s:{s:s, s:i}}, {s:{s:s, s:i}}],"
                     " s:[{s:{s:s, s:i}}, {s:{s:s, s:i}}, {s:{s:s, s:i}}, {s:{s:s, s:i}}],"
                     " s:{s:{s:s, s:[i], s:[s]}}}",
                     "type", "TemplateProcessing", "single", "SpecialToken", "id", bos, "type_id",
                     0, "Sequence", "id", "A", "type_id", 0, "pair", "SpecialToken", "id", bos,
                     "type_id", 0, "Sequence", "id", "A", "type_id", 0, "SpecialToken", "id", bos,
                     "type_id", 1, "Sequence", "id", "B", "type_id", 1, "special_tokens", bos, "id",
                     bos, "ids", p->bos, "tokens", bos);
}

static json_t *normalizer(const pieces *p)
{
    json_t *list = json_array();
    if (p->prefixed)
        json_array_append_new(list, json_pack("{s:s, s:s}", "type", "Prepend", "prepend", BLANK));
    json_array_append_new(list, json_pack("{s:s, s:{s:s}, s:s}", "type", "Replace", "pattern",
                                          "String", " ", "content", BLANK));
    return json_pack("{s:s, s:o}", "type", "Sequence", "normalizers", list);
}

static json_t *decoder(const pieces *p)
{
    json_t *list =
        json_pack("[{s:s, s:{s:s}, s:s}, {s:s}, {s:s}]", "type", "Replace", "pattern", "String",
                  BLANK, "content", " ", "type", "ByteFallback", "type", "Fuse");
    if (p->prefixed)
        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:i}", "type", "Strip", "content",
                                              " ", "start", 1, "stop", 0));
    return json_pack("{s:s, s:o}", "type", "Sequence", "decoders", list);
}

json_t *hf_tokenizer_merges(const pieces *p)
{
    json_t *vocabulary = json_object();
    for (int i = 0; i < p->n; i++)
        json_object_set_new(vocabulary, p->item[i].text, json_integer(i));
    json_t *model =
        json_pack("{s:s, s:n, s:s, s:n, s:n, s:b, s:b, s:b, s:o, s:o}", "type", "BPE", "dropout",
                  "unk_token", p->item[p->unk].text, "continuing_subword_prefix",
                  "end_of_word_suffix", "fuse_unk", 1, "byte_fallback", p->byte_fallback,
                  "ignore_merges", 0, "vocab", vocabulary, "merges", list_merges(p));
    return json_pack("{s:s, s:n, s:n, s:o, s:o, s:n, s:o, s:o, s:o}", "version", "1.0",
                     "truncation", "padding", "added_tokens", list_added(p), "normalizer",
                     normalizer(p), "pre_tokenizer", "post_processor", post_processor(p), "decoder",
                     decoder(p), "model", model);
}

json_t *hf_tokenizer_config(const pieces *p, int context)
{
    const bool fast = hf_tokenizer_is_merges(p);
    json_t *out = json_pack("{s:s, s:i, s:b, s:b, s:b, s:b}", "tokenizer_class",
                            fast ? "PreTrainedTokenizerFast" : "LlamaTokenizer", "model_max_length",
                            context, "add_bos_token", p->bos >= 0, "add_eos_token", 0,
                            "clean_up_tokenization_spaces", 0, "legacy", 0);
    const struct {
        const char *key;
        int id;
    } SPECIAL[] = { { "bos_token", p->bos }, { "eos_token", p->eos }, { "unk_token", p->unk } };
    for (size_t i = 0; i < sizeof SPECIAL / sizeof *SPECIAL; i++)
        if (SPECIAL[i].id >= 0)
            json_object_set_new(out, SPECIAL[i].key, json_string(p->item[SPECIAL[i].id].text));
    return out;
}
