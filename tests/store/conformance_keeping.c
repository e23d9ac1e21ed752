/* conformance_keeping.c: what was put in comes out: studies, events, claims and blobs. */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    int64_t toy = do_create(self, "toy");
    int64_t art = do_create(self, "art");
    do_create(self, "toy-2");
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
        do_create(self, name);
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
    int64_t study = do_create(self, "toy");
    int64_t other = 77;
    pbt_err err = pbt__store_begin_create(self->store, "toy", &other, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_EXISTS);
    assert_int_equal(other, 77);
    do_begin(self, study);
    do_rollback(self);
}

static void names_have_bounds(void **state)
{
    fixture *self = *state;
    char name[PBT__NAME_SIZE + 1];
    memset(name, 'n', sizeof(name));
    name[PBT__NAME_SIZE] = '\0';
    int64_t study = 0;
    pbt_err err = pbt__store_begin_create(self->store, name, &study, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_ARGUMENT);
    err = pbt__store_begin_create(self->store, "", &study, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_ARGUMENT);
    do_create(self, name + 1);
    pbt__study_row row;
    assert_ok(self, pbt__store_find(self->store, name + 1, &row, &self->error));
    assert_string_equal(row.name, name + 1);
}

static void an_unknown_study_is_not_found(void **state)
{
    fixture *self = *state;
    int64_t study = do_create(self, "toy");
    pbt__transaction untouched = {.now_us = 3};
    pbt_err err = pbt__store_begin(self->store, study + 1, &untouched, &self->error);
    assert_fails(self, err, PBT_ERR_NOT_FOUND);
    assert_int_equal(untouched.now_us, 3);
    assert_events(self, study + 1, 0, 0);
    assert_claims(self, study + 1, 0, "");
    assert_no_blob(self, study + 1, (pbt_segment_id){0, 0});
    do_begin(self, study);
    do_rollback(self);
}

static void a_study_rolled_back_never_was(void **state)
{
    fixture *self = *state;
    int64_t study = do_begin_create(self, "toy");
    do_append(self, 1);
    do_claim_put(self, 0, 0);
    do_rollback(self);
    assert_names(self, "");
    pbt_err err = pbt__store_begin(self->store, study, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_NOT_FOUND);
    int64_t again = do_create(self, "toy");
    assert_events(self, again, 0, 0);
    assert_claims(self, again, 0, "");
}

static void a_removed_study_is_gone_and_its_id_not_given_again(void **state)
{
    fixture *self = *state;
    int64_t other = do_create_full(self, "other");
    int64_t study = do_create_full(self, "toy");
    do_begin(self, study);
    assert_ok(self, pbt__store_remove(self->store, &self->error));
    do_commit(self);
    assert_names(self, "other ");
    pbt_err err = pbt__store_begin(self->store, study, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_NOT_FOUND);
    assert_events(self, study, 0, 0);
    assert_claims(self, study, 0, "");
    assert_no_blob(self, study, (pbt_segment_id){0, 0});

    int64_t again = do_create(self, "toy");
    assert_int_not_equal(again, study);
    assert_events(self, again, 0, 0);
    assert_claims(self, again, 0, "");
    assert_no_blob(self, again, (pbt_segment_id){0, 0});
    assert_events(self, other, 0, 1);
    assert_claims(self, other, 0, "m0s0 ");
    assert_blob(self, other, (pbt_segment_id){0, 0}, "weights");
}

static void a_removal_rolled_back_removes_nothing(void **state)
{
    fixture *self = *state;
    int64_t study = do_create_full(self, "toy");
    do_begin(self, study);
    assert_ok(self, pbt__store_remove(self->store, &self->error));
    do_rollback(self);
    do_begin(self, study);
    do_append(self, 2);
    do_commit(self);
    assert_names(self, "toy ");
    assert_events(self, study, 0, 2);
    assert_claims(self, study, 0, "m0s0 ");
    assert_blob(self, study, (pbt_segment_id){0, 0}, "weights");
}

static void nothing_is_written_to_a_removed_study(void **state)
{
    fixture *self = *state;
    int64_t study = do_create_full(self, "toy");
    do_begin(self, study);
    assert_ok(self, pbt__store_remove(self->store, &self->error));
    pbt__event event = support_event(2);
    pbt_err err = pbt__store_append(self->store, &event, 1, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    do_rollback(self);
    assert_events(self, study, 0, 1);
}

/* ---- events ---- */

static void events_are_read_back_in_order(void **state)
{
    fixture *self = *state;
    int64_t study = do_begin_create(self, "toy");
    assert_int_equal(self->found.last_sequence, 0);
    for (int64_t i = 1; i <= 20; i++) {
        do_append(self, i);
    }
    assert_events(self, study, 0, 20);
    do_commit(self);
    do_begin(self, study);
    assert_int_equal(self->found.last_sequence, 20);
    do_append(self, 21);
    assert_events(self, study, 19, 21);
    do_commit(self);
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
    int64_t study = do_create(self, "toy");
    for (int64_t i = 1; i <= 4; i++) {
        pbt__event event = {.sequence = i, .body = i == 4 ? large : TEXTS[i - 1]};
        event.body_length = strlen(event.body);
        do_begin(self, study);
        assert_ok(self, pbt__store_append(self->store, &event, 1, &self->error));
        do_commit(self);
        assert_ok(self,
                  pbt__store_read(self->store, study, i - 1, compare_body, &event, &self->error));
    }
    free(large);
}

/* A failed write leaves only rollback: nothing slips through behind it. */
static void assert_only_rollback_is_left(fixture *self, int64_t study)
{
    pbt__claim claim = support_claim(1, 1);
    pbt_err err = pbt__store_claim_put(self->store, &claim, 1, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    err = pbt__store_read(self->store, study, 0, count_event, NULL, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    err = pbt__store_commit(self->store, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    assert_events(self, study, 0, 1);
    assert_claims(self, study, 0, "m0s0 ");
    do_begin(self, study);
    do_rollback(self);
}

static void a_gap_in_the_log_is_refused(void **state)
{
    fixture *self = *state;
    int64_t study = do_create_full(self, "toy");
    static const int64_t WRONG[] = {-1, 0, 1, 3};
    for (int i = 0; i < 4; i++) {
        do_begin(self, study);
        pbt__event event = support_event(2);
        event.sequence = WRONG[i];
        pbt_err err = pbt__store_append(self->store, &event, 1, &self->error);
        assert_fails(self, err, PBT_ERR_ARGUMENT);
        assert_only_rollback_is_left(self, study);
    }
}

static void what_is_too_long_is_refused(void **state)
{
    fixture *self = *state;
    int64_t study = do_create_full(self, "toy");
    pbt__event event = support_event(2);
    event.body_length = (size_t)PBT__BODY_MAXIMUM + 1;
    do_begin(self, study);
    pbt_err err = pbt__store_append(self->store, &event, 1, &self->error);
    assert_fails(self, err, PBT_ERR_LIMIT);
    assert_only_rollback_is_left(self, study);
    if (pbt__store_is_fleeting(self->store)) {
        return; /* its blobs take what memory there is */
    }
    do_begin(self, study);
    err = pbt__store_blob_put(self->store, &(pbt__blob){{0, 0}, "", PBT__BLOB_MAXIMUM + 1}, 1,
                              &self->error);
    assert_fails(self, err, PBT_ERR_LIMIT);
    assert_only_rollback_is_left(self, study);
}

static void time_never_goes_back(void **state)
{
    fixture *self = *state;
    int64_t study = do_begin_create(self, "toy");
    assert_int_equal(self->found.now_us, 1000000);
    pbt__event event = support_event(1);
    event.time_us = self->found.now_us;
    assert_ok(self, pbt__store_append(self->store, &event, 1, &self->error));
    do_commit(self);
    self->now_us = 400;
    do_begin(self, study);
    assert_int_equal(self->found.now_us, 1000000);
    do_rollback(self);
    self->now_us = 1000001;
    do_begin(self, study);
    assert_int_equal(self->found.now_us, 1000001);
    do_rollback(self);
    self->now_us = 400;
    do_begin_create(self, "other");
    assert_int_equal(self->found.now_us, 400);
    do_rollback(self);
}

/* ---- claims ---- */

static void claims_are_listed_by_member_and_revision(void **state)
{
    fixture *self = *state;
    int64_t study = do_begin_create(self, "toy");
    assert_int_equal(self->found.claims_revision, 0);
    do_claim_put(self, 2, 0);
    do_claim_put(self, 0, 0);
    do_claim_put(self, 1, 0);
    do_commit(self);
    assert_claims(self, study, 0, "m0s0 m1s0 m2s0 ");
    do_begin(self, study);
    int64_t first = self->found.claims_revision;
    assert_true(first > 0);
    do_claim_put(self, 2, 1);
    do_claim_put(self, 1, 1);
    do_claim_put(self, 1, 2);
    assert_claims(self, study, first, "m1s2 m2s1 ");
    do_commit(self);
    assert_claims(self, study, first, "m1s2 m2s1 ");
    do_begin(self, study);
    do_claim_put(self, 0, 2);
    do_commit(self);
    assert_claims(self, study, 0, "m0s2 m1s2 m2s1 ");
    do_begin(self, study);
    assert_true(self->found.claims_revision > first);
    assert_claims(self, study, self->found.claims_revision, "");
    do_rollback(self);
}

static void only_claims_that_stay_make_a_revision(void **state)
{
    fixture *self = *state;
    int64_t study = do_create_full(self, "toy");
    do_begin(self, study);
    int64_t before = self->found.claims_revision;
    do_append(self, 2);
    do_commit(self);
    do_begin(self, study);
    assert_int_equal(self->found.claims_revision, before);
    do_claim_put(self, 0, 1);
    do_rollback(self);
    do_begin(self, study);
    assert_int_equal(self->found.claims_revision, before);
    do_rollback(self);
    assert_claims(self, study, 0, "m0s0 ");
}

static void a_claim_without_an_end_is_refused(void **state)
{
    fixture *self = *state;
    int64_t study = do_create_full(self, "toy");
    pbt__claim claim = support_claim(0, 1);
    memset(claim.worker, 'w', sizeof(claim.worker));
    do_begin(self, study);
    pbt_err err = pbt__store_claim_put(self->store, &claim, 1, &self->error);
    assert_fails(self, err, PBT_ERR_ARGUMENT);
    assert_only_rollback_is_left(self, study);
    claim = support_claim(0, 1);
    memset(claim.session, 's', sizeof(claim.session));
    do_begin(self, study);
    err = pbt__store_claim_put(self->store, &claim, 1, &self->error);
    assert_fails(self, err, PBT_ERR_ARGUMENT);
    do_rollback(self);
}

/* ---- blobs ---- */

static void blobs_are_kept_replaced_and_dropped(void **state)
{
    fixture *self = *state;
    const pbt_segment_id a = {0, 1};
    const pbt_segment_id b = {1, 0};
    int64_t other = do_create(self, "other");
    int64_t study = do_create(self, "toy");
    do_begin(self, study);
    assert_no_blob(self, study, a);
    do_blob_put(self, a, "one");
    do_blob_put(self, b, "");
    assert_blob(self, study, a, "one");
    do_commit(self);
    assert_blob(self, study, a, "one");
    assert_blob(self, study, b, "");
    assert_no_blob(self, other, a);
    do_begin(self, study);
    do_blob_put(self, a, "another");
    assert_ok(self, pbt__store_blob_drop(self->store, b, &self->error));
    assert_ok(self, pbt__store_blob_drop(self->store, b, &self->error));
    assert_no_blob(self, study, b);
    do_commit(self);
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
    int64_t study = do_begin_create(self, "toy");
    assert_ok(self, pbt__store_blob_put(self->store, &(pbt__blob){{3, 9}, bytes, PBT__BLOB_MAXIMUM},
                                        1, &self->error));
    assert_ok(self,
              pbt__store_blob_put(self->store, &(pbt__blob){{3, 8}, NULL, 0}, 1, &self->error));
    do_commit(self);
    void *found = NULL;
    size_t length = 0;
    assert_ok(self, pbt__store_blob_get(self->store, study, (pbt_segment_id){3, 9}, &found, &length,
                                        &self->error));
    assert_int_equal(length, PBT__BLOB_MAXIMUM);
    assert_memory_equal(found, bytes, length);
    memset(found, 0, length);
    assert_ok(self, pbt__store_blob_copy(self->store, study, (pbt_segment_id){3, 9}, found,
                                         PBT__BLOB_MAXIMUM - 1, &length, &self->error));
    assert_int_equal(length, PBT__BLOB_MAXIMUM);
    assert_int_equal(((char *)found)[1], 0); /* there was no room for it */
    assert_ok(self, pbt__store_blob_copy(self->store, study, (pbt_segment_id){3, 9}, found,
                                         PBT__BLOB_MAXIMUM, &length, &self->error));
    assert_memory_equal(found, bytes, length);
    free(found);
    free(bytes);
    assert_blob(self, study, (pbt_segment_id){3, 8}, "");
}

/* ---- many at once ---- */

enum { MANY = 23 };

static pbt_err compare_event(void *context, const pbt__event *event)
{
    char text[32];
    int *count = context;
    pbt__event expected = support_event(++*count);
    (void)snprintf(text, sizeof(text), "text %d", *count - 1);
    expected.body = text;
    expected.body_length = strlen(text);
    assert_int_equal(event->sequence, expected.sequence);
    assert_int_equal(event->time_us, expected.time_us);
    assert_int_equal(event->kind, expected.kind);
    assert_memory_equal(event->digest.bytes, expected.digest.bytes, sizeof(event->digest.bytes));
    return compare_body(&expected, event);
}

static pbt_err compare_claim(void *context, const pbt__claim *claim)
{
    int *count = context;
    const pbt__claim expected = support_claim((*count)++, 7);
    assert_int_equal(claim->member, expected.member);
    assert_int_equal(claim->number, expected.number);
    assert_int_equal(claim->lease_until_us, expected.lease_until_us);
    assert_int_equal(claim->step_changed_us, expected.step_changed_us);
    assert_string_equal(claim->worker, expected.worker);
    assert_string_equal(claim->session, expected.session);
    return PBT_OK;
}

/* Of two blobs under one id the later stays. */
static void many_rows_are_kept_at_once(void **state)
{
    fixture *self = *state;
    char texts[MANY][32];
    pbt__event events[MANY];
    pbt__claim claims[MANY];
    pbt__blob blobs[MANY];
    int found[2] = {0};
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "text %d", i);
        events[i] = support_event(i + 1);
        events[i].body = texts[i];
        events[i].body_length = strlen(texts[i]);
        claims[i] = support_claim(i, 7);
        blobs[i] = (pbt__blob){{i, 2 * i}, texts[i], strlen(texts[i])};
    }
    blobs[1].id = blobs[0].id;
    const int64_t study = do_begin_create(self, "many");
    assert_ok(self, pbt__store_append(self->store, events, MANY, &self->error));
    assert_ok(self, pbt__store_claim_put(self->store, claims, MANY, &self->error));
    assert_ok(self, pbt__store_blob_put(self->store, blobs, MANY, &self->error));
    do_commit(self);
    assert_ok(self, pbt__store_read(self->store, study, 0, compare_event, found, &self->error));
    assert_ok(self,
              pbt__store_claim_list(self->store, study, 0, compare_claim, found + 1, &self->error));
    assert_int_equal(found[0], MANY);
    assert_int_equal(found[1], MANY);
    for (int i = 1; i < MANY; i++) {
        assert_blob(self, study, blobs[i].id, texts[i]);
    }
}

/* ---- its URL ---- */

static void an_url_says_whether_there_is_a_file(void **state)
{
    const fixture *self = *state;
    const char *file = pbt__store_url_file(self->url);
    assert_int_equal(file != NULL, pbt__store_file(self->store) != NULL);
    assert_true(file == NULL || strstr(self->url, file) != NULL);
    assert_string_equal(pbt__store_url_file("a:b"), "a:b");
    assert_string_equal(pbt__store_url_file("./s3:x"), "./s3:x");
    assert_null(pbt__store_url_file("s3:x"));
    assert_null(pbt__store_url_file("c++:x"));
}

const conformance_case conformance_keeping[] = {
    CONFORMANCE_CASE(an_url_says_whether_there_is_a_file),
    CONFORMANCE_CASE(an_empty_store_holds_no_study),
    CONFORMANCE_CASE(studies_are_listed_by_name_and_found),
    CONFORMANCE_CASE(a_hint_of_many_names_is_cut),
    CONFORMANCE_CASE(a_name_is_given_once),
    CONFORMANCE_CASE(names_have_bounds),
    CONFORMANCE_CASE(an_unknown_study_is_not_found),
    CONFORMANCE_CASE(a_study_rolled_back_never_was),
    CONFORMANCE_CASE(a_removed_study_is_gone_and_its_id_not_given_again),
    CONFORMANCE_CASE(a_removal_rolled_back_removes_nothing),
    CONFORMANCE_CASE(nothing_is_written_to_a_removed_study),
    CONFORMANCE_CASE(events_are_read_back_in_order),
    CONFORMANCE_CASE(a_body_comes_back_byte_for_byte),
    CONFORMANCE_CASE(a_gap_in_the_log_is_refused),
    CONFORMANCE_CASE(what_is_too_long_is_refused),
    CONFORMANCE_CASE(many_rows_are_kept_at_once),
    CONFORMANCE_CASE(time_never_goes_back),
    CONFORMANCE_CASE(claims_are_listed_by_member_and_revision),
    CONFORMANCE_CASE(only_claims_that_stay_make_a_revision),
    CONFORMANCE_CASE(a_claim_without_an_end_is_refused),
    CONFORMANCE_CASE(blobs_are_kept_replaced_and_dropped),
    CONFORMANCE_CASE(the_largest_blob_comes_back),
    {NULL, NULL},
};
