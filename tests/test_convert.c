/* test_convert.c - heads joined, against PyTorch's numbers, float64 and the promise that equal
 * heads change nothing.
 */
#include "trainer/model/convert.h"

#include "core/base/safetensors.h"
#include "tests/settings.h"
#include "tests/unit.h"
#include "trainer/model/pass.h"
#include "trainer/model/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEADS = 8, E = 8, D = 64 };

static void test_cases(void **state)
{
    safetensors file;
    error e;
    float out[HEADS * E * D];
    (void)state;
    if (!safetensors_open(&file, CASE, &e)) fail_msg("%s", e.msg);
    const safetensors_tensor *mha = safetensors_find(&file, "mha");
    assert_non_null(mha);
    for (int heads = 1; heads <= 4; heads *= 2) {
        char name[16];
        const size_t n = (size_t)heads * E * D;
        snprintf(name, sizeof name, "first.%d", heads);
        convert_first(out, mha->data, heads, HEADS, E, D);
        assert_memory_equal(out, safetensors_find(&file, name)->data, n * sizeof *out);
        snprintf(name, sizeof name, "mean.%d", heads);
        convert_mean(out, mha->data, heads, HEADS, E, D);
        const char *want = safetensors_find(&file, name)->data;
        for (size_t i = 0; i < n; i++) {
            float x;
            memcpy(&x, want + i * sizeof x, sizeof x);
            assert_true(fabsf(out[i] - x) <= 2e-7f * (1 + fabsf(x)));
        }
    }
    convert_mean(out, mha->data, HEADS, HEADS, E, D); /* as many heads: the identity, to the bit */
    assert_memory_equal(out, mha->data, sizeof out);
    safetensors_close(&file);
}

/* Numbers without a pattern. */
static float number(size_t i)
{
    return (float)sin(12.9898 * (double)(i + 1)) * 3;
}

static void test_float64(void **state)
{
    float in[6 * 3 * 5], out[2 * 3 * 5];
    (void)state;
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) in[i] = number(i);
    convert_mean(out, in, 2, 6, 3, 5);
    for (int g = 0; g < 2; g++)
        for (int k = 0; k < 15; k++) {
            double sum = 0;
            for (int i = 0; i < 3; i++) sum += in[(g * 3 + i) * 15 + k];
            assert_true(out[g * 15 + k] == (float)(sum / 3));
        }
}

static void open_model(model *m, run_spec *spec, const char *attention)
{
    char setting[64];
    error e;
    snprintf(setting, sizeof setting, "model.attention=%s", attention);
    const char *const SHAPE[] = { "model.n_layers=2",
                                  "model.dim=16",
                                  "model.n_heads=4",
                                  "model.ffn_dim=24",
                                  "model.context=12",
                                  "model.vocab_size=30",
                                  "train.tokens=640",
                                  "train.batch_tokens=48",
                                  setting,
                                  NULL };
    settings_resolve(spec, SHAPE);
    assert_true(model_open(m, &spec->model, &e));
}

/* The losses of a fixed sequence. */
static void losses(float *nll, const model *m, const float *w)
{
    enum { T = 12 };
    uint8_t right[T];
    int32_t token[T], target[T];
    pass p;
    error e;
    for (int i = 0; i < T; i++) token[i] = i * 7 % 30, target[i] = (i + 1) * 7 % 30;
    assert_true(pass_open(&p, m, PASS_EVAL, 1, T, T, w, NULL, &e));
    pass_forward(&p, token, 1);
    pass_loss(&p, nll, right, target, 1);
    pass_close(&p);
}

/* Make the key and value heads of each group of `n` equal to the group's first. */
static void level(float *w, const model *m, int n)
{
    for (int i = 0; i < m->n; i++) {
        const model_tensor *t = &m->tensor[i];
        const bool own = strcmp(t->spec.name, "k_proj") == 0 || strcmp(t->spec.name, "v_proj") == 0;
        const size_t head = own ? t->n / 4 : 0;
        for (size_t h = 0; own && h < 4; h++)
            memmove(w + t->at + h * head, w + t->at + h / (size_t)n * (size_t)n * head,
                    head * sizeof *w);
    }
}

/* With equal heads in each group, mean and first give the source's function. */
static void test_equal_heads(void **state)
{
    static run_spec mha, gqa;
    model a, b;
    float before[12], after[12];
    (void)state;
    for (int heads = 1; heads <= 4; heads *= 2) {
        char spec[32];
        snprintf(spec, sizeof spec, "gqa:n_kv_heads=%d", heads);
        open_model(&a, &mha, "mha"), open_model(&b, &gqa, spec);
        float *w = tensor_block(a.floats), *v = tensor_block(b.floats);
        model_init(&a, w, 3, 0);
        level(w, &a, 4 / heads);
        losses(before, &a, w);
        for (int64_t kind = CONVERT_MEAN; kind <= CONVERT_FIRST; kind++) {
            const conversion how = { .kind = kind };
            memset(v, 0, b.floats * sizeof *v);
            for (int i = 0; i < b.n; i++) {
                const model_tensor *t = &a.tensor[i];
                const safetensors_tensor have = weights_entry(t->name, &t->spec, w + t->at);
                if (convert_heads(&b, i, &have))
                    convert_tensor(v, &b, i, &have, &how);
                else
                    memcpy(v + b.tensor[i].at, w + t->at, t->n * sizeof *v);
            }
            losses(after, &b, v);
            for (int i = 0; i < 12; i++) assert_true(fabsf(before[i] - after[i]) < 2e-6f);
        }
        free(w), free(v);
        model_close(&a), model_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_float64),
        cmocka_unit_test(test_equal_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
