/* memory.c: allocations that overflow are refused, and each can be made to fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/memory.h"

static void calloc_zeroes(void **state)
{
    (void)state;
    unsigned char *bytes = pbt__calloc(100, 3);
    assert_non_null(bytes);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(bytes[i], 0);
    }
    free(bytes);
}

static void products_do_not_wrap(void **state)
{
    (void)state;
    /* Times 4 it is 4. Volatile: the compiler would see through the constant and refuse it. */
    volatile size_t quarter = SIZE_MAX / 4 + 2;
    assert_null(pbt__calloc(quarter, 4));
    char *old = pbt__strdup("old");
    assert_null(pbt__realloc(old, quarter, 4));
    assert_string_equal(old, "old");
    volatile size_t all = SIZE_MAX;
    assert_null(pbt__strndup("x", all));
    free(old);
}

static void realloc_keeps_what_was_there(void **state)
{
    (void)state;
    int *numbers = pbt__realloc(NULL, 2, sizeof *numbers);
    assert_non_null(numbers);
    numbers[0] = 5;
    numbers[1] = 6;
    int *more = pbt__realloc(numbers, 2000, sizeof *numbers);
    assert_non_null(more);
    assert_int_equal(more[0], 5);
    assert_int_equal(more[1], 6);
    free(more);
}

static void an_array_has_room_for_one_more(void **state)
{
    (void)state;
    int *numbers = NULL;
    size_t capacity = 0;
    for (size_t count = 0; count < 1000; count++) {
        assert_true(pbt__array_room(&numbers, count, &capacity, sizeof *numbers));
        assert_true(capacity > count);
        numbers[count] = (int)count;
    }
    pbt__fault_arm(1, PBT__FAULT_MEMORY);
    assert_false(pbt__array_room(&numbers, capacity, &capacity, sizeof *numbers));
    assert_int_equal(numbers[999], 999);
    free(numbers);
}

static void duplicates_end_with_a_nul(void **state)
{
    (void)state;
    char *whole = pbt__strdup("member");
    char *part = pbt__strndup("member", 3);
    char *none = pbt__strndup("member", 0);
    assert_string_equal(whole, "member");
    assert_string_equal(part, "mem");
    assert_string_equal(none, "");
    free(whole);
    free(part);
    free(none);
}

static void every_allocation_asks_the_seam(void **state)
{
    (void)state;
    char *old = pbt__strdup("old");
    pbt__fault_arm(1, PBT__FAULT_MEMORY);
    assert_null(pbt__calloc(1, 1));
    pbt__fault_arm(1, PBT__FAULT_MEMORY);
    assert_null(pbt__realloc(old, 1000, 1));
    pbt__fault_arm(1, PBT__FAULT_MEMORY);
    assert_null(pbt__strdup("x"));
    pbt__fault_arm(1, PBT__FAULT_MEMORY);
    assert_null(pbt__strndup("x", 1));
    assert_string_equal(old, "old");
    free(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calloc_zeroes),
        cmocka_unit_test(products_do_not_wrap),
        cmocka_unit_test(realloc_keeps_what_was_there),
        cmocka_unit_test(an_array_has_room_for_one_more),
        cmocka_unit_test(duplicates_end_with_a_nul),
        cmocka_unit_test(every_allocation_asks_the_seam),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
