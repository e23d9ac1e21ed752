/*
 * added.c: what there is of an executor once it has its file and its row in the table. alone.c and
 * executors.c are all that says anything about it.
 */
#include "study_case.h"

static const char SPEC[] = "version: 1\nname: test\npopulation: 3\nready: {every: 10}\n"
                           "stop: {steps: 40}\nexploit: {rule: truncation, fraction: 0.4}\n"
                           "hyperparameters: {rate: {type: float, min: 0, max: 1}}\n"
                           "trainer: {protocol: command, command: [none]}\n";

static const pbt__executor_options OPTIONS = {.worker_name = "test"};

static const pbt__executor_ops *find(const char *name)
{
    const pbt__executor_ops *ops = NULL;
    assert_ok(pbt__executor_find(name, &ops, &error));
    return ops;
}

static void it_is_found_by_its_name(void **state)
{
    const pbt__executor_ops *ops = NULL;
    (void)state;
    assert_string_equal(find("alone")->name, "alone");
    assert_ptr_equal(find("local"), &pbt__executor_local);
    assert_ptr_equal(find(NULL), &pbt__executor_local);
    assert_int_equal(pbt__executor_find("nobody", &ops, &error), PBT_ERR_ARGUMENT);
    assert_string_equal(error.message, "no executor 'nobody'");
    assert_int_equal(strncmp(error.hint, "executors: local, ", 18), 0);
    assert_non_null(strstr(error.hint, ", alone"));
    assert_null(ops);
}

static void it_trains_a_study_to_its_end(void **state)
{
    const pbt__executor_ops *ops = find("alone");
    (void)state;
    make_study(SPEC);
    desk = pbt__study_desk_init(study);
    assert_ok(ops->check(&desk.desk, &OPTIONS, &error));
    assert_ok(ops->start(&desk.desk, &OPTIONS, &local, &error));
    wait_until_done();
    assert_ok(ops->finish(local, &error));
    local = NULL;
    assert_int_equal(count_segments("reported"), 12);
    assert_state(PBT__FINISHED);
    assert_verified();
}

static void it_ends_when_it_is_told_to(void **state)
{
    const pbt__executor_ops *ops = find("alone");
    (void)state;
    make_study(SPEC);
    desk = pbt__study_desk_init(study);
    desk.desk.ops->halt(&desk.desk); /* so it trains nothing */
    assert_ok(ops->start(&desk.desk, &OPTIONS, &local, &error));
    local->ops->stop(local, false);
    assert_ok(ops->finish(local, &error));
    local = NULL;
    assert_int_equal(count_segments("reported"), 0);
    assert_state(PBT__RUNNING);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_make, close_study)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_is_found_by_its_name),
        CASE(it_trains_a_study_to_its_end),
        CASE(it_ends_when_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
