/* test_recipe.c - recipes: what each stands for, that written keys win, and what is refused.
 *
 * A released recipe never changes, so a failure of test_released means: give it another version.
 */
#include "trainer/config/recipe.h"

#include "tests/scratch.h"
#include "tests/specs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct released {
    const char *name, *keys;
} released;

static const released RELEASED[] = {
    { "llama2@1",
      "model.token_shift=none train.optimizer=adamw train.lr=1e-3 train.schedule=cosine "
      "train.min_lr_ratio=0.1 train.beta1=0.9 train.beta2=0.95 train.eps=1e-5 "
      "train.weight_decay=0.1 train.clip=1 " },
    { "fast@1", "model.token_shift=half train.optimizer=muon train.lr=3e-3 train.schedule=cosine "
                "train.min_lr_ratio=0.1 train.beta1=0.9 train.beta2=0.95 train.eps=1e-5 "
                "train.weight_decay=0.1 train.clip=1 " },
};

static void test_released(void **state)
{
    (void)state;
    int n = 0;
    for (const recipe *r = recipes; r->name; r++, n++) {
        char text[1024] = "";
        size_t size = 0;
        yaml_node *keys = recipe_keys(r);
        for (int i = 0; i < keys->n; i++)
            size += (size_t)snprintf(text + size, sizeof text - size, "%s=%s ", keys->key[i].text,
                                     keys->item[i].text);
        yaml_close(keys);
        assert_true(*r->help);
        assert_true(n < (int)(sizeof RELEASED / sizeof *RELEASED)); /* list the new one above */
        assert_string_equal(r->name, RELEASED[n].name);
        assert_string_equal(text, RELEASED[n].keys);
    }
    assert_int_equal(n, sizeof RELEASED / sizeof *RELEASED);
}

static void expect_same(const config *a, const config *b)
{
    char *x = config_canonical(a, true), *y = config_canonical(b, true);
    assert_string_equal(x, y);
    free(x), free(y);
}

/* A recipe is its keys: also for the identity.  That of the defaults changes none. */
static void test_identity(void **state)
{
    (void)state;
    const config none = resolved(WITH()), llama2 = resolved(WITH("recipe=llama2@1"));
    const config fast = resolved(WITH("recipe=fast@1"));
    const config out =
        resolved(WITH("model.token_shift=half", "train.optimizer=muon", "train.lr=3e-3"));
    expect_same(&none, &llama2);
    expect_same(&fast, &out);
    assert_true(fast.model.token_shift == TOKEN_SHIFT_HALF && fast.train.lr == 3e-3);
}

static void test_written_keys_win(void **state)
{
    (void)state;
    const config before = resolved(WITH("train.lr=2e-3", "recipe=fast@1"));
    const config after = resolved(WITH("recipe=fast@1", "train.lr=2e-3"));
    const config back = resolved(WITH("recipe=fast@1", "train.optimizer=adamw"));
    expect_same(&before, &after);
    assert_true(after.train.lr == 2e-3 && back.train.lr == 3e-3);
    assert_string_equal(config_optimizers[back.train.optimizer], "adamw");
}

/* The last recipe counts, and leaves nothing of the one before. */
static void test_last_recipe_counts(void **state)
{
    (void)state;
    const config none = resolved(WITH("train.beta1=0.8"));
    const config last = resolved(WITH("recipe=fast@1", "train.beta1=0.8", "recipe=llama2@1"));
    expect_same(&none, &last);
}

/* In a file, with a key before it and one after; then a recipe of the command line. */
static void test_file(void **state)
{
    (void)state;
    static const char TEXT[] = "train: {lr: 5e-3}\nrecipe: fast@1\nmodel: {vocab_size: 64, "
                               "token_shift: none}\ntrain.clip: 2\n";
    scratch folder;
    scratch_open(&folder);
    const char *path = scratch_path(&folder, "run.yaml");
    FILE *f = fopen(path, "w");
    assert_true(f && fputs(TEXT, f) >= 0 && fclose(f) == 0);
    yaml_node *file;
    config c;
    error e;
    config_init(&c);
    if (!config_load(&c, path, &file, NULL, &e)) fail_msg("%s", e.msg);
    yaml_close(file);
    assert_true(c.train.lr == 5e-3 && c.train.clip == 2);
    assert_int_equal(c.model.token_shift, TOKEN_SHIFT_NONE);
    assert_string_equal(config_optimizers[c.train.optimizer], "muon");
    assert_true(config_override(&c, "recipe=llama2@1", &e));
    assert_true(c.train.lr == 5e-3 && c.train.clip == 2);
    assert_string_equal(config_optimizers[c.train.optimizer], "adamw");
    scratch_close(&folder);
}

static void refused(const char *assignment, const char *words)
{
    config c, before;
    error e = { 0 };
    config_init(&c);
    assert_true(config_override(&c, "recipe=fast@1", &e));
    before = c;
    if (config_override(&c, assignment, &e)) fail_msg("accepted: %s", assignment);
    assert_memory_equal(&c, &before, sizeof c);
    check_refusal(&e, STATUS_USAGE, words);
}

static void test_refused(void **state)
{
    (void)state;
    refused("recipe=fsat@1", "did you mean fast@1?");
    refused("recipe=fast@99", "did you mean fast@1?");
    refused("recipe=fast", "has no version: write fast@1");
    refused("recipe=", "must be one name");
    refused("recipe=[fast@1, llama2@1]", "must be one name");
    refused("recipe={fast: 1}", "must be one name");
    refused("recpie=fast@1", "did you mean recipe?");
    refused("recipe.fast=1", "unknown key 'recipe.fast'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_released),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_written_keys_win),
        cmocka_unit_test(test_last_recipe_counts),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
