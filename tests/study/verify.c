/* verify.c: a log that was altered is found out, whatever was altered. */
#include "support.h"

#include <sqlite3.h>

#include "study/event.h"

static double like_a_landscape(const pbt_segment *s)
{
    double x = s->values[0].real;
    return (double)s->end_age * (1 - (x - 0.7) * (x - 0.7));
}

typedef struct first_problem {
    char line[512];
} first_problem;

static void keep_first(void *context, const char *line)
{
    first_problem *first = context;
    if (first->line[0] == '\0') {
        snprintf(first->line, sizeof first->line, "%s", line);
    }
}

/* Run one statement on the store's file behind everybody's back. */
static void tamper(bench *b, const char *sql)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(b->url + strlen("sqlite:"), &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
    }
    sqlite3_close(database);
}

static first_problem verify(bench *b, pbt__verdict *verdict)
{
    first_problem first = {""};
    assert_ok(pbt__study_verify(b->study, keep_first, &first, verdict, &b->error));
    return first;
}

static void behaviour_17_verify_agrees_with_a_finished_study(void **state)
{
    bench *b = *state;
    pbt__verdict verdict;
    bench_create(b, 6, "failure: {retries: 0}\nseed: 3");
    for (int i = 0; i < 3; i++) {
        pbt__action bad = bench_claim(b, "bad");
        assert_ok(bench_fail(b, "bad", &bad, true));
    }
    int trained = bench_train(b, like_a_landscape, 200);
    assert_true(bench_summary(b).exploit_count > 5);
    assert_int_equal(bench_count(b, "rescued"), 3);
    (void)verify(b, &verdict);
    assert_int_equal(verdict.problem_count, 0);
    assert_int_equal(verdict.decision_count, trained + 3);
    assert_true(verdict.checkpoint_count > 0);
}

/* Bytes all over every body, one at a time, and every other column. */
static void behaviour_17_one_altered_byte_is_found_and_named(void **state)
{
    bench *b = *state;
    pbt__verdict verdict;
    bench_create(b, 2, "stop: {steps: 40}");
    (void)bench_train(b, like_a_landscape, 100);
    int64_t last = bench_summary(b).last_sequence;
    int altered = 0;
    for (int64_t sequence = 1; sequence <= last; sequence++) {
        for (int at = 1; at <= 2000; at += 29) {
            char change[256];
            char expected[64];
            snprintf(change, sizeof change,
                     "UPDATE event SET body = substr(body, 1, %d) || '~' || substr(body, %d) "
                     "WHERE sequence = %lld AND length(body) >= %d",
                     at - 1, at + 1, (long long)sequence, at);
            tamper(b, "CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM event");
            tamper(b, change);
            first_problem first = verify(b, &verdict);
            tamper(b, "UPDATE event SET body = (SELECT kept.body FROM kept WHERE kept.study = "
                      "event.study AND kept.sequence = event.sequence)");
            if (first.line[0] == '\0') {
                break; /* beyond the body's end */
            }
            snprintf(expected, sizeof expected, "event %lld has been altered", (long long)sequence);
            assert_string_equal(first.line, expected);
            altered++;
        }
    }
    assert_true(altered > last * 5);
    tamper(b, "UPDATE event SET time_us = time_us + 1 WHERE sequence = 3");
    assert_string_equal(verify(b, &verdict).line, "event 3 has been altered");
    tamper(b, "UPDATE event SET time_us = time_us - 1 WHERE sequence = 3");
    tamper(b, "UPDATE event SET kind = 8 WHERE sequence = 4");
    assert_string_equal(verify(b, &verdict).line, "event 4 has been altered");
}

static void behaviour_17_a_missing_event_is_found(void **state)
{
    bench *b = *state;
    pbt__verdict verdict;
    bench_create(b, 2, "stop: {steps: 40}");
    (void)bench_train(b, like_a_landscape, 100);
    tamper(b, "DELETE FROM event WHERE sequence = 5");
    assert_string_equal(verify(b, &verdict).line, "event 5 is missing");
}

/* Write the chain anew over what the file says now: a forger who knows the digest. */
static void forge(bench *b, const char *sql)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *read = NULL;
    pbt__digest before = {{0}};
    tamper(b, sql);
    assert_int_equal(sqlite3_open(b->url + strlen("sqlite:"), &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database,
                                        "SELECT sequence, time_us, kind, body FROM event ORDER BY "
                                        "sequence",
                                        -1, &read, NULL),
                     SQLITE_OK);
    while (sqlite3_step(read) == SQLITE_ROW) {
        pbt__event event = {.sequence = sqlite3_column_int64(read, 0),
                            .time_us = sqlite3_column_int64(read, 1),
                            .kind = (pbt__event_kind)sqlite3_column_int(read, 2),
                            .body = (const char *)sqlite3_column_text(read, 3),
                            .body_length = (size_t)sqlite3_column_bytes(read, 3)};
        char digest[PBT__DIGEST_TEXT_SIZE];
        char update[256];
        before = pbt__event_digest(before, &event);
        pbt__digest_write(before, digest);
        snprintf(update, sizeof update, "UPDATE event SET digest = x'%s' WHERE sequence = %lld",
                 digest, (long long)event.sequence);
        assert_int_equal(sqlite3_exec(database, update, NULL, NULL, NULL), SQLITE_OK);
    }
    sqlite3_finalize(read);
    sqlite3_close(database);
}

static void a_forged_score_is_found_by_the_decisions_it_does_not_explain(void **state)
{
    bench *b = *state;
    pbt__verdict verdict;
    bench_create(b, 2, "exploit: {rule: best}\nstop: {steps: 40}");
    (void)bench_train(b, like_a_landscape, 100);
    forge(b, "UPDATE event SET body = replace(body, '\"score\":', '\"score\":-') "
             "WHERE sequence IN (2, 3) AND kind = 2");
    first_problem first = verify(b, &verdict);
    assert_non_null(strstr(first.line, "the rules decide otherwise for"));
}

/* What opening says of a log that was forged. */
static pbt_err open_forged(bench *b, const char *sql)
{
    const pbt__study_options options = {.checkpoint_folder = b->folder};
    pbt__study_close(b->study);
    b->study = NULL;
    forge(b, sql);
    b->error = (pbt_error){0};
    return pbt__study_open(b->store, "bench", &options, &b->study, &b->error);
}

static void a_newer_pbts_events_are_refused(void **state)
{
    bench *b = *state;
    static const int KINDS[] = {0, 31, 32, 33, 64, 2147483647, -1};
    bench_create(b, 2, "stop: {steps: 40}");
    (void)bench_train(b, like_a_landscape, 100);
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        char change[80];
        snprintf(change, sizeof change, "UPDATE event SET kind = %d WHERE sequence = 4", KINDS[i]);
        assert_int_equal(open_forged(b, change), PBT_ERR_VERSION);
        assert_string_equal(b->error.message, "event 4 was made by a newer pbt");
    }
}

/* Both ends of the rows: a number that no member has, and a member that there is not. */
static void a_release_of_no_segment_is_refused(void **state)
{
    bench *b = *state;
    static const char *const NAMES[] = {"m0s1000000", "m500000s0", "m2s0"};
    bench_create(b, 2, "stop: {steps: 40}");
    (void)bench_train(b, like_a_landscape, 100);
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        char change[256];
        snprintf(change, sizeof change,
                 "UPDATE event SET kind = %d, body = '{\"segment\":\"%s\",\"attempt\":1,"
                 "\"worker\":\"w\",\"step\":0,\"checkpoint\":null}' WHERE sequence = 4",
                 PBT__RELEASED, NAMES[i]);
        assert_int_equal(open_forged(b, change), PBT_ERR_CORRUPT);
    }
}

static void a_newer_pbts_spec_is_refused(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "stop: {steps: 40}");
    assert_int_equal(open_forged(b, "UPDATE event SET body = replace(body, 'stop:', 'halt:') "
                                    "WHERE sequence = 1"),
                     PBT_ERR_VERSION);
    assert_string_equal(b->error.message, "event 1 was made by a newer pbt");
    assert_non_null(strstr(b->error.detail, "halt"));
}

static void an_absurd_time_is_refused(void **state)
{
    bench *b = *state;
    static const char *const TIMES[] = {"9223372036854775807", "253402300800000000", "-1"};
    bench_create(b, 2, "stop: {steps: 40}");
    (void)bench_train(b, like_a_landscape, 100);
    for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++) {
        char change[80];
        snprintf(change, sizeof change, "UPDATE event SET time_us = %s WHERE sequence = 4",
                 TIMES[i]);
        assert_int_equal(open_forged(b, change), PBT_ERR_CORRUPT);
        assert_non_null(strstr(b->error.detail, "1970 to 9999"));
    }
}

/* A clock far in the future, and one that has run over: a study goes on, and stays readable. */
static void a_clock_may_be_anywhere(void **state)
{
    bench *b = *state;
    pbt__verdict verdict;
    bench_create(b, 2, "lease: {seconds: 1000000000}");
    b->now_us = INT64_C(10413792000000000); /* 2300-01-01 */
    pbt__action action = bench_claim(b, "a");
    (void)bench_report(b, "a", &action, 1);
    b->now_us = INT64_MAX;
    action = bench_claim(b, "a");
    (void)bench_report(b, "a", &action, 1);
    b->now_us = INT64_MIN;
    action = bench_claim(b, "a");
    (void)bench_report(b, "a", &action, 1);
    bench_reopen(b);
    assert_string_equal(verify(b, &verdict).line, "");
    json_t *event = bench_last(b, "reported");
    assert_string_equal(json_string_value(json_object_get(event, "time")),
                        "9999-12-31T23:59:59.999999Z");
    json_decref(event);
}

static void a_damaged_checkpoint_is_found_and_named(void **state)
{
    bench *b = *state;
    pbt__verdict verdict;
    bench_create(b, 2, "stop: {steps: 40}");
    (void)bench_train(b, like_a_landscape, 100);
    tamper(b, "UPDATE blob SET bytes = x'00'");
    first_problem first = verify(b, &verdict);
    assert_int_equal(verdict.problem_count, verdict.checkpoint_count);
    assert_non_null(strstr(first.line, "checkpoint of m"));
}

static void a_damaged_log_is_not_opened(void **state)
{
    bench *b = *state;
    const pbt__study_options options = {.checkpoint_folder = b->folder};
    bench_create(b, 2, "");
    tamper(b, "UPDATE event SET time_us = 1");
    pbt__study_close(b->study);
    b->study = NULL;
    assert_int_equal(pbt__study_open(b->store, "bench", &options, &b->study, &b->error),
                     PBT_ERR_CORRUPT);
    assert_string_equal(b->error.message, "event 1 has been altered");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(behaviour_17_verify_agrees_with_a_finished_study),
        TEST(behaviour_17_one_altered_byte_is_found_and_named),
        TEST(behaviour_17_a_missing_event_is_found),
        TEST(a_forged_score_is_found_by_the_decisions_it_does_not_explain),
        TEST(a_newer_pbts_events_are_refused),
        TEST(a_release_of_no_segment_is_refused),
        TEST(a_newer_pbts_spec_is_refused),
        TEST(an_absurd_time_is_refused),
        TEST(a_clock_may_be_anywhere),
        TEST(a_damaged_checkpoint_is_found_and_named),
        TEST(a_damaged_log_is_not_opened),
    };
    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
