/* desk.c: a study's own functions behind the table. */
#include "study/desk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "study/host.h"
#include "study/inside.h"

/* Units: seconds. A wait is cut short by what changes here; this bounds what other processes'
 * changes wait. */
static const double WAIT_MAXIMUM = 1.0;

static pbt__study *study_of(pbt__desk *desk)
{
    return ((pbt__study_desk *)desk)->study;
}

static const pbt_spec *spec(pbt__desk *desk)
{
    return ((const pbt__study_desk *)desk)->spec;
}

/* ---- training or not ---- */

static pbt_err other_size(pbt__desk *desk, int64_t size_bytes, pbt__start *out, pbt_error *error)
{
    return pbt__study_other_size(study_of(desk), size_bytes, out, error);
}

static pbt_err other_size_planned(pbt__desk *desk, int64_t size_bytes, pbt__start *out,
                                  pbt_error *error)
{
    (void)error;
    return pbt__spec_other_size(spec(desk), size_bytes, out);
}

static pbt_err begin(pbt__desk *desk, const char *prefix, bool is_lost, pbt_error *error)
{
    const pbt_err err = pbt__study_end_leases(study_of(desk), prefix, is_lost, error);
    pbt__study_attend(study_of(desk), err == PBT_OK);
    return err;
}

static void end(pbt__desk *desk)
{
    pbt__study_attend(study_of(desk), false);
}

static void halt(pbt__desk *desk)
{
    atomic_store(&((pbt__study_desk *)desk)->is_halted, true);
    pbt__study_wake(study_of(desk));
}

static pbt_err watch_time(pbt__desk *desk, double *seconds, pbt_error *error)
{
    *seconds = pbt__study_seconds_left(study_of(desk));
    return *seconds <= 0 ? pbt__study_stop_in_time(study_of(desk), error) : PBT_OK;
}

/* ---- an attempt ---- */

static pbt_err claim(pbt__desk *desk, const pbt__claimant *who, pbt__action *action,
                     pbt_error *error)
{
    const atomic_bool *is_halted = &((const pbt__study_desk *)desk)->is_halted;
    const double seconds = action->wait_seconds;
    if (action->verb == PBT__WAIT && seconds > 0 && !atomic_load(is_halted)) {
        pbt__study_wait(study_of(desk), action->seen,
                        seconds < WAIT_MAXIMUM ? seconds : WAIT_MAXIMUM);
    }
    if (atomic_load(is_halted)) {
        *action = (pbt__action){.verb = PBT__WAIT};
        return PBT_OK;
    }
    return pbt__study_claim(study_of(desk), who, action, error);
}

static pbt_err report(pbt__desk *desk, const pbt__claimant *who, const pbt__result *result,
                      pbt__reply *out, pbt_error *error)
{
    return pbt__study_report(study_of(desk), who, result, out, error);
}

static pbt_err heartbeat(pbt__desk *desk, const pbt__claimant *who, const pbt__pulse *pulse,
                         pbt__verb *verb, pbt_error *error)
{
    return pbt__study_heartbeat(study_of(desk), who, pulse, verb, error);
}

static pbt_err release(pbt__desk *desk, const pbt__claimant *who, pbt_segment_id segment,
                       int32_t attempt, int64_t step, bool has_progress, pbt_error *error)
{
    return pbt__study_release(study_of(desk), who, segment, attempt, step, has_progress, error);
}

static pbt_err fail(pbt__desk *desk, const pbt__claimant *who, const pbt__failure *failure,
                    pbt__action *out, pbt_error *error)
{
    return pbt__study_fail(study_of(desk), who, failure, out, error);
}

static pbt_err hinder(pbt__desk *desk, const pbt__claimant *who, const pbt__failure *failure,
                      const pbt_error *why, pbt__action *out, pbt_error *error)
{
    return pbt__study_hinder(study_of(desk), who, failure, why, out, error);
}

/* ---- what a segment starts from ---- */

/* What is kept in the store becomes a file beside where the attempt saves, and lives as long. */
static pbt_err bring(pbt__desk *desk, pbt__assignment *assignment, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    void *bytes = NULL;
    size_t length = 0;
    if (assignment->load_kind != PBT__CHECKPOINT_INLINE) {
        return PBT_OK;
    }
    pbt_err err = pbt__study_aside(study_of(desk), assignment->segment.id, assignment->attempt,
                                   ".load", path, error);
    if (err == PBT_OK) {
        err = pbt__study_blob(study_of(desk), assignment->load_from, &bytes, &length, error);
    }
    if (err == PBT_OK) {
        err = pbt__file_write(path, bytes, length, error);
    }
    free(bytes);
    if (err == PBT_OK) {
        (void)snprintf(assignment->load, sizeof assignment->load, "%s", path);
    }
    return err;
}

static pbt_err read_start(pbt__desk *desk, const pbt__assignment *assignment, void *out,
                          size_t size, size_t *length, pbt_error *error)
{
    if (assignment->load_kind == PBT__CHECKPOINT_INLINE) {
        return pbt__study_blob_copy(study_of(desk), assignment->load_from, out, size, length,
                                    error);
    }
    char *text = NULL;
    const pbt_err err = pbt__file_read(assignment->load, size, &text, length, error);
    if (err == PBT_OK) {
        memcpy(out, text, *length);
    }
    free(text);
    return err;
}

static bool drop(pbt__desk *desk, const pbt__assignment *assignment)
{
    char path[PBT__PATH_SIZE];
    return assignment->load_kind != PBT__CHECKPOINT_INLINE ||
           pbt__study_aside(study_of(desk), assignment->segment.id, assignment->attempt, ".load",
                            path, NULL) != PBT_OK ||
           unlink(path) == 0 || errno == ENOENT;
}

/* ---- workers' processes ---- */

static void listen(pbt__desk *desk, const pbt__listener *listener)
{
    pbt__audience_set(&study_of(desk)->audience, listener);
}

static pbt_err look(pbt__desk *desk, const char *worker, pbt__outlook *out, pbt_error *error)
{
    pbt__summary summary;
    pbt_segment_id held = PBT_NO_SEGMENT;
    pbt_err err =
        worker != NULL ? pbt__study_worker_lives(study_of(desk), worker, &held, error) : PBT_OK;
    if (err == PBT_OK) {
        err = pbt__study_summary(study_of(desk), &summary, error);
    }
    if (err == PBT_OK) {
        *out = (pbt__outlook){
            .is_running = summary.state == PBT__RUNNING,
            .is_untouched =
                summary.segment_count == summary.member_count && summary.steps_done == 0,
            .sequence = summary.last_sequence,
            .held = held,
        };
    }
    return err;
}

static pbt_err bury(pbt__desk *desk, const char *worker, const char *message, pbt_segment_id *held,
                    pbt_error *error)
{
    if (message != NULL) {
        return pbt__study_worker_failed(study_of(desk), worker, message, held, error);
    }
    *held = PBT_NO_SEGMENT;
    return pbt__study_worker_ended(study_of(desk), worker, error);
}

static pbt_err break_off(pbt__desk *desk, pbt_error *error)
{
    return pbt__study_break(study_of(desk), error);
}

/* ---- the table ---- */

static const pbt__desk_ops OPS = {
    .spec = spec,
    .other_size = other_size,
    .begin = begin,
    .end = end,
    .halt = halt,
    .watch_time = watch_time,
    .claim = claim,
    .report = report,
    .heartbeat = heartbeat,
    .release = release,
    .fail = fail,
    .hinder = hinder,
    .bring = bring,
    .read = read_start,
    .drop = drop,
    .listen = listen,
    .look = look,
    .bury = bury,
    .break_off = break_off,
};

static const pbt__desk_ops PLANNED = {.spec = spec, .other_size = other_size_planned};

pbt__study_desk pbt__study_desk_init(pbt__study *study)
{
    return (pbt__study_desk){.desk = {.ops = &OPS, .holds_states = pbt__study_holds_states(study)},
                             .study = study,
                             .spec = pbt__study_spec(study)};
}

pbt__study_desk pbt__spec_desk_init(const pbt_spec *spec)
{
    return (pbt__study_desk){.desk = {.ops = &PLANNED}, .spec = spec};
}
