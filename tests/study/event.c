/* event.c: bodies of every kind survive being written and read; garbage is refused and nothing
 * leaks. */
#include "support.h"

#include "base/digest.h"
#include "spec/spec.h"
#include "study/event.h"
#include "study/view.h"

static const pbt_parameter PARAMETERS[] = {
    {.name = "x", .type = PBT_FLOAT, .max = {.real = 1}},
    {.name = "n", .type = PBT_INT, .max = {.integer = 100}},
};
static const pbt_space SPACE = {.parameters = PARAMETERS, .count = 2};

static const pbt_value VALUES[] = {{.real = 0.25}, {.integer = 7}};
static const pbt_change CHANGES[] = {
    {.operation = PBT_FACTOR, .argument = 1.25, .from = {.real = 0.2}},
    {.operation = PBT_UNTOUCHED}};

static const pbt__decision DECISION = {
    .segment = {.id = {3, 2},
                .parent = {1, 1},
                .donor = 1,
                .reason = PBT_EXPLOITED,
                .start_step = 20,
                .end_step = 30,
                .start_age = 25,
                .end_age = 35,
                .seed = UINT32_MAX,
                .values = VALUES,
                .changes = CHANGES},
    .compared =
        {.point = 1, .ranked = 4, .position = 3, .eligible = 2, .score = -1.5, .donor_score = 2},
};

static const pbt__checkpoint CHECKPOINT = {.kind = PBT__CHECKPOINT_FOLDER,
                                           .size_bytes = INT64_C(1) << 53,
                                           .modified_ns = -1,
                                           .inode = UINT64_MAX,
                                           .digest = {{1, 2, 3, 255}}};

/* An entry of a kind with every field it can have. Owner: the caller decrefs `json`. */
static pbt__entry make_entry(pbt__event_kind kind, json_t *json)
{
    pbt__entry entry = {
        .kind = kind,
        .segment = {3, 1},
        .attempt = 2,
        .worker = "host/1",
        .step = 20,
        .score = NAN,
        .metrics = json_object_get(json, "metrics"),
        .samples = json_object_get(json, "samples"),
        .has_checkpoint = kind == PBT__REPORTED || kind == PBT__RELEASED,
        .checkpoint = CHECKPOINT,
        .cause = PBT_CAUSE_FATAL,
        .message = "it \"broke\"",
        .gave_up = true,
        .trained_us = 8056898,
        .is_training = true,
        .reason = PBT__STOP_SCORE,
        .amendments = json_object_get(json, "amendments"),
        .collected = json_object_get(json, "collected"),
        .name = "bench",
        .seed = INT64_MIN,
        .spec = "version: 1\nname: bench\n",
        .folder = "/tmp",
        .provenance = json_object_get(json, "provenance"),
        .decisions = &DECISION,
        .decision_count = 1,
    };
    return entry;
}

static json_t *make_json(void)
{
    return json_pack("{s:{s:f, s:s}, s:{s:[f, s, i]}, s:[{s:s, s:n, s:s}], s:[s, s], s:{s:s}}",
                     "metrics", "score", 1.5, "loss", "inf", "samples", "score", 1.0, "nan", 3,
                     "amendments", "key", "stop.steps", "from", "to", "50", "collected", "m0s0",
                     "m1s1", "provenance", "host", "here");
}

static pbt__event event_of(pbt__event_kind kind, const char *body)
{
    return (pbt__event){.sequence = 1, .kind = kind, .body = body, .body_length = strlen(body)};
}

static void assert_decision_survived(const pbt__decision *read)
{
    const pbt_segment *s = &read->segment;
    const pbt_segment *t = &DECISION.segment;
    assert_int_equal(s->id.member, t->id.member);
    assert_int_equal(s->id.number, t->id.number);
    assert_int_equal(s->parent.member, t->parent.member);
    assert_int_equal(s->parent.number, t->parent.number);
    assert_int_equal(s->donor, t->donor);
    assert_int_equal(s->reason, t->reason);
    assert_int_equal(s->start_step, t->start_step);
    assert_int_equal(s->end_step, t->end_step);
    assert_int_equal(s->start_age, t->start_age);
    assert_int_equal(s->end_age, t->end_age);
    assert_int_equal(s->seed, t->seed);
    assert_int_equal(s->state, PBT_SEGMENT_OPEN);
    assert_memory_equal(s->values, VALUES, sizeof VALUES);
    assert_int_equal(s->changes[0].operation, PBT_FACTOR);
    assert_true(s->changes[0].argument == 1.25 && s->changes[0].from.real == 0.2);
    assert_int_equal(s->changes[1].operation, PBT_UNTOUCHED);
    assert_memory_equal(&read->compared, &DECISION.compared, sizeof read->compared);
}

/* ---- the cases ---- */

static char *write_entry(const pbt__entry *entry, const pbt_space *space)
{
    pbt__text out = pbt__text_init(PBT__BODY_MAXIMUM);
    pbt__entry_write(&out, entry, space);
    return pbt__text_take(&out);
}

static void every_kind_survives(void **state)
{
    (void)state;
    json_t *json = make_json();
    for (int kind = PBT__CREATED; kind <= PBT__TIMED; kind++) {
        pbt__reading reading;
        pbt_error error = {0};
        pbt__entry entry = make_entry((pbt__event_kind)kind, json);
        char *body = write_entry(&entry, &SPACE);
        const pbt__event event = event_of(entry.kind, body);
        if (pbt__entry_read(&event, &SPACE, "score", &reading, &error) != PBT_OK) {
            fail_msg("%s: %s: %s", pbt__event_kind_name(entry.kind), error.message, body);
        }
        char *again = write_entry(&reading.entry, &SPACE);
        assert_string_equal(again, body);
        for (size_t i = 0; i < reading.entry.decision_count; i++) {
            assert_decision_survived(&reading.entry.decisions[i]);
        }
        free(again);
        free(body);
        pbt__reading_fini(&reading);
    }
    json_decref(json);
}

static void a_report_is_read_field_by_field(void **state)
{
    (void)state;
    json_t *json = make_json();
    pbt__reading reading;
    pbt__entry entry = make_entry(PBT__REPORTED, json);
    char *body = write_entry(&entry, &SPACE);
    const pbt__event event = event_of(PBT__REPORTED, body);
    assert_ok(pbt__entry_read(&event, &SPACE, "score", &reading, NULL));
    const pbt__entry *read = &reading.entry;
    assert_int_equal(read->segment.member, 3);
    assert_int_equal(read->attempt, 2);
    assert_string_equal(read->worker, "host/1");
    assert_int_equal(read->step, 20);
    assert_true(isnan(read->score));
    assert_int_equal(reading.sample_count, 3);
    assert_true(reading.samples[0] == 1 && isnan(reading.samples[1]) && reading.samples[2] == 3);
    assert_int_equal(read->checkpoint.kind, CHECKPOINT.kind);
    assert_int_equal(read->checkpoint.size_bytes, CHECKPOINT.size_bytes);
    assert_int_equal(read->checkpoint.modified_ns, CHECKPOINT.modified_ns);
    assert_true(read->checkpoint.inode == CHECKPOINT.inode);
    assert_true(pbt__digest_equal(read->checkpoint.digest, CHECKPOINT.digest));
    assert_int_equal(read->decision_count, 1);
    pbt__reading_fini(&reading);
    free(body);
    json_decref(json);
}

/* Read a body with one field replaced, or without it; what may be absent is a checkpoint, and the
 * rules; what may be true is a boolean. */
static bool is_refused(pbt__event_kind kind, const json_t *whole, const char *name, json_t *value)
{
    pbt__reading reading;
    pbt_error error = {0};
    json_t *broken = json_copy((json_t *)(uintptr_t)whole);
    (void)(value == NULL ? json_object_del(broken, name)
                         : json_object_set_new(broken, name, value));
    char *text = pbt__json_write(broken);
    const pbt__event event = event_of(kind, text);
    pbt_err err = pbt__entry_read(&event, &SPACE, "score", &reading, &error);
    bool is_bool = strcmp(name, "gave_up") == 0 || strcmp(name, "is_training") == 0;
    bool is_older = strcmp(name, "rules") == 0 && value == NULL; /* a log of the first rules */
    bool may_be = is_older || strcmp(name, "checkpoint") == 0 || (is_bool && value != NULL);
    assert_int_equal(err, may_be ? PBT_OK : PBT_ERR_CORRUPT);
    if (err == PBT_OK) {
        pbt__reading_fini(&reading);
    }
    free(text);
    json_decref(broken);
    return err != PBT_OK;
}

/* Without any one of its fields, or with one of a wrong type, a body is broken. */
static void a_broken_field_is_refused(void **state)
{
    (void)state;
    json_t *json = make_json();
    int refused = 0;
    for (int kind = PBT__CREATED; kind <= PBT__TIMED; kind++) {
        pbt__entry entry = make_entry((pbt__event_kind)kind, json);
        char *body = write_entry(&entry, &SPACE);
        json_t *whole = json_loads(body, 0, NULL);
        const char *name = NULL;
        json_t *field = NULL;
        json_object_foreach(whole, name, field)
        {
            refused += is_refused(entry.kind, whole, name, NULL) ? 1 : 0;
            refused += is_refused(entry.kind, whole, name, json_true()) ? 1 : 0;
        }
        json_decref(whole);
        free(body);
    }
    assert_true(refused > 50);
    json_decref(json);
}

static void a_body_cut_short_is_refused(void **state)
{
    (void)state;
    json_t *json = make_json();
    for (int kind = PBT__CREATED; kind <= PBT__TIMED; kind++) {
        pbt__entry entry = make_entry((pbt__event_kind)kind, json);
        char *body = write_entry(&entry, &SPACE);
        pbt__event event = event_of(entry.kind, body);
        for (size_t length = 0; length < strlen(body); length++) {
            pbt__reading reading;
            event.body_length = length;
            assert_int_equal(pbt__entry_read(&event, &SPACE, "score", &reading, NULL),
                             PBT_ERR_CORRUPT);
        }
        free(body);
    }
    json_decref(json);
}

static void the_chain_covers_everything(void **state)
{
    (void)state;
    pbt__event event = {
        .sequence = 5, .time_us = 7, .kind = PBT__STOPPED, .body = "{}", .body_length = 2};
    const pbt__digest zero = {{0}};
    const pbt__digest digest = pbt__event_digest(zero, &event);
    pbt__event other[5] = {event, event, event, event, event};
    other[0].sequence++;
    other[1].time_us++;
    other[2].kind = PBT__RESUMED;
    other[3].body = "[]";
    other[4].body_length = 1;
    for (int i = 0; i < 5; i++) {
        assert_false(pbt__digest_equal(digest, pbt__event_digest(zero, &other[i])));
    }
    assert_false(pbt__digest_equal(digest, pbt__event_digest(digest, &event)));
}

/* A trainer's last words may be anything; names must be text. */
static void what_is_no_utf8_never_reaches_the_log(void **state)
{
    bench *b = *state;
    char message[2000];
    const pbt__metric metric = {.name = "lo\xffss", .value = 1, .has_value = true};
    const pbt__metric metrics[] = {{.name = "score", .value = 1, .has_value = true}, metric};
    const pbt__claimant bad = {.worker = "w\xff", .session = "s"};
    const pbt__claimant who = {.worker = "a", .session = "a"};
    pbt__action action;
    pbt__reply reply;
    bench_create(b, 2, "");
    assert_int_equal(pbt__study_claim(b->study, &bad, &action, &b->error), PBT_ERR_ARGUMENT);
    action = bench_claim(b, "a");
    const pbt__result result = {.segment = action.train.segment.id,
                                .attempt = 1,
                                .step = 10,
                                .metrics = metrics,
                                .metric_count = 2,
                                .checkpoint = PBT__IN_MEMORY};
    assert_int_equal(pbt__study_report(b->study, &who, &result, &reply, &b->error), PBT_ERR_REPORT);
    memset(message, 'x', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    memcpy(message, "\xff\n\xc3\xa9\xe2\x82", 6);
    memcpy(message + 998, "\xe2\x82\xac", 3);
    const pbt__failure failure = {
        .segment = action.train.segment.id, .attempt = 1, .message = message, .can_retry = true};
    assert_ok(pbt__study_fail(b->study, &who, &failure, NULL, &b->error));
    json_t *failed = bench_last(b, "failed");
    const char *kept = json_string_value(json_object_get(failed, "message"));
    assert_int_equal(strlen(kept), 998);
    assert_memory_equal(kept, "? \xc3\xa9??xx", 8);
    json_decref(failed);
}

/* ---- a log by a forger who knows the digest ---- */

enum { LOG_MAXIMUM = 64 };

typedef struct whole_log {
    pbt__event events[LOG_MAXIMUM]; /* with bodies of their own */
    size_t count;
} whole_log;

static pbt_err keep_event(void *context, const pbt__event *event)
{
    whole_log *l = context;
    assert_true(l->count < LOG_MAXIMUM);
    l->events[l->count] = *event;
    l->events[l->count++].body = strdup(event->body);
    return PBT_OK;
}

/* Read a log with one body replaced, chained anew. */
static pbt_err read_forged(const whole_log *l, size_t at, const char *body)
{
    pbt__view view;
    pbt_error error = {0};
    pbt_err err = PBT_OK;
    pbt__digest before = {{0}};
    pbt__view_init(&view);
    for (size_t i = 0; err == PBT_OK && i < l->count; i++) {
        pbt__event event = l->events[i];
        event.body = i == at ? body : event.body;
        event.body_length = strlen(event.body);
        event.digest = before = pbt__event_digest(before, &event);
        err = pbt__view_read(&view, &event, NULL, NULL, &error);
    }
    pbt__view_fini(&view);
    return err;
}

/* Put each of some values in the place of one that holds no others. */
static void forge_leaf(const whole_log *l, size_t at, json_t *body, json_t *holder, const char *key,
                       size_t index, int *refused)
{
    json_t *values[] = {json_integer(-1),
                        json_integer(INT32_MAX),
                        json_integer((json_int_t)1 << 40),
                        json_integer(INT64_MAX),
                        json_real(-1e300),
                        json_string("nan"),
                        json_string("m2s0"),
                        json_string("m0s2147483647"),
                        json_string("m2147483647s0"),
                        json_null()};
    json_t *own =
        json_incref(key != NULL ? json_object_get(holder, key) : json_array_get(holder, index));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        (void)(key != NULL ? json_object_set_new(holder, key, values[i])
                           : json_array_set_new(holder, index, values[i]));
        char *text = pbt__json_write(body);
        pbt_err err = read_forged(l, at, text);
        assert_true(err == PBT_OK || err == PBT_ERR_CORRUPT || err == PBT_ERR_VERSION);
        *refused += err == PBT_ERR_CORRUPT ? 1 : 0;
        free(text);
    }
    (void)(key != NULL ? json_object_set_new(holder, key, own)
                       : json_array_set_new(holder, index, own));
}

static void forge_all(const whole_log *l, size_t at, json_t *body, json_t *holder, int *refused)
{
    const char *key = NULL;
    json_t *value = NULL;
    void *next = NULL;
    json_object_foreach_safe(holder, next, key, value)
    {
        if (json_is_object(value) || json_is_array(value)) {
            forge_all(l, at, body, value, refused);
        } else {
            forge_leaf(l, at, body, holder, key, 0, refused);
        }
    }
    for (size_t i = 0; i < json_array_size(holder); i++) {
        value = json_array_get(holder, i);
        if (json_is_object(value) || json_is_array(value)) {
            forge_all(l, at, body, value, refused);
        } else {
            forge_leaf(l, at, body, holder, NULL, i, refused);
        }
    }
}

static double by_member(const pbt_segment *s)
{
    return s->id.member + 0.001 * s->id.number;
}

static void a_forged_log_is_read_or_refused_and_never_overrun(void **state)
{
    bench *b = *state;
    whole_log l = {.count = 0};
    int refused = 0;
    bench_create(b, 2, "exploit: {rule: best}\nfailure: {retries: 0}\nstop: {steps: 30}");
    pbt__action action = bench_claim(b, "bad");
    assert_ok(bench_fail(b, "bad", &action, true));
    (void)bench_train(b, by_member, 50);
    pbt__study_row row;
    assert_ok(pbt__store_find(b->store, "bench", &row, NULL));
    assert_ok(pbt__store_read(b->store, row.id, 0, keep_event, &l, NULL));
    assert_ok(read_forged(&l, 0, l.events[0].body));
    for (size_t at = 0; at < l.count; at++) {
        json_t *body = json_loads(l.events[at].body, 0, NULL);
        forge_all(&l, at, body, body, &refused);
        json_decref(body);
    }
    assert_true(refused > 500);
    for (size_t i = 0; i < l.count; i++) {
        free((char *)(uintptr_t)l.events[i].body);
    }
}

/* A study whose decisions are all as long as they can be is refused where they do not fit. */
static void no_decision_is_longer_than_a_new_study_expects(void **state)
{
    bench *b = *state;
    static const double least = -1.2345678901234567e-300;
    static const pbt_parameter parameter = {.name = "x", .type = PBT_FLOAT, .max = {.real = 1}};
    static const pbt_space space = {.parameters = &parameter, .count = 1};
    static const pbt_value value = {.real = least};
    static const pbt_change change = {
        .operation = PBT_FACTOR, .argument = least, .is_clamped = true, .from = {.real = least}};
    pbt__decision longest = DECISION;
    const pbt_segment_id id = {1 << 20, 1 << 24};
    const int64_t steps = INT64_C(1) << 53;
    longest.segment.id = longest.segment.parent = id;
    longest.segment.donor = id.member;
    longest.segment.start_step = longest.segment.end_step = steps;
    longest.segment.start_age = longest.segment.end_age = steps;
    longest.segment.values = &value;
    longest.segment.changes = &change;
    longest.compared = (pbt__comparison){id.number, id.member, id.member, id.member, least, least};
    const pbt__entry entry = {.kind = PBT__RESCUED, .decisions = &longest, .decision_count = 1};
    char *body = write_entry(&entry, &space);
    const size_t fitting = PBT__DECISIONS_MAXIMUM / (strlen(body) - strlen("{\"decisions\":[]}"));
    assert_int_equal(bench_try_create(b, (int)fitting + 1, ""), PBT_ERR_SPEC);
    free(body);
    b->study = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_survives),
        cmocka_unit_test(a_report_is_read_field_by_field),
        cmocka_unit_test(a_broken_field_is_refused),
        cmocka_unit_test(a_body_cut_short_is_refused),
        cmocka_unit_test(the_chain_covers_everything),
        cmocka_unit_test_setup_teardown(what_is_no_utf8_never_reaches_the_log, bench_make,
                                        bench_remove),
        cmocka_unit_test_setup_teardown(no_decision_is_longer_than_a_new_study_expects, bench_make,
                                        bench_remove),
        cmocka_unit_test_setup_teardown(a_forged_log_is_read_or_refused_and_never_overrun,
                                        bench_make, bench_remove),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
