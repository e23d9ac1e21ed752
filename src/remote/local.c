/* local.c: what is done on this machine: bringing what a segment starts from, and keeping workers'
 * processes, of which the server's study says what they train. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "remote/inside.h"
#include "study/study.h"

/* ---- what a segment starts from -------------------------------------------------------------- */

static pbt_err bring(pbt__remote *remote, pbt__handed *handed, pbt__assignment *assignment,
                     pbt_error *error)
{
    pbt__line *line = NULL;
    if (handed == NULL || handed->parcel.load == NULL) {
        return pbt__fail(error, PBT_ERR_NOT_FOUND, "this attempt was not handed out here");
    }
    pbt_err err = pbt__line_take(remote, &line, error);
    if (err == PBT_OK) {
        err = pbt__checkpoint_bring(&line->caller, &handed->parcel, error);
    }
    if (err == PBT_OK) {
        (void)snprintf(assignment->load, sizeof assignment->load, "%s", handed->parcel.load);
    }
    pbt__line_give(remote, line);
    return err;
}

pbt_err pbt__remote_bring(pbt__desk *desk, pbt__assignment *assignment, pbt_error *error)
{
    pbt__remote *remote = (pbt__remote *)desk;
    pbt__handed *handed = pbt__handed_hold(remote, assignment->segment.id, assignment->attempt);
    const pbt_err err = bring(remote, handed, assignment, error);
    pbt__handed_let_go(remote, handed);
    return err;
}

bool pbt__remote_drop(pbt__desk *desk, const pbt__assignment *assignment)
{
    pbt__remote *remote = (pbt__remote *)desk;
    bool is_gone = true;
    pbt__handed *handed = pbt__handed_hold(remote, assignment->segment.id, assignment->attempt);
    if (handed != NULL && handed->parcel.load_here[0] != '\0') {
        pbt__parcel *parcel = &handed->parcel;
        is_gone = pbt__file_remove(parcel->load_here, NULL) == PBT_OK;
        parcel->load_here[0] = '\0';
        parcel->load = pbt__json_get_text(handed->json, "load", NULL);
    }
    pbt__handed_let_go(remote, handed);
    return is_gone;
}

pbt_err pbt__remote_read(pbt__desk *desk, const pbt__assignment *assignment, void *out, size_t size,
                         size_t *length, pbt_error *error)
{
    pbt__assignment brought = *assignment;
    char *text = NULL;
    pbt_err err = pbt__remote_bring(desk, &brought, error);
    if (err != PBT_OK) {
        return err;
    }
    err = pbt__file_read(brought.load, size, &text, length, error);
    (void)pbt__remote_drop(desk, &brought); /* else it goes with its attempt */
    if (err == PBT_OK) {
        memcpy(out, text, *length);
    }
    free(text);
    return err;
}

/* ---- workers' processes ---------------------------------------------------------------------- */

/* What a worker trains, as a study shows it; NULL: nothing. */
static const json_t *find_training(const json_t *shown, const char *worker)
{
    const json_t *list = json_object_get(shown, "training");
    for (size_t i = 0; worker != NULL && i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (strcmp(pbt__json_get_text(one, "worker", ""), worker) == 0) {
            return one;
        }
    }
    return NULL;
}

pbt_err pbt__remote_look(pbt__desk *desk, const char *worker, pbt__outlook *out, pbt_error *error)
{
    json_t *shown = NULL;
    pbt__outlook outlook = {.held = PBT_NO_SEGMENT};
    pbt_err err = pbt__remote_ask((pbt__remote *)desk, "", &shown, error);
    if (err != PBT_OK) {
        return err;
    }
    const char *state = pbt__json_get_text(shown, "state", "");
    const json_t *training = find_training(shown, worker);
    const int64_t segments = pbt__json_get_integer(shown, "segments", 0);
    const int64_t steps = pbt__json_get_integer(shown, "steps_done", 0);
    outlook.is_running = strcmp(state, "running") == 0 || strcmp(state, "interrupted") == 0;
    outlook.is_untouched = steps == 0 && segments == pbt__json_get_integer(shown, "population", 0);
    outlook.sequence = segments + steps; /* grows with the events that tell of work */
    if (pbt__id_read(pbt__json_get_text(training, "segment", ""), &outlook.held)) {
        const pbt__pulse pulse = {
            .segment = outlook.held,
            .attempt = (int32_t)pbt__json_get_integer(training, "attempt", 0),
            .step = pbt__json_get_integer(training, "step", 0),
        };
        pbt__verb verb = PBT__TRAIN;
        err = pbt__remote_heartbeat(desk, NULL, &pulse, &verb, error);
        err = pbt__remote_is_over(err) || err == PBT_ERR_BUSY ? PBT_OK : err;
    }
    json_decref(shown);
    if (err == PBT_OK) {
        *out = outlook;
    }
    return err;
}

pbt_err pbt__remote_bury(pbt__desk *desk, const char *worker, const char *message,
                         pbt_segment_id *held, pbt_error *error)
{
    json_t *shown = NULL;
    pbt_segment_id id = PBT_NO_SEGMENT;
    pbt_err err = pbt__remote_ask((pbt__remote *)desk, "", &shown, error);
    const json_t *training = find_training(shown, worker);
    if (err == PBT_OK && pbt__id_read(pbt__json_get_text(training, "segment", ""), &id)) {
        const int32_t attempt = (int32_t)pbt__json_get_integer(training, "attempt", 0);
        const pbt__failure failure = {
            .segment = id, .attempt = attempt, .message = message, .can_retry = true};
        err = message != NULL ? pbt__remote_fail(desk, NULL, &failure, NULL, error)
                              : pbt__remote_release(desk, NULL, id, attempt, 0, false, error);
        err = pbt__remote_is_over(err) ? PBT_OK : err;
    }
    json_decref(shown);
    if (err == PBT_OK) {
        *held = id;
    }
    return err;
}
