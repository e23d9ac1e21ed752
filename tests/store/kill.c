/*
 * kill.c: a process that commits is killed at random instants; what it acknowledged is there, and
 * whole.
 *
 * The child writes each transaction's last sequence into a pipe after `commit` returned. Each
 * transaction leaves the log, the claim and the blob saying the same number. So, reopened, the log
 * is gapless up to some n, n is no less than the last number that came through the pipe, and all
 * three say n.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store.h"
#include "support.h"

enum { KILL_COUNT = 100, LATEST_MS = 12 };

static const pbt_segment_id BLOB = {0, 0};

static void must(pbt_err err, const pbt_error *error)
{
    if (err != PBT_OK) {
        fprintf(stderr, "tests/store/kill: %s: %s\n", error->message, error->detail);
        abort();
    }
}

/* Find the study, making it where it is absent. */
static int64_t find_study(pbt__store *store)
{
    pbt_error error = {0};
    pbt__study_row row;
    pbt_err err = pbt__store_find(store, "toy", &row, &error);
    if (err == PBT_ERR_NOT_FOUND) {
        pbt__transaction found;
        must(pbt__store_begin_create(store, "toy", &row.id, &found, &error), &error);
        err = pbt__store_commit(store, &error);
    }
    must(err, &error);
    return row.id;
}

/* Append `count` events in one transaction, and say the last in the claim and the blob. */
static int64_t transact(pbt__store *store, int64_t study, int64_t count)
{
    pbt_error error = {0};
    pbt__transaction found;
    must(pbt__store_begin(store, study, &found, &error), &error);
    int64_t last = found.last_sequence;
    for (int64_t i = 0; i < count; i++) {
        pbt__event event = support_event(++last);
        must(pbt__store_append(store, &event, 1, &error), &error);
    }
    pbt__claim claim = {.step = last, .worker = "worker"};
    must(pbt__store_claim_put(store, &claim, 1, &error), &error);
    must(pbt__store_blob_put(store, &(pbt__blob){BLOB, &last, sizeof(last)}, 1, &error), &error);
    must(pbt__store_commit(store, &error), &error);
    return last;
}

static void run_child(const char *url, int acknowledgements, uint64_t seed)
{
    pbt__store *store = support_open(url);
    int64_t study = find_study(store);
    for (;;) {
        int64_t last = transact(store, study, 1 + (int64_t)(support_random(&seed) % 5));
        if (write(acknowledgements, &last, sizeof(last)) != (ssize_t)sizeof(last)) {
            abort();
        }
    }
}

/* Read acknowledgements until there is none left, or only the first; returns the newest, or
 * `last`. */
static int64_t hear(int acknowledgements, int64_t last, bool only_first)
{
    int64_t heard = 0;
    while (read(acknowledgements, &heard, sizeof(heard)) == (ssize_t)sizeof(heard)) {
        last = heard;
        if (only_first) {
            break;
        }
    }
    return last;
}

/* Start a child and kill it after a while, which begins at once (so that it may die before it has a
 * store) or when it has committed. Returns the last number it acknowledged, or 0. */
static int64_t kill_one(const char *url, bool at_once, uint64_t *seed)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        run_child(url, ends[1], *seed);
    }
    close(ends[1]);
    int64_t last = at_once ? 0 : hear(ends[0], 0, true);
    usleep((useconds_t)(support_random(seed) % (LATEST_MS * 1000)));
    kill(child, SIGKILL);
    last = hear(ends[0], last, false);
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return last;
}

static pbt_err expect_event(void *context, const pbt__event *event)
{
    int64_t *last = context;
    (*last)++;
    pbt__event expected = support_event(*last);
    assert_int_equal(event->sequence, *last);
    assert_string_equal(event->body, expected.body);
    assert_true(pbt__digest_equal(event->digest, expected.digest));
    return PBT_OK;
}

static pbt_err expect_claim(void *context, const pbt__claim *claim)
{
    assert_int_equal(claim->step, *(int64_t *)context);
    return PBT_OK;
}

/* Reopen and compare; returns the log's length. */
static int64_t check(const char *url, int64_t acknowledged)
{
    pbt__store *store = support_open(url);
    int64_t study = find_study(store);
    int64_t last = 0;
    assert_int_equal(pbt__store_read(store, study, 0, expect_event, &last, NULL), PBT_OK);
    assert_true(last >= acknowledged);
    assert_int_equal(pbt__store_claim_list(store, study, 0, expect_claim, &last, NULL), PBT_OK);
    if (last > 0) {
        void *bytes = NULL;
        size_t length = 0;
        assert_int_equal(pbt__store_blob_get(store, study, BLOB, &bytes, &length, NULL), PBT_OK);
        assert_int_equal(length, sizeof(last));
        assert_memory_equal(bytes, &last, sizeof(last));
        free(bytes);
    }
    pbt__store_close(store);
    return last;
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
    (void)state;
    char folder[SUPPORT_FOLDER_SIZE];
    char url[SUPPORT_URL_SIZE];
    uint64_t seed = (uint64_t)pbt__clock_now_us();
    printf("# seed %llu\n", (unsigned long long)seed);
    support_folder(folder);
    support_url(folder, url);
    int64_t length = 0;
    for (int i = 0; i < KILL_COUNT; i++) {
        int64_t acknowledged = kill_one(url, i % 4 == 0, &seed);
        length = check(url, acknowledged > length ? acknowledged : length);
    }
    printf("# %d kills, %lld events\n", KILL_COUNT, (long long)length);
    assert_true(length > KILL_COUNT);
    support_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_acknowledged_survives_kill_9)};
    return cmocka_run_group_tests_name("kill", tests, NULL, NULL);
}
