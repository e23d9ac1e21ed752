/* cache.c: a state comes back as it was put, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "executor/cache.h"

static void the_latest_state_of_each_member_is_kept(void **state)
{
    (void)state;
    pbt__cache *cache = NULL;
    char out[4] = "...";
    assert_int_equal(pbt__cache_new(2, sizeof out, &cache), PBT_OK);
    assert_false(pbt__cache_get(cache, (pbt_segment_id){0, 0}, out));
    pbt__cache_put(cache, (pbt_segment_id){0, 0}, "old");
    pbt__cache_put(cache, (pbt_segment_id){1, 7}, "two");
    assert_true(pbt__cache_get(cache, (pbt_segment_id){0, 0}, out));
    assert_string_equal(out, "old");
    pbt__cache_put(cache, (pbt_segment_id){0, 1}, "new");
    (void)strcpy(out, "...");
    assert_false(pbt__cache_get(cache, (pbt_segment_id){0, 0}, out));
    assert_string_equal(out, "...");
    assert_true(pbt__cache_get(cache, (pbt_segment_id){0, 1}, out));
    assert_string_equal(out, "new");
    assert_true(pbt__cache_get(cache, (pbt_segment_id){1, 7}, out));
    assert_string_equal(out, "two");
    pbt__cache_free(cache);
}

static void what_has_no_place_is_not_kept(void **state)
{
    (void)state;
    pbt__cache *cache = NULL;
    char out[4] = "...";
    assert_int_equal(pbt__cache_new(2, sizeof out, &cache), PBT_OK);
    pbt__cache_put(cache, PBT_NO_SEGMENT, "bad");
    pbt__cache_put(cache, (pbt_segment_id){2, 0}, "bad");
    assert_false(pbt__cache_get(cache, PBT_NO_SEGMENT, out));
    assert_false(pbt__cache_get(cache, (pbt_segment_id){2, 0}, out));
    assert_false(pbt__cache_get(cache, (pbt_segment_id){0, -1}, out));
    pbt__cache_free(cache);
    pbt__cache_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_latest_state_of_each_member_is_kept),
        cmocka_unit_test(what_has_no_place_is_not_kept),
    };
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
