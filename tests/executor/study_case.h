/* study_case.h: a study in a scratch folder, trained by the local executor. Each test program
 * includes it once. */
#ifndef PBT_TESTS_STUDY_CASE_H
#define PBT_TESTS_STUDY_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../study/all_segments.h"
#include "../study/scratch.h"
#include "base/clock.h"
#include "executor/executor.h"
#include "executor/log.h"
#include "executor/slot.h"
#include "study/desk.h"

static pbt__store *store;
static pbt__study *study;
static pbt__study_desk desk;
static pbt__executor *local;
static pbt_error error;
static bool (*interrupted)(void); /* the options' is_interrupted of what is started next */
static bool is_patient;           /* the study is a run's: an outage pauses it */

/* Fail the test with the words of an error, where there is one. */
#define assert_ok(call) assert_ok_at((call), #call, __FILE__, __LINE__)

static inline void assert_ok_at(pbt_err err, const char *call, const char *file, int line)
{
    if (err != PBT_OK) {
        print_error("%s: %s: %s (%s)\n", call, pbt_err_name(err), error.message, error.detail);
        _fail(file, line);
    }
}

static const char *store_url; /* NULL: a file in the scratch folder */

/* Open an empty store and make a study of `yaml` in the scratch folder. */
static inline void make_study(const char *yaml)
{
    const pbt__store_options where = {
        .url = store_url != NULL ? store_url : in("store.db"), .can_create = true, .owns = true};
    const pbt__study_options options = {.checkpoint_folder = scratch, .is_patient = is_patient};
    pbt_spec *spec = NULL;
    assert_ok(pbt__spec_parse(yaml, "test.yaml", scratch, &spec, &error));
    assert_ok(pbt__store_open(&where, &store, &error));
    json_t *provenance = json_object();
    assert_ok(pbt__study_create(store, spec, provenance, &options, &study, &error));
    json_decref(provenance);
}

/* Close study and store, then open them again, as a process that is started again does. */
static inline void reopen_study(void)
{
    const pbt__store_options where = {.url = in("store.db"), .owns = true};
    const pbt__study_options options = {.checkpoint_folder = scratch, .is_patient = is_patient};
    pbt__study_close(study);
    pbt__store_close(store);
    store = NULL;
    study = NULL;
    assert_ok(pbt__store_open(&where, &store, &error));
    assert_ok(pbt__study_open(store, "test", &options, &study, &error));
}

/* A test that failed may have left its slots running. */
static inline int close_study(void **state)
{
    if (local != NULL) {
        local->ops->stop(local, true);
        const pbt_err ignored = local->ops->finish(local, &error);
        (void)ignored;
        local = NULL;
    }
    pbt__study_close(study);
    pbt__store_close(store);
    study = NULL;
    store = NULL;
    interrupted = NULL;
    store_url = NULL;
    is_patient = false;
    return scratch_remove(state);
}

static inline pbt_err try_start(int32_t slot_count)
{
    const pbt__executor_options options = {
        .slots = {.count = slot_count, .thread_count = 3},
        .log_folder = in("logs"),
        .worker_name = "test",
        .is_interrupted = interrupted,
    };
    desk = pbt__study_desk_init(study);
    return pbt__executor_local.start(&desk.desk, &options, &local, &error);
}

static inline void start(int32_t slot_count)
{
    assert_ok(try_start(slot_count));
}

/* Wait until every slot has ended; a minute is a hang. */
static inline void wait_until_done(void)
{
    const int64_t until_us = pbt__clock_monotonic_us() + 60000000;
    while (!local->ops->is_done(local)) {
        assert_true(pbt__clock_monotonic_us() < until_us);
        (void)usleep(2000);
    }
}

static inline void finish(void)
{
    wait_until_done();
    assert_ok(pbt__executor_local.finish(local, &error));
    local = NULL;
}

static inline void run(int32_t slot_count)
{
    start(slot_count);
    finish();
}

/* Wait for a file that a trainer makes. */
static inline void wait_for(const char *path)
{
    const int64_t until_us = pbt__clock_monotonic_us() + 30000000;
    while (!exists(path)) {
        assert_true(pbt__clock_monotonic_us() < until_us);
        (void)usleep(2000);
    }
}

static inline json_t *segments(void)
{
    json_t *list = NULL;
    assert_ok(all_segments(study, &list, &error));
    return list;
}

static inline const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static inline json_int_t integer_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

/* Count the segments in a state. */
static inline size_t count_segments(const char *state)
{
    json_t *list = segments();
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        count += strcmp(text_of(json_array_get(list, i), "state"), state) == 0;
    }
    json_decref(list);
    return count;
}

/* The first attempts of all segments sufficed. */
static inline void assert_no_retries(void)
{
    json_t *list = segments();
    for (size_t i = 0; i < json_array_size(list); i++) {
        assert_true(integer_of(json_array_get(list, i), "attempts") <= 1);
    }
    json_decref(list);
}

static inline void assert_state(pbt__study_state expected)
{
    pbt__summary summary;
    assert_ok(pbt__study_summary(study, &summary, &error));
    assert_string_equal(pbt__study_state_name(summary.state), pbt__study_state_name(expected));
}

static inline void print_problem(void *context, const char *line)
{
    (void)context;
    print_error("%s\n", line);
}

/* The log is whole, its decisions are those the rules give, and every checkpoint has its bytes. */
static inline void assert_verified(void)
{
    pbt__verdict verdict;
    assert_ok(pbt__study_verify(study, print_problem, NULL, &verdict, &error));
    assert_int_equal(verdict.problem_count, 0);
}

/* Events of a kind, and the message of the last one that has any. */
typedef struct found_events {
    const char *kind;
    int count;
    char message[1024];
} found_events;

static inline pbt_err look_at_event(void *context, const json_t *event)
{
    found_events *found = context;
    if (strcmp(text_of(event, "kind"), found->kind) == 0) {
        found->count++;
        (void)snprintf(found->message, sizeof found->message, "%s", text_of(event, "message"));
    }
    return PBT_OK;
}

static inline found_events find_events(const char *kind)
{
    found_events found = {.kind = kind};
    assert_ok(pbt__study_events(study, 0, look_at_event, &found, &error));
    return found;
}

/* The whole log of a member. The caller frees. */
static inline char *read_log(int32_t member)
{
    char *text = NULL;
    assert_ok(pbt__log_end(in("logs"), member, 1 << 20, &text, &error));
    return text;
}

static inline void assert_logged(int32_t member, const char *words)
{
    char *text = read_log(member);
    if (strstr(text, words) == NULL) {
        print_error("not in the log: %s\n%s\n", words, text);
        fail();
    }
    free(text);
}

#endif
