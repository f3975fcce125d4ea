/* test_pass.c - layers that use each other's keys and values, in a whole model: training and
 * evaluation, which place activations differently, give the same logits to the bit, and the
 * gradient is that which differences of the loss converge to.
 */
#include "trainer/model/pass.h"

#include "tests/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { T = 24, V = 61, B = 2 };

static const char *const SPECS[] = {
    "shared:n_kv_heads=2:every=3",
    "shared:every=2",
    "shared:every=1",
    "[mha, shared:every=1]",
    "[shared, shared, mha, mha]",
};

typedef struct subject {
    run_spec spec;
    model m;
    float *w, *dw;
    int32_t token[B * T], target[B * T];
} subject;

static void subject_open(subject *s, const char *attention)
{
    char spec[ATTN_SPEC + 32];
    error e;
    snprintf(spec, sizeof spec, "model.attention=%s", attention);
    settings_resolve(&s->spec, (const char *const[]){ "model.n_layers=5", "model.dim=32",
                                                      "model.n_heads=4", "model.ffn_dim=40",
                                                      "model.vocab_size=61", "model.context=24",
                                                      "train.batch_tokens=48", spec, NULL });
    assert_true(model_open(&s->m, &s->spec.model, &e));
    s->w = tensor_block(s->m.floats), s->dw = tensor_block(s->m.floats);
    model_init(&s->m, s->w, 7, 0);
    for (size_t i = 0; i < s->m.floats; i++) s->w[i] *= 3; /* attention that is not uniform */
    for (int i = 0; i < B * T; i++) s->token[i] = (i * 17 + 5) % V, s->target[i] = (i * 29 + 3) % V;
}

static void subject_close(subject *s)
{
    model_close(&s->m), free(s->w), free(s->dw);
}

static void logits_of(float *out, const subject *s, pass_kind kind)
{
    pass p;
    error e;
    assert_true(pass_open(&p, &s->m, kind, B, T, T, s->w, s->dw, &e));
    pass_forward(&p, s->token, B);
    pass_logits(&p, out, 0, B * T);
    pass_close(&p);
}

static double loss_at(const subject *s, const float *w)
{
    float nll[B * T];
    uint8_t right[B * T];
    pass p;
    error e;
    assert_true(pass_open(&p, &s->m, PASS_EVAL, B, T, T, w, NULL, &e));
    pass_forward(&p, s->token, B);
    const double sum = pass_loss(&p, nll, right, s->target, B);
    pass_close(&p);
    return sum;
}

static void evaluation_is_training(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SPECS / sizeof *SPECS; i++) {
        static float train[B * T * V], eval[B * T * V];
        subject s;
        subject_open(&s, SPECS[i]);
        logits_of(train, &s, PASS_TRAIN);
        logits_of(eval, &s, PASS_EVAL);
        assert_memory_equal(train, eval, sizeof train);
        subject_close(&s);
    }
}

/* Along the gradient itself, d/dh loss(w + h dw / |dw|) = |dw|, by central differences whose error
 * falls with h^2. */
static void gradient_is_that_of_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SPECS / sizeof *SPECS; i++) {
        subject s;
        pass p;
        error e;
        float nll[B * T];
        subject_open(&s, SPECS[i]);
        memset(s.dw, 0, s.m.floats * sizeof *s.dw);
        assert_true(pass_open(&p, &s.m, PASS_TRAIN, B, T, T, s.w, s.dw, &e));
        pass_train(&p, nll, s.token, s.target, B, 1);
        pass_close(&p);
        double size = 0;
        for (size_t k = 0; k < s.m.floats; k++) size += (double)s.dw[k] * s.dw[k];
        size = sqrt(size);
        float *up = tensor_block(s.m.floats), *down = tensor_block(s.m.floats);
        const double h = 2e-3;
        for (size_t k = 0; k < s.m.floats; k++) {
            const float step = (float)(h * s.dw[k] / size);
            up[k] = s.w[k] + step, down[k] = s.w[k] - step;
        }
        const double slope = (loss_at(&s, up) - loss_at(&s, down)) / (2 * h);
        if (!(fabs(slope - size) <= 2e-3 * size))
            fail_msg("%s: the gradient is %.9g long, differences say %.9g", SPECS[i], size, slope);
        free(up), free(down);
        subject_close(&s);
    }
}

/* The layer that makes keys and values for another must be of its kind. */
static void refuses_a_stranger(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *says;
    } BAD[] = {
        { "model.attention=[mha, shared]", "layer 1 (shared:n_kv_heads=1) uses the keys and values "
                                           "of layer 0, which is mha" },
        { "model.attention=[shared, shared:n_kv_heads=2]", "of layer 0, which is "
                                                           "shared:n_kv_heads=1" },
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        config c;
        model_config m;
        error e;
        config_init(&c);
        settings_take(&c, (const char *const[]){ "model.n_layers=4", "model.vocab_size=61",
                                                 BAD[i].spec, NULL });
        assert_false(run_spec_model(&m, &c, &e));
        if (!strstr(e.msg, BAD[i].says)) fail_msg("%s", e.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evaluation_is_training),
        cmocka_unit_test(gradient_is_that_of_differences),
        cmocka_unit_test(refuses_a_stranger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
