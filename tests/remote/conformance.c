/*
 * conformance.c: what a desk promises, of every implementation.
 *
 * Three are asked the same: a study in this process; the same by HTTP, with a folder that both see;
 * and by HTTP from a place that does not see it, so that checkpoints travel. Whatever a desk cannot
 * show by itself is looked at in the study behind it.
 */
#include "desk_case.h"
#include "worker/http.h"

/* ---- claiming -------------------------------------------------------------------------------- */

static void spec_is_in_force(void **state)
{
    (void)state;
    const pbt_spec *spec = desk->ops->spec(desk);
    assert_string_equal(spec->name, "test");
    assert_string_equal(spec->trainer.command[0], "train");
    assert_memory_equal(spec->folder, scratch, strlen(scratch));
    assert_int_equal(spec->search.population, 2);
}

static void claim_hands_out_what_the_study_has(void **state)
{
    (void)state;
    const pbt__assignment train = claim(&ONE);
    const pbt_segment segment = segment_of(train.segment.id);
    assert_int_equal(train.attempt, 1);
    assert_true(train.is_fresh);
    assert_string_equal(train.load, "");
    assert_int_equal(train.segment.end_step, 10);
    assert_int_equal(train.segment.seed, segment.seed);
    assert_int_equal(train.resume_step, 0);
    assert_int_equal(train.stop_step, 30);
    assert_true(train.lease_seconds > 0);
    assert_int_equal(train.save_to[0], '/');
    assert_true(train.segment.values[0].real == segment.values[0].real);
    assert_int_equal(train.segment.values[1].integer, segment.values[1].integer);
    assert_int_equal(train.segment.changes[1].operation, segment.changes[1].operation);
}

static void session_is_given_what_it_holds(void **state)
{
    (void)state;
    const pbt__assignment first = claim(&ONE), again = claim(&ONE), other = claim(&TWO);
    assert_same(first.segment.id, again.segment.id);
    assert_int_equal(again.attempt, 1);
    assert_string_equal(first.save_to, again.save_to);
    assert_int_not_equal(other.segment.id.member, first.segment.id.member);
}

static void *halt_soon(void *context)
{
    (void)context;
    (void)usleep(50000);
    desk->ops->halt(desk);
    return NULL;
}

static void halt_ends_a_wait(void **state)
{
    const pbt__claimant three = {"three", "33333333"};
    pbt__action action = {.verb = PBT__WAIT};
    pthread_t thread;
    (void)state;
    (void)claim(&ONE);
    (void)claim(&TWO);
    assert_ok(desk->ops->claim(desk, &three, &action, &error));
    assert_int_equal(action.verb, PBT__WAIT);
    action.wait_seconds = 15;
    const int64_t begin_us = pbt__clock_monotonic_us();
    assert_int_equal(pthread_create(&thread, NULL, halt_soon, NULL), 0);
    while (action.verb == PBT__WAIT && action.wait_seconds > 0) {
        action.wait_seconds = 15;
        assert_ok(desk->ops->claim(desk, &three, &action, &error));
        assert_true(pbt__clock_monotonic_us() - begin_us < 14000000);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(action.verb, PBT__WAIT);
}

static void nothing_is_claimed_after_halt(void **state)
{
    pbt__action action = {.verb = PBT__WAIT};
    (void)state;
    desk->ops->halt(desk);
    assert_ok(desk->ops->claim(desk, &ONE, &action, &error));
    assert_int_equal(action.verb, PBT__WAIT);
}

static void claim_says_why_it_stops(void **state)
{
    pbt__action action = {.verb = PBT__WAIT};
    (void)state;
    assert_ok(pbt__study_stop(study, &error));
    assert_ok(desk->ops->claim(desk, &ONE, &action, &error));
    assert_int_equal(action.verb, PBT__STOP);
    assert_int_equal(action.reason, PBT__STOP_USER);
}

/* ---- checkpoints in and out ------------------------------------------------------------------ */

static void bytes_go_in_and_come_out(void **state)
{
    (void)state;
    const pbt__assignment first = claim(&ONE);
    const pbt__assignment next = report_bytes(&ONE, &first, "weights");
    assert_false(next.is_fresh);
    assert_same(next.load_from, first.segment.id);
    assert_reads(&next, "weights");
    assert_reads(&next, "weights");
}

static void bytes_come_out_as_a_path(void **state)
{
    (void)state;
    const pbt__assignment first = claim(&ONE);
    pbt__assignment next = report_bytes(&ONE, &first, "weights");
    assert_ok(desk->ops->bring(desk, &next, &error));
    assert_file(next.load, "weights");
    assert_ok(desk->ops->bring(desk, &next, &error));
    assert_file(next.load, "weights");
    assert_true(desk->ops->drop(desk, &next));
    assert_true(desk->ops->drop(desk, &next));
    assert_reads(&next, "weights");
}

static void file_goes_in_and_comes_out(void **state)
{
    (void)state;
    const pbt__assignment first = claim(&ONE);
    put(first.save_to, "a file");
    pbt__assignment next = report_saved(&ONE, &first);
    assert_false(exists(first.save_to));
    assert_int_equal(next.load_kind, PBT__CHECKPOINT_FILE);
    assert_reads(&next, "a file");
    assert_ok(desk->ops->bring(desk, &next, &error));
    assert_file(next.load, "a file");
    assert_true(desk->ops->drop(desk, &next));
}

static void folder_goes_in_and_comes_out(void **state)
{
    char path[PBT__PATH_SIZE];
    (void)state;
    const pbt__assignment first = claim(&ONE);
    assert_ok(pbt__file_make_folder(first.save_to, &error));
    assert_ok(pbt__path_join(first.save_to, "part", path, &error));
    put(path, "of a folder");
    pbt__assignment next = report_saved(&ONE, &first);
    assert_int_equal(next.load_kind, PBT__CHECKPOINT_FOLDER);
    assert_ok(desk->ops->bring(desk, &next, &error));
    assert_ok(pbt__path_join(next.load, "part", path, &error));
    assert_file(path, "of a folder");
    assert_true(desk->ops->drop(desk, &next));
}

/* What is longer than the caller has room for is refused, and nothing is given. */
static void more_than_is_wanted_is_not_read(void **state)
{
    char bytes[] = "as it was";
    size_t length = 0;
    (void)state;
    const pbt__assignment first = claim(&ONE);
    put(first.save_to, "longer than five bytes");
    const pbt__assignment next = report_saved(&ONE, &first);
    assert_int_equal(desk->ops->read(desk, &next, bytes, 5, &length, &error), PBT_ERR_LIMIT);
    assert_string_equal(bytes, "as it was");
}

static void checkpoint_that_is_not_there_is_refused(void **state)
{
    (void)state;
    const pbt__assignment first = claim(&ONE);
    pbt__result result = result_of(&first, &SCORE);
    pbt__reply reply;
    result.checkpoint = PBT__SAVED;
    assert_int_equal(report(&ONE, &result, &reply), PBT_ERR_CHECKPOINT);
    put(first.save_to, "after all");
    (void)report_saved(&ONE, &first);
}

/* ---- reports --------------------------------------------------------------------------------- */

static void report_counts_once(void **state)
{
    (void)state;
    const pbt__assignment first = claim(&ONE);
    pbt__result result = result_of(&first, &SCORE);
    pbt__reply again;
    set_bytes(&result, "w");
    const pbt__assignment next = report_and_go_on(&ONE, &result);
    const int64_t sequence = sequence_now();
    assert_ok(report(&ONE, &result, &again));
    assert_int_equal(sequence_now(), sequence);
    assert_same(claim(&ONE).segment.id, next.segment.id);
}

static void score_and_samples_are_recorded(void **state)
{
    const double samples[] = {0.25, 0.75};
    const pbt__metric metrics[] = {{.name = "score", .samples = samples, .sample_count = 2},
                                   {.name = "loss", .value = 3.5, .has_value = true}};
    (void)state;
    const pbt__assignment first = claim(&ONE);
    pbt__result result = result_of(&first, metrics);
    pbt__reply reply;
    set_bytes(&result, "w");
    result.metric_count = 2;
    assert_ok(report(&ONE, &result, &reply));
    assert_true(segment_of(first.segment.id).score == 0.5);
}

static void score_that_is_not_finite_needs_no_checkpoint(void **state)
{
    const pbt__metric metric = {.name = "score", .value = NAN, .has_value = true};
    (void)state;
    const pbt__assignment first = claim(&ONE);
    pbt__result result = result_of(&first, &metric);
    pbt__reply reply;
    result.step = 3;
    assert_ok(report(&ONE, &result, &reply));
    assert_true(segment_of(first.segment.id).state == PBT_SEGMENT_REPORTED);
}

static void step_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    const pbt__assignment first = claim(&ONE);
    pbt__result result = result_of(&first, &SCORE);
    pbt__reply reply = {.is_repeat = true};
    const int64_t sequence = sequence_now();
    set_bytes(&result, "w");
    result.step = 4;
    assert_int_equal(report(&ONE, &result, &reply), PBT_ERR_REPORT);
    assert_true(reply.is_repeat);
    assert_int_equal(error.code, PBT_ERR_REPORT);
    assert_int_equal(sequence_now(), sequence);
    (void)report_bytes(&ONE, &first, "w");
}

/* A new session of a worker's name takes over; what the old one says is late. */
static void late_is_refused(void **state)
{
    const pbt__claimant newer = {"one", "99999999"};
    (void)state;
    const pbt__assignment first = claim(&ONE);
    const pbt__assignment second = claim(&newer);
    pbt__pulse pulse = {.segment = first.segment.id, .attempt = first.attempt, .step = 5};
    pbt__verb verb = PBT__TRAIN;
    pbt__result result = result_of(&first, &SCORE);
    pbt__reply reply;
    const pbt__failure failure = {
        .segment = first.segment.id, .attempt = first.attempt, .message = "no", .can_retry = true};
    pbt__action action;
    assert_same(first.segment.id, second.segment.id);
    assert_int_equal(second.attempt, 2);
    assert_int_equal(report(&ONE, &result, &reply), PBT_ERR_LATE);
    assert_int_equal(release(&ONE, &first, 0, false), PBT_ERR_LATE);
    assert_int_equal((desk->ops->fail)(desk, &ONE, &failure, &action, &error), PBT_ERR_LATE);
    assert_int_equal(desk->ops->heartbeat(desk, &ONE, &pulse, &verb, &error), PBT_ERR_LATE);
    (void)report_bytes(&newer, &second, "w");
}

static void attempt_that_never_was_is_refused(void **state)
{
    (void)state;
    const pbt__assignment first = claim(&ONE);
    pbt__result result = result_of(&first, &SCORE);
    pbt__reply reply;
    result.attempt = 7;
    assert_int_not_equal(report(&ONE, &result, &reply), PBT_OK);
    result.attempt = 1;
    result.segment.number = 55;
    assert_int_equal(report(&ONE, &result, &reply), PBT_ERR_NOT_FOUND);
}

/* ---- heartbeats, releases, failures ---------------------------------------------------------- */

static void heartbeat_shows_progress_and_hears_of_a_stop(void **state)
{
    (void)state;
    const pbt__assignment first = claim(&ONE);
    const pbt__pulse pulse = {.segment = first.segment.id, .attempt = first.attempt, .step = 7};
    pbt__verb verb = PBT__STOP;
    assert_ok(desk->ops->heartbeat(desk, &ONE, &pulse, &verb, &error));
    assert_int_equal(verb, PBT__TRAIN);
    assert_int_equal(study->claims[first.segment.id.member].step, 7);
    assert_ok(pbt__study_stop(study, &error));
    assert_ok(desk->ops->heartbeat(desk, &ONE, &pulse, &verb, &error));
    assert_int_equal(verb, PBT__STOP);
}

static void release_keeps_progress(void **state)
{
    (void)state;
    const pbt__assignment first = claim(&ONE);
    put(first.save_to, "half");
    assert_ok(release(&ONE, &first, 6, true));
    const pbt__assignment again = claim(&ONE);
    assert_same(again.segment.id, first.segment.id);
    assert_int_equal(again.resume_step, 6);
    assert_same(again.load_from, first.segment.id);
    assert_reads(&again, "half");
    (void)report_bytes(&ONE, &again, "whole");
}

static void release_without_progress_starts_again(void **state)
{
    (void)state;
    const pbt__assignment first = claim(&ONE);
    assert_ok(release(&ONE, &first, 0, false));
    const pbt__assignment again = claim(&ONE);
    assert_same(again.segment.id, first.segment.id);
    assert_true(again.is_fresh);
}

static void failure_is_tried_again(void **state)
{
    pbt__action action;
    (void)state;
    const pbt__assignment first = claim(&ONE);
    const pbt__failure failure = {.segment = first.segment.id,
                                  .attempt = first.attempt,
                                  .message = "the disk is on fire",
                                  .can_retry = true};
    assert_ok((desk->ops->fail)(desk, &ONE, &failure, &action, &error));
    assert_int_equal(action.verb, PBT__TRAIN);
    assert_int_equal(failures_of(&first), 1);
}

/* ---- whoever keeps workers ------------------------------------------------------------------- */

static void outlook_says_what_a_worker_holds(void **state)
{
    pbt__outlook outlook;
    (void)state;
    assert_ok(desk->ops->look(desk, "one", &outlook, &error));
    assert_true(outlook.is_running);
    assert_true(outlook.is_untouched);
    assert_int_equal(outlook.held.member, -1);
    const pbt__assignment first = claim(&ONE);
    const int64_t sequence = outlook.sequence;
    assert_ok(desk->ops->look(desk, "one", &outlook, &error));
    assert_same(outlook.held, first.segment.id);
    (void)report_bytes(&ONE, &first, "w");
    assert_ok(desk->ops->look(desk, NULL, &outlook, &error));
    assert_false(outlook.is_untouched);
    assert_true(outlook.sequence > sequence);
    assert_ok(pbt__study_stop(study, &error));
    assert_ok(desk->ops->look(desk, NULL, &outlook, &error));
    assert_false(outlook.is_running);
}

static void dead_worker_is_buried(void **state)
{
    pbt_segment_id held;
    (void)state;
    const pbt__assignment first = claim(&ONE);
    assert_ok(desk->ops->bury(desk, "one", "it died", &held, &error));
    assert_same(held, first.segment.id);
    assert_int_equal(failures_of(&first), 1);
    const pbt__assignment other = claim(&TWO);
    assert_ok(desk->ops->bury(desk, "two", NULL, &held, &error));
    assert_int_equal(failures_of(&other), other.segment.id.member == first.segment.id.member);
    assert_ok(desk->ops->bury(desk, "nobody", "it died", &held, &error));
    assert_int_equal(held.member, -1);
}

/* A worker's server knows an attempt, and not who holds it. */
static const pbt__claimant HOLDER = {"", ""};

/* What a listener hears, one after another, such as "one:m0.1 " or "one!message- ". */
static void note(void *context, const pbt__notice *notice)
{
    char *heard = context;
    const size_t length = strlen(heard);
    const pbt__assignment *train = notice->train;
    (void)snprintf(heard + length, 200 - length, "%s%s%s%s", notice->worker,
                   notice->has_reported ? "+" : "", notice->failure != NULL ? "!" : "",
                   notice->failure != NULL ? notice->failure : "");
    (void)snprintf(heard + strlen(heard), 200 - strlen(heard), train != NULL ? ":m%d.%d " : "- ",
                   train != NULL ? (int)train->segment.id.member : 0,
                   train != NULL ? (int)train->attempt : 0);
}

static void listener_hears_what_workers_are_handed(void **state)
{
    char heard[200] = "";
    const pbt__listener listener = {.tell = note, .context = heard};
    pbt__action action;
    pbt__reply reply;
    (void)state;
    desk->ops->listen(desk, &listener);
    const pbt__assignment first = claim(&ONE);
    const pbt__failure failure = {
        .segment = first.segment.id, .attempt = 1, .message = "no", .can_retry = true};
    assert_ok((desk->ops->fail)(desk, &HOLDER, &failure, &action, &error));
    pbt__result result = result_of(&action.train, &SCORE);
    set_bytes(&result, "w");
    assert_ok(report(&HOLDER, &result, &reply));
    assert_ok(release(&HOLDER, &reply.action.train, 0, false));
    assert_string_equal(heard, "one:m0.1 one!no:m1.1 one+:m0.2 one- ");
    desk->ops->listen(desk, NULL);
    (void)claim(&ONE);
    assert_string_equal(heard, "one:m0.1 one!no:m1.1 one+:m0.2 one- ");
}

/* Two report in turn by their attempts alone, and each is handed what is its own. */
static void holders_are_told_apart(void **state)
{
    pbt__assignment trains[2] = {claim(&ONE), claim(&TWO)};
    pbt__reply reply;
    (void)state;
    for (int i = 0; i < 4; i++) {
        pbt__assignment *train = &trains[i % 2];
        pbt__result result = result_of(train, &SCORE);
        result.checkpoint = PBT__SAVED;
        put(train->save_to, i % 2 == 0 ? "one's" : "two's");
        assert_ok(report(&HOLDER, &result, &reply));
        assert_int_equal(reply.action.verb, PBT__TRAIN);
        assert_int_equal(reply.action.train.segment.id.member, train->segment.id.member);
        *train = reply.action.train;
    }
    assert_reads(&trains[0], "one's");
    assert_reads(&trains[1], "two's");
}

static pbt_err get(const pbt__server *there, const char *path, const char *body, json_t **out)
{
    pbt__http http;
    pbt__http_answer answer = {.status = 0};
    assert_ok(pbt__http_init(&http, pbt__server_url(there), "test", TOKEN, &error));
    const pbt_err err = pbt__http_call(&http, path, body, 10, &answer, &error);
    pbt__http_fini(&http);
    *out = answer.json;
    return err;
}

/* This process's workers find at such a server what they need, and nothing else. */
static void server_has_a_desk(void **state)
{
    const pbt__server_options options = {.address = "127.0.0.1", .token = TOKEN};
    static const char CLAIM[] = "{\"worker\": \"one\", \"session\": \"11111111\"}";
    pbt__server *there = NULL;
    json_t *json = NULL;
    (void)state;
    assert_ok(pbt__server_start(&options, &there, &error));
    assert_ok(pbt__server_add_desk(there, desk, &error));
    assert_int_equal(pbt__server_add_desk(there, desk, &error), PBT_ERR_EXISTS);
    assert_ok(get(there, "", NULL, &json));
    assert_string_equal(pbt__json_get_text(json, "metric", "?"), "score");
    json_decref(json);
    assert_int_equal(get(there, "/members", NULL, &json), PBT_ERR_NOT_FOUND);
    json_decref(json);
    assert_ok(get(there, "/claim", CLAIM, &json));
    assert_string_equal(pbt__json_get_text(json, "action", "?"), "train");
    assert_null(json_object_get(json_object_get(json, "segment"), "shared"));
    json_decref(json);
    pbt__server_drain(server); /* so it wants back what it has handed out */
    assert_ok(get(there, "/segments/m0s0/heartbeat", "{\"attempt\": 1}", &json));
    assert_string_equal(pbt__json_get_text(json, "action", "?"), "release");
    json_decref(json);
    pbt__server_stop(there);
    pbt__action action = {.verb = PBT__WAIT, .wait_seconds = 20};
    assert_ok(desk->ops->claim(desk, &TWO, &action, &error));
    assert_int_equal(action.verb, PBT__WAIT);
}

/* At a server, an attempt that is hindered is given back, and has not failed; of a study in the
 * process study/outage.c tells. */
static void hindered_is_no_failure(void **state)
{
    pbt_error why = {.code = PBT_ERR_IO};
    pbt__action action;
    (void)state;
    const pbt__assignment first = claim(&ONE);
    const pbt__failure failure = {
        .segment = first.segment.id, .attempt = first.attempt, .message = "no", .can_retry = true};
    desk->ops->halt(desk); /* nobody waits for a disk here */
    assert_ok(desk->ops->hinder(desk, &ONE, &failure, &why, &action, &error));
    assert_int_equal(action.verb, PBT__WAIT);
    assert_int_equal(failures_of(&first), 0);
    assert_ok(pbt__study_claim(study, &TWO, &action, &error));
    assert_same(action.train.segment.id, first.segment.id);
}

/* ---- all ------------------------------------------------------------------------------------- */

#define EACH(make)                                                                                 \
    cmocka_unit_test_setup_teardown(spec_is_in_force, make, end),                                  \
        cmocka_unit_test_setup_teardown(claim_hands_out_what_the_study_has, make, end),            \
        cmocka_unit_test_setup_teardown(session_is_given_what_it_holds, make, end),                \
        cmocka_unit_test_setup_teardown(halt_ends_a_wait, make, end),                              \
        cmocka_unit_test_setup_teardown(nothing_is_claimed_after_halt, make, end),                 \
        cmocka_unit_test_setup_teardown(claim_says_why_it_stops, make, end),                       \
        cmocka_unit_test_setup_teardown(bytes_go_in_and_come_out, make, end),                      \
        cmocka_unit_test_setup_teardown(bytes_come_out_as_a_path, make, end),                      \
        cmocka_unit_test_setup_teardown(file_goes_in_and_comes_out, make, end),                    \
        cmocka_unit_test_setup_teardown(folder_goes_in_and_comes_out, make, end),                  \
        cmocka_unit_test_setup_teardown(more_than_is_wanted_is_not_read, make, end),               \
        cmocka_unit_test_setup_teardown(checkpoint_that_is_not_there_is_refused, make, end),       \
        cmocka_unit_test_setup_teardown(report_counts_once, make, end),                            \
        cmocka_unit_test_setup_teardown(score_and_samples_are_recorded, make, end),                \
        cmocka_unit_test_setup_teardown(score_that_is_not_finite_needs_no_checkpoint, make, end),  \
        cmocka_unit_test_setup_teardown(step_that_does_not_fit_is_refused, make, end),             \
        cmocka_unit_test_setup_teardown(late_is_refused, make, end),                               \
        cmocka_unit_test_setup_teardown(attempt_that_never_was_is_refused, make, end),             \
        cmocka_unit_test_setup_teardown(heartbeat_shows_progress_and_hears_of_a_stop, make, end),  \
        cmocka_unit_test_setup_teardown(release_keeps_progress, make, end),                        \
        cmocka_unit_test_setup_teardown(release_without_progress_starts_again, make, end),         \
        cmocka_unit_test_setup_teardown(failure_is_tried_again, make, end),                        \
        cmocka_unit_test_setup_teardown(outlook_says_what_a_worker_holds, make, end),              \
        cmocka_unit_test_setup_teardown(listener_hears_what_workers_are_handed, make, end),        \
        cmocka_unit_test_setup_teardown(holders_are_told_apart, make, end),                        \
        cmocka_unit_test_setup_teardown(dead_worker_is_buried, make, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(make_in_process),
        EACH(make_by_http),
        EACH(make_travelling),
        cmocka_unit_test_setup_teardown(hindered_is_no_failure, make_by_http, end),
        cmocka_unit_test_setup_teardown(server_has_a_desk, make_by_http, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
