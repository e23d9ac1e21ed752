/* heart.c: the heartbeat's thread. A beat that fails is not repeated: the next one is. */
#include "worker/heart.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "worker/said.h"

static const double INTERVAL_MAXIMUM = 5, INTERVAL_MINIMUM = 0.05; /* Units: seconds */
static const double BEAT_SECONDS = 30;

/* One beat, copied under the lock and sent without it. */
typedef struct beat {
    char path[96];
    char *body; /* NULL: no memory */
    uint64_t turn;
} beat;

static char *write_body(const pbt__heart *heart)
{
    const pbt__said said = {.attempt = heart->attempt,
                            .step = heart->step,
                            .metrics = heart->curves.items,
                            .metric_count = heart->curves.count};
    json_t *json = pbt__said_json(&said);
    char *body = pbt__json_write(json);
    json_decref(json);
    return body;
}

/* Take what there is to say. The lock is held. */
static void take_beat(pbt__heart *heart, beat *out)
{
    memcpy(out->path, heart->path, sizeof out->path);
    out->turn = heart->turn;
    out->body = write_body(heart);
    pbt__metrics_clear(&heart->curves);
}

/* Take in a beat's answer; no answer changes nothing. */
static pbt__instruction verdict_of(pbt_err err, const pbt__http_answer *answer)
{
    static const char *const WORDS[] = {"continue", "release", "stop", "lost"};
    const char *word = pbt__json_get_text(answer->json, "action", "");
    if (err == PBT_ERR_LATE || err == PBT_ERR_NOT_FOUND) {
        return PBT__LOST;
    }
    for (int i = 0; err == PBT_OK && i < 4; i++) {
        if (strcmp(word, WORDS[i]) == 0) {
            return (pbt__instruction)i;
        }
    }
    return PBT__GO_ON;
}

static pbt__instruction send_beat(pbt__heart *heart, const beat *self)
{
    pbt__http_answer answer = {.status = 0};
    if (self->body == NULL) {
        return PBT__GO_ON;
    }
    const pbt_err err =
        pbt__http_call(&heart->http, self->path, self->body, BEAT_SECONDS, &answer, NULL);
    const pbt__instruction verdict = verdict_of(err, &answer);
    json_decref(answer.json);
    return verdict;
}

/* Wait until the next beat is due: true; or something has changed. The lock is held. */
static bool is_due(pbt__heart *heart)
{
    if (!heart->is_beating) {
        (void)pthread_cond_wait(&heart->wake, &heart->lock);
        return false;
    }
    const uint64_t turn = heart->turn;
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    const double nanoseconds = (double)until.tv_nsec + heart->interval_seconds * 1e9;
    until.tv_sec += (time_t)(nanoseconds / 1e9);
    until.tv_nsec = (long)(nanoseconds - (double)(int64_t)(nanoseconds / 1e9) * 1e9);
    while (!atomic_load(&heart->is_closing) && heart->turn == turn) {
        if (pthread_cond_timedwait(&heart->wake, &heart->lock, &until) != 0) {
            return heart->turn == turn;
        }
    }
    return false;
}

static void *run(void *context)
{
    pbt__heart *heart = context;
    (void)pthread_mutex_lock(&heart->lock);
    while (!atomic_load(&heart->is_closing)) {
        if (!is_due(heart)) {
            continue;
        }
        beat due;
        take_beat(heart, &due);
        (void)pthread_mutex_unlock(&heart->lock);
        const pbt__instruction verdict = send_beat(heart, &due);
        free(due.body);
        (void)pthread_mutex_lock(&heart->lock);
        if (due.turn == heart->turn && verdict != PBT__GO_ON) {
            atomic_store(&heart->verdict, (int)verdict);
        }
    }
    (void)pthread_mutex_unlock(&heart->lock);
    return NULL;
}

/* ---- a heart --------------------------------------------------------------------------------- */

static pbt_err make_lock(pbt__heart *heart, pbt_error *error)
{
    pthread_condattr_t monotonic;
    if (pthread_mutex_init(&heart->lock, NULL) != 0 || pthread_condattr_init(&monotonic) != 0) {
        return pbt__fail_memory(error);
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    heart->has_lock = pthread_cond_init(&heart->wake, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    return heart->has_lock ? PBT_OK : pbt__fail_memory(error);
}

pbt_err pbt__heart_init(pbt__heart *heart, const char *server, const char *study, const char *token,
                        pbt_error *error)
{
    sigset_t all, before;
    pbt_err err = pbt__http_init(&heart->http, server, study, token, error);
    if (err == PBT_OK) {
        err = make_lock(heart, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    heart->http.is_hurried = &heart->is_closing;
    (void)sigfillset(&all); /* signals are the trainer's */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    heart->has_thread = pthread_create(&heart->thread, NULL, run, heart) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return heart->has_thread ? PBT_OK : pbt__fail(error, PBT_ERR_IO, "cannot start a thread");
}

void pbt__heart_fini(pbt__heart *heart)
{
    if (heart->has_thread) {
        (void)pthread_mutex_lock(&heart->lock);
        atomic_store(&heart->is_closing, true);
        (void)pthread_cond_signal(&heart->wake);
        (void)pthread_mutex_unlock(&heart->lock);
        (void)pthread_join(heart->thread, NULL);
    }
    if (heart->has_lock) {
        (void)pthread_cond_destroy(&heart->wake);
        (void)pthread_mutex_destroy(&heart->lock);
    }
    pbt__metrics_clear(&heart->curves);
    pbt__http_fini(&heart->http);
}

static void change(pbt__heart *heart, bool is_beating)
{
    heart->turn++;
    heart->is_beating = is_beating;
    heart->step = -1;
    pbt__metrics_clear(&heart->curves);
    atomic_store(&heart->verdict, PBT__GO_ON);
    (void)pthread_cond_signal(&heart->wake);
}

void pbt__heart_begin(pbt__heart *heart, const char *segment, int32_t attempt, double lease_seconds)
{
    double interval = lease_seconds / 3 < INTERVAL_MAXIMUM ? lease_seconds / 3 : INTERVAL_MAXIMUM;
    interval = interval > INTERVAL_MINIMUM ? interval : INTERVAL_MINIMUM;
    (void)pthread_mutex_lock(&heart->lock);
    (void)snprintf(heart->path, sizeof heart->path, "/segments/%s/heartbeat", segment);
    heart->attempt = attempt;
    heart->interval_seconds = interval;
    change(heart, true);
    (void)pthread_mutex_unlock(&heart->lock);
}

void pbt__heart_rest(pbt__heart *heart)
{
    (void)pthread_mutex_lock(&heart->lock);
    change(heart, false);
    (void)pthread_mutex_unlock(&heart->lock);
}

void pbt__heart_log(pbt__heart *heart, int64_t step, const char *name, double value)
{
    (void)pthread_mutex_lock(&heart->lock);
    heart->step = step;
    if (name != NULL) {
        pbt__metrics_set(&heart->curves, name, value);
    }
    (void)pthread_mutex_unlock(&heart->lock);
}
