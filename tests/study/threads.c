/*
 * threads.c: one study, many threads, and another process's handle.
 *
 * Workers claim, beat, report and fail as fast as they can while others look and a user amends.
 * Nothing is asserted on the way: each thread counts what went wrong, and at the end the log must
 * hold every report exactly once. Under ThreadSanitizer every data race is a failure, too.
 */
#include "all_segments.h"
#include "store/backend.h"
#include "study/inside.h"
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

enum { MEMBERS = 12, SEGMENTS = 20, WORKERS = 10, HANDLES = 2, FAILS_ONCE_IN = 7 };

static const char SPEC[] = "version: 1\nname: bench\npopulation: 12\nready: {every: 10}\n"
                           "stop: {steps: 200}\nfailure: {retries: 1000, lost: 1000}\n"
                           "hyperparameters: {x: {type: float, min: 0, max: 1}}\n"
                           "trainer: {protocol: command, command: [train]}\n";

typedef struct shared {
    bench *bench;
    pbt__store *stores[HANDLES];
    pbt__study *studies[HANDLES];
    size_t handle_count;
    atomic_int reports, errors;
    atomic_bool is_over;
    char message[sizeof((pbt_error *)NULL)->message]; /* of the first error */
} shared;

typedef struct thread {
    shared *shared;
    pbt__study *study;
    int place;
    pthread_t id;
} thread;

/* ---- what threads do ---- */

/* Count what should not have happened. Whose attempt has been given to another drops it. */
static bool went_well(shared *all, pbt_err err, const pbt_error *error)
{
    if (err != PBT_OK && atomic_fetch_add(&all->errors, 1) == 0) {
        snprintf(all->message, sizeof all->message, "%s", error->message);
    }
    return err == PBT_OK;
}

static pbt_err report(const thread *self, const pbt__claimant *who, pbt__action *action,
                      pbt_error *error)
{
    const pbt__assignment *train = &action->train;
    const pbt__metric metric = {
        .name = "score", .value = train->segment.values[0].real, .has_value = true};
    const pbt__result result = {.segment = train->segment.id,
                                .attempt = train->attempt,
                                .step = train->segment.end_step,
                                .metrics = &metric,
                                .metric_count = 1,
                                .checkpoint = PBT__IN_MEMORY,
                                .bytes = "state",
                                .byte_count = 5};
    pbt__reply reply;
    pbt_err err = pbt__study_report(self->study, who, &result, &reply, error);
    if (err == PBT_OK) {
        atomic_fetch_add(&self->shared->reports, reply.is_repeat ? 0 : 1);
        *action = reply.action;
    }
    return err;
}

static pbt_err train(const thread *self, const pbt__claimant *who, pbt__action *action, int turn,
                     pbt_error *error)
{
    const pbt_segment_id id = action->train.segment.id;
    const int32_t attempt = action->train.attempt;
    pbt__verb verb = PBT__TRAIN;
    pbt_err err = bench_beat(self->study, who, id, attempt, action->train.segment.start_step + 1,
                             &verb, error);
    if (err != PBT_OK) {
        return err;
    }
    if (turn % FAILS_ONCE_IN != 0) {
        return report(self, who, action, error);
    }
    const pbt__failure failure = {
        .segment = id, .attempt = attempt, .message = "it broke", .can_retry = true};
    return pbt__study_fail(self->study, who, &failure, action, error);
}

static void *work(void *argument)
{
    const thread *self = argument;
    char name[32];
    pbt_error error = {0};
    snprintf(name, sizeof name, "worker-%d", self->place);
    const pbt__claimant who = {.worker = name, .session = name};
    pbt__action action = {.verb = PBT__WAIT};
    for (int turn = 1; action.verb != PBT__STOP; turn++) {
        pbt_err err = PBT_OK;
        if (action.verb == PBT__TRAIN) {
            err = train(self, &who, &action, turn + self->place, &error);
        } else {
            pbt__study_wait(self->study, action.seen, self->shared->handle_count > 1 ? 0.01 : 1);
            err = pbt__study_claim(self->study, &who, &action, &error);
        }
        if (!went_well(self->shared, err, &error)) {
            break;
        }
    }
    return NULL;
}

static pbt_err skip_event(void *context, const json_t *event)
{
    (void)event;
    (*(int64_t *)context)++;
    return PBT_OK;
}

/* Look at everything that can be looked at. */
static void *watch(void *argument)
{
    const thread *self = argument;
    pbt_error error = {0};
    while (!atomic_load(&self->shared->is_over)) {
        pbt__summary summary;
        json_t *members = NULL;
        json_t *segments = NULL;
        json_t *why = NULL;
        json_t *tree = NULL;
        int64_t count = 0;
        pbt_err err = pbt__study_summary(self->study, &summary, &error);
        err = err == PBT_OK ? pbt__study_members(self->study, &members, &error) : err;
        err = err == PBT_OK ? all_segments(self->study, &segments, &error) : err;
        err = err == PBT_OK ? pbt__study_events(self->study, 0, skip_event, &count, &error) : err;
        err = err == PBT_OK ? tree_json(self->study, -1, &tree, &error) : err;
        if (err == PBT_OK && summary.has_best) {
            err = pbt__study_why(self->study, summary.best.id, &why, &error);
        }
        (void)went_well(self->shared, err, &error);
        json_decref(members);
        json_decref(segments);
        json_decref(why);
        json_decref(tree);
    }
    return NULL;
}

/* Amend again and again: every spec that was in force stays readable. */
static void *amend(void *argument)
{
    const thread *self = argument;
    pbt_error error = {0};
    for (int i = 0; !atomic_load(&self->shared->is_over); i++) {
        static const char *const KEY[] = {"checkpoints.keep_best"};
        const char *const value[] = {i % 2 == 0 ? "5" : "2"};
        const struct timespec pause = {.tv_nsec = 2000000};
        (void)went_well(self->shared, pbt__study_amend(self->study, KEY, value, 1, &error), &error);
        (void)went_well(self->shared,
                        pbt__study_spec(self->study)->keep_best > 1 ? PBT_OK : PBT_ERR_STATE,
                        &error);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* ---- setting up ---- */

static void open_handle(shared *all, size_t at)
{
    bench *b = all->bench;
    pbt_spec *spec = NULL;
    const pbt__store_options store = {.url = b->url, .can_create = true, .owns = at == 0};
    const pbt__study_options options = {.checkpoint_folder = b->folder};
    assert_ok(pbt__store_open(&store, &all->stores[at], &b->error));
    if (at == 0) {
        json_t *provenance = json_object();
        assert_ok(pbt__spec_parse(SPEC, "bench.yaml", b->folder, &spec, &b->error));
        assert_ok(pbt__study_create(all->stores[at], spec, provenance, &options, &all->studies[at],
                                    &b->error));
        json_decref(provenance);
    } else {
        assert_ok(
            pbt__study_open(all->stores[at], "bench", &options, &all->studies[at], &b->error));
    }
}

static void start(thread *self, shared *all, int place, void *(*run)(void *))
{
    *self = (thread){
        .shared = all, .study = all->studies[(size_t)place % all->handle_count], .place = place};
    assert_int_equal(pthread_create(&self->id, NULL, run, self), 0);
}

static void run_threads(shared *all)
{
    thread workers[WORKERS];
    thread others[2];
    for (int i = 0; i < WORKERS; i++) {
        start(&workers[i], all, i, work);
    }
    start(&others[0], all, 0, watch);
    start(&others[1], all, 1, amend);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].id, NULL);
    }
    atomic_store(&all->is_over, true);
    pthread_join(others[0].id, NULL);
    pthread_join(others[1].id, NULL);
}

static void check_log(shared *all)
{
    bench *b = all->bench;
    if (atomic_load(&all->errors) > 0) {
        fail_msg("%d errors, the first: %s", atomic_load(&all->errors), all->message);
    }
    b->store = all->stores[0];
    b->study = all->studies[0];
    assert_int_equal(atomic_load(&all->reports), MEMBERS * SEGMENTS);
    assert_int_equal(bench_count(b, "reported"), MEMBERS * SEGMENTS);
    assert_true(bench_count(b, "failed") > 0);
    assert_int_equal(bench_summary(b).state, PBT__FINISHED);
    assert_int_equal(bench_summary(b).worker_count, 0);
    assert_int_equal(bench_problems(b), 0);
}

static void run(bench *b, size_t handle_count)
{
    shared all = {.bench = b, .handle_count = handle_count};
    for (size_t i = 0; i < handle_count; i++) {
        open_handle(&all, i);
    }
    run_threads(&all);
    check_log(&all);
    for (size_t i = 1; i < handle_count; i++) {
        pbt__study_close(all.studies[i]);
        pbt__store_close(all.stores[i]);
    }
}

/* ---- the cases ---- */

static void every_report_is_recorded_once_in_memory(void **state)
{
    bench *b = *state;
    snprintf(b->url, sizeof b->url, "memory:");
    run(b, 1);
}

static void every_report_is_recorded_once_in_a_file(void **state)
{
    run(*state, 1);
}

/* As two processes would: each handle has a view and a queue of its own. */
static void every_report_is_recorded_once_by_two_handles(void **state)
{
    run(*state, HANDLES);
}

static atomic_int commit_count;
static pbt__study *queued;
static pbt_err (*real_commit)(pbt__store *store, pbt_error *error);

static pbt_err commit_slowly(pbt__store *store, pbt_error *error)
{
    const struct timespec disk = {.tv_nsec = 3000000};
    nanosleep(&disk, NULL);
    atomic_fetch_add(&commit_count, 1);
    return real_commit(store, error);
}

/* While the disk is waited for, the next group gathers: far fewer commits than calls. */
static void calls_that_wait_for_the_disk_share_a_commit(void **state)
{
    shared all = {.bench = *state, .handle_count = 1};
    thread workers[WORKERS];
    open_handle(&all, 0);
    pbt__store_ops ops = *all.stores[0]->ops;
    const pbt__store_ops *real = all.stores[0]->ops;
    real_commit = ops.commit;
    ops.commit = commit_slowly;
    all.stores[0]->ops = &ops;
    atomic_store(&commit_count, 0);
    for (int i = 0; i < WORKERS; i++) {
        start(&workers[i], &all, i, work);
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].id, NULL);
    }
    all.stores[0]->ops = real;
    check_log(&all);
    /* Each report is a heartbeat and a report. */
    assert_true(atomic_load(&commit_count) < MEMBERS * SEGMENTS);
}

/* More than there are groups with bells of their own. */
enum { GROUP = 64, CALLERS = (PBT__BELLS + 1) * GROUP + 2 };

/* The first group, of one, ends when all others stand in the queue. */
static pbt_err commit_behind_a_queue(pbt__store *store, pbt_error *error)
{
    size_t length = atomic_fetch_add(&commit_count, 1) == 0 ? 0 : CALLERS;
    while (length < CALLERS - 1) {
        pthread_mutex_lock(&queued->queue_lock);
        length = queued->queue_length;
        pthread_mutex_unlock(&queued->queue_lock);
        (void)sched_yield();
    }
    return real_commit(store, error);
}

static void *claim_once(void *argument)
{
    const thread *self = argument;
    char name[32];
    pbt__action action;
    pbt_error error = {0};
    (void)snprintf(name, sizeof name, "worker-%d", self->place);
    const pbt__claimant who = {.worker = name, .session = name};
    const pbt_err err = pbt__study_claim(self->study, &who, &action, &error);
    if (went_well(self->shared, err, &error)) {
        atomic_fetch_add(&self->shared->reports, 1);
    }
    return NULL;
}

static void all_are_answered_who_stand_in_line(void **state)
{
    shared all = {.bench = *state, .handle_count = 1};
    thread callers[CALLERS];
    open_handle(&all, 0);
    pbt__store_ops ops = *all.stores[0]->ops;
    const pbt__store_ops *real = all.stores[0]->ops;
    real_commit = ops.commit;
    ops.commit = commit_behind_a_queue;
    all.stores[0]->ops = &ops;
    queued = all.studies[0];
    atomic_store(&commit_count, 0);
    for (int i = 0; i < CALLERS; i++) {
        start(&callers[i], &all, i, claim_once);
        while (atomic_load(&commit_count) == 0) {
            (void)sched_yield(); /* the first leads alone */
        }
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].id, NULL);
    }
    all.stores[0]->ops = real;
    all.bench->store = all.stores[0];
    all.bench->study = all.studies[0];
    assert_int_equal(atomic_load(&all.reports), CALLERS);
    assert_int_equal(atomic_load(&commit_count), 1 + (CALLERS - 1 + GROUP - 1) / GROUP);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_report_is_recorded_once_in_memory),
        TEST(every_report_is_recorded_once_in_a_file),
        TEST(every_report_is_recorded_once_by_two_handles),
        TEST(calls_that_wait_for_the_disk_share_a_commit),
        TEST(all_are_answered_who_stand_in_line),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
