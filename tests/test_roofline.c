/* test_roofline.c - published sizes, figure 24 of Llama 2 (Touvron et al. 2023), closed forms. */
#include "trainer/decode/roofline.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void open_shape(model *m, const char *name, const char *attention)
{
    static config settings;
    model_config c;
    yaml_node *root;
    error e;
    char word[128];
    const hardware_text *shape = hardware_find(hardware_shapes, name);
    assert_non_null(shape);
    config_init(&settings);
    assert_true(yaml_parse(&root, shape->text, &e) && config_take(&settings, root, NULL, &e));
    yaml_close(root);
    snprintf(word, sizeof word, "model.attention=%s", attention ? attention : "");
    if (attention) assert_true(config_override(&settings, word, &e));
    assert_true(run_spec_model(&c, &settings, &e) && model_open(m, &c, &e));
}

static roofline on(const model *m, const hardware *h, int devices)
{
    return (roofline){ .m = m, .h = h, .devices = devices, HARDWARE_BFLOAT16, HARDWARE_BFLOAT16 };
}

static double close_to(double x, double y)
{
    return fabs(x - y) <= 1e-9 * fabs(y);
}

/* Parameters and cache bytes of a token as the papers and released configurations have them. */
static void test_published_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double params, kv;
    } CASES[] = { { "llama2-7b", 6738415616.0, 524288 },
                  { "llama2-13b", 13015864320.0, 819200 },
                  { "llama2-34b", 33743970304.0, 196608 },
                  { "llama2-70b", 68976648192.0, 327680 },
                  { "30b-mha", 32528943616.0, 1597440 } };
    hardware h;
    error e;
    assert_true(hardware_open(&h, "a100", &e));
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        model m;
        roofline_memory one, two;
        open_shape(&m, CASES[i].name, NULL);
        const roofline r = on(&m, &h, 1);
        roofline_memory_of(&one, &r, 1, 1, 1000);
        roofline_memory_of(&two, &r, 3, 1, 1001);
        assert_true(close_to(one.weights, 2 * CASES[i].params));
        assert_true(close_to(one.cache, 1000 * CASES[i].kv));
        assert_true(close_to(two.cache, 3003 * CASES[i].kv));
        model_close(&m);
    }
}

/* Does a 30B ablation model fit on 8 x 80 GiB?  128 tokens follow the prompt. */
static bool fits(const char *name, int prompt, int B)
{
    hardware h;
    model m;
    error e;
    roofline_memory need;
    assert_true(hardware_open(&h, "a100-8", &e));
    open_shape(&m, name, NULL);
    const roofline r = on(&m, &h, 8);
    roofline_memory_of(&need, &r, B, prompt, prompt + 128);
    model_close(&m);
    return need.total <= h.memory;
}

static double query_seconds(const char *name, int prompt, int B)
{
    hardware h;
    model m;
    error e;
    roofline_time read, write;
    assert_true(hardware_open(&h, "a100-8", &e));
    open_shape(&m, name, NULL);
    const roofline r = on(&m, &h, 8);
    roofline_walk(&read, &r, B, prompt, 0);
    roofline_walk(&write, &r, B, 1, prompt + 64);
    model_close(&m);
    return read.total + 128 * write.total;
}

static void test_figure_24(void **state)
{
    (void)state;
    assert_true(fits("30b-mha", 256, 512) && !fits("30b-mha", 256, 1024));
    assert_true(fits("30b-mha", 2048, 64) && !fits("30b-mha", 2048, 128));
    assert_true(fits("30b-gqa", 256, 1024) && fits("30b-mqa", 256, 1024));
    assert_true(fits("30b-gqa", 2048, 128) && fits("30b-mqa", 2048, 128));
    for (int i = 0; i < 2; i++)
        for (int B = 1; B <= (i ? 128 : 1024); B *= 2) {
            const int prompt = i ? 2048 : 256;
            const double gqa = query_seconds("30b-gqa", prompt, B);
            const double mqa = query_seconds("30b-mqa", prompt, B);
            assert_true(fabs(mqa / gqa - 1) < 0.03); /* "the two variants behaved very similar" */
            if (B <= 2) assert_true(fabs(query_seconds("30b-mha", prompt, B) / gqa - 1) < 0.06);
        }
    /* more queries a second at the largest batch that each can have */
    assert_true(128 / query_seconds("30b-gqa", 2048, 128) >
                64 / query_seconds("30b-mha", 2048, 64));
}

/* What a device of 8 has of caches: 1 of 8 heads, one whole head, all of a latent, 1/8 of a state.
 */
static void test_devices(void **state)
{
    (void)state;
    hardware h;
    error e;
    assert_true(hardware_open(&h, "a100-8", &e));
    static const struct {
        const char *attention;
        double part;
        bool constant;
    } CASES[] = { { "mha", 1. / 8, false },
                  { "gqa:n_kv_heads=8", 1. / 8, false },
                  { "gqa:n_kv_heads=4", 1. / 4, false },
                  { "mqa", 1, false },
                  { "latent", 1, false },
                  { "retention", 1. / 8, true } };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        model m;
        roofline_memory one, eight, apart, longer;
        open_shape(&m, "llama2-7b", CASES[i].attention);
        roofline r = on(&m, &h, 1);
        roofline_memory_of(&one, &r, 16, 1, 512);
        roofline_memory_of(&longer, &r, 16, 1, 1024);
        r.devices = 8;
        roofline_memory_of(&eight, &r, 16, 1, 512);
        r.by_sequence = true;
        roofline_memory_of(&apart, &r, 16, 1, 512);
        assert_true(close_to(eight.cache, one.cache * CASES[i].part));
        assert_true(close_to(apart.cache, one.cache / 8));
        assert_true(close_to(longer.cache, CASES[i].constant ? one.cache : 2 * one.cache));
        /* weights: an eighth of each matrix; key and value projections follow their heads */
        assert_true(eight.weights >= one.weights / 8 && eight.weights < one.weights / 5);
        model_close(&m);
    }
}

/* On a machine without efficiencies and overhead: the time is bytes over bandwidth or FLOPs over
 * the peak, whichever is larger; and it falls with neither batch nor position. */
static void test_time(void **state)
{
    (void)state;
    hardware h = { .devices = 1, .memory = 1e12, .bandwidth = 1e12, .efficiency_flops = 1 };
    h.flops[HARDWARE_BFLOAT16] = 1e14;
    h.efficiency_bandwidth = h.efficiency_attention = h.efficiency_link = 1;
    model m;
    roofline_time x, before = { 0 };
    open_shape(&m, "llama2-7b", NULL);
    const roofline r = on(&m, &h, 1);
    const double products = 6738415616.0 - 32000. * 4096 - 65 * 4096, kv = 524288;
    roofline_walk(&x, &r, 1, 1, 999);
    assert_true(close_to(x.linear, 2 * products / 1e12));
    assert_true(close_to(x.attention, 1000 * kv / 1e12) && x.bound == ROOFLINE_WEIGHTS);
    roofline_walk(&x, &r, 1000, 1, 999);
    assert_true(close_to(x.linear, 2000 * products / 1e14));
    assert_true(x.bound == ROOFLINE_CACHE);
    for (int B = 1; B <= 4096; B *= 2) {
        roofline_walk(&x, &r, B, 1, 100);
        assert_true(x.total >= before.total);
        before = x;
    }
    /* 4 H E a pair, all layers: a prompt has T (T + 1) / 2 of them */
    h.bandwidth = 1e18;
    roofline_walk(&x, &r, 2, 128, 0);
    assert_true(close_to(x.attention, 2 * 32 * 4. * 4096 * (128 * 129 / 2) / 1e14));
    roofline_time first, rest;
    roofline_walk(&first, &r, 2, 100, 0);
    roofline_walk(&rest, &r, 2, 28, 100);
    assert_true(close_to(first.attention + rest.attention, x.attention));
    model_close(&m);
}

static void test_link(void **state)
{
    (void)state;
    hardware h = { .devices = 8, .memory = 1e12, .bandwidth = 1e12, .link = 1e11 };
    h.flops[HARDWARE_BFLOAT16] = 1e14, h.link_latency = 1e-5, h.overhead = 1e-6;
    h.efficiency_bandwidth = h.efficiency_attention = h.efficiency_link = h.efficiency_flops = 1;
    model m;
    roofline_time x;
    open_shape(&m, "llama2-7b", NULL);
    const roofline r = on(&m, &h, 8);
    roofline_walk(&x, &r, 4, 1, 10);
    assert_true(close_to(x.link, 64 * (1e-5 + 1.75 * 4 * 4096 * 2 / 1e11)));
    assert_true(close_to(x.overhead, 32e-6));
    model_close(&m);
}

static void test_curve(void **state)
{
    (void)state;
    const hardware h = { .rows = 3, .curve = { { 1, 0.1 }, { 4, 0.5 }, { 16, 0.7 } } };
    assert_true(hardware_part(&h, 1) == 0.1 && hardware_part(&h, 100) == 0.7);
    assert_true(close_to(hardware_part(&h, 2), 0.3) && close_to(hardware_part(&h, 8), 0.6));
}

/* A machine that was written is read back as it was; a wrong file is refused by line. */
static void test_file(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } WRONG[] = {
        { "memory: 1Gi\nbandwidth: 1e9\nflops_float32: 1e12\nspeed: 3\n",
          ":4:1: unknown key 'speed'" },
        { "memory: 1Gi\nflops_float32: 1e12\n", "missing key 'bandwidth'" },
        { "memory: 1Gi\nbandwidth: 1e9\n", "missing key 'flops_float32'" },
        { "memory: much\nbandwidth: 1e9\n", ":1:9: memory: expected a number" },
        { "memory: 1Gi\nbandwidth: -1\n", ":2:12: bandwidth: expected a number" },
        { "memory: 1Gi\nbandwidth: 1e9\nflops_float32: 1e12\ndevices: 2\n", "missing key 'link'" },
        { "memory: 1Gi\nbandwidth: 1e9\nflops_float32: 1e12\nrows: {4: 1, 2: 1}\n", "must ascend" },
        { "- 1\n", "expected keys of a machine" },
    };
    char path[] = "/tmp/attnlab-machine-XXXXXX";
    error e;
    hardware h, again;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (const hardware_text *t = hardware_machines; t->name; t++) {
        assert_true(hardware_open(&h, t->name, &e));
        h.rows = 2, h.curve[0].rows = 1, h.curve[0].part = 0.25;
        h.curve[1].rows = 64, h.curve[1].part = 0.5;
        FILE *f = fopen(path, "w");
        hardware_write(f, &h);
        fclose(f);
        if (!hardware_open(&again, path, &e)) fail_msg("%s", e.msg);
        assert_string_equal(h.name, again.name);
        assert_true(fabs(again.memory / h.memory - 1) < 1e-3);
        assert_true(h.devices == again.devices && h.bandwidth == again.bandwidth);
        assert_true(h.link == again.link && h.score_bytes == again.score_bytes);
        assert_memory_equal(h.curve, again.curve, sizeof h.curve);
    }
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        FILE *f = fopen(path, "w");
        fputs(WRONG[i].text, f);
        fclose(f);
        assert_false(hardware_open(&h, path, &e));
        assert_int_equal(e.status, STATUS_USAGE);
        if (!strstr(e.msg, WRONG[i].message)) fail_msg("'%s' in: %s", WRONG[i].message, e.msg);
    }
    unlink(path);
    assert_false(hardware_open(&h, path, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_sizes),
        cmocka_unit_test(test_figure_24),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_curve),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
