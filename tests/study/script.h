/*
 * script.h: a whole small study, driven call by call by one thread.
 *
 * Workers claim, beat, report, fail, release, vanish; a user amends, stops, resumes, reopens,
 * looks, verifies and deletes. What is done depends on nothing but the segments that are handed
 * out, so two runs are alike. How a call is carried out is the caller's business, so that calls can
 * be made to fail.
 */
#ifndef PBT_TESTS_STUDY_SCRIPT_H
#define PBT_TESTS_STUDY_SCRIPT_H

#include "support.h"

enum { SCRIPT_MEMBERS = 4, SCRIPT_WORKERS = 3, SCRIPT_LEASE_SECONDS = 300 };

typedef struct script_worker {
    const char *name;
    char session[16];
    int session_count;
    pbt__action action;
    double score; /* of the segment, whose hyperparameters end with the handle */
    bool is_busy;
} script_worker;

typedef struct script {
    bench *bench; /* its store is open, its study is not */
    const char *mode;
    script_worker workers[SCRIPT_WORKERS];
    /* Make the call, again and again if need be, until it has returned PBT_OK. `w` is passed on. */
    void (*carry_out)(struct script *self, pbt_err (*call)(struct script *self, script_worker *w),
                      script_worker *w);
    void (*look_at_end)(struct script *self); /* before the study is deleted */
} script;

typedef pbt_err (*script_call)(script *self, script_worker *w);

pbt__study_options script_options(const bench *b, bool is_observer);
void script_open_store(bench *b);
/* Run it all on a fresh bench, from creating the study to deleting it. */
void script_run(script *self);

#endif
