/* exchange.h - models with random weights and a tokenizer, for tests of the formats. */
#ifndef TESTS_EXCHANGE_H
#define TESTS_EXCHANGE_H

#include "trainer/corpus/tokenizer.h"
#include "trainer/interchange/interchange.h"

/* A model of these keys ("model.attention=mqa", NULL last) on top of a small one, with weights that
 * depend on `seed`, and a tokenizer of its own. */
static inline void exchange_open(bundle *b, const char *const *keys, unsigned seed)
{
    static const char *const SMALL[] = { "model.n_layers=2", "model.dim=32",     "model.n_heads=4",
                                         "model.ffn_dim=48", "model.context=24", NULL };
    static const char TEXT[] = "a bad cab had a dab; a fab gab, a hag, a jab and a lab. "
                               "b\xc3\xa4r \xe6\x97\xa5\xe6\x9c\xac 0123";
    const tokenizer_text text = { TEXT, sizeof TEXT - 1 };
    char *bytes;
    size_t n;
    error e;
    bool ok = tokenizer_train(&bytes, &n, &text, 1, 300, &e);
    bundle_begin(b, "test");
    for (const char *const *k = SMALL; *k && ok; k++) ok = config_override(&b->settings, *k, &e);
    ok = ok && config_override(&b->settings, "model.vocab_size=304", &e);
    for (; *keys && ok; keys++) ok = config_override(&b->settings, *keys, &e);
    ok = ok && bundle_open(b, 0, &e) && bundle_take_tokenizer(b, bytes, n, &e);
    if (!ok) {
        fprintf(stderr, "exchange_open: %s\n", e.msg);
        abort();
    }
    model_init(&b->m, b->w, seed, 0);
}

static inline const interchange *exchange_format(const char *name)
{
    const interchange *const *f = interchanges;
    while (strcmp((*f)->name, name) != 0) f++;
    return *f;
}

#endif
