/* caller.c: trying, resting, and trying again. */
#include "worker/caller.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"

static const double DELAY_FIRST = 0.1, DELAY_MAXIMUM = 5; /* Units: seconds */
static const double CALL_SECONDS = 60, SLICE_SECONDS = 0.05, REST_LEAST = 0.05;
static const double INTERRUPTED_SECONDS = 10; /* of patience that is left then */

void pbt__caller_fini(pbt__caller *caller)
{
    pbt__http_fini(&caller->http);
    if (caller->is_folder_made) {
        (void)!pbt__file_remove(caller->folder, NULL);
    }
}

static double now(void)
{
    return (double)pbt__clock_monotonic_us() / 1e6;
}

void pbt__caller_sleep(const pbt__caller *caller, double seconds, bool is_hurried)
{
    const double end = now() + seconds;
    double left = seconds;
    while (left > 0) {
        const double slice = left < SLICE_SECONDS ? left : SLICE_SECONDS;
        const struct timespec pause = {.tv_nsec = (long)(slice * 1e9)};
        if (is_hurried && atomic_load(caller->is_interrupted)) {
            return;
        }
        (void)nanosleep(&pause, NULL);
        left = end - now();
    }
}

/* A number in [0.5, 1.5), another one each time. */
static double spread(pbt__caller *caller)
{
    caller->noise ^= caller->noise << 13;
    caller->noise ^= caller->noise >> 7;
    caller->noise ^= caller->noise << 17;
    return 0.5 + (double)(caller->noise >> 11) / 9007199254740992.0;
}

/* The tries of one call. */
typedef struct tries {
    double begin, delay;
    bool is_hurried; /* an interruption ends them at once */
} tries;

static tries tries_begin(bool is_hurried)
{
    return (tries){.begin = now(), .delay = DELAY_FIRST, .is_hurried = is_hurried};
}

/* After a try that ended so, say whether to make another; then the time for it has come. */
static bool tries_go_on(pbt__caller *caller, tries *self, pbt_err err)
{
    const bool is_interrupted = atomic_load(caller->is_interrupted);
    const double patience = is_interrupted ? fmin(caller->patience_seconds, INTERRUPTED_SECONDS)
                                           : caller->patience_seconds;
    const double delay = self->delay * spread(caller);
    if (err != PBT_ERR_BUSY || (is_interrupted && self->is_hurried) ||
        now() - self->begin + delay > patience) {
        return false;
    }
    pbt__caller_sleep(caller, delay, self->is_hurried);
    self->delay = fmin(2 * self->delay, DELAY_MAXIMUM);
    return true;
}

/* The patience has ended: say so in the terms of worker.h. */
static pbt_err tries_end(const pbt__caller *caller, pbt_err err, pbt_error *error)
{
    if (err != PBT_ERR_BUSY) {
        return err;
    }
    if (error != NULL) {
        error->code = PBT_ERR_IO;
        pbt__error_hint(error, "no answer for %.0f seconds; is 'pbt run' still running?",
                        caller->patience_seconds);
    }
    return PBT_ERR_IO;
}

static pbt_err post(pbt__caller *caller, const char *path, const char *body, double wait_seconds,
                    json_t **out, pbt_error *error)
{
    pbt__http_answer answer = {.status = 0};
    const bool is_hurried = caller->http.is_hurried != NULL;
    tries self = tries_begin(is_hurried);
    pbt_err err = PBT_OK;
    do {
        json_decref(answer.json);
        err =
            pbt__http_call(&caller->http, path, body, CALL_SECONDS + wait_seconds, &answer, error);
    } while (tries_go_on(caller, &self, err));
    if (err == PBT_OK) {
        *out = json_incref(answer.json);
    }
    json_decref(answer.json);
    return tries_end(caller, err, error);
}

pbt_err pbt__caller_call(pbt__caller *caller, const char *path, const char *body, json_t **out,
                         pbt_error *error)
{
    return post(caller, path, body, 0, out, error);
}

char *pbt__caller_claim_body(pbt__caller_name who, int seconds)
{
    json_t *json = json_pack("{s:o, s:s, s:i}", "worker", pbt__json_text(who.worker), "session",
                             who.session, "wait_seconds", seconds);
    char *body = pbt__json_write(json);
    json_decref(json);
    return body;
}

/* A server that keeps nobody waiting is not asked at once again. */
static void rest(const pbt__caller *caller, const json_t *answer, double left)
{
    const double seconds = pbt__json_get_real(answer, "seconds", 0);
    if (strcmp(pbt__json_get_text(answer, "action", ""), "wait") == 0) {
        pbt__caller_sleep(caller, fmax(fmin(seconds, left), REST_LEAST), true);
    }
}

pbt_err pbt__caller_claim(pbt__caller *caller, pbt__caller_name who, int seconds, json_t **out,
                          pbt_error *error)
{
    const double begin = now();
    char *body = pbt__caller_claim_body(who, seconds);
    if (body == NULL) {
        return pbt__fail_memory(error);
    }
    caller->http.is_hurried = caller->is_interrupted;
    const pbt_err err = post(caller, "/claim", body, seconds, out, error);
    caller->http.is_hurried = NULL;
    free(body);
    if (err == PBT_OK) {
        rest(caller, *out, seconds - (now() - begin));
    }
    return err;
}

pbt_err pbt__caller_put(pbt__caller *caller, const char *path, FILE *file, bool is_folder,
                        pbt_error *error)
{
    tries self = tries_begin(false);
    pbt_err err = PBT_OK;
    if (fseeko(file, 0, SEEK_END) != 0) {
        return pbt__fail_errno(error, "a checkpoint cannot be measured");
    }
    const int64_t length = ftello(file);
    do {
        err = pbt__http_put(&caller->http, path, file, length, is_folder, error);
    } while (tries_go_on(caller, &self, err));
    return tries_end(caller, err, error);
}

pbt_err pbt__caller_get(pbt__caller *caller, const char *path, FILE *file, bool *is_folder,
                        pbt_error *error)
{
    tries self = tries_begin(false);
    pbt_err err = PBT_OK;
    do {
        err = pbt__http_get(&caller->http, path, file, is_folder, error);
    } while (tries_go_on(caller, &self, err));
    return tries_end(caller, err, error);
}
