/* test_attn.c - specs are parsed strictly and written back in one canonical form.
 *
 * It has its own registry: some variants of the real one, and one with real-valued options.
 */
#include "tests/unit.h"
#include "variants/attn.h"

#include <stdio.h>
#include <string.h>

static const attn_dims DIMS = { .B = 1, .T = 16, .S = 16, .D = 32, .H = 4, .E = 8, .L = 2 };

static bool check_any(const attn_dims *d, error *e)
{
    (void)d, (void)e;
    return true;
}

static double state_flops(const attn_dims *d)
{
    return 6.0 * d->H * d->E * d->E;
}

static const attn_variant attn_real = {
    .name = "real",
    .state_flops = state_flops,
    .options = (const attn_option[]){ { "slope", ATTN_REAL, 0.5, -1, 10, "" },
                                      { "cap", ATTN_REAL, 50, 1e-3, 1e3, "" },
                                      { "heads", ATTN_INTEGER, ATTN_HEADS, 1, 9, "" },
                                      { 0 } },
    .check = check_any,
};

extern const attn_variant attn_mha, attn_mqa, attn_gqa, attn_window, attn_template;

const attn_variant *const attn_variants[] = { &attn_mha,      &attn_mqa,  &attn_gqa, &attn_window,
                                              &attn_template, &attn_real, NULL };

static void reads(const char *spec, const char *canonical)
{
    attn_dims d = DIMS;
    const attn_variant *v;
    error e;
    char out[ATTN_SPEC];
    if (!attn_parse(spec, &v, &d, &e)) fail_msg("%s: %s", spec, e.msg);
    attn_describe(out, v, &d);
    assert_string_equal(out, canonical);
    if (!attn_parse(out, &v, &d, &e)) fail_msg("%s: %s", out, e.msg);
    attn_describe(out, v, &d);
    assert_string_equal(out, canonical);
}

static void refuses(const char *spec, const char *why)
{
    attn_dims d = DIMS;
    const attn_variant *v;
    error e;
    if (attn_parse(spec, &v, &d, &e)) fail_msg("%s was accepted", spec);
    if (!strstr(e.msg, why)) fail_msg("%s: '%s' does not say '%s'", spec, e.msg, why);
    assert_null(v);
}

static void test_canonical(void **state)
{
    (void)state;
    reads("mha", "mha");
    reads("mqa", "mqa");
    reads("gqa", "gqa:n_kv_heads=2");
    reads("gqa:n_kv_heads=+2", "gqa:n_kv_heads=2");
    reads("gqa:n_kv_heads=4", "mha");
    reads("gqa:sink=1:qk_norm=1:softcap=5e1:n_kv_heads=4", "mha:qk_norm=1:softcap=50:sink=1");
    reads("mha:rope=1:alibi=0:sink=0", "mha");
    reads("window:rope=0:size=3", "window:size=3:n_kv_heads=4:rope=0");
    reads("gqa:n_kv_heads=1", "mqa");
    reads("window", "window:size=128:n_kv_heads=4");
    reads("window:n_kv_heads=2:size=3", "window:size=3:n_kv_heads=2");
    reads("window:size=100", "window:size=100:n_kv_heads=4");
    reads("window:size=4k", "window:size=4000:n_kv_heads=4");
    reads("window:size=1e3", "window:size=1000:n_kv_heads=4");
    reads("window:size=1_024", "window:size=1024:n_kv_heads=4");
    reads("window:size=2147483647", "window:size=2147483647:n_kv_heads=4");
    reads("template", "template");
    reads("real", "real");
    reads("real:slope=0.5:cap=50:heads=4", "real");
    reads("real:heads=2", "real:heads=2");
    reads("real:cap=3e1:slope=0.10", "real:slope=0.1:cap=30");
    reads("real:slope=-0", "real:slope=0");
    reads("real:slope=0.3333333333333333", "real:slope=0.3333333333333333");
}

/* Aliases are declared: functions that happen to be shared, as those of gqa and window are, mean
 * nothing, and the fixed options of an alias say when its name is used. */
static void test_aliases(void **state)
{
    (void)state;
    assert_ptr_equal(attn_mha.alias_of, &attn_gqa);
    assert_ptr_equal(attn_mqa.alias_of, &attn_gqa);
    assert_null(attn_gqa.alias_of);
    assert_ptr_equal(attn_window.forward, attn_gqa.forward);
    assert_null(attn_window.alias_of);
    reads("window:size=2147483647:n_kv_heads=1", "window:size=2147483647:n_kv_heads=1");
    refuses("gqa:size=8", "no option 'size'");
    refuses("mqa:size=8", "no option 'size'");
}

static void test_refusals(void **state)
{
    (void)state;
    refuses("", "no attention variant ''");
    refuses("gq", "no attention variant 'gq'");
    refuses("gqa:", "'' is not option=value");
    refuses("gqa:n_kv_heads", "is not option=value");
    refuses("gqa::n_kv_heads=2", "is not option=value");
    refuses("gqa:n_kv_heads=2:", "is not option=value");
    refuses("gqa:heads=2", "no option 'heads'");
    refuses("mha:n_kv_heads=2", "no option 'n_kv_heads'");
    refuses("template:n_kv_heads=2", "no option 'n_kv_heads'");
    refuses("gqa:n_kv_heads=2:n_kv_heads=2", "given twice");
    refuses("gqa:n_kv_heads=", "not an integer");
    refuses("gqa:n_kv_heads=two", "not an integer");
    refuses("gqa:n_kv_heads=2.5", "not an integer");
    refuses("gqa:n_kv_heads=2 ", "did you mean gqa:n_kv_heads=2?");
    refuses("gqa:n_kv_heads=1_", "not an integer");
    refuses("gqa:n_kv_heads=1e99", "outside 1..");
    refuses("gqa:n_kv_heads=0x2", "not an integer");
    refuses("gqa:n_kv_heads=nan", "not an integer");
    refuses("gqa:n_kv_heads=inf", "not an integer");
    refuses("gqa:n_kv_heads=0", "outside 1..");
    refuses("gqa:n_kv_heads=-2", "outside 1..");
    refuses("gqa:n_kv_heads=99999999999", "outside 1..");
    refuses("gqa:n_kv_heads=3", "n_kv_heads=3 does not divide 4 heads");
    refuses("real:cap=nan", "not a number");
    refuses("real:cap=inf", "not a number");
    refuses("real:cap=1e999", "not a number");
    refuses("real:cap=1.2.3", "not a number");
    refuses("real:cap= 1", "did you mean real:cap=1?");
    refuses("real:cap=0x1p3", "not a number");
    refuses("real:cap=0.0001", "outside 0.001..1000");
    char longer[2 * ATTN_SPEC];
    snprintf(longer, sizeof longer, "gqa:n_kv_heads=%0300d", 2);
    refuses(longer, "too long");
}

/* What was meant is said, where one can tell. */
static void test_hints(void **state)
{
    (void)state;
    static const char MEANT[] = "separated by ':': did you mean window:size=32:n_kv_heads=2?";
    refuses("window:size=32,n_kv_heads=2", MEANT);
    refuses("window:size=32, n_kv_heads=2", MEANT);
    refuses("window:size=32;n_kv_heads=2", MEANT);
    refuses("window:size=32 n_kv_heads=2", MEANT);
    refuses("window(size=32, n_kv_heads=2)", MEANT);
    refuses("window,size=32,n_kv_heads=2", MEANT);
    refuses("n_kv_heads=2", "it follows the variant's name, as in gqa:n_kv_heads=2");
    refuses("MHA", "did you mean mha?");
    refuses("window:heads=2", "it has size, n_kv_heads");
    refuses("template:heads=2", "it has none");
    refuses("mha:rope=0:alibi=1", "leave rope=0 out");
    refuses("none, at all", "no attention variant 'none, at all'");
}

static void test_options_are_cleared(void **state)
{
    (void)state;
    attn_dims d = DIMS;
    const attn_variant *v;
    error e;
    for (int i = 0; i < ATTN_MAX_OPTIONS; i++) d.opt[i] = 9;
    assert_false(attn_parse("nothing", &v, &d, &e));
    for (int i = 0; i < ATTN_MAX_OPTIONS; i++) assert_true(d.opt[i] == 0);
}

/* A cache that is a state has one size at any length; that of a window, which stops growing, and
 * that of plain attention are no states. */
static void test_cost(void **state)
{
    (void)state;
    attn_dims d = DIMS;
    const attn_variant *v;
    error e;
    assert_true(attn_parse("template", &v, &d, &e));
    assert_true(attn_cache_constant(v, &d));
    assert_true(attn_cache_floats(v, &d) == 4 * 8);
    assert_true(attn_state_flops(v, &d) == 0);
    assert_true(attn_parse("window:size=5", &v, &d, &e));
    assert_false(attn_cache_constant(v, &d));
    assert_true(attn_cache_floats(v, &d) == 2 * 5 * 4 * 8);
    assert_true(attn_parse("mqa", &v, &d, &e));
    assert_false(attn_cache_constant(v, &d));
    assert_true(attn_cache_floats(v, &d) == 2 * 16 * 8);
    assert_true(attn_state_flops(&attn_real, &d) == 6 * 4 * 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_hints),
        cmocka_unit_test(test_options_are_cleared),
        cmocka_unit_test(test_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
