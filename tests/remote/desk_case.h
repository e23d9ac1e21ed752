/* desk_case.h: a desk in one of its three kinds, and the study behind it. */
#ifndef PBT_TESTS_DESK_CASE_H
#define PBT_TESTS_DESK_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>

#include "../study/scratch.h"
#include "base/clock.h"
#include "remote/desk.h"
#include "server/server.h"
#include "study/desk.h"
#include "study/host.h"
#include "study/inside.h"

static const char TOKEN[] = "a-token-of-the-tests";
static const char SPEC[] = "version: 1\nname: test\npopulation: 2\nready: {every: 10}\n"
                           "stop: {steps: 30}\nexploit: {rule: none}\n"
                           "failure: {retries: 1}\nhyperparameters:\n"
                           "  rate: {type: float, min: 0.1, max: 1}\n"
                           "  name: {type: choice, values: [sgd, adam]}\n"
                           "trainer: {protocol: command, command: [train]}\n";

enum kind { IN_PROCESS, BY_HTTP, TRAVELLING };

static enum kind kind;
static pbt__store *store;
static pbt__study *study;
static pbt__server *server;
static pbt__study_desk own;
static pbt__desk *desk;
static pbt_error error;

static const pbt__claimant ONE = {"one", "11111111"}, TWO = {"two", "22222222"};

#define assert_ok(call) assert_ok_at((call), #call, __LINE__)

static inline void assert_ok_at(pbt_err err, const char *call, int line)
{
    if (err != PBT_OK) {
        print_error("%s: %s: %s (%s)\n", call, pbt_err_name(err), error.message, error.detail);
        _fail(__FILE__, line);
    }
}

/* ---- making and ending ----------------------------------------------------------------------- */

/* Whoever reads the server's mark finds another one there: it is another machine's folder. */
static inline void hide_folder(void)
{
    char path[PBT__PATH_SIZE], nonce[PBT__NONCE_SIZE];
    assert_ok(pbt__study_mark(study, path, nonce, &error));
    put(path, "another");
}

static inline void open_desk(void)
{
    const pbt__server_options serving = {.address = "127.0.0.1", .token = TOKEN};
    own = pbt__study_desk_init(study);
    desk = &own.desk;
    if (kind == IN_PROCESS) {
        return;
    }
    assert_ok(pbt__server_start(&serving, &server, &error));
    assert_ok(pbt__server_add(server, study, &error));
    if (kind == TRAVELLING) {
        hide_folder();
    }
    const pbt__remote_options options = {
        .server = pbt__server_url(server),
        .study = "test",
        .token = TOKEN,
        .folder = in("away"),
        .patience_seconds = 5,
    };
    assert_ok(pbt__remote_desk_open(&options, &desk, &error));
}

static inline int make(void **state, enum kind of)
{
    const pbt__store_options where = {.url = "memory:", .can_create = true};
    pbt_spec *spec = NULL;
    if (scratch_make(state) != 0) {
        return -1;
    }
    const pbt__study_options options = {.checkpoint_folder = scratch};
    kind = of;
    assert_ok(pbt__store_open(&where, &store, &error));
    assert_ok(pbt__spec_parse(SPEC, "test.yaml", scratch, &spec, &error));
    json_t *provenance = json_object();
    assert_ok(pbt__study_create(store, spec, provenance, &options, &study, &error));
    json_decref(provenance);
    open_desk();
    return 0;
}

static inline int make_in_process(void **state)
{
    return make(state, IN_PROCESS);
}

static inline int make_by_http(void **state)
{
    return make(state, BY_HTTP);
}

static inline int make_travelling(void **state)
{
    return make(state, TRAVELLING);
}

static inline int end(void **state)
{
    if (desk != &own.desk) {
        pbt__remote_desk_close(desk);
    }
    pbt__server_stop(server);
    pbt__study_close(study);
    pbt__store_close(store);
    desk = NULL;
    server = NULL;
    study = NULL;
    store = NULL;
    return scratch_remove(state);
}

/* ---- short forms ----------------------------------------------------------------------------- */

static inline pbt__assignment claim(const pbt__claimant *who)
{
    pbt__action action = {.verb = PBT__WAIT};
    assert_ok(desk->ops->claim(desk, who, &action, &error));
    assert_int_equal(action.verb, PBT__TRAIN);
    return action.train;
}

static inline pbt__result result_of(const pbt__assignment *train, const pbt__metric *metric)
{
    return (pbt__result){
        .segment = train->segment.id,
        .attempt = train->attempt,
        .step = train->segment.end_step,
        .metrics = metric,
        .metric_count = 1,
    };
}

static inline pbt_err report(const pbt__claimant *who, const pbt__result *result, pbt__reply *reply)
{
    return desk->ops->report(desk, who, result, reply, &error);
}

static inline pbt_err release(const pbt__claimant *who, const pbt__assignment *train, int64_t step,
                              bool has_progress)
{
    return desk->ops->release(desk, who, train->segment.id, train->attempt, step, has_progress,
                              &error);
}

static const pbt__metric SCORE = {.name = "score", .value = 0.5, .has_value = true};

static inline void set_bytes(pbt__result *result, const char *bytes)
{
    result->checkpoint = PBT__IN_MEMORY;
    result->bytes = bytes;
    result->byte_count = strlen(bytes);
}

/* Report while the other member is in training; the same member's next segment. */
static inline pbt__assignment report_and_go_on(const pbt__claimant *who, const pbt__result *result)
{
    pbt__reply reply;
    (void)claim(&TWO);
    assert_ok(report(who, result, &reply));
    assert_int_equal(reply.action.verb, PBT__TRAIN);
    assert_int_equal(reply.action.train.segment.id.member, result->segment.member);
    return reply.action.train;
}

/* With some bytes in memory. */
static inline pbt__assignment report_bytes(const pbt__claimant *who, const pbt__assignment *train,
                                           const char *bytes)
{
    pbt__result result = result_of(train, &SCORE);
    set_bytes(&result, bytes);
    return report_and_go_on(who, &result);
}

/* With what lies at save_to. */
static inline pbt__assignment report_saved(const pbt__claimant *who, const pbt__assignment *train)
{
    pbt__result result = result_of(train, &SCORE);
    result.checkpoint = PBT__SAVED;
    return report_and_go_on(who, &result);
}

/* What the study has. */
static inline pbt_segment segment_of(pbt_segment_id id)
{
    pbt_segment segment;
    assert_true(pbt_population_segment(study->view.population, id, &segment));
    return segment;
}

static inline int failures_of(const pbt__assignment *train)
{
    return pbt__population_failures(study->view.population, train->segment.id.member);
}

static inline int64_t sequence_now(void)
{
    pbt__summary summary;
    assert_ok(pbt__study_summary(study, &summary, &error));
    return summary.last_sequence;
}

static inline void assert_same(pbt_segment_id a, pbt_segment_id b)
{
    assert_int_equal(a.member, b.member);
    assert_int_equal(a.number, b.number);
}

static inline void assert_reads(const pbt__assignment *train, const char *expected)
{
    char bytes[1000];
    size_t length = 0;
    assert_ok(desk->ops->read(desk, train, bytes, sizeof bytes, &length, &error));
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(bytes, expected, length);
}

static inline void assert_file(const char *path, const char *expected)
{
    char *text = NULL;
    size_t length = 0;
    assert_ok(pbt__file_read(path, 1000, &text, &length, &error));
    assert_string_equal(text, expected);
    free(text);
}

#endif
