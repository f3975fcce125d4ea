/* test_grid.c - a comparison laid out by axes: every arm in its place, with the numbers of the
 * plain list; nothing is averaged and nothing is dropped. */
#include "tests/fixture.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ARMS = 8, SEEDS = 3 };

/* Attention by context by width, the longer context first.  At seed s every mha has level + wobble
 * of s, and each mqa is so much worse in the mean: 0.03, 0.04, 0.001 and -0.05. */
static const double LEVEL[] = { 3.5, 3.5, 3.6, 3.6, 3.3, 3.3, 3.4, 3.4 },
                    GAP[] = { 0, 0.03, 0, 0.04, 0, 0.001, 0, -0.05 }, WOBBLE[] = { -0.02, 0, 0.02 },
                    NOISE[] = { 0.0005, -0.001, 0.0005 }; /* of each difference; its mean is 0 */
static const char *const LABEL[] = {
    "mha @512 64",  "mqa @512 64",  "mha @256 64",  "mqa @256 64",
    "mha @512 128", "mqa @512 128", "mha @256 128", "mqa @256 128"
};
static double value[ARMS][SEEDS];
static char axis[ARMS][128];

static void put_arms(fixture_arm *arm)
{
    for (int a = 0; a < ARMS; a++) {
        const int context = a % 4 < 2 ? 512 : 256, dim = a < 4 ? 64 : 128;
        const bool mqa = a % 2;
        for (int s = 0; s < SEEDS; s++)
            value[a][s] = LEVEL[a] + WOBBLE[s] + GAP[a] + (mqa ? NOISE[s] : 0);
        snprintf(axis[a], sizeof axis[a],
                 "{\"model.attention\":\"%s\",\"model.context\":%d,\"model.dim\":%d}",
                 mqa ? "mqa" : "mha", context, dim);
        arm[a] = (fixture_arm){ LABEL[a], mqa ? "mqa" : "mha", mqa ? 1 : 8,
                                context,  mqa ? a - 1 : -1,    value[a],
                                axis[a] };
    }
}

static void open_study(fixture *f)
{
    fixture_arm arm[ARMS];
    put_arms(arm);
    fixture_open(f);
    fixture_study(f, "grid", arm, ARMS, SEEDS, 0.01);
}

#define COMPARE(f, out, err, ...)                                                                  \
    fixture_command(                                                                               \
        "compare", out, err,                                                                       \
        (const char *[]){ "attnlab compare", "--db", (f)->path, "grid", __VA_ARGS__, NULL })

/* Down, across and into tables; numbers ascend, though the study has 512 first. */
static void laid_out(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    open_study(&f);
    assert_int_equal(
        COMPARE(&f, &out, &err, "--rows", "attention", "--cols", "context", "--tables", "dim"), 0);
    const char *const table[] = { "dim=64\n\n"
                                  "attention  context=256             context=512\n"
                                  "mha        3.60000 base            3.50000 base\n"
                                  "mqa        3.64000 +0.04000 worse  3.53000 +0.03000 worse\n\n",
                                  "dim=128\n\n"
                                  "attention  context=256              context=512\n"
                                  "mha        3.40000 base             3.30000 base\n"
                                  "mqa        3.35000 -0.05000 better  3.30100 +0.00100 =\n\n" };
    fixture_expect(out, table[0]), fixture_expect(out, table[1]);
    assert_true(strstr(out, table[0]) < strstr(out, table[1]));
    fixture_expect(
        out, "Cells: mean val_loss@512 in nats over 3 seeds, difference from the baseline "
             "(base), verdict (~ undecided, = equivalent within ±0.01, better, worse; at 95 % "
             "for all 4 at once).\n");
    fixture_expect(out, "Look 1.");
    free(out), free(err);
    /* Two axes across; none is left for tables. */
    assert_int_equal(COMPARE(&f, &out, &err, "--rows", "model.attention", "--cols", "model.dim",
                             "--cols", "model.context", "-omd"),
                     0);
    fixture_expect(out, "| attention | dim=64, context=256 ");
    fixture_expect(
        out,
        "| mqa       | 3.64000 +0.04000 worse | 3.53000 +0.03000 worse | 3.35000 -0.05000 better "
        "| 3.30100 +0.00100 =   |\n");
    free(out), free(err);
    /* Two axes down have a column each. */
    assert_int_equal(COMPARE(&f, &out, &err, "--rows", "dim", "--rows", "context"), 0);
    fixture_expect(out, "dim  context  mha           mqa\n");
    fixture_expect(out, "64   256      3.60000 base  3.64000 +0.04000 worse\n");
    fixture_expect(out, "128  512      3.30000 base  3.30100 +0.00100 =\n");
    free(out), free(err);
    fixture_close(&f);
}

/* Axes without a place: words go down, numbers across, the rest into tables. */
static void defaults(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    open_study(&f);
    assert_int_equal(COMPARE(&f, &out, &err, "--tables", "dim"), 0);
    fixture_expect(out, "dim=64\n\nattention  context=256  ");
    free(out), free(err);
    assert_int_equal(COMPARE(&f, &out, &err, "--cols", "attention"), 0);
    fixture_expect(out, "dim=64\n\ncontext  mha           mqa\n");
    free(out), free(err);
    assert_int_equal(COMPARE(&f, &out, &err, "--rows", "context"), 0);
    fixture_expect(out,
                   "mha\n\ncontext  dim=64        dim=128\n"); /* the attention speaks for itself */
    free(out), free(err);
    /* All in one direction: the other has the metric, or nothing. */
    assert_int_equal(
        COMPARE(&f, &out, &err, "--rows", "context", "--rows", "dim", "--rows", "attention"), 0);
    fixture_expect(out, "context  dim  attention  val_loss@512\n");
    free(out), free(err);
    fixture_close(&f);
}

/* For programs: an arm a row, whichever way it is laid out, with the numbers of the list. */
static void rows_for_programs(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    open_study(&f);
    assert_int_equal(COMPARE(&f, &out, &err, "-ojson"), 0);
    json_t *list = fixture_rows(out);
    free(out), free(err);
    assert_int_equal(COMPARE(&f, &out, &err, "--rows", "attention", "-ojson"), 0);
    json_t *j = fixture_rows(out);
    fixture_expect(out, "\"text\": \"Procedure: paired by seed");
    assert_string_equal(err, "");
    assert_int_equal(json_array_size(j), ARMS);
    static const char *const SAME[] = { "n", "mean", "diff", "ci_lo", "ci_hi", "p_adjusted" };
    int compared = 0;
    for (size_t i = 0; i < ARMS; i++) {
        const json_t *row = json_array_get(j, i);
        const char *label = json_string_value(json_object_get(row, "arm"));
        int a = 0;
        while (strcmp(LABEL[a], label) != 0) a++;
        assert_true(fixture_number(row, "model.context") == (a % 4 < 2 ? 512 : 256));
        assert_true(fixture_number(row, "model.dim") == (a < 4 ? 64 : 128));
        assert_true(fabs(fixture_number(row, "mean") - LEVEL[a] - GAP[a]) < 1e-12);
        if (a % 2)
            assert_true(fabs(fixture_number(row, "diff") - GAP[a]) < 1e-12);
        else
            assert_true(json_is_null(json_object_get(row, "verdict")));
        for (size_t k = 0; k < json_array_size(list); k++) {
            const json_t *other = json_array_get(list, k);
            if (strcmp(json_string_value(json_object_get(other, "arm")), label) != 0) continue;
            for (size_t m = 0; m < sizeof SAME / sizeof *SAME; m++)
                assert_true(fixture_number(row, SAME[m]) == fixture_number(other, SAME[m]));
            assert_true(
                json_equal(json_object_get(row, "verdict"), json_object_get(other, "verdict")));
            compared++;
        }
    }
    assert_int_equal(compared, 4);
    json_decref(j), json_decref(list);
    free(out), free(err);
    assert_int_equal(COMPARE(&f, &out, &err, "--rows", "attention", "-ocsv"), 0);
    fixture_expect(out, "model.dim,model.attention,model.context,arm,base,n,mean,");
    free(out), free(err);
    fixture_close(&f);
}

/* Runs without a value, an arm that is not there, a confound: each in its cell. */
static void holes(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    open_study(&f);
    fixture_run(&f, "UPDATE run SET status = 'diverged' WHERE run_id IN (SELECT run_id FROM arm_run"
                    " JOIN arm USING(arm_id) WHERE label = 'mqa @256 128')");
    fixture_run(&f, "UPDATE run SET status = 'planned' WHERE run_id IN (SELECT run_id FROM arm_run"
                    " JOIN arm USING(arm_id) WHERE label = 'mqa @256 64' AND pair_key > 1)");
    fixture_run(&f, "UPDATE run SET status = 'failed' WHERE run_id IN (SELECT run_id FROM arm_run"
                    " JOIN arm USING(arm_id) WHERE label = 'mqa @512 64' AND pair_key > 2)");
    fixture_run(&f, "UPDATE arm SET dropped = 1 WHERE label = 'mha @256 128'");
    assert_int_equal(
        COMPARE(&f, &out, &err, "--rows", "attention", "--cols", "context", "--tables", "dim"), 0);
    /* One seed of three is too few to be compared; two are left for the rest. */
    fixture_expect(out, "3.62050 not compared [n=1, 2 unfinished]");
    fixture_expect(out, "3.51975 +0.02975 worse [1 failed] !");
    fixture_expect(out, "no value [3 diverged]");
    fixture_expect(out, "mha                               3.29000 base");
    fixture_expect(out, ", [other n, runs without a value], ! if more than the axes differs.\n");
    fixture_expect(out, "over 2 seeds");
    free(out), free(err);
    fixture_close(&f);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *argv[4], *line;
    } CASE[] = {
        { { "--rows", "lr" },
          "--rows 'lr': no such axis; study 'grid' varies model.attention, model.context, "
          "model.dim\n" },
        { { "--cols", "model" }, "--cols 'model': no such axis; study 'grid' varies" },
        { { "--rows", "dim", "--tables", "model.dim" },
          "--tables 'model.dim': this axis was placed already\n" },
        { { "--rows", "dim", "--rows", "dim" }, "--rows 'dim': this axis was placed already\n" },
    };
    fixture f;
    char *out, *err;
    int64_t looks;
    error e;
    open_study(&f);
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        const char *const *a = CASE[i].argv;
        assert_int_equal(COMPARE(&f, &out, &err, a[0], a[1], a[2], a[3]), STATUS_USAGE);
        fixture_expect(err, CASE[i].line);
        assert_string_equal(out, "");
        assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1);
        free(out), free(err);
    }
    /* What was refused was no look. */
    assert_true(db_integer(&f.d, &looks, 9, &e, "SELECT count(*) FROM comparison", NULL));
    assert_int_equal(looks, 0);
    /* Arms that no axis tells apart have no place of their own. */
    fixture_run(&f, "UPDATE arm SET axis_json = (SELECT axis_json FROM arm WHERE ord = 0)"
                    " WHERE ord = 2");
    assert_int_equal(COMPARE(&f, &out, &err, "--rows", "dim"), STATUS_FAILED);
    fixture_expect(err, "'mha @512 64' and 'mha @256 64' have the same value of every axis");
    free(out), free(err);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(laid_out), cmocka_unit_test(defaults), cmocka_unit_test(rows_for_programs),
        cmocka_unit_test(holes),    cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
