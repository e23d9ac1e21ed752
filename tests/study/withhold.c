/*
 * withhold.c: one member's weights are there, but cannot be read.
 *
 * Root reads everything, so the tests go on as another user where root runs them.
 */
#include "support.h"

#include <sys/stat.h>
#include <unistd.h>

enum { SECOND_US = 1000000, NOBODY = 65534 };

static int make(void **state)
{
    if (bench_make(state) != 0) {
        return -1;
    }
    bench *b = *state;
    b->is_patient = true;
    return geteuid() != 0 || (chown(b->folder, NOBODY, NOBODY) == 0 && seteuid(NOBODY) == 0) ? 0
                                                                                             : -1;
}

static int remove_all(void **state)
{
    bench_close(*state);
    return geteuid() == getuid() || seteuid(getuid()) == 0 ? bench_remove(state) : -1;
}

static void allow(const bench *b, const char *name, mode_t mode)
{
    char path[PBT__PATH_SIZE + 64];
    snprintf(path, sizeof path, "%s/bench.checkpoints/%s", b->folder, name);
    assert_int_equal(chmod(path, mode), 0);
}

static pbt__pause pause_of(bench *b)
{
    pbt__pause pause;
    pbt__study_pause(b->study, &pause);
    return pause;
}

/* Two members with 20 steps each; both report the first half and hold the second. Those of member 0
 * cannot be read then. */
static void begin(bench *b, pbt__action *first, pbt__action *second)
{
    pbt__reply reply;
    bench_create(b, 2, "stop: {steps: 20}\nfailure: {retries: 0}\nexploit: {rule: none}");
    *first = bench_claim(b, "a");
    *second = bench_claim(b, "b");
    assert_ok(bench_report_file(b, "a", first, 1, &reply));
    *first = reply.action;
    assert_ok(bench_report_file(b, "b", second, 2, &reply));
    *second = reply.action;
    assert_int_equal(first->train.segment.id.member, 0);
    assert_int_equal(second->train.segment.id.member, 1);
    allow(b, "m0s0", 0);
    b->now_us += SECOND_US;
}

static void who_fails_to_load_waits_and_has_not_failed(void **state)
{
    bench *b = *state;
    pbt__action first, second;
    begin(b, &first, &second);
    assert_ok(bench_fail(b, "a", &first, true));
    assert_int_equal(bench_count(b, "failed"), 0);
    assert_int_equal(bench_count(b, "released"), 1);
    assert_int_equal(bench_claim(b, "a").verb, PBT__WAIT);
    assert_int_equal(pause_of(b).withheld, 0);
    assert_false(pause_of(b).is_paused);
    /* The wait doubles as long as it cannot be read. */
    b->now_us += SECOND_US;
    assert_int_equal(bench_claim(b, "a").verb, PBT__WAIT);
    allow(b, "m0s0", 0600);
    b->now_us += SECOND_US - 1000;
    assert_int_equal(bench_claim(b, "a").verb, PBT__WAIT);
    b->now_us += 2000;
    first = bench_claim(b, "a");
    assert_int_equal(first.verb, PBT__TRAIN);
    assert_string_equal(bench_loaded(b, &first), "m0s0.1");
    assert_int_equal(pause_of(b).withheld, -1);
    assert_int_equal(bench_count(b, "collected"), 0);
    /* The next time begins with a short wait. */
    allow(b, "m0s0", 0);
    assert_ok(bench_fail(b, "a", &first, true));
    allow(b, "m0s0", 0600);
    b->now_us += SECOND_US / 2 + 1000;
    assert_int_equal(bench_claim(b, "a").verb, PBT__TRAIN);
}

static void the_study_waits_when_nobody_else_can_go_on(void **state)
{
    bench *b = *state;
    pbt__reply reply;
    pbt__action first, second;
    begin(b, &first, &second);
    assert_ok(bench_fail(b, "a", &first, true));
    b->now_us += SECOND_US;
    assert_ok(bench_report_file(b, "b", &second, 2, &reply));
    assert_int_equal(reply.action.verb, PBT__WAIT);
    assert_true(pause_of(b).is_paused);
    assert_non_null(strstr(pause_of(b).why.message, "m0s0"));
    allow(b, "m0s0", 0600);
    b->now_us += SECOND_US;
    first = bench_claim(b, "a");
    assert_int_equal(first.verb, PBT__TRAIN);
    assert_ok(bench_report_file(b, "a", &first, 1, &reply));
    assert_false(pause_of(b).is_paused);
    assert_int_equal(bench_summary(b).state, PBT__FINISHED);
    assert_int_equal(bench_count(b, "failed"), 0);
    assert_int_equal(bench_problems(b), 0);
}

/* Progress costs no steps because it cannot be read for a while. */
static void progress_that_cannot_be_read_is_waited_for(void **state)
{
    bench *b = *state;
    pbt__action first, second;
    const pbt__claimant who = {.worker = "a", .session = "a"};
    begin(b, &first, &second);
    FILE *file = fopen(first.train.save_to, "we");
    assert_non_null(file);
    assert_true(fputs("half", file) >= 0 && fclose(file) == 0);
    assert_ok(pbt__study_release(b->study, &who, first.train.segment.id, first.train.attempt, 15,
                                 true, &b->error));
    allow(b, "m0s0", 0600);
    assert_int_equal(chmod(first.train.save_to, 0), 0);
    assert_int_equal(bench_claim(b, "a").verb, PBT__WAIT);
    assert_int_equal(chmod(first.train.save_to, 0600), 0);
    b->now_us += SECOND_US;
    first = bench_claim(b, "a");
    assert_int_equal(first.train.resume_step, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
        TEST(who_fails_to_load_waits_and_has_not_failed),
        TEST(the_study_waits_when_nobody_else_can_go_on),
        TEST(progress_that_cannot_be_read_is_waited_for),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
