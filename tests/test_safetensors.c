/* test_safetensors.c - what is written is read back; every kind of malformed file is refused for
 * its own reason.
 *
 * The verdicts are those of the reference reader (huggingface/safetensors, tensor.rs) for every
 * case but one: it accepts a rank above SAFETENSORS_RANK.
 */
#include "core/base/safetensors.h"
#include "tests/scratch.h"
#include "tests/unit.h"

/* A file of a header and n bytes of data, 1, 2, 3, ... */
static const char *put_file(const char *header, size_t header_bytes, size_t n)
{
    char *bytes = malloc(8 + header_bytes + n);
    const uint64_t length = header_bytes;
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, header_bytes);
    for (size_t i = 0; i < n; i++) bytes[8 + header_bytes + i] = (char)(i + 1);
    scratch_put(&dir, "file", bytes, 8 + header_bytes + n);
    free(bytes);
    return dir.path;
}

static void expect_verdict(const char *header, size_t bytes, size_t data, const char *why)
{
    safetensors s;
    error e = { 0 };
    const bool ok = safetensors_open(&s, put_file(header, bytes, data), &e);
    if (ok != !why || (why && !strstr(e.msg, why)))
        fail_msg("%.200s: %s, and should be %s", header, ok ? "taken" : e.msg, why ? why : "taken");
    if (ok) safetensors_close(&s);
}

static void test_round_trip(void **state)
{
    (void)state;
    const float w[6] = { 1, -2, 3.5f, 4, 5, 6 };
    const int64_t step[1] = { 77 };
    const uint8_t odd[3] = { 1, 2, 3 };
    const safetensors_tensor list[] = {
        { "w", "F32", 2, { 2, 3 }, w },
        { "step", "I64", 0, { 0 }, step },
        { "none", "F32", 2, { 0, 7 }, NULL },
        { "odd \"name\" \xc3\xa9", "U8", 1, { 3 }, odd },
    };
    const char *const metadata[] = { "uid", "abc", "text", "a \"b\"\n", NULL };
    safetensors s;
    error e;
    char saved[HASH_HEX], found[HASH_HEX];
    size_t bytes;
    const char *path = scratch_path(&dir, "saved");
    assert_true(safetensors_save(path, list, 4, metadata, saved, &bytes, &e));
    assert_true(hash_file(found, path, &e));
    assert_string_equal(saved, found);
    assert_true(safetensors_open(&s, path, &e));
    assert_string_equal(s.sha256, saved);
    assert_int_equal(s.n, 4);
    for (int i = 0; i < 4; i++) {
        const safetensors_tensor *t = safetensors_find(&s, list[i].name);
        assert_non_null(t);
        assert_string_equal(t->type, list[i].type);
        assert_int_equal(t->rank, list[i].rank);
        assert_memory_equal(t->dim, list[i].dim, (size_t)t->rank * sizeof *t->dim);
        assert_int_equal(safetensors_bytes(t), safetensors_bytes(&list[i]));
        if (list[i].data) assert_memory_equal(t->data, list[i].data, safetensors_bytes(t));
    }
    assert_int_equal((uintptr_t)safetensors_find(&s, "w")->data % 8, 0);
    assert_string_equal(safetensors_metadata(&s, "text"), "a \"b\"\n");
    assert_null(safetensors_metadata(&s, "nothing"));
    assert_null(safetensors_find(&s, "__metadata__"));
    safetensors_close(&s);
    safetensors_close(&s); /* does nothing if it is closed */
    assert_false(safetensors_open(&s, scratch_path(&dir, "none"), &e));
}

static void test_taken(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
    } CASE[] = {
        { "{}", 0 },
        { "{}     ", 0 },
        { "{\"__metadata__\":{}}", 0 },
        { "{\"__metadata__\":{\"a\":\"b\"}}", 0 },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4 },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8 },
        { "{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]},"
          "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
          2 },
        /* Empty tensors, at the ends and between two others. */
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0 },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]},"
          "\"c\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[1,1]},"
          "\"d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[2,2]},"
          "\"e\":{\"dtype\":\"U8\",\"shape\":[3,0],\"data_offsets\":[1,1]}}",
          2 },
        { "{\"a\":{\"dtype\":\"BF16\",\"shape\":[1,1,1,1,1,1,1,1],\"data_offsets\":[0,2]}}", 2 },
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++)
        expect_verdict(CASE[i].header, strlen(CASE[i].header), CASE[i].data, NULL);
}

#define ONE(dtype, shape, offsets)                                                                 \
    "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define TWO(first, second)                                                                         \
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" first "},"                          \
    "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" second "}}"

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *why;
    } CASE[] = {
        { "", 0, "JSON" },
        { "x", 0, "JSON" },
        { " {}", 0, "JSON" },
        { "[]", 0, "JSON" },
        { "{}{}", 0, "JSON" },
        { "{} x", 0, "JSON" },
        { "{\"a\":", 0, "JSON" },
        { "{\"\xff\":{}}", 0, "JSON" },
        { "{\"a\\u0000b\":{}}", 0, "JSON" },
        { "{\"a\":{},\"a\":{}}", 0, "JSON" },
        { "{\"__metadata__\":{\"a\":1}}", 0, "not a string" },
        { "{\"__metadata__\":{\"a\":{}}}", 0, "not a string" },
        { "{\"__metadata__\":[]}", 0, "not an object" },
        { "{\"__metadata__\":\"a\"}", 0, "not an object" },
        { "{\"a\":{}}", 0, "type" },
        { "{\"a\":null}", 0, "type" },
        { "{\"a\":[1,2]}", 0, "type" },
        { ONE("\"F31\"", "[1]", "[0,4]"), 4, "type" },
        { ONE("\"f32\"", "[1]", "[0,4]"), 4, "type" },
        { ONE("32", "[1]", "[0,4]"), 4, "type" },
        { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "shape" },
        { ONE("\"F32\"", "1", "[0,4]"), 4, "shape" },
        { ONE("\"F32\"", "[-1]", "[0,4]"), 4, "shape" },
        { ONE("\"F32\"", "[1.0]", "[0,4]"), 4, "shape" },
        { ONE("\"F32\"", "[1e0]", "[0,4]"), 4, "shape" },
        { ONE("\"F32\"", "[\"1\"]", "[0,4]"), 4, "shape" },
        { ONE("\"F32\"", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, "shape" },
        { ONE("\"F32\"", "[99999999999999999999]", "[0,4]"), 4, "JSON" },
        { ONE("\"F32\"", "[4294967296,4294967296]", "[0,0]"), 0, "size" },
        { ONE("\"F32\"", "[4294967296,4294967296,0]", "[0,0]"), 0, "size" },
        { ONE("\"F64\"", "[2305843009213693952]", "[0,0]"), 0, "size" },
        { ONE("\"F32\"", "[1]", "[0,3]"), 4, "size" },
        { ONE("\"F32\"", "[2]", "[0,4]"), 4, "size" },
        { ONE("\"F32\"", "[0]", "[0,4]"), 4, "size" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "offsets" },
        { ONE("\"F32\"", "[1]", "[0]"), 4, "offsets" },
        { ONE("\"F32\"", "[1]", "[0,4,8]"), 4, "offsets" },
        { ONE("\"F32\"", "[1]", "[-4,0]"), 4, "offsets" },
        { ONE("\"F32\"", "[1]", "[0.0,4.0]"), 4, "offsets" },
        { ONE("\"F32\"", "[1]", "[0,4e0]"), 4, "offsets" },
        { ONE("\"F32\"", "[1]", "{}"), 4, "offsets" },
        { ONE("\"F32\"", "[1]", "[4,0]"), 4, "outside" },
        { ONE("\"F32\"", "[1]", "[4,8]"), 4, "outside" },
        { ONE("\"F32\"", "[1]", "[0,9223372036854775807]"), 4, "outside" },
        { ONE("\"F32\"", "[1]", "[0,4]"), 0, "outside" },
        { ONE("\"F32\"", "[1]", "[0,4]"), 5, "belong to no tensor" },
        { "{}", 1, "belong to no tensor" },
        { ONE("\"F32\"", "[1]", "[1,5]"), 5, "gap" },
        { TWO("[0,4]", "[5,9]"), 9, "gap" },
        { TWO("[0,4]", "[3,7]"), 7, "gap" },
        { TWO("[0,4]", "[0,4]"), 4, "gap" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[2,2]}}",
          4, "gap" },
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++)
        expect_verdict(CASE[i].header, strlen(CASE[i].header), CASE[i].data, CASE[i].why);
}

/* Headers that are too long for the file, for the format and for a pointer. */
static void test_lengths(void **state)
{
    (void)state;
    const uint64_t length[] = { 3, 1000, (100u << 20) + 1, UINT64_C(1) << 63, UINT64_MAX };
    safetensors s;
    error e;
    for (size_t i = 0; i < sizeof length / sizeof *length; i++) {
        char bytes[10] = "........{}";
        memcpy(bytes, &length[i], 8);
        assert_false(safetensors_open(&s, scratch_put(&dir, "file", bytes, 10), &e));
        assert_non_null(strstr(e.msg, "longer than the file"));
    }
    for (size_t n = 0; n < 8; n++) {
        assert_false(safetensors_open(&s, scratch_put(&dir, "file", "\0\0\0\0\0\0\0", n), &e));
        assert_non_null(strstr(e.msg, "too short"));
    }
}

static void test_deep_and_long(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    char *header = malloc(N + 64);
    memset(header, '[', N); /* endless brackets */
    memcpy(header, "{\"a\":", 5);
    expect_verdict(header, N, 0, "JSON");
    memset(header, 'n', N); /* a name of a megabyte, which the reference reader accepts */
    memcpy(header, "{\"", 2);
    strcpy(header + N, "\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}");
    expect_verdict(header, strlen(header), 1, NULL);
    expect_verdict(header, strlen(header), 0, "outside");
    free(header);
}

/* A file that is cut anywhere, or has any bit changed, is refused or has another hash. */
static void test_damage(void **state)
{
    (void)state;
    const float w[6] = { 1, 2, 3, 4, 5, 6 };
    const safetensors_tensor list[] = { { "w", "F32", 2, { 2, 2 }, w },
                                        { "v", "F32", 1, { 2 }, w + 4 } };
    safetensors s;
    error e;
    char sha256[HASH_HEX], *bytes;
    size_t n;
    assert_true(safetensors_save(scratch_path(&dir, "whole"), list, 2, NULL, sha256, &n, &e));
    assert_true(file_read(&bytes, &n, dir.path, 1 << 20, &e));
    for (size_t i = 0; i < n; i++)
        assert_false(safetensors_open(&s, scratch_put(&dir, "cut", bytes, i), &e));
    for (size_t i = 0; i < 8 * n; i++) {
        bytes[i / 8] ^= (char)(1 << i % 8);
        if (safetensors_open(&s, scratch_put(&dir, "changed", bytes, n), &e)) {
            assert_string_not_equal(s.sha256, sha256);
            for (int j = 0; j < s.n; j++) { /* its data lie inside the file */
                const char *data = s.tensor[j].data;
                assert_true(data >= s.bytes &&
                            data + safetensors_bytes(&s.tensor[j]) <= s.bytes + n);
            }
            safetensors_close(&s);
        }
        bytes[i / 8] ^= (char)(1 << i % 8);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_taken),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_deep_and_long), cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
