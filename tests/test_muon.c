/* test_muon.c - Muon against torch.optim.Muon in float64 (golden/muon.py), and AdamW elsewhere.
 *
 * Weights and gradients are (k^2 31 + k step 17) mod 1009, centered: exact in both programs.
 */
#include "tests/golden.h"
#include "trainer/model/optimizer.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 40 * 33 };

static const optimizer *find(const char *name)
{
    int i = 0;
    while (optimizers[i] && strcmp(optimizers[i]->name, name) != 0) i++;
    assert_non_null(optimizers[i]);
    return optimizers[i];
}

static void numbers(float *out, size_t n, int step)
{
    for (size_t i = 0; i < n; i++) {
        const int64_t k = (int64_t)i + 1;
        out[i] = (float)((k * k * 31 + k * step * 17) % 1009 - 504) / 1024;
    }
}

static model_tensor tensor(model_part part, int rows, int columns, int depth)
{
    const size_t n = (size_t)rows * (size_t)(columns ? columns : 1) * (size_t)(depth ? depth : 1);
    return (model_tensor){
        .spec = { "w", { rows, columns, depth } }, .part = part, .n = n, .decay = columns > 0
    };
}

/* `steps` updates of w, which must lie whole in one piece. */
static void take_steps(float *w, const optimizer *kind, const model_tensor *t,
                       const optimizer_settings *settings, int steps)
{
    float m[MOST] = { 0 }, v[MOST] = { 0 }, g[MOST];
    const size_t room = kind->scratch ? kind->scratch(t) : 0;
    float *scratch = room > 0 ? malloc(room * sizeof *scratch) : NULL;
    assert_true(t->n <= MOST && (room == 0 || scratch));
    memset(g, 0xff, sizeof g);
    if (scratch) memset(scratch, 0xff, room * sizeof *scratch); /* NaN: it is not cleared */
    for (int step = 1; step <= steps; step++) {
        optimizer_settings s = *settings;
        s.step = step;
        numbers(g, t->n, step);
        const optimizer_piece p = {
            .tensor = t, .n = t->n, .w = w, .g = g, .state = { m, v }, .scratch = scratch
        };
        kind->update(&p, &s);
    }
    free(scratch);
}

static void check_case(const json_t *all, const json_t *one)
{
    const int rows = (int)golden_number(one, "rows"), columns = (int)golden_number(one, "columns");
    const model_tensor t = tensor(MODEL_FFN, rows, columns, 0);
    const optimizer_settings s = { .lr = golden_number(all, "lr"),
                                   .weight_decay = golden_number(all, "decay"),
                                   .scale = golden_number(all, "clip") };
    float w[MOST];
    char what[64];
    numbers(w, t.n, 0);
    take_steps(w, find("muon"), &t, &s, (int)golden_number(all, "steps"));
    for (size_t i = 0; i < t.n; i++) {
        snprintf(what, sizeof what, "%d x %d, entry %zu", rows, columns, i);
        golden_close(w[i], golden_item(one, "after", i), 2e-6, what);
    }
}

static void test_pytorch(void **state)
{
    (void)state;
    json_t *all = golden_open("muon");
    const json_t *cases = json_object_get(all, "cases");
    assert_true(json_array_size(cases) >= 6);
    for (size_t i = 0; i < json_array_size(cases); i++) check_case(all, json_array_get(cases, i));
    json_decref(all);
}

/* Bit for bit, of what is no matrix of a layer. */
static void test_adamw_elsewhere(void **state)
{
    (void)state;
    const model_tensor all[] = {
        tensor(MODEL_EMBED, 30, 8, 0),    tensor(MODEL_HEAD, 30, 8, 0),
        tensor(MODEL_NORM, 8, 0, 0),      tensor(MODEL_ATTENTION, 8, 0, 0),
        tensor(MODEL_ATTENTION, 4, 6, 8),
    };
    const optimizer_settings s = {
        .lr = 0.01, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-5, .weight_decay = 0.1, .scale = 0.5
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        float w[2][MOST];
        for (int j = 0; j < 2; j++) {
            numbers(w[j], all[i].n, 0);
            take_steps(w[j], find(j ? "muon" : "adamw"), &all[i], &s, 3);
        }
        assert_memory_equal(w[0], w[1], all[i].n * sizeof(float));
        assert_false(find("muon")->whole(&all[i]));
    }
}

/* A matrix needs one state, AdamW's tensors two; the products are counted where there are some. */
static void test_states(void **state)
{
    (void)state;
    const optimizer *muon = find("muon");
    const model_tensor matrix = tensor(MODEL_ATTENTION, 8, 24, 0),
                       gain = tensor(MODEL_NORM, 8, 0, 0);
    tensor_spec of_matrix[TENSOR_MAX] = { { 0 } }, of_gain[TENSOR_MAX] = { { 0 } };
    muon->states(of_matrix, &matrix), muon->states(of_gain, &gain);
    assert_int_equal(tensor_list_length(of_matrix), 1);
    assert_int_equal(tensor_list_length(of_gain), 2);
    /* 5 times: X X^T (8, 24, 8), A A (8, 8, 8), B X (8, 8, 24); 2 FLOPs a product and sum */
    assert_true(muon->flops(&matrix) == 5 * 2.0 * (8 * 24 * 8 + 8 * 8 * 8 + 8 * 8 * 24));
    assert_true(muon->flops(&gain) == 0);
}

/* No gradient, no step: not a division by 0. */
static void test_gradient_of_zero(void **state)
{
    (void)state;
    const optimizer *muon = find("muon");
    const model_tensor t = tensor(MODEL_FFN, 4, 6, 0);
    float w[24], g[24] = { 0 }, m[24] = { 0 }, scratch[2 * 24 + 2 * 16];
    numbers(w, 24, 0);
    const optimizer_piece p = {
        .tensor = &t, .n = 24, .w = w, .g = g, .state = { m }, .scratch = scratch
    };
    muon->update(&p, &(optimizer_settings){ .lr = 0.1, .scale = 1, .step = 1 });
    float same[24];
    numbers(same, 24, 0);
    for (int i = 0; i < 24; i++) assert_true(w[i] == same[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pytorch),
        cmocka_unit_test(test_adamw_elsewhere),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_gradient_of_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
