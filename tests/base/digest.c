/* digest.c: digests are XXH3-128 in canonical order, and their text reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/fault.h"

static void digests_are_xxh3_in_canonical_order(void **state)
{
    (void)state;
    char text[PBT__DIGEST_TEXT_SIZE];
    pbt__digest_write(pbt__digest_bytes("", 0), text);
    assert_string_equal(text, "99aa06d3014798d86001c324468d497f");
    pbt__digest_write(pbt__digest_bytes("a", 1), text);
    assert_string_equal(text, "a96faf705af16834e6c632b61e964e1f");
}

static void a_stream_gives_the_digest_of_its_bytes(void **state)
{
    (void)state;
    uint8_t bytes[5000];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 31);
    }
    const pbt__digest whole = pbt__digest_bytes(bytes, sizeof bytes);
    for (size_t piece = 1; piece < sizeof bytes; piece = 3 * piece + 1) {
        pbt__hasher *hasher = pbt__hasher_new();
        assert_non_null(hasher);
        for (size_t at = 0; at < sizeof bytes; at += piece) {
            const size_t left = sizeof bytes - at;
            pbt__hasher_add(hasher, bytes + at, left < piece ? left : piece);
        }
        pbt__hasher_add(hasher, NULL, 0);
        assert_true(pbt__digest_equal(pbt__hasher_digest(hasher), whole));
        pbt__hasher_free(hasher);
    }
}

static void every_byte_counts(void **state)
{
    (void)state;
    uint8_t bytes[300] = {0};
    const pbt__digest whole = pbt__digest_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 1;
        assert_false(pbt__digest_equal(pbt__digest_bytes(bytes, sizeof bytes), whole));
        bytes[i] ^= 1;
    }
}

static void texts_read_back(void **state)
{
    (void)state;
    const pbt__digest digest = pbt__digest_bytes("pbt", 3);
    char text[PBT__DIGEST_TEXT_SIZE];
    pbt__digest_write(digest, text);
    pbt__digest read;
    assert_true(pbt__digest_read(text, &read));
    assert_true(pbt__digest_equal(digest, read));
    assert_true(pbt__digest_read("ABCDEFabcdef00112233445566778899", &read));
    assert_int_equal(read.bytes[0], 0xAB);
    assert_int_equal(read.bytes[15], 0x99);
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    const char *const texts[] = {
        "",
        "99aa06d3014798d86001c324468d497",
        "99aa06d3014798d86001c324468d497f0",
        "99aa06d3014798d86001c324468d497g",
        " 9aa06d3014798d86001c324468d497f",
        "99aa06d3014798d86001c324468d49 f",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        pbt__digest digest;
        memset(&digest, 7, sizeof digest);
        assert_false(pbt__digest_read(texts[i], &digest));
        assert_int_equal(digest.bytes[0], 7);
    }
}

static void a_hasher_is_an_allocation(void **state)
{
    (void)state;
    pbt__fault_arm(1, PBT__FAULT_MEMORY);
    assert_null(pbt__hasher_new());
    pbt__hasher_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_xxh3_in_canonical_order),
        cmocka_unit_test(a_stream_gives_the_digest_of_its_bytes),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(texts_read_back),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(a_hasher_is_an_allocation),
    };
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
