/* specs.c - configurations for tests.  The corpus is a stand-in: it replaces the two functions of
 * corpus.c that run_spec_resolve calls. */
#include "tests/specs.h"

#include "tests/settings.h"
#include "trainer/corpus/corpus.h"

#include <stdio.h>
#include <string.h>

const char *specs_corpus_hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

bool corpus_open(corpus *c, const char *path, corpus_part part, error *e)
{
    assert_int_equal(part, CORPUS_MANIFEST);
    assert_int_equal(path[0], '/');
    if (strcmp(path, "/usr") == 0) return error_set(e, "%s: no manifest", path);
    *c = (corpus){ .vocab_size = 4096,
                   .train = { .n_tokens = 100000, .n_bytes = 400000 },
                   .val = { .n_tokens = 3000, .n_bytes = 12000 } };
    snprintf(c->sha256, sizeof c->sha256, "%s", specs_corpus_hash);
    return true;
}

void corpus_close(corpus *c)
{
    *c = (corpus){ 0 };
}

config specs_with(const char *const *overrides)
{
    config c;
    config_init(&c);
    settings_take(&c, (const char *const[]){ "model.vocab_size=1000", NULL });
    settings_take(&c, overrides);
    return c;
}

run_spec spec_of(config c)
{
    error e;
    run_spec spec;
    if (!run_spec_resolve(&spec, &c, &e)) fail_msg("%s", e.msg);
    return spec;
}

config resolved(config c)
{
    return spec_of(c).config;
}

void check_refusal(const error *e, int status, const char *words)
{
    assert_int_equal(e->status, status);
    if (!strstr(e->msg, words)) fail_msg("'%s' is not in '%s'", words, e->msg);
    assert_null(strchr(e->msg, '\n'));
}
