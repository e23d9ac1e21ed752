/* conformance.c: one suite over every backend. Its argument is the scheme. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/text.h"
#include "store/store.h"
#include "support.h"

/* ---- one store per case ---- */

typedef struct fixture {
    char folder[SUPPORT_FOLDER_SIZE];
    char url[SUPPORT_URL_SIZE];
    int64_t now_us;
    pbt__store *store;
    const pbt__store_ops *ops;
    pbt_error error;
    pbt__transaction found; /* by the newest begin */
} fixture;

static int64_t read_clock(void *context)
{
    return ((fixture *)context)->now_us;
}

/* *state says which backend: its scheme. */
static int open_fixture(void **state)
{
    const char *scheme = *state;
    fixture *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return -1;
    }
    support_folder(self->folder);
    if (strcmp(scheme, "memory") == 0) {
        snprintf(self->url, sizeof(self->url), "memory:");
    } else {
        support_url(self->folder, self->url);
    }
    self->now_us = 1000000;
    const pbt__store_options options = {
        .url = self->url, .can_create = true, .now_us = read_clock, .clock_context = self};
    if (pbt__store_open(&options, &self->store, &self->error) != PBT_OK) {
        return -1;
    }
    self->ops = self->store->ops;
    *state = self;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *self = *state;
    pbt__store_close(self->store);
    support_folder_remove(self->folder);
    free(self);
    return 0;
}

/* ---- short forms of the calls ---- */

static void assert_ok(fixture *self, pbt_err err)
{
    if (err != PBT_OK) {
        print_error("%s: %s: %s\n", pbt_err_name(err), self->error.message, self->error.detail);
    }
    assert_int_equal(err, PBT_OK);
}

/* A failure says the same in its return and in words. */
static void assert_fails(fixture *self, pbt_err err, pbt_err expected)
{
    assert_int_equal(err, expected);
    assert_int_equal(self->error.code, expected);
    assert_true(self->error.message[0] != '\0');
    self->error = (pbt_error){0};
}

static void begin(fixture *self, int64_t study)
{
    assert_ok(self, self->ops->begin(self->store, study, &self->found, &self->error));
}

static int64_t begin_create(fixture *self, const char *name)
{
    int64_t study = 0;
    assert_ok(self, self->ops->begin_create(self->store, name, &study, &self->found, &self->error));
    assert_true(study > 0);
    return study;
}

static void commit(fixture *self)
{
    assert_ok(self, self->ops->commit(self->store, &self->error));
}

static void rollback(fixture *self)
{
    self->ops->rollback(self->store);
}

static int64_t create(fixture *self, const char *name)
{
    int64_t study = begin_create(self, name);
    commit(self);
    return study;
}

static void append(fixture *self, int64_t sequence)
{
    pbt__event event = support_event(sequence);
    assert_ok(self, self->ops->append(self->store, &event, &self->error));
}

static void claim_put(fixture *self, int32_t member, int32_t number)
{
    pbt__claim claim = support_claim(member, number);
    assert_ok(self, self->ops->claim_put(self->store, &claim, &self->error));
}

static void blob_put(fixture *self, pbt_segment_id id, const char *text)
{
    assert_ok(self, self->ops->blob_put(self->store, id, text, strlen(text), &self->error));
}

static void assert_blob(fixture *self, int64_t study, pbt_segment_id id, const char *text)
{
    void *bytes = NULL;
    size_t length = 0;
    assert_ok(self, self->ops->blob_get(self->store, study, id, &bytes, &length, &self->error));
    assert_int_equal(length, strlen(text));
    assert_memory_equal(bytes, text, length);
    free(bytes);
}

static void assert_no_blob(fixture *self, int64_t study, pbt_segment_id id)
{
    void *bytes = self;
    size_t length = 17;
    pbt_err err = self->ops->blob_get(self->store, study, id, &bytes, &length, &self->error);
    assert_fails(self, err, PBT_ERR_NOT_FOUND);
    assert_ptr_equal(bytes, self);
    assert_int_equal(length, 17);
}

static pbt_err count_event(void *context, const pbt__event *event)
{
    pbt__event expected = support_event(event->sequence);
    assert_int_equal(event->time_us, expected.time_us);
    assert_int_equal(event->kind, expected.kind);
    assert_int_equal(event->body_length, expected.body_length);
    assert_string_equal(event->body, expected.body);
    assert_true(pbt__digest_equal(event->digest, expected.digest));
    int64_t *next = context;
    assert_int_equal(event->sequence, *next);
    (*next)++;
    return PBT_OK;
}

/* The events after `after` are those up to `last`, in order, each as it was appended. */
static void assert_events(fixture *self, int64_t study, int64_t after, int64_t last)
{
    int64_t next = after + 1;
    assert_ok(self, self->ops->read(self->store, study, after, count_event, &next, &self->error));
    assert_int_equal(next, last + 1);
}

static pbt_err write_claim(void *context, const pbt__claim *claim)
{
    pbt__claim expected = support_claim(claim->member, claim->number);
    assert_int_equal(claim->attempt, expected.attempt);
    assert_int_equal(claim->lease_until_us, expected.lease_until_us);
    assert_int_equal(claim->step, expected.step);
    assert_int_equal(claim->step_changed_us, expected.step_changed_us);
    assert_string_equal(claim->worker, expected.worker);
    assert_string_equal(claim->session, expected.session);
    pbt__text_format(context, "m%ds%d ", (int)claim->member, (int)claim->number);
    return PBT_OK;
}

static void assert_claims(fixture *self, int64_t study, int64_t after, const char *expected)
{
    pbt__text text = pbt__text_init(1000);
    assert_ok(self,
              self->ops->claim_list(self->store, study, after, write_claim, &text, &self->error));
    assert_string_equal(pbt__text_string(&text), expected);
    pbt__text_fini(&text);
}

static pbt_err write_name(void *context, const pbt__study_row *row)
{
    pbt__text_format(context, "%s ", row->name);
    return PBT_OK;
}

static void assert_names(fixture *self, const char *expected)
{
    pbt__text text = pbt__text_init(100000);
    assert_ok(self, self->ops->list(self->store, write_name, &text, &self->error));
    assert_string_equal(pbt__text_string(&text), expected);
    pbt__text_fini(&text);
}

/* ---- studies ---- */

static void an_empty_store_holds_no_study(void **state)
{
    fixture *self = *state;
    pbt__study_row row = {.id = 5};
    assert_names(self, "");
    pbt_err err = pbt__store_find(self->store, "toy", &row, &self->error);
    assert_string_equal(self->error.hint, "the store holds no study");
    assert_fails(self, err, PBT_ERR_NOT_FOUND);
    assert_int_equal(row.id, 5);
}

static void studies_are_listed_by_name_and_found(void **state)
{
    fixture *self = *state;
    pbt__study_row row;
    int64_t toy = create(self, "toy");
    int64_t art = create(self, "art");
    create(self, "toy-2");
    assert_int_not_equal(toy, art);
    assert_names(self, "art toy toy-2 ");
    assert_ok(self, pbt__store_find(self->store, "art", &row, &self->error));
    assert_int_equal(row.id, art);
    assert_string_equal(row.name, "art");
    pbt_err err = pbt__store_find(self->store, "to", &row, &self->error);
    assert_string_equal(self->error.hint, "there are: art, toy, toy-2");
    assert_fails(self, err, PBT_ERR_NOT_FOUND);
}

static void a_hint_of_many_names_is_cut(void **state)
{
    fixture *self = *state;
    pbt__study_row row;
    char name[PBT__NAME_SIZE];
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "study-with-a-long-name-%02d", i);
        create(self, name);
    }
    pbt_err err = pbt__store_find(self->store, "x", &row, &self->error);
    const char *end = self->error.hint + strlen(self->error.hint) - 5;
    assert_true(strlen(self->error.hint) > 150);
    assert_string_equal(end, ", ...");
    assert_non_null(strstr(self->error.hint, "there are: study-with-a-long-name-00, "));
    assert_fails(self, err, PBT_ERR_NOT_FOUND);
    assert_ok(self, pbt__store_find(self->store, name, &row, &self->error));
}

static void a_name_is_given_once(void **state)
{
    fixture *self = *state;
    int64_t study = create(self, "toy");
    int64_t other = 77;
    pbt_err err = self->ops->begin_create(self->store, "toy", &other, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_EXISTS);
    assert_int_equal(other, 77);
    begin(self, study);
    rollback(self);
}

static void names_have_bounds(void **state)
{
    fixture *self = *state;
    char name[PBT__NAME_SIZE + 1];
    memset(name, 'n', sizeof(name));
    name[PBT__NAME_SIZE] = '\0';
    int64_t study = 0;
    pbt_err err = self->ops->begin_create(self->store, name, &study, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_ARGUMENT);
    err = self->ops->begin_create(self->store, "", &study, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_ARGUMENT);
    create(self, name + 1);
    pbt__study_row row;
    assert_ok(self, pbt__store_find(self->store, name + 1, &row, &self->error));
    assert_string_equal(row.name, name + 1);
}

static void an_unknown_study_is_not_found(void **state)
{
    fixture *self = *state;
    int64_t study = create(self, "toy");
    pbt__transaction untouched = {.now_us = 3};
    pbt_err err = self->ops->begin(self->store, study + 1, &untouched, &self->error);
    assert_fails(self, err, PBT_ERR_NOT_FOUND);
    assert_int_equal(untouched.now_us, 3);
    assert_events(self, study + 1, 0, 0);
    assert_claims(self, study + 1, 0, "");
    assert_no_blob(self, study + 1, (pbt_segment_id){0, 0});
    begin(self, study);
    rollback(self);
}

static void a_study_rolled_back_never_was(void **state)
{
    fixture *self = *state;
    int64_t study = begin_create(self, "toy");
    append(self, 1);
    claim_put(self, 0, 0);
    rollback(self);
    assert_names(self, "");
    pbt_err err = self->ops->begin(self->store, study, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_NOT_FOUND);
    int64_t again = create(self, "toy");
    assert_events(self, again, 0, 0);
    assert_claims(self, again, 0, "");
}

/* Put an event, a claim and a blob into a new study. */
static int64_t create_full(fixture *self, const char *name)
{
    int64_t study = begin_create(self, name);
    append(self, 1);
    claim_put(self, 0, 0);
    blob_put(self, (pbt_segment_id){0, 0}, "weights");
    commit(self);
    return study;
}

static void a_removed_study_is_gone_and_its_id_not_given_again(void **state)
{
    fixture *self = *state;
    int64_t other = create_full(self, "other");
    int64_t study = create_full(self, "toy");
    begin(self, study);
    assert_ok(self, self->ops->remove(self->store, &self->error));
    commit(self);
    assert_names(self, "other ");
    pbt_err err = self->ops->begin(self->store, study, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_NOT_FOUND);
    assert_events(self, study, 0, 0);
    assert_claims(self, study, 0, "");
    assert_no_blob(self, study, (pbt_segment_id){0, 0});

    int64_t again = create(self, "toy");
    assert_int_not_equal(again, study);
    assert_events(self, again, 0, 0);
    assert_claims(self, again, 0, "");
    assert_no_blob(self, again, (pbt_segment_id){0, 0});
    assert_events(self, other, 0, 1);
    assert_claims(self, other, 0, "m0s0 ");
    assert_blob(self, other, (pbt_segment_id){0, 0}, "weights");
}

static void a_removal_rolled_back_or_undone_removes_nothing(void **state)
{
    fixture *self = *state;
    int64_t study = create_full(self, "toy");
    begin(self, study);
    assert_ok(self, self->ops->remove(self->store, &self->error));
    rollback(self);
    begin(self, study);
    assert_ok(self, self->ops->savepoint(self->store, &self->error));
    assert_ok(self, self->ops->remove(self->store, &self->error));
    assert_ok(self, self->ops->savepoint_undo(self->store, &self->error));
    append(self, 2);
    commit(self);
    assert_names(self, "toy ");
    assert_events(self, study, 0, 2);
    assert_claims(self, study, 0, "m0s0 ");
    assert_blob(self, study, (pbt_segment_id){0, 0}, "weights");
}

static void nothing_is_written_to_a_removed_study(void **state)
{
    fixture *self = *state;
    int64_t study = create_full(self, "toy");
    begin(self, study);
    assert_ok(self, self->ops->remove(self->store, &self->error));
    pbt__event event = support_event(2);
    pbt_err err = self->ops->append(self->store, &event, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    rollback(self);
    assert_events(self, study, 0, 1);
}

/* ---- events ---- */

static void events_are_read_back_in_order(void **state)
{
    fixture *self = *state;
    int64_t study = begin_create(self, "toy");
    assert_int_equal(self->found.last_sequence, 0);
    for (int64_t i = 1; i <= 20; i++) {
        append(self, i);
    }
    assert_events(self, study, 0, 20);
    commit(self);
    begin(self, study);
    assert_int_equal(self->found.last_sequence, 20);
    append(self, 21);
    assert_events(self, study, 19, 21);
    commit(self);
    assert_events(self, study, 0, 21);
    assert_events(self, study, 20, 21);
    assert_events(self, study, 21, 21);
}

static pbt_err compare_body(void *context, const pbt__event *event)
{
    const pbt__event *expected = context;
    assert_int_equal(event->body_length, expected->body_length);
    assert_memory_equal(event->body, expected->body, event->body_length + 1);
    return PBT_OK;
}

static void a_body_comes_back_byte_for_byte(void **state)
{
    fixture *self = *state;
    enum { LENGTH = 1 << 20 };
    static const char *const TEXTS[] = {"", "{}", "{\"name\":\"m\xc3\xbcnster \xe2\x82\xac\"}"};
    char *large = calloc(1, LENGTH + 1);
    assert_non_null(large);
    memset(large, 'x', LENGTH);
    int64_t study = create(self, "toy");
    for (int64_t i = 1; i <= 4; i++) {
        pbt__event event = {.sequence = i, .body = i == 4 ? large : TEXTS[i - 1]};
        event.body_length = strlen(event.body);
        begin(self, study);
        assert_ok(self, self->ops->append(self->store, &event, &self->error));
        commit(self);
        assert_ok(self,
                  self->ops->read(self->store, study, i - 1, compare_body, &event, &self->error));
    }
    free(large);
}

/* A failed write leaves only rollback: nothing slips through behind it. */
static void assert_only_rollback_is_left(fixture *self, int64_t study)
{
    pbt__claim claim = support_claim(1, 1);
    pbt_err err = self->ops->claim_put(self->store, &claim, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    err = self->ops->savepoint(self->store, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    err = self->ops->read(self->store, study, 0, count_event, NULL, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    err = self->ops->commit(self->store, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    assert_events(self, study, 0, 1);
    assert_claims(self, study, 0, "m0s0 ");
    begin(self, study);
    rollback(self);
}

static void a_gap_in_the_log_is_refused(void **state)
{
    fixture *self = *state;
    int64_t study = create_full(self, "toy");
    static const int64_t WRONG[] = {-1, 0, 1, 3};
    for (int i = 0; i < 4; i++) {
        begin(self, study);
        pbt__event event = support_event(2);
        event.sequence = WRONG[i];
        pbt_err err = self->ops->append(self->store, &event, &self->error);
        assert_fails(self, err, PBT_ERR_ARGUMENT);
        assert_only_rollback_is_left(self, study);
    }
}

static void what_is_too_long_is_refused(void **state)
{
    fixture *self = *state;
    int64_t study = create_full(self, "toy");
    pbt__event event = support_event(2);
    event.body_length = (size_t)PBT__BODY_MAXIMUM + 1;
    begin(self, study);
    pbt_err err = self->ops->append(self->store, &event, &self->error);
    assert_fails(self, err, PBT_ERR_LIMIT);
    assert_only_rollback_is_left(self, study);
    begin(self, study);
    err = self->ops->blob_put(self->store, (pbt_segment_id){0, 0}, "", PBT__BLOB_MAXIMUM + 1,
                              &self->error);
    assert_fails(self, err, PBT_ERR_LIMIT);
    assert_only_rollback_is_left(self, study);
}

static void time_never_goes_back(void **state)
{
    fixture *self = *state;
    int64_t study = begin_create(self, "toy");
    assert_int_equal(self->found.now_us, 1000000);
    pbt__event event = support_event(1);
    event.time_us = self->found.now_us;
    assert_ok(self, self->ops->append(self->store, &event, &self->error));
    commit(self);
    self->now_us = 400;
    begin(self, study);
    assert_int_equal(self->found.now_us, 1000000);
    rollback(self);
    self->now_us = 1000001;
    begin(self, study);
    assert_int_equal(self->found.now_us, 1000001);
    rollback(self);
    self->now_us = 400;
    begin_create(self, "other");
    assert_int_equal(self->found.now_us, 400);
    rollback(self);
}

/* ---- claims ---- */

static void claims_are_listed_by_member_and_revision(void **state)
{
    fixture *self = *state;
    int64_t study = begin_create(self, "toy");
    assert_int_equal(self->found.claims_revision, 0);
    claim_put(self, 2, 0);
    claim_put(self, 0, 0);
    claim_put(self, 1, 0);
    commit(self);
    assert_claims(self, study, 0, "m0s0 m1s0 m2s0 ");
    begin(self, study);
    int64_t first = self->found.claims_revision;
    assert_true(first > 0);
    claim_put(self, 2, 1);
    claim_put(self, 1, 1);
    claim_put(self, 1, 2);
    assert_claims(self, study, first, "m1s2 m2s1 ");
    commit(self);
    assert_claims(self, study, first, "m1s2 m2s1 ");
    assert_claims(self, study, 0, "m0s0 m1s2 m2s1 ");
    begin(self, study);
    assert_true(self->found.claims_revision > first);
    assert_claims(self, study, self->found.claims_revision, "");
    rollback(self);
}

static void only_claims_that_stay_make_a_revision(void **state)
{
    fixture *self = *state;
    int64_t study = create_full(self, "toy");
    begin(self, study);
    int64_t before = self->found.claims_revision;
    append(self, 2);
    assert_ok(self, self->ops->savepoint(self->store, &self->error));
    claim_put(self, 0, 1);
    assert_ok(self, self->ops->savepoint_undo(self->store, &self->error));
    commit(self);
    begin(self, study);
    assert_int_equal(self->found.claims_revision, before);
    claim_put(self, 0, 1);
    rollback(self);
    begin(self, study);
    assert_int_equal(self->found.claims_revision, before);
    rollback(self);
    assert_claims(self, study, 0, "m0s0 ");
}

static void a_claim_without_an_end_is_refused(void **state)
{
    fixture *self = *state;
    int64_t study = create_full(self, "toy");
    pbt__claim claim = support_claim(0, 1);
    memset(claim.worker, 'w', sizeof(claim.worker));
    begin(self, study);
    pbt_err err = self->ops->claim_put(self->store, &claim, &self->error);
    assert_fails(self, err, PBT_ERR_ARGUMENT);
    assert_only_rollback_is_left(self, study);
    claim = support_claim(0, 1);
    memset(claim.session, 's', sizeof(claim.session));
    begin(self, study);
    err = self->ops->claim_put(self->store, &claim, &self->error);
    assert_fails(self, err, PBT_ERR_ARGUMENT);
    rollback(self);
}

/* ---- blobs ---- */

static void blobs_are_kept_replaced_and_dropped(void **state)
{
    fixture *self = *state;
    const pbt_segment_id a = {0, 1};
    const pbt_segment_id b = {1, 0};
    int64_t other = create(self, "other");
    int64_t study = create(self, "toy");
    begin(self, study);
    assert_no_blob(self, study, a);
    blob_put(self, a, "one");
    blob_put(self, b, "");
    assert_blob(self, study, a, "one");
    commit(self);
    assert_blob(self, study, a, "one");
    assert_blob(self, study, b, "");
    assert_no_blob(self, other, a);
    begin(self, study);
    blob_put(self, a, "another");
    assert_ok(self, self->ops->blob_drop(self->store, b, &self->error));
    assert_ok(self, self->ops->blob_drop(self->store, b, &self->error));
    assert_no_blob(self, study, b);
    commit(self);
    assert_blob(self, study, a, "another");
    assert_no_blob(self, study, b);
}

static void the_largest_blob_comes_back(void **state)
{
    fixture *self = *state;
    char *bytes = malloc(PBT__BLOB_MAXIMUM);
    assert_non_null(bytes);
    for (int i = 0; i < PBT__BLOB_MAXIMUM; i++) {
        bytes[i] = (char)(i * 7);
    }
    int64_t study = begin_create(self, "toy");
    assert_ok(self, self->ops->blob_put(self->store, (pbt_segment_id){3, 9}, bytes,
                                        PBT__BLOB_MAXIMUM, &self->error));
    assert_ok(self,
              self->ops->blob_put(self->store, (pbt_segment_id){3, 8}, NULL, 0, &self->error));
    commit(self);
    void *found = NULL;
    size_t length = 0;
    assert_ok(self, self->ops->blob_get(self->store, study, (pbt_segment_id){3, 9}, &found, &length,
                                        &self->error));
    assert_int_equal(length, PBT__BLOB_MAXIMUM);
    assert_memory_equal(found, bytes, length);
    free(found);
    free(bytes);
    assert_blob(self, study, (pbt_segment_id){3, 8}, "");
}

/* ---- savepoints and rollback ---- */

static void a_savepoint_is_kept_or_undone(void **state)
{
    fixture *self = *state;
    const pbt_segment_id id = {0, 0};
    int64_t study = create_full(self, "toy");
    begin(self, study);
    assert_ok(self, self->ops->savepoint(self->store, &self->error));
    append(self, 2);
    claim_put(self, 0, 1);
    assert_ok(self, self->ops->savepoint_keep(self->store, &self->error));
    assert_ok(self, self->ops->savepoint(self->store, &self->error));
    append(self, 3);
    append(self, 4);
    claim_put(self, 0, 2);
    claim_put(self, 1, 2);
    blob_put(self, id, "other");
    assert_ok(self, self->ops->blob_drop(self->store, id, &self->error));
    assert_ok(self, self->ops->savepoint_undo(self->store, &self->error));
    assert_events(self, study, 0, 2);
    append(self, 3);
    commit(self);
    assert_events(self, study, 0, 3);
    assert_claims(self, study, 0, "m0s1 ");
    assert_blob(self, study, id, "weights");
}

static void a_commit_keeps_an_open_savepoint(void **state)
{
    fixture *self = *state;
    int64_t study = create(self, "toy");
    begin(self, study);
    assert_ok(self, self->ops->savepoint(self->store, &self->error));
    append(self, 1);
    commit(self);
    assert_events(self, study, 0, 1);
}

static void a_rollback_keeps_nothing(void **state)
{
    fixture *self = *state;
    const pbt_segment_id id = {0, 0};
    int64_t study = create_full(self, "toy");
    rollback(self);
    begin(self, study);
    append(self, 2);
    assert_ok(self, self->ops->savepoint(self->store, &self->error));
    claim_put(self, 0, 1);
    claim_put(self, 1, 1);
    blob_put(self, id, "other");
    blob_put(self, (pbt_segment_id){1, 1}, "more");
    rollback(self);
    rollback(self);
    assert_events(self, study, 0, 1);
    assert_claims(self, study, 0, "m0s0 ");
    assert_blob(self, study, id, "weights");
    assert_no_blob(self, study, (pbt_segment_id){1, 1});
}

/* ---- calls out of turn ---- */

static void writes_need_a_transaction(void **state)
{
    fixture *self = *state;
    pbt__store *store = self->store;
    pbt_error *error = &self->error;
    pbt__event event = support_event(2);
    pbt__claim claim = support_claim(0, 1);
    const pbt_segment_id id = {0, 0};
    int64_t study = create_full(self, "toy");
    assert_fails(self, self->ops->append(store, &event, error), PBT_ERR_STATE);
    assert_fails(self, self->ops->claim_put(store, &claim, error), PBT_ERR_STATE);
    assert_fails(self, self->ops->blob_put(store, id, "x", 1, error), PBT_ERR_STATE);
    assert_fails(self, self->ops->blob_drop(store, id, error), PBT_ERR_STATE);
    assert_fails(self, self->ops->remove(store, error), PBT_ERR_STATE);
    assert_fails(self, self->ops->savepoint(store, error), PBT_ERR_STATE);
    assert_fails(self, self->ops->commit(store, error), PBT_ERR_STATE);
    assert_events(self, study, 0, 1);
    assert_claims(self, study, 0, "m0s0 ");
    assert_blob(self, study, id, "weights");
}

static void transactions_do_not_nest(void **state)
{
    fixture *self = *state;
    pbt__store *store = self->store;
    int64_t study = create(self, "toy");
    int64_t other = 0;
    begin(self, study);
    pbt_err err = self->ops->begin(store, study, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    err = self->ops->begin_create(store, "other", &other, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    err = self->ops->list(store, write_name, NULL, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    append(self, 1);
    commit(self);
    assert_events(self, study, 0, 1);
}

static void savepoints_do_not_nest(void **state)
{
    fixture *self = *state;
    pbt__store *store = self->store;
    int64_t study = create(self, "toy");
    begin(self, study);
    assert_fails(self, self->ops->savepoint_keep(store, &self->error), PBT_ERR_STATE);
    rollback(self);
    begin(self, study);
    assert_fails(self, self->ops->savepoint_undo(store, &self->error), PBT_ERR_STATE);
    rollback(self);
    begin(self, study);
    assert_ok(self, self->ops->savepoint(store, &self->error));
    assert_fails(self, self->ops->savepoint(store, &self->error), PBT_ERR_STATE);
    rollback(self);
}

static pbt_err stop_at_once(void *context, const pbt__event *event)
{
    (*(int *)context)++;
    return event->sequence == 2 ? PBT_ERR_TRAINER : PBT_OK;
}

static pbt_err refuse_claim(void *context, const pbt__claim *claim)
{
    (void)claim;
    (*(int *)context)++;
    return PBT_ERR_LATE;
}

static pbt_err refuse_study(void *context, const pbt__study_row *row)
{
    (void)row;
    (*(int *)context)++;
    return PBT_ERR_LIMIT;
}

static void a_callback_ends_its_listing(void **state)
{
    fixture *self = *state;
    pbt__store *store = self->store;
    create(self, "toy");
    int64_t study = create(self, "other");
    begin(self, study);
    for (int i = 0; i < 3; i++) {
        append(self, i + 1);
        claim_put(self, i, 0);
    }
    int calls = 0;
    pbt_err err = self->ops->read(store, study, 0, stop_at_once, &calls, NULL);
    assert_int_equal(err, PBT_ERR_TRAINER);
    assert_int_equal(calls, 2);
    commit(self); /* a listing that ended early is no failed write */
    err = self->ops->claim_list(store, study, 0, refuse_claim, &calls, NULL);
    assert_int_equal(err, PBT_ERR_LATE);
    assert_int_equal(calls, 3);
    err = self->ops->list(store, refuse_study, &calls, NULL);
    assert_int_equal(err, PBT_ERR_LIMIT);
    assert_int_equal(calls, 4);
    assert_events(self, study, 0, 3);
}

static pbt_err call_the_store(void *context, const pbt__event *event)
{
    (void)event;
    fixture *self = context;
    pbt__store *store = self->store;
    pbt_error *error = &self->error;
    int64_t study = 1;
    assert_fails(self, self->ops->begin(store, study, &self->found, error), PBT_ERR_STATE);
    assert_fails(self, self->ops->read(store, study, 0, count_event, NULL, error), PBT_ERR_STATE);
    assert_fails(self, self->ops->list(store, write_name, NULL, error), PBT_ERR_STATE);
    rollback(self);
    return PBT_OK;
}

static void a_callback_cannot_call_the_store(void **state)
{
    fixture *self = *state;
    int64_t study = create_full(self, "toy");
    pbt_err err = self->ops->read(self->store, study, 0, call_the_store, self, &self->error);
    assert_int_equal(err, PBT_OK);
    assert_events(self, study, 0, 1);
}

/* ---- threads on one handle ---- */

enum { THREAD_COUNT = 4, ROUND_COUNT = 50 };

typedef struct crew {
    pbt__store *store;
    int64_t study;
} crew;

/* Append two events at a time, and give one turn in four up again. */
static void *append_pairs(void *context)
{
    crew *self = context;
    const pbt__store_ops *ops = self->store->ops;
    for (int i = 0; i < ROUND_COUNT; i++) {
        pbt__transaction found;
        if (ops->begin(self->store, self->study, &found, NULL) != PBT_OK) {
            return self;
        }
        pbt__event event = {.body = "{}", .body_length = 2};
        event.sequence = found.last_sequence + 1;
        pbt_err err = ops->append(self->store, &event, NULL);
        event.sequence++;
        err = err == PBT_OK ? ops->append(self->store, &event, NULL) : err;
        if (err != PBT_OK || i % 4 == 3) {
            ops->rollback(self->store);
        } else {
            err = ops->commit(self->store, NULL);
        }
        if (err != PBT_OK) {
            return self;
        }
    }
    return NULL;
}

static pbt_err expect_next(void *context, const pbt__event *event)
{
    return event->sequence == ++*(int64_t *)context ? PBT_OK : PBT_ERR_CORRUPT;
}

/* Only whole pairs are ever seen. */
static void *read_pairs(void *context)
{
    crew *self = context;
    for (int i = 0; i < ROUND_COUNT; i++) {
        int64_t last = 0;
        pbt_err err = self->store->ops->read(self->store, self->study, 0, expect_next, &last, NULL);
        if (err != PBT_OK || last % 2 != 0) {
            return self;
        }
    }
    return NULL;
}

static void run_crew(crew *crews, int64_t pairs)
{
    pthread_t threads[THREAD_COUNT + 1];
    for (int i = 0; i <= THREAD_COUNT; i++) {
        void *(*work)(void *) = i == THREAD_COUNT ? read_pairs : append_pairs;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &crews[i]), 0);
    }
    for (int i = 0; i <= THREAD_COUNT; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    int64_t last = 0;
    pbt_err err =
        crews[0].store->ops->read(crews[0].store, crews[0].study, 0, expect_next, &last, NULL);
    assert_int_equal(err, PBT_OK);
    assert_int_equal(last, 2 * pairs);
}

enum { PAIRS_PER_THREAD = ROUND_COUNT - ROUND_COUNT / 4 };

static void threads_take_turns_on_one_handle(void **state)
{
    fixture *self = *state;
    crew crews[THREAD_COUNT + 1];
    int64_t study = create(self, "toy");
    for (int i = 0; i <= THREAD_COUNT; i++) {
        crews[i] = (crew){self->store, study};
    }
    run_crew(crews, THREAD_COUNT * PAIRS_PER_THREAD);
}

/* ---- every case under every backend ---- */

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct {
    const char *name;
    CMUnitTestFunction run;
} CASES[] = {
    CASE(an_empty_store_holds_no_study),
    CASE(studies_are_listed_by_name_and_found),
    CASE(a_hint_of_many_names_is_cut),
    CASE(a_name_is_given_once),
    CASE(names_have_bounds),
    CASE(an_unknown_study_is_not_found),
    CASE(a_study_rolled_back_never_was),
    CASE(a_removed_study_is_gone_and_its_id_not_given_again),
    CASE(a_removal_rolled_back_or_undone_removes_nothing),
    CASE(nothing_is_written_to_a_removed_study),
    CASE(events_are_read_back_in_order),
    CASE(a_body_comes_back_byte_for_byte),
    CASE(a_gap_in_the_log_is_refused),
    CASE(what_is_too_long_is_refused),
    CASE(time_never_goes_back),
    CASE(claims_are_listed_by_member_and_revision),
    CASE(only_claims_that_stay_make_a_revision),
    CASE(a_claim_without_an_end_is_refused),
    CASE(blobs_are_kept_replaced_and_dropped),
    CASE(the_largest_blob_comes_back),
    CASE(a_savepoint_is_kept_or_undone),
    CASE(a_commit_keeps_an_open_savepoint),
    CASE(a_rollback_keeps_nothing),
    CASE(writes_need_a_transaction),
    CASE(transactions_do_not_nest),
    CASE(savepoints_do_not_nest),
    CASE(a_callback_ends_its_listing),
    CASE(a_callback_cannot_call_the_store),
    CASE(threads_take_turns_on_one_handle),
};
enum { CASE_COUNT = sizeof(CASES) / sizeof(CASES[0]) };

static int run_backend(const char *scheme)
{
    static char names[CASE_COUNT][96];
    struct CMUnitTest tests[CASE_COUNT];
    for (int i = 0; i < CASE_COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "%s: %s", scheme, CASES[i].name);
        tests[i] = (struct CMUnitTest){
            .name = names[i],
            .test_func = CASES[i].run,
            .setup_func = open_fixture,
            .teardown_func = close_fixture,
            .initial_state = (void *)(uintptr_t)scheme,
        };
    }
    return cmocka_run_group_tests_name(scheme, tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return run_backend(argc > 1 ? argv[1] : "memory");
}
