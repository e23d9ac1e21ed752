/*
 * conformance.h: one suite over every backend.
 *
 * The cases lie in files by theme, each with a table at its end; conformance.c runs the tables
 * against the backend it is told. What a case needs is here: a store of its own, and short forms of
 * the calls that fail the case where the call fails.
 */
#ifndef TESTS_STORE_CONFORMANCE_H
#define TESTS_STORE_CONFORMANCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "store/store.h"
#include "support.h"

typedef struct fixture {
    char folder[SUPPORT_FOLDER_SIZE];
    char url[SUPPORT_URL_SIZE];
    int64_t now_us;
    pbt__store *store;
    pbt_error error;
    pbt__transaction found; /* by the newest begin */
} fixture;

/* A case, for the tables. */
typedef struct conformance_case {
    const char *name;
    CMUnitTestFunction run;
} conformance_case;

// clang-format off
#define CONFORMANCE_CASE(name) {#name, name}
// clang-format on

/* Each table ends with a case without a name. */
extern const conformance_case conformance_keeping[];
extern const conformance_case conformance_turns[];
extern const conformance_case conformance_owner[];
extern const conformance_case conformance_wait[];

/* Close the fixture's store and open it again, or, where it ends with its handle, a new one. */
pbt_err try_open(fixture *self, bool owns);

/* ---- processes ----
 *
 * Another process that opens the store and does what a case asks of it. SQLite's handles do not
 * survive a fork, so the fixture's own is closed before. */

typedef struct peer {
    pid_t process;
    int to, from; /* pipes */
} peer;

/* Start another process, which runs `child` and ends with what that returns: no assertions. */
peer peer_start(fixture *self, int (*child)(fixture *self, const peer *parent));
/* Let the other go on, or wait until it does so, or has ended. */
void peer_tell(const peer *self);
void peer_await(const peer *self);
/* Kill it, and wait for its end. */
void peer_kill(const peer *self);
/* Let it go on to its end, and have its status. */
int peer_end(const peer *self);

/* ---- short forms of the calls ---- */

void assert_ok(fixture *self, pbt_err err);
/* A failure says the same in its return and in words. */
void assert_fails(fixture *self, pbt_err err, pbt_err expected);
void do_begin(fixture *self, int64_t study);
int64_t do_begin_create(fixture *self, const char *name);
void do_commit(fixture *self);
void do_rollback(fixture *self);
int64_t do_create(fixture *self, const char *name);
void do_append(fixture *self, int64_t sequence);
void do_claim_put(fixture *self, int32_t member, int32_t number);
void do_blob_put(fixture *self, pbt_segment_id id, const char *text);
void assert_blob(fixture *self, int64_t study, pbt_segment_id id, const char *text);
void assert_no_blob(fixture *self, int64_t study, pbt_segment_id id);
/* The events after `after` are those up to `last`, in order, each as it was appended. */
void assert_events(fixture *self, int64_t study, int64_t after, int64_t last);
/* The claims written after `after`, such as "m0s1 m2s0 ", each as it was put. */
void assert_claims(fixture *self, int64_t study, int64_t after, const char *expected);
void assert_names(fixture *self, const char *expected);
/* Put an event, a claim and a blob into a new study. */
int64_t do_create_full(fixture *self, const char *name);

/* Callbacks: check that events come in order from the int64_t `context` on; write a study's name
 * into the pbt__text `context`. */
pbt_err count_event(void *context, const pbt__event *event);
pbt_err write_name(void *context, const pbt__study_row *row);

#endif
