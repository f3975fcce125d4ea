/* conformance.h - the parts of the conformance test: each checks some promises of variants/attn.h.
 *
 * They know no variant.  All take a trial, one spec at one list of sizes, and report what is broken
 * through promise.h.
 */
#ifndef TESTS_CONFORMANCE_H
#define TESTS_CONFORMANCE_H

#include "tests/rig.h"

#include <stddef.h>

typedef struct trial {
    rig r;
    float *x; /* (B, T, D) */
    size_t n; /* floats of x */
} trial;

void check_texts(const trial *t);
void check_forward(const trial *t);
void check_causality(const trial *t);
void check_pairs(const trial *t);
void check_gradient(const trial *t);
void check_extend(const trial *t);
void check_alias(const trial *t);

/* Whether all of each parameter and of each cache tensor is used: noted for each trial, reported at
 * the end for those that no trial used.  A spec may well switch a part off. */
void check_usage(const trial *t);
void usage_report(void);

/* Run all passes and print every tensor of this name, or x, y, dx, dy.  False if there is none. */
bool trace(const trial *t, const char *name);

/* Specs of a variant that go to the edges of its options: the name alone, then each option at
 * several values, then several options at once.  Fills at most `most` and returns how many. */
int specs_of(char out[][ATTN_SPEC], int most, const attn_variant *v, const attn_dims *d);

#endif
