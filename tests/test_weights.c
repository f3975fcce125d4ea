/* test_weights.c - which files train.init_from takes, and what it says of the others.
 *
 * Each case bends one thing of a file that fits.
 */
#include "trainer/model/weights.h"

#include "core/base/safetensors.h"
#include "tests/scratch.h"
#include "tests/settings.h"
#include "tests/unit.h"
#include "trainer/model/checkpoint.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

static const char DOWN[] = "model.layers.0.mlp.down_proj.weight",
                  EMBED[] = "model.embed_tokens.weight";

/* A model of one layer, and a file that fits it. */
typedef struct fitting {
    scratch s;
    run_spec spec;
    train_step train;
    safetensors file;
    safetensors_tensor list[MOST]; /* (n) what is written instead */
    int n;
} fitting;

static int setup(void **state)
{
    static const char *const SHAPE[] = {
        "model.n_layers=1", "model.dim=8",           "model.n_heads=2",
        "model.ffn_dim=12", "model.context=8",       "model.vocab_size=20",
        "train.tokens=640", "train.batch_tokens=64", NULL
    };
    fitting *f = error_zeroed(1, sizeof *f);
    error e;
    checkpoint_file written;
    scratch_open(&f->s);
    settings_resolve(&f->spec, SHAPE);
    if (!train_step_open(&f->train, &f->spec, 1, &e) ||
        !train_step_start(&f->train, &f->spec.config, NULL, &e) ||
        !checkpoint_save(&written, scratch_path(&f->s, "whole"), &f->train, "uid", 3, true, &e) ||
        !safetensors_open(&f->file, f->s.path, &e))
        fail_msg("%s", e.msg);
    f->n = f->file.n;
    assert_true(f->n < MOST);
    memcpy(f->list, f->file.tensor, (size_t)f->n * sizeof *f->list);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fitting *f = *state;
    safetensors_close(&f->file);
    train_step_close(&f->train);
    scratch_close(&f->s);
    free(f);
    return 0;
}

static safetensors_tensor *find(fitting *f, const char *name)
{
    for (int i = 0; i < f->n; i++)
        if (strcmp(f->list[i].name, name) == 0) return &f->list[i];
    fail_msg("no %s", name);
    return NULL;
}

/* Write the list, and read it as weights. */
static bool load(fitting *f, float *w, error *e)
{
    char hex[HASH_HEX];
    if (!safetensors_save(scratch_path(&f->s, "bent"), f->list, f->n, NULL, hex, NULL, e))
        fail_msg("%s", e->msg);
    return weights_load(w, &f->train.m, f->s.path, e);
}

static void refused(fitting *f, const char *words)
{
    error e = { 0 };
    if (load(f, NULL, &e)) fail_msg("taken, where it should say '%s'", words);
    assert_int_equal(e.status, STATUS_USAGE);
    if (!strstr(e.msg, words) || !strstr(e.msg, "bent"))
        fail_msg("'%s' is not in: %s", words, e.msg);
    snprintf(f->spec.config.train.init_from, CONFIG_PATH, "%s", f->s.path);
    assert_false(weights_check(&f->spec, &e));
    if (strncmp(e.msg, "train.init_from: ", 17) != 0) fail_msg("no key in: %s", e.msg);
}

static void test_fits(void **state)
{
    fitting *f = *state;
    error e;
    float *w = error_zeroed(f->train.m.floats, sizeof *w);
    if (!load(f, w, &e)) fail_msg("with the optimizer's state: %s", e.msg);
    assert_memory_equal(w, f->train.w, f->train.m.floats * sizeof *w);
    int weights = 0; /* without it, and in another order */
    for (int i = f->n; i-- > 0;)
        if (strncmp(f->file.tensor[i].name, "optimizer.", 10) != 0)
            f->list[weights++] = f->file.tensor[i];
    assert_int_equal(weights, f->train.m.n);
    f->n = weights;
    memset(w, 0, f->train.m.floats * sizeof *w);
    if (!load(f, w, &e)) fail_msg("weights alone: %s", e.msg);
    assert_memory_equal(w, f->train.w, f->train.m.floats * sizeof *w);
    free(w);
    assert_true(weights_check(&f->spec, &e)); /* not set */
}

static void test_transposed(void **state)
{
    fitting *f = *state;
    safetensors_tensor *t = find(f, DOWN);
    t->dim[0] = 12, t->dim[1] = 8;
    refused(f,
            "model.layers.0.mlp.down_proj.weight has shape (12, 8), but this model needs (8, 12)");
}

static void test_rank(void **state)
{
    fitting *f = *state;
    safetensors_tensor *t = find(f, EMBED);
    t->rank = 1, t->dim[0] = 160;
    refused(f, "model.embed_tokens.weight has shape (160), but this model needs (20, 8)");
    t->rank = 3, t->dim[0] = 20, t->dim[1] = 8, t->dim[2] = 1;
    refused(f, "has shape (20, 8, 1), but this model needs (20, 8)");
}

static void test_type(void **state)
{
    fitting *f = *state;
    find(f, DOWN)->type = "I32"; /* of the same width */
    refused(f,
            "model.layers.0.mlp.down_proj.weight is I32 (8, 12), but this model needs F32 (8, 12)");
}

static void test_missing(void **state)
{
    fitting *f = *state;
    *find(f, DOWN) = f->list[--f->n];
    refused(f,
            "has no tensor model.layers.0.mlp.down_proj.weight, which this model needs with shape "
            "(8, 12)");
}

/* A bias, a further layer, an untied head, the state of a tensor that is not there. */
static void test_no_place(void **state)
{
    fitting *f = *state;
    static const char *const NAMES[] = { "model.layers.0.self_attn.q_proj.bias",
                                         "model.layers.1.input_layernorm.weight",
                                         "optimizer.m.model.layers.1.input_layernorm.weight",
                                         "optimizer.m", "other" };
    static const float zeros[8];
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        char words[160];
        f->list[f->n++] = (safetensors_tensor){ NAMES[i], "F32", 1, { 8 }, zeros };
        snprintf(words, sizeof words,
                 "has a tensor %s with shape (8), which this model has no place for", NAMES[i]);
        refused(f, words);
        f->n--;
    }
}

static void test_tied(void **state)
{
    fitting *f = *state;
    error e;
    if (!config_override(&f->spec.config, "model.tie_embeddings=true", &e) ||
        !run_spec_resolve(&f->spec, &f->spec.config, &e))
        fail_msg("%s", e.msg);
    snprintf(f->spec.config.train.init_from, CONFIG_PATH, "%s", scratch_path(&f->s, "whole"));
    assert_false(weights_check(&f->spec, &e));
    if (!strstr(e.msg, "lm_head.weight with shape (20, 8)")) fail_msg("%s", e.msg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transposed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rank, setup, teardown),
        cmocka_unit_test_setup_teardown(test_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tied, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
