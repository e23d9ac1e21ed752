/*
 * model.c: random programs of calls, run on two stores side by side, every answer compared.
 *
 * The memory store is the model: arrays and nothing else. SQLite is the implementation. A program
 * calls mostly what may be called, and now and then what may not. Sometimes SQLite's handle is
 * closed and opened again, which the model answers with a rollback. A planted fault in one of the
 * two must be found, else the detector finds nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "store/backend.h"
#include "support.h"

enum { PROGRAM_COUNT = 2000, STEP_COUNT = 50, STUDY_COUNT = 3, LOG_MAXIMUM = 1 << 20 };

static const char *const NAMES[STUDY_COUNT] = {"a", "toy", "zebra"};

/* Where a program is. A write that fails leaves only rollback. */
enum { IDLE = 1, OPEN = 2, BROKEN = 4, ANY = 7 };

/* One of the two stores, and what it has answered. */
typedef struct side {
    char url[SUPPORT_URL_SIZE];
    pbt__store *store;
    const pbt__store_ops *lying;  /* Nullable: the store's own, with a planted fault */
    int64_t studies[STUDY_COUNT]; /* 0: never made */
    int64_t last_sequence;        /* of the newest begin, and what was appended since */
    int64_t now_us;
    int phase;
    pbt__text log;
} side;

/* What the next call is; the same for both sides. */
typedef struct step {
    int kind; /* of CALLS */
    uint64_t number;
    int study;
    pbt_segment_id id;
    int64_t gap; /* mostly 1: what to add to the last sequence */
} step;

static int64_t read_clock(void *context)
{
    return ((side *)context)->now_us;
}

static void open_side(side *self)
{
    const pbt__store_options options = {
        .url = self->url, .can_create = true, .now_us = read_clock, .clock_context = self};
    assert_int_equal(pbt__store_open(&options, &self->store, NULL), PBT_OK);
    self->store->ops = self->lying != NULL ? self->lying : self->store->ops;
}

/* ---- the calls: each writes what came back into its side's log ---- */

static void say(side *self, const char *call, pbt_err err)
{
    pbt__text_format(&self->log, "%s: %s\n", call, pbt_err_name(err));
}

/* A call that takes an open transaction to `phase`. */
static void wrote(side *self, const char *call, pbt_err err, int phase)
{
    say(self, call, err);
    if (self->phase != IDLE) {
        self->phase = err == PBT_OK ? phase : BROKEN;
    }
}

static void begun(side *self, const char *call, pbt_err err, const pbt__transaction *found)
{
    say(self, call, err);
    if (err == PBT_OK) {
        self->phase = OPEN;
        self->last_sequence = found->last_sequence;
        pbt__text_format(&self->log, "  %lld %lld %lld\n", (long long)found->now_us,
                         (long long)found->last_sequence, (long long)found->claims_revision);
    }
}

static void call_create(side *self, const step *call)
{
    pbt__transaction found = {0};
    int64_t study = self->studies[call->study];
    pbt_err err = pbt__store_begin_create(self->store, NAMES[call->study], &study, &found, NULL);
    self->studies[call->study] = study;
    begun(self, "create", err, &found);
    pbt__text_format(&self->log, "  id %lld\n", (long long)study);
}

static void call_begin(side *self, const step *call)
{
    pbt__transaction found = {0};
    self->now_us += (int64_t)(call->number % 5000) - 2000;
    pbt_err err = pbt__store_begin(self->store, self->studies[call->study], &found, NULL);
    begun(self, "begin", err, &found);
}

static void call_commit(side *self, const step *call)
{
    (void)call;
    say(self, "commit", pbt__store_commit(self->store, NULL));
    self->phase = IDLE;
}

static void call_rollback(side *self, const step *call)
{
    (void)call;
    pbt__store_rollback(self->store);
    say(self, "rollback", PBT_OK);
    self->phase = IDLE;
}

static void call_append(side *self, const step *call)
{
    pbt__event event = support_event(1 + (int64_t)(call->number % 1000));
    event.sequence = self->last_sequence + call->gap;
    event.time_us = self->now_us;
    pbt_err err = pbt__store_append(self->store, &event, 1, NULL);
    self->last_sequence += err == PBT_OK ? 1 : 0;
    wrote(self, "append", err, self->phase);
}

static void call_claim_put(side *self, const step *call)
{
    pbt__claim claim = support_claim(call->id.member, (int32_t)(call->number % 100));
    wrote(self, "claim_put", pbt__store_claim_put(self->store, &claim, 1, NULL), self->phase);
}

static void call_blob_put(side *self, const step *call)
{
    size_t length = call->number % 3 == 0 ? 0 : (size_t)(call->number % 7000);
    uint8_t bytes[7000];
    memset(bytes, (int)(call->number & 0xff), sizeof(bytes));
    pbt_err err = pbt__store_blob_put(self->store, &(pbt__blob){call->id, bytes, length}, 1, NULL);
    wrote(self, "blob_put", err, self->phase);
}

static void call_blob_drop(side *self, const step *call)
{
    wrote(self, "blob_drop", pbt__store_blob_drop(self->store, call->id, NULL), self->phase);
}

static void call_blob_get(side *self, const step *call)
{
    void *bytes = NULL;
    size_t length = 0;
    int64_t study = self->studies[call->study];
    say(self, "blob_get", pbt__store_blob_get(self->store, study, call->id, &bytes, &length, NULL));
    if (bytes != NULL) {
        char digest[PBT__DIGEST_TEXT_SIZE];
        pbt__digest_write(pbt__digest_bytes(bytes, length), digest);
        pbt__text_format(&self->log, "  %zu %s\n", length, digest);
    }
    free(bytes);
}

static void call_remove(side *self, const step *call)
{
    (void)call;
    wrote(self, "remove", pbt__store_remove(self->store, NULL), self->phase);
}

static pbt_err log_event(void *context, const pbt__event *event)
{
    side *self = context;
    pbt__text_format(&self->log, "  %lld %lld %d %s\n", (long long)event->sequence,
                     (long long)event->time_us, (int)event->kind, event->body);
    return PBT_OK;
}

static void call_read(side *self, const step *call)
{
    int64_t after = (int64_t)(call->number % 6);
    int64_t study = self->studies[call->study];
    say(self, "read", pbt__store_read(self->store, study, after, log_event, self, NULL));
}

static pbt_err log_claim(void *context, const pbt__claim *claim)
{
    side *self = context;
    pbt__text_format(&self->log, "  m%ds%d %s\n", (int)claim->member, (int)claim->number,
                     claim->session);
    return PBT_OK;
}

static void call_claim_list(side *self, const step *call)
{
    int64_t after = (int64_t)(call->number % 6);
    int64_t study = self->studies[call->study];
    say(self, "claims", pbt__store_claim_list(self->store, study, after, log_claim, self, NULL));
}

static pbt_err log_study(void *context, const pbt__study_row *row)
{
    side *self = context;
    pbt__text_format(&self->log, "  %lld %s\n", (long long)row->id, row->name);
    return PBT_OK;
}

static void call_list(side *self, const step *call)
{
    (void)call;
    say(self, "list", pbt__store_list(self->store, log_study, self, NULL));
}

static void call_reopen(side *self, const step *call)
{
    call_rollback(self, call);
    if (strcmp(self->url, "memory:") != 0) {
        pbt__store_close(self->store);
        open_side(self);
    }
}

/* How often each is drawn, and in which phases it makes sense. */
static const struct {
    int weight, phases;
    void (*run)(side *self, const step *call);
} CALLS[] = {
    {8, IDLE, call_create},
    {30, IDLE, call_begin},
    {12, OPEN, call_commit},
    {6, OPEN, call_rollback},
    {100, BROKEN, call_rollback},
    {20, OPEN, call_append},
    {14, OPEN, call_claim_put},
    {10, OPEN, call_blob_put},
    {5, OPEN, call_blob_drop},
    {1, OPEN, call_remove},
    {6, IDLE | OPEN, call_blob_get},
    {6, IDLE | OPEN, call_read},
    {6, IDLE | OPEN, call_claim_list},
    {4, IDLE, call_list},
    {1, ANY, call_reopen},
};
enum { CALL_COUNT = sizeof(CALLS) / sizeof(CALLS[0]) };

/* ---- programs ---- */

/* Draw a call by weight; one in thirty may be out of turn. */
static int draw_call(int phase, uint64_t random)
{
    int phases = random % 30 == 0 ? ANY : phase;
    int total = 0;
    for (int i = 0; i < CALL_COUNT; i++) {
        total += (CALLS[i].phases & phases) != 0 ? CALLS[i].weight : 0;
    }
    int left = (int)((random >> 8) % (uint64_t)total);
    for (int i = 0; i < CALL_COUNT; i++) {
        left -= (CALLS[i].phases & phases) != 0 ? CALLS[i].weight : 0;
        if (left < 0) {
            return i;
        }
    }
    return 0;
}

static step draw_step(int phase, uint64_t *seed)
{
    uint64_t a = support_random(seed);
    uint64_t b = support_random(seed);
    uint64_t study = (a >> 8) % 8; /* mostly the same one */
    return (step){
        .kind = draw_call(phase, support_random(seed)),
        .study = study < STUDY_COUNT ? (int)study : 0,
        .id = {(int32_t)((a >> 16) % SUPPORT_MEMBERS), (int32_t)((a >> 24) % SUPPORT_NUMBERS)},
        .gap = (a >> 32) % 40 == 0 ? 2 : 1,
        .number = b >> 8,
    };
}

/* Compare what the two answered, and begin new logs. */
static bool agree(side *sides)
{
    const char *a = pbt__text_string(&sides[0].log);
    const char *b = pbt__text_string(&sides[1].log);
    bool same = strcmp(a, b) == 0 && !sides[0].log.failed && !sides[1].log.failed;
    if (same) {
        pbt__text_fini(&sides[0].log);
        pbt__text_fini(&sides[1].log);
    }
    return same;
}

/* Everything in both, when a program is over. */
static bool hold_the_same(side *sides)
{
    char *a = support_dump(sides[0].store);
    char *b = support_dump(sides[1].store);
    bool same = strcmp(a, b) == 0;
    if (!same) {
        pbt__text_add(&sides[0].log, a);
        pbt__text_add(&sides[1].log, b);
    }
    free(a);
    free(b);
    return same;
}

/* Remove all studies, so that the next program begins with an empty store. */
static void clear(side *self)
{
    for (int i = 0; i < STUDY_COUNT; i++) {
        pbt__transaction found;
        if (pbt__store_begin(self->store, self->studies[i], &found, NULL) == PBT_OK) {
            assert_int_equal(pbt__store_remove(self->store, NULL), PBT_OK);
            assert_int_equal(pbt__store_commit(self->store, NULL), PBT_OK);
        }
    }
}

/* Run one program on both; false where they differed. */
static bool run_program(side *sides, uint64_t seed)
{
    bool same = true;
    for (int i = 0; i < STEP_COUNT && same; i++) {
        const step next = draw_step(sides[0].phase, &seed);
        CALLS[next.kind].run(&sides[0], &next);
        CALLS[next.kind].run(&sides[1], &next);
        same = agree(sides);
    }
    call_rollback(&sides[0], NULL);
    call_rollback(&sides[1], NULL);
    same = same && hold_the_same(sides);
    clear(&sides[0]);
    clear(&sides[1]);
    return same;
}

/* ---- both sides ---- */

typedef struct fixture {
    char folder[SUPPORT_FOLDER_SIZE];
    side sides[2];
} fixture;

static int open_both(void **state)
{
    fixture *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return -1;
    }
    support_folder_fast(self->folder);
    snprintf(self->sides[0].url, sizeof(self->sides[0].url), "memory:");
    support_url(self->folder, self->sides[1].url);
    for (int i = 0; i < 2; i++) {
        self->sides[i].now_us = 1000000;
        self->sides[i].phase = IDLE;
        self->sides[i].log = pbt__text_init(LOG_MAXIMUM);
        open_side(&self->sides[i]);
    }
    *state = self;
    return 0;
}

static int close_both(void **state)
{
    fixture *self = *state;
    for (int i = 0; i < 2; i++) {
        pbt__store_close(self->sides[i].store);
        pbt__text_fini(&self->sides[i].log);
    }
    support_folder_remove(self->folder);
    free(self);
    return 0;
}

static void run_programs(side *sides, uint64_t seed, int count)
{
    for (int i = 0; i < count; i++) {
        uint64_t program = seed + (uint64_t)i;
        if (!run_program(sides, program)) {
            print_error("program %llu\nmemory:\n%s\nsqlite:\n%s\n", (unsigned long long)program,
                        pbt__text_string(&sides[0].log), pbt__text_string(&sides[1].log));
            fail();
        }
    }
}

static void fixed_programs_agree(void **state)
{
    fixture *self = *state;
    run_programs(self->sides, 1, PROGRAM_COUNT);
}

static void random_programs_agree(void **state)
{
    fixture *self = *state;
    uint64_t seed = (uint64_t)pbt__clock_now_us();
    printf("# seed %llu\n", (unsigned long long)seed);
    run_programs(self->sides, seed, PROGRAM_COUNT);
}

/* ---- planted faults ---- */

static int lie_count;

/* Every so often. */
static bool is_time_to_lie(void)
{
    return ++lie_count % 10 == 0;
}

static pbt_err forget_claim(pbt__store *store, int64_t study, const pbt__claim *claims,
                            size_t count, int64_t revision, pbt_error *error)
{
    return is_time_to_lie()
               ? PBT_OK
               : pbt__sqlite_ops.claim_put(store, study, claims, count, revision, error);
}

static void keep_for_undo(pbt__store *store)
{
    if (!is_time_to_lie() || pbt__sqlite_ops.commit(store, NULL) != PBT_OK) {
        pbt__sqlite_ops.rollback(store);
    }
}

static pbt_err shift_time(pbt__store *store, int64_t study, const pbt__event *events, size_t count,
                          pbt_error *error)
{
    pbt__event shifted = *events; /* programs append one by one */
    shifted.time_us += is_time_to_lie() ? 1 : 0;
    return pbt__sqlite_ops.append(store, study, &shifted, count, error);
}

static pbt_err leave_blob(pbt__store *store, int64_t study, pbt_segment_id id, pbt_error *error)
{
    return is_time_to_lie() ? PBT_OK : pbt__sqlite_ops.blob_drop(store, study, id, error);
}

/* Returns whether programs find the fault. */
static bool is_detected(fixture *self, const pbt__store_ops *lying)
{
    bool is_found = false;
    lie_count = 0;
    self->sides[1].lying = self->sides[1].store->ops = lying;
    for (uint64_t i = 1; i <= PROGRAM_COUNT && !is_found; i++) {
        is_found = !run_program(self->sides, i);
    }
    self->sides[1].store->ops = &pbt__sqlite_ops;
    return is_found;
}

static void a_forgotten_claim_is_found(void **state)
{
    fixture *self = *state;
    pbt__store_ops lying = pbt__sqlite_ops;
    lying.claim_put = forget_claim;
    assert_true(is_detected(self, &lying));
}

static void an_undo_that_keeps_is_found(void **state)
{
    fixture *self = *state;
    pbt__store_ops lying = pbt__sqlite_ops;
    lying.rollback = keep_for_undo;
    assert_true(is_detected(self, &lying));
}

static void a_time_off_by_one_is_found(void **state)
{
    fixture *self = *state;
    pbt__store_ops lying = pbt__sqlite_ops;
    lying.append = shift_time;
    assert_true(is_detected(self, &lying));
}

static void a_blob_left_behind_is_found(void **state)
{
    fixture *self = *state;
    pbt__store_ops lying = pbt__sqlite_ops;
    lying.blob_drop = leave_blob;
    assert_true(is_detected(self, &lying));
}

/* ---- the end of a handle ---- */

static bool could_ring;

static void ring_and_close(pbt__store *store)
{
    could_ring = pthread_mutex_trylock(&store->bell_mutex) == 0 &&
                 pthread_mutex_unlock(&store->bell_mutex) == 0;
    pbt__memory_ops.close(store);
}

/* What a backend ends in `close` may still wake those who wait. */
static void locks_outlive_the_backend(void **state)
{
    fixture *self = *state;
    pbt__store_ops own = pbt__memory_ops;
    own.close = ring_and_close;
    self->sides[0].store->ops = &own;
    pbt__store_close(self->sides[0].store);
    self->sides[0].store = NULL;
    assert_true(could_ring);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_both, close_both)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(fixed_programs_agree),       CASE(random_programs_agree),
        CASE(a_forgotten_claim_is_found), CASE(an_undo_that_keeps_is_found),
        CASE(a_time_off_by_one_is_found), CASE(a_blob_left_behind_is_found),
        CASE(locks_outlive_the_backend),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
