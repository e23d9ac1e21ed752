/* handed.c: a segment out of an answer, checked before anything of it becomes part of a path. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "remote/inside.h"
#include "study/json.h"
#include "study/study.h"

static void forget(pbt__handed *handed)
{
    if (handed != NULL) {
        pbt__checkpoint_clean(&handed->parcel);
        json_decref(handed->json);
    }
    free(handed);
}

static bool is_of(const pbt__handed *handed, pbt_segment_id id, int32_t attempt)
{
    return handed->id.member == id.member && handed->id.number == id.number &&
           handed->parcel.attempt == attempt;
}

/* Holding the lock. */
static pbt__handed *find(const pbt__remote *remote, pbt_segment_id id, int32_t attempt)
{
    pbt__handed *found = remote->handed;
    while (found != NULL && !is_of(found, id, attempt)) {
        found = found->next;
    }
    return found;
}

pbt__handed *pbt__handed_hold(pbt__remote *remote, pbt_segment_id id, int32_t attempt)
{
    pthread_mutex_lock(&remote->lock);
    pbt__handed *found = find(remote, id, attempt);
    while (found != NULL && found->is_held) {
        pthread_cond_wait(&remote->let_go, &remote->lock);
        found = find(remote, id, attempt);
    }
    if (found != NULL) {
        found->is_held = true;
    }
    pthread_mutex_unlock(&remote->lock);
    return found;
}

void pbt__handed_let_go(pbt__remote *remote, pbt__handed *handed)
{
    if (handed == NULL) {
        return;
    }
    pthread_mutex_lock(&remote->lock);
    handed->is_held = false;
    const bool is_over = handed->is_over;
    pthread_cond_broadcast(&remote->let_go);
    pthread_mutex_unlock(&remote->lock);
    if (is_over) {
        forget(handed);
    }
}

void pbt__handed_clear(pbt__remote *remote)
{
    while (remote->handed != NULL) {
        pbt__handed *first = remote->handed;
        remote->handed = first->next;
        forget(first);
    }
}

/* Put a segment in the place of the one that its session had before. Returns the one that is there
 * now: of the same attempt it is the one before, which somebody may read. */
static pbt__handed *keep(pbt__remote *remote, pbt__handed *handed)
{
    pthread_mutex_lock(&remote->lock);
    pbt__handed **place = &remote->handed;
    while (*place != NULL && strcmp((*place)->session, handed->session) != 0) {
        place = &(*place)->next;
    }
    pbt__handed *before = *place, *unwanted = before;
    if (before != NULL && is_of(before, handed->id, handed->parcel.attempt)) {
        handed->parcel.save_here[0] = '\0'; /* it goes on there */
        unwanted = handed;
        handed = before;
    } else {
        handed->next = before != NULL ? before->next : NULL;
        *place = handed;
    }
    if (unwanted != NULL && unwanted->is_held) {
        unwanted->is_over = true;
        unwanted = NULL;
    }
    pthread_mutex_unlock(&remote->lock);
    forget(unwanted);
    return handed;
}

/* ---- reading --------------------------------------------------------------------------------- */

static pbt_err fail_segment(const char *what, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_CORRUPT, "the server's segment has no valid '%s'", what);
    pbt__error_hint(error, "is the server of the same version?");
    return PBT_ERR_CORRUPT;
}

/* Read the integers; the first that is missing, or NULL. */
static const char *read_integers(const json_t *json, pbt__assignment *out)
{
    pbt_segment *s = &out->segment;
    int64_t attempt = 0, seed = 0;
    const pbt__json_integer FIELDS[] = {
        {"attempt", &attempt, 1, INT32_MAX},
        {"seed", &seed, 0, UINT32_MAX},
        {"start_step", &s->start_step, 0, INT64_MAX},
        {"end_step", &s->end_step, 0, INT64_MAX},
        {"start_age", &s->start_age, 0, INT64_MAX},
        {"end_age", &s->end_age, 0, INT64_MAX},
        {"resume_step", &out->resume_step, 0, INT64_MAX},
    };
    const char *missing = pbt__json_get_integers(json, FIELDS, sizeof FIELDS / sizeof FIELDS[0]);
    if (missing != NULL) {
        return missing;
    }
    out->attempt = (int32_t)attempt;
    s->seed = (uint32_t)seed;
    return out->resume_step >= s->start_step && out->resume_step <= s->end_step ? NULL
                                                                                : "resume_step";
}

static pbt__checkpoint_kind kind_of(const json_t *json)
{
    const char *kind = pbt__json_get_text(json, "load_kind", "");
    if (strcmp(kind, "folder") == 0) {
        return PBT__CHECKPOINT_FOLDER;
    }
    return strcmp(kind, "file") == 0 ? PBT__CHECKPOINT_FILE : PBT__CHECKPOINT_NONE;
}

/* Read the rest; what is missing, or NULL. */
static const char *read_rest(const json_t *json, pbt__assignment *out)
{
    pbt_segment *s = &out->segment;
    const char *load = pbt__json_get_text(json, "load", NULL);
    const char *save_to = pbt__json_get_text(json, "save_to", "");
    s->state = PBT_SEGMENT_OPEN;
    s->parent = PBT_NO_SEGMENT;
    if (!pbt__id_read(pbt__json_get_text(json, "segment", ""), &s->id)) {
        return "segment";
    }
    (void)pbt__id_read(pbt__json_get_text(json, "parent", ""), &s->parent);
    s->donor = (int32_t)pbt__json_get_integer(json, "donor", -1);
    out->stop_step = pbt__json_get_integer(json, "stop_step", 0);
    out->is_fresh = load == NULL;
    out->reload_always = strcmp(pbt__json_get_text(json, "reload", "needed"), "always") == 0;
    out->load_kind = kind_of(json);
    out->load_from = out->resume_step > s->start_step ? s->id : s->parent;
    out->load_bytes = pbt__json_get_integer(json, "load_bytes", -1);
    out->load_modified_ns = pbt__json_get_integer(json, "load_modified_ns", -1);
    out->lease_seconds = pbt__json_get_real(json, "lease_seconds", 0);
    if (save_to[0] != '/' || strlen(save_to) >= PBT__PATH_SIZE) {
        return "save_to";
    }
    if (load != NULL && (load[0] != '/' || strlen(load) >= PBT__PATH_SIZE)) {
        return "load";
    }
    return out->lease_seconds > 0 ? NULL : "lease_seconds";
}

static pbt_err read_values(const pbt__remote *remote, pbt__handed *handed, pbt_error *error)
{
    const json_t *json = handed->json;
    const pbt_space *space = &remote->spec->search.space;
    const pbt_err err =
        pbt__values_read(space, json_object_get(json, "hyperparameters"), handed->values, error);
    return err == PBT_OK
               ? pbt__changes_read(space, json_object_get(json, "changes"), handed->changes, error)
               : err;
}

/* Read a segment, and choose where it saves. */
static pbt_err read_segment(const pbt__remote *remote, pbt__caller *caller, pbt__handed *handed,
                            pbt__assignment *out, pbt_error *error)
{
    const json_t *json = handed->json;
    const char *missing = read_integers(json, out);
    missing = missing == NULL ? read_rest(json, out) : missing;
    if (missing != NULL) {
        return fail_segment(missing, error);
    }
    handed->id = out->segment.id;
    handed->resume_step = out->resume_step;
    handed->parcel = (pbt__parcel){
        .id = pbt__json_get_text(json, "segment", ""),
        .attempt = out->attempt,
        .load = pbt__json_get_text(json, "load", NULL),
        .save_to = pbt__json_get_text(json, "save_to", ""),
        .proof = pbt__proof_read(json),
    };
    pbt_err err = read_values(remote, handed, error);
    if (err == PBT_OK) {
        err = pbt__checkpoint_place(caller, &handed->parcel, error);
    }
    if (err == PBT_OK) {
        const char *load = handed->parcel.load;
        (void)snprintf(out->load, sizeof out->load, "%s", load != NULL ? load : "");
        (void)snprintf(out->save_to, sizeof out->save_to, "%s", handed->parcel.save_to);
    }
    return err;
}

static pbt_err take_segment(pbt__remote *remote, pbt__caller *caller, const pbt__claimant *who,
                            json_t *json, pbt__action *out, pbt_error *error)
{
    const size_t count = remote->spec->search.space.count;
    pbt__handed *handed =
        pbt__calloc(1, sizeof *handed + count * (sizeof *handed->values + sizeof *handed->changes));
    if (handed == NULL) {
        return pbt__fail_memory(error);
    }
    pbt__action action = {.verb = PBT__TRAIN};
    (void)snprintf(handed->worker, sizeof handed->worker, "%s", who->worker);
    (void)snprintf(handed->session, sizeof handed->session, "%s", who->session);
    handed->changes = (pbt_change *)(handed->values + count);
    handed->json = json_incref(json);
    const pbt_err err = read_segment(remote, caller, handed, &action.train, error);
    if (err != PBT_OK) {
        forget(handed);
        return err;
    }
    handed = keep(remote, handed);
    action.train.segment.values = handed->values;
    action.train.segment.changes = handed->changes;
    *out = action;
    return PBT_OK;
}

pbt_err pbt__handed_take(pbt__remote *remote, pbt__caller *caller, const pbt__claimant *who,
                         const json_t *json, pbt__action *out, pbt_error *error)
{
    const char *verb = pbt__json_get_text(json, "action", "");
    if (strcmp(verb, "train") == 0) {
        return take_segment(remote, caller, who, json_object_get(json, "segment"), out, error);
    }
    if (strcmp(verb, "stop") == 0) {
        *out = (pbt__action){.verb = PBT__STOP};
        return pbt__stop_read(pbt__json_get_text(json, "reason", ""), &out->reason)
                   ? PBT_OK
                   : pbt__fail(error, PBT_ERR_CORRUPT, "the server's answer has no valid 'reason'");
    }
    if (strcmp(verb, "wait") == 0) {
        *out = (pbt__action){.verb = PBT__WAIT,
                             .wait_seconds = pbt__json_get_real(json, "seconds", 0)};
        return PBT_OK;
    }
    return pbt__fail(error, PBT_ERR_CORRUPT, "the server's answer has no valid 'action'");
}
