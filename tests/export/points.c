/* points.c: points are found by their segment, with their own scalars, however many there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/points.h"

static pbt_segment_id id_of(int member, int number)
{
    return (pbt_segment_id){member, number};
}

static void every_point_has_its_own_scalars(void **state)
{
    (void)state;
    pbt__points *points = pbt__points_new(3);
    assert_non_null(points);
    for (int number = 0; number < 200; number++) {
        for (int member = 0; member < 3; member++) {
            pbt__point *point = pbt__points_make(points, id_of(member, number));
            assert_non_null(point);
            point->age = 10 * number + member;
            assert_true(pbt__points_add(points, point, "score", number));
            assert_true(member != 1 || pbt__points_add(points, point, "late", -number));
        }
    }
    for (int number = 0; number < 200; number++) {
        const char *tag = NULL;
        const pbt__point *point = pbt__points_find(points, id_of(1, number));
        assert_non_null(point);
        assert_int_equal(point->age, 10 * number + 1);
        assert_int_equal(point->scalar_count, 2);
        assert_true(pbt__points_scalar(points, point, 0, &tag) == (float)number);
        assert_string_equal(tag, "score");
        assert_true(pbt__points_scalar(points, point, 1, &tag) == (float)-number);
        assert_string_equal(tag, "late");
        assert_int_equal(pbt__points_find(points, id_of(2, number))->scalar_count, 1);
    }
    pbt__points_free(points);
}

static void what_was_not_made_is_not_found(void **state)
{
    (void)state;
    pbt__points *points = pbt__points_new(2);
    assert_non_null(pbt__points_make(points, id_of(1, 5)));
    assert_non_null(pbt__points_find(points, id_of(1, 5)));
    assert_false(pbt__points_find(points, id_of(1, 5))->is_reported);
    assert_int_equal(pbt__points_find(points, id_of(1, 5))->parent.member, -1);
    assert_null(pbt__points_find(points, id_of(1, 4)));
    assert_null(pbt__points_find(points, id_of(1, 100000)));
    assert_null(pbt__points_find(points, id_of(0, 5)));
    assert_null(pbt__points_find(points, id_of(2, 5)));
    assert_null(pbt__points_find(points, PBT_NO_SEGMENT));
    assert_null(pbt__points_make(points, id_of(2, 0)));
    assert_null(pbt__points_make(points, PBT_NO_SEGMENT));
    pbt__points_free(points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_point_has_its_own_scalars),
        cmocka_unit_test(what_was_not_made_is_not_found),
    };
    return cmocka_run_group_tests_name("points", tests, NULL, NULL);
}
