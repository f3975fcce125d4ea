/* specs.h - configurations for tests, and a corpus that stands in so that no text is needed. */
#ifndef TESTS_SPECS_H
#define TESTS_SPECS_H

#include "tests/unit.h"
#include "trainer/config/run_spec.h"

/* What the corpus of every folder but /usr, which has none, claims as its hash. */
extern const char *specs_corpus_hash;

/* The defaults, a vocabulary, and what the words of `overrides` (up to NULL) say. */
config specs_with(const char *const *overrides);

#define WITH(...) specs_with((const char *const[16]){ "train.lanes=8", __VA_ARGS__ })

/* The configuration resolved, which must succeed; the second has only the configuration of it. */
run_spec spec_of(config c);
config resolved(config c);

/* Fails unless the error has this status, and these words in its one line. */
void check_refusal(const error *e, int status, const char *words);

#endif
