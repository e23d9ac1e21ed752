/*
 * support.h: a study in a scratch folder, driven without processes or threads.
 *
 * The clock is the test's own. Checkpoints are small texts that name the segment and attempt that
 * wrote them, so a test can say whose weights a segment was handed.
 */
#ifndef PBT_TESTS_STUDY_SUPPORT_H
#define PBT_TESTS_STUDY_SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "study/study.h"

typedef struct bench {
    char folder[PBT__PATH_SIZE];
    char url[PBT__PATH_SIZE];
    int64_t now_us;
    bool is_patient; /* as a run's study is */
    pbt__store *store;
    pbt__study *study;
    pbt_error error;
} bench;

/* cmocka's setup and teardown: `*state` is a fresh bench in a folder of its own, over an SQLite
 * store. */
int bench_make(void **state);
int bench_remove(void **state);

/* The bench's clock, for a store's options. Units: microseconds */
int64_t bench_now(void *context);

/* Create the study of a spec. `more` is YAML appended to a minimal spec of `population` members,
 * ready every 10 steps, 100 in all, mode and all else by `more`. */
void bench_create(bench *b, int population, const char *more);
/* Whether creating it is refused, with what error. */
pbt_err bench_try_create(bench *b, int population, const char *more);
/* Close and open study and store again. */
void bench_reopen(bench *b);
void bench_close(bench *b);

/* Claim for a worker, whose session is its own name. */
pbt__action bench_claim(bench *b, const char *worker);
/* Claim until this member's segment is handed out; the others go to workers of their own. */
pbt__action bench_claim_member(bench *b, int32_t member, const char *worker);

/* Report a score for what was claimed, at its end, with a text of its own as checkpoint. */
pbt__reply bench_report(bench *b, const char *worker, const pbt__action *action, double score);
pbt_err bench_try_report(bench *b, const char *worker, const pbt__action *action, double score,
                         int64_t step, pbt__reply *out);
/* As bench_try_report with what lies at save_to as the checkpoint. */
pbt_err bench_report_saved(bench *b, const char *worker, const pbt__action *action, double score,
                           pbt__reply *out);
/* As bench_try_report with the checkpoint written to save_to as a file. */
pbt_err bench_report_file(bench *b, const char *worker, const pbt__action *action, double score,
                          pbt__reply *out);
pbt_err bench_fail(bench *b, const char *worker, const pbt__action *action, bool can_retry);

/* Train everything with worker "a", scores by `score`, until the study stops. Returns segments
 * trained. Fails the test beyond `limit` segments. */
int bench_train(bench *b, double (*score)(const pbt_segment *segment), int limit);

/* The text that a loaded checkpoint holds. Valid until the next call. */
const char *bench_loaded(bench *b, const pbt__action *action);

pbt__summary bench_summary(bench *b);
/* How many events of a kind the log holds. */
int bench_count(bench *b, const char *kind);
/* The newest event of a kind; the caller decrefs. */
json_t *bench_last(bench *b, const char *kind);
/* Problems that verify finds. */
int64_t bench_problems(bench *b);
/* The segments as one text, without attempts, sequence and times. The caller frees. */
char *bench_segments(bench *b);

/* A heartbeat that logs nothing. */
pbt_err bench_beat(pbt__study *study, const pbt__claimant *who, pbt_segment_id id, int32_t attempt,
                   int64_t step, pbt__verb *verb, pbt_error *error);

#define assert_ok(expression) assert_int_equal((expression), PBT_OK)

#endif
