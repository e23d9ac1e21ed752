/* crc32c.c: the checksum against the vectors of RFC 3720, B.4, and its mask against a real file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "export/crc32c.h"

static void is_as_in_rfc_3720(void **state)
{
    (void)state;
    uint8_t bytes[32] = {0};
    assert_int_equal(pbt__crc32c("", 0), 0);
    assert_int_equal(pbt__crc32c("123456789", 9), 0xE3069283);
    assert_int_equal(pbt__crc32c(bytes, sizeof bytes), 0x8A9136AA);
    memset(bytes, 0xFF, sizeof bytes);
    assert_int_equal(pbt__crc32c(bytes, sizeof bytes), 0x62A8AB43);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    assert_int_equal(pbt__crc32c(bytes, sizeof bytes), 0x46DD794E);
}

/* The first record of an event file has 24 bytes, so all event files begin with these 12. */
static void is_masked_as_in_event_files(void **state)
{
    (void)state;
    const uint8_t length[8] = {24};
    assert_int_equal(pbt__crc32c_masked(length, sizeof length), 0x224B7FA3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_as_in_rfc_3720),
        cmocka_unit_test(is_masked_as_in_event_files),
    };
    return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
