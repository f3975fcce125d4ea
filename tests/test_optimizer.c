/* test_optimizer.c - every optimizer of the registry keeps what optimizer.h promises: bits that do
 * not depend on threads, states that a checkpoint holds whole, memory known beforehand; and the
 * interface fits one that multiplies whole matrices.
 */
#include "trainer/model/optimizer.h"

#include "core/compute/kernels.h"
#include "tests/scratch.h"
#include "tests/settings.h"
#include "tests/unit.h"
#include "trainer/model/checkpoint.h"
#include "trainer/model/memory.h"
#include "trainer/model/train_step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An embedding of more than one piece, and everything else small. */
static void configure(run_spec *spec, const char *optimizer_name)
{
    char name[64];
    snprintf(name, sizeof name, "train.optimizer=%s", optimizer_name);
    const char *const settings[] = {
        "model.n_layers=2",
        "model.dim=32",
        "model.n_heads=4",
        "model.ffn_dim=64",
        "model.vocab_size=3000",
        "model.context=16",
        "train.tokens=6400",
        "train.batch_tokens=64",
        "train.lanes=3",
        "train.clip=0.5",
        "train.warmup_tokens=64",
        name,
        NULL,
    };
    settings_resolve(spec, settings);
}

static void open_step(train_step *train, const run_spec *spec, int n_threads)
{
    error e;
    if (!train_step_open(train, spec, n_threads, &e) ||
        !train_step_start(train, &spec->config, NULL, &e))
        fail_msg("%s", e.msg);
}

/* Steps first..last on tokens that are a function of the step. */
static void take_steps(train_step *train, const run_spec *spec, int first, int last)
{
    const config *settings = &spec->config;
    const int n = (int)settings->train.batch_tokens;
    int32_t token[64], target[64];
    assert_int_equal(n, 64);
    for (int t = first; t <= last; t++) {
        train_step_result r;
        for (int i = 0; i < n; i++) token[i] = (t * 131 + i * 977) % 3000;
        for (int i = 0; i < n; i++) target[i] = (token[i] * 7 + 1) % 3000;
        train_step_gradient(train, &r, token, target);
        train_step_update(train, &r, settings, train_step_rate(settings, t), t);
    }
}

/* Weights and every state, bit for bit; the floats between tensors belong to nobody. */
static void expect_same(const train_step *a, const train_step *b)
{
    for (int i = 0; i < a->m.n; i++) {
        const model_tensor *t = &a->m.tensor[i];
        tensor_spec spec;
        float *x, *y;
        assert_memory_equal(a->w + t->at, b->w + t->at, t->n * sizeof *a->w);
        for (int j = 0; optimizer_state(&spec, &x, &a->optimizer, i, j); j++) {
            assert_true(optimizer_state(&spec, &y, &b->optimizer, i, j));
            assert_memory_equal(x, y, tensor_floats(&spec) * sizeof *x);
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    int n = 0;
    for (; optimizers[n]; n++) assert_string_equal(optimizers[n]->name, config_optimizers[n]);
    assert_null(config_optimizers[n]);
}

/* The default is left out of the identity, so runs made before there was a choice keep theirs. */
static void test_identity(void **state)
{
    (void)state;
    for (int i = 0; optimizers[i]; i++) {
        static run_spec spec;
        configure(&spec, optimizers[i]->name);
        char *json = config_canonical(&spec.config, true), expected[64];
        snprintf(expected, sizeof expected, "\"train.optimizer\":\"%s\"", optimizers[i]->name);
        if (strcmp(optimizers[i]->name, "adamw") == 0)
            assert_null(strstr(json, "train.optimizer"));
        else
            assert_non_null(strstr(json, expected));
        free(json);
    }
}

static void test_threads(void **state)
{
    (void)state;
    for (int i = 0; optimizers[i]; i++) {
        static run_spec spec;
        train_step one, other;
        configure(&spec, optimizers[i]->name);
        open_step(&one, &spec, 1);
        take_steps(&one, &spec, 1, 3);
        for (int n = 2; n <= 5; n++) {
            open_step(&other, &spec, n);
            take_steps(&other, &spec, 1, 3);
            expect_same(&one, &other);
            train_step_close(&other);
        }
        train_step_close(&one);
    }
}

static void test_resume(void **state)
{
    (void)state;
    scratch folder;
    scratch_open(&folder);
    for (int i = 0; optimizers[i]; i++) {
        static run_spec spec;
        train_step whole, resumed;
        checkpoint_file file;
        error e;
        configure(&spec, optimizers[i]->name);
        const char *path = scratch_path(&folder, "checkpoint.safetensors");
        open_step(&whole, &spec, 2);
        take_steps(&whole, &spec, 1, 2);
        assert_true(checkpoint_save(&file, path, &whole, "0", 2, true, &e));
        take_steps(&whole, &spec, 3, 5);

        open_step(&resumed, &spec, 1);
        take_steps(&resumed, &spec, 7, 9); /* something else, to be overwritten */
        if (!checkpoint_load(&resumed, path, file.sha256, 2, &e)) fail_msg("%s", e.msg);
        take_steps(&resumed, &spec, 3, 5);
        expect_same(&whole, &resumed);

        assert_true(
            train_step_start(&resumed, &spec.config, NULL, &e)); /* and from the start again */
        take_steps(&resumed, &spec, 1, 5);
        expect_same(&whole, &resumed);
        train_step_close(&whole), train_step_close(&resumed);
    }
    scratch_close(&folder);
}

/* The estimate is what the declared states take. */
static void test_memory(void **state)
{
    (void)state;
    for (int i = 0; optimizers[i]; i++) {
        static run_spec spec;
        memory need;
        train_step train;
        error e;
        configure(&spec, optimizers[i]->name);
        assert_true(memory_estimate(&need, &spec, 2, &e));
        open_step(&train, &spec, 2);
        assert_int_equal(need.optimizer, train.optimizer.floats > 0
                                             ? tensor_block_bytes(train.optimizer.floats)
                                             : 0);
        train_step_close(&train);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Lion against float64, entry by entry: weights that decay and weights that don't, signs of either
 * kind and a gradient of 0.
 */
static void check_lion(const model_tensor *t)
{
    enum { N = 1000, STEPS = 20 };
    float w[N], m[N] = { 0 }, g[N];
    double w64[N], m64[N] = { 0 };
    const double lr = 0.01, b1 = 0.9, b2 = 0.99, decay = t->decay ? 0.5 : 0;
    for (int i = 0; i < N; i++) w[i] = (float)sin(i), w64[i] = w[i];
    for (int step = 1; step <= STEPS; step++) {
        for (int i = 0; i < N; i++) g[i] = i % 10 == 0 ? 0 : (float)(sin(i) + cos(step * i));
        const optimizer_piece p = { .tensor = t, .n = N, .w = w, .g = g, .state = { m } };
        const optimizer_settings s = {
            .lr = lr, .beta1 = b1, .beta2 = b2, .weight_decay = 0.5, .scale = 0.25, .step = step
        };
        optimizers[1]->update(&p, &s);
        for (int i = 0; i < N; i++) {
            const double x = 0.25 * g[i], u = b1 * m64[i] + (1 - b1) * x;
            w64[i] = w64[i] * (1 - lr * decay) - lr * ((u > 0) - (u < 0));
            m64[i] = b2 * m64[i] + (1 - b2) * x;
        }
    }
    for (int i = 0; i < N; i++) {
        assert_true(fabs(w[i] - w64[i]) < 1e-5);
        assert_true(fabs(m[i] - m64[i]) < 1e-6);
    }
}

static void test_lion(void **state)
{
    (void)state;
    assert_string_equal(optimizers[1]->name, "lion");
    check_lion(&(model_tensor){ .decay = true });
    check_lion(&(model_tensor){ .decay = false });
}

/* One state tensor less is one block of weights less. */
static void test_lion_takes_a_block_less(void **state)
{
    (void)state;
    static run_spec spec;
    memory adamw_need, lion_need;
    error e;
    configure(&spec, "adamw");
    assert_true(memory_estimate(&adamw_need, &spec, 2, &e));
    configure(&spec, "lion");
    assert_true(memory_estimate(&lion_need, &spec, 2, &e));
    const size_t less = adamw_need.total - lion_need.total, page = tensor_block_bytes(1);
    assert_in_range(less, lion_need.weights - page, lion_need.weights + page);
    assert_int_equal(lion_need.optimizer, lion_need.weights);
}

/* ------------------------------------------------------------------------------------------------
 * An optimizer of whole matrices: momentum, made orthogonal by a step of Newton and Schulz for the
 * matrices of the layers, and plain for the rest; with a state that is not of the weights' shape.
 */
static bool is_matrix(const model_tensor *t)
{
    return t->layer >= 0 && t->decay;
}

static void matrix_states(tensor_spec *out, const model_tensor *t)
{
    out[0] = optimizer_state_like("m", t);
    if (is_matrix(t)) out[1] = (tensor_spec){ "rows", { t->spec.dim[0] } };
}

static size_t matrix_scratch(const model_tensor *t)
{
    const size_t rows = (size_t)t->spec.dim[0];
    return is_matrix(t) ? rows * rows + t->n : 0;
}

static void matrix_update(const optimizer_piece *p, const optimizer_settings *s)
{
    float *m = p->state[0];
    for (size_t i = 0; i < p->n; i++) m[i] = (float)s->beta1 * m[i] + (float)s->scale * p->g[i];
    const float *towards = m;
    if (is_matrix(p->tensor)) {
        assert_int_equal(p->n, p->tensor->n);
        const int rows = p->tensor->spec.dim[0], columns = p->tensor->spec.dim[1];
        float *square = p->scratch, *out = square + (size_t)rows * (size_t)rows;
        gemm_nt(square, rows, m, columns, m, columns, rows, rows, columns, -0.5f, 0);
        memcpy(out, m, p->n * sizeof *m);
        gemm_nn(out, columns, square, rows, m, columns, rows, columns, rows, 1, 1.5f);
        for (int i = 0; i < rows; i++) p->state[1][i] += out[(size_t)i * (size_t)columns];
        towards = out;
    }
    for (size_t i = 0; i < p->n; i++) p->w[i] -= (float)s->lr * towards[i];
}

static const optimizer MATRIX = {
    .name = "matrix",
    .help = "for this test",
    .states = matrix_states,
    .scratch = matrix_scratch,
    .whole = is_matrix,
    .update = matrix_update,
};

static void matrix_steps(optimizer_run *o, float **w, const model *m, int n_threads)
{
    const optimizer_settings s = { .lr = 0.01, .beta1 = 0.9, .scale = 0.5, .step = 1 };
    float *g = tensor_block(m->floats);
    threads *pool;
    error e;
    *w = tensor_block(m->floats);
    assert_true(g && *w && threads_open(&pool, n_threads, &e));
    model_init(m, *w, 1, 0), model_init(m, g, 2, 0);
    assert_true(optimizer_open(o, &MATRIX, m, *w, g, n_threads, &e));
    for (int i = 0; i < 3; i++) optimizer_update(o, &s, pool);
    threads_close(pool);
    free(g);
}

static void test_matrices(void **state)
{
    (void)state;
    static run_spec spec;
    model m;
    optimizer_run one, many;
    float *w[2];
    size_t states, room;
    error e;
    configure(&spec, "adamw");
    assert_true(model_open(&m, &spec.model, &e));
    matrix_steps(&one, &w[0], &m, 1);
    matrix_steps(&many, &w[1], &m, 4);
    assert_memory_equal(w[0], w[1], m.floats * sizeof(float));
    assert_memory_equal(one.state, many.state, one.floats * sizeof(float));
    optimizer_memory(&states, &room, &MATRIX, &m, 4);
    assert_int_equal(states, tensor_block_bytes(one.floats));
    assert_int_equal(room, tensor_block_bytes(4 * (64 * 64 + 64 * 32)));
    for (int i = 0; i < m.n; i++) {
        tensor_spec declared;
        float *at;
        assert_true(optimizer_state(&declared, &at, &one, i, 0));
        assert_int_equal(optimizer_state(&declared, &at, &one, i, 1), is_matrix(&m.tensor[i]));
    }
    optimizer_close(&one), optimizer_close(&many);
    free(w[0]), free(w[1]);
    model_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_lion),
        cmocka_unit_test(test_lion_takes_a_block_less),
        cmocka_unit_test(test_matrices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
