/* fault.c: the armed operation fails, once, and no other. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fault.h"

static void the_nth_fails_once(void **state)
{
    (void)state;
    for (int n = 1; n <= 5; n++) {
        pbt__fault_arm(n, PBT__FAULT_WRITE);
        for (int i = 1; i <= 20; i++) {
            assert_int_equal(pbt__fault(PBT__FAULT_WRITE), i == n);
            assert_int_equal(pbt__fault_has_fired(), i >= n);
        }
    }
}

static void other_kinds_are_not_counted(void **state)
{
    (void)state;
    pbt__fault_arm(2, PBT__FAULT_READ | PBT__FAULT_SYNC);
    assert_false(pbt__fault(PBT__FAULT_WRITE));
    assert_false(pbt__fault(PBT__FAULT_READ));
    assert_false(pbt__fault(PBT__FAULT_MEMORY));
    assert_true(pbt__fault(PBT__FAULT_SYNC));
}

static void zero_disarms(void **state)
{
    (void)state;
    pbt__fault_arm(1, PBT__FAULT_ALL);
    pbt__fault_arm(0, PBT__FAULT_ALL);
    assert_false(pbt__fault(PBT__FAULT_MEMORY));
    assert_false(pbt__fault_has_fired());
}

enum { THREADS = 4, CALLS = 20000 };

static void *count_failures(void *count)
{
    for (int i = 0; i < CALLS; i++) {
        *(int *)count += pbt__fault(PBT__FAULT_STORE);
    }
    return NULL;
}

static void one_thread_of_many_sees_it(void **state)
{
    (void)state;
    pbt__fault_arm((int64_t)THREADS * CALLS, PBT__FAULT_STORE);
    pthread_t threads[THREADS];
    int counts[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_failures, &counts[i]), 0);
    }
    int failures = 0;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        failures += counts[i];
    }
    assert_int_equal(failures, 1);
    assert_true(pbt__fault_has_fired());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nth_fails_once),
        cmocka_unit_test(other_kinds_are_not_counted),
        cmocka_unit_test(zero_disarms),
        cmocka_unit_test(one_thread_of_many_sees_it),
    };
    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
