/* test_hash.c - SHA-256 against the examples of FIPS 180-4. */
#include "core/base/hash.h"
#include "tests/scratch.h"
#include "tests/unit.h"

static const char ABC[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void test_examples(void **state)
{
    (void)state;
    char hex[HASH_HEX];
    hash_bytes(hex, "", 0);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_bytes(hex, "abc", 3);
    assert_string_equal(hex, ABC);
    hash_bytes(hex, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* A million times "a", in pieces of every length. */
static void test_pieces(void **state)
{
    (void)state;
    static char a[2000];
    char hex[HASH_HEX];
    hash h;
    memset(a, 'a', sizeof a);
    hash_open(&h);
    size_t n = 0;
    for (size_t piece = 0; n + piece <= 1000000; piece = (piece + 1) % sizeof a) {
        hash_add(&h, a, piece);
        n += piece;
    }
    hash_add(&h, a, 1000000 - n);
    hash_close(&h, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_file(void **state)
{
    (void)state;
    scratch s;
    error e;
    char hex[HASH_HEX];
    scratch_open(&s);
    assert_true(hash_file(hex, scratch_text(&s, "abc", "abc"), &e));
    assert_string_equal(hex, ABC);
    assert_false(hash_file(hex, scratch_path(&s, "none"), &e));
    assert_non_null(strstr(e.msg, "none"));
    assert_false(hash_file(hex, s.folder, &e));
    scratch_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
