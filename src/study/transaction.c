/*
 * transaction.c: group commit.
 *
 * Callers put an operation into the queue and wait; the first who finds no leader leads: it takes
 * what is queued, up to GROUP_MAXIMUM, runs each in memory, writes once what all of them have
 * drafted, commits, and wakes those it has answered and one to lead next. While it waits for the
 * disk the next group gathers:
 *
 *     thread A   | queue a | lead {a}: begin a commit .. | answered
 *     thread B   |           queue b ................... | lead {b, c}: begin b c commit | answered
 *     thread C   |               queue c ............................................... | answered
 *
 * A crash before `commit` returned leaves nothing; after it, everything. Where the commit's fate is
 * unknown, the view is taken back and the next `sync` reads what the log really says.
 */
#include "study/inside.h"

enum { GROUP_MAXIMUM = 64 };

/* ---- one group ---- */

static void take_back(pbt__study *study, size_t mark, pbt__draft_mark drafted)
{
    pbt__view_undo(&study->view, mark);
    pbt__draft_undo(&study->draft, drafted);
    study->earliest_expiry_us = 0;
}

static void answer(pbt__operation *operation, pbt_err err, const pbt_error *error)
{
    operation->err = err;
    operation->error = *error;
}

/* An operation that failed takes back what it did. One whose own call of the store failed may have
 * ended the transaction: then its error is the whole group's. */
static pbt_err run_one(pbt__study *study, pbt__operation *operation, pbt_error *error)
{
    const size_t mark = pbt__view_mark(&study->view);
    const size_t removals = study->removal_count;
    const pbt__draft_mark drafted = study->draft.now;
    operation->err = operation->run(study, operation->arguments, &operation->error);
    if (operation->err == PBT_OK) {
        return PBT_OK;
    }
    take_back(study, mark, drafted);
    study->removal_count = removals;
    if (study->is_torn) {
        *error = operation->error;
        return operation->err;
    }
    return PBT_OK;
}

pbt_err pbt__study_commit(pbt__study *study, pbt_error *error)
{
    pbt_err err = study->has_published ? pbt__vault_sync(study->vault, error) : PBT_OK;
    if (err == PBT_OK) {
        err = pbt__draft_write(&study->draft, study->store, study->claims, error);
    }
    return err == PBT_OK ? pbt__store_commit(study->store, error) : err;
}

/* Say whether an attempt has ended, of which nothing may be left but, perhaps, its checkpoint. */
static bool has_ended(void *context, pbt_segment_id id, int32_t attempt)
{
    const pbt__study *study = context;
    for (size_t i = 0; i < study->removal_count; i++) {
        const pbt__removal *removal = &study->removals[i];
        if (removal->attempt == attempt && removal->id.member == id.member &&
            removal->id.number == id.number) {
            return true;
        }
    }
    return false;
}

/* Remove what the log, now durable, calls gone. What fails here, a later sweep does. */
static void remove_bytes(pbt__study *study)
{
    bool has_attempts = false;
    for (size_t i = 0; i < study->removal_count; i++) {
        const pbt__removal *removal = &study->removals[i];
        has_attempts = has_attempts || removal->attempt > 0;
        if (!removal->is_kept) {
            (void)!pbt__vault_remove(study->vault, removal->id, removal->attempt, NULL);
        }
    }
    if (has_attempts) {
        (void)!pbt__vault_tidy(study->vault, has_ended, study, NULL);
    }
}

/* `*has_changed` says whether others may see something new. */
static pbt_err run_all(pbt__study *study, pbt__operation *group, bool *has_changed,
                       pbt_error *error)
{
    pbt_err err = pbt__store_begin(study->store, study->row.id, &study->transaction, error);
    if (err != PBT_OK) {
        return err;
    }
    err = pbt__study_sync(study, error);
    study->is_alone = group->next == NULL;
    for (pbt__operation *o = group; err == PBT_OK && o != NULL; o = o->next) {
        err = run_one(study, o, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_turn_clock(study, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_collect(study, error);
    }
    const pbt__draft_mark drafted = study->draft.now;
    if (err == PBT_OK) {
        err = pbt__study_commit(study, error);
    }
    if (err != PBT_OK) {
        pbt__store_rollback(study->store);
        take_back(study, 0, (pbt__draft_mark){0});
        return err;
    }
    *has_changed = drafted.item_count > 0 || drafted.claim_count > 0;
    study->claims_revision += drafted.claim_count > 0 ? 1 : 0;
    pbt__view_keep(&study->view);
    remove_bytes(study);
    return PBT_OK;
}

/* Returns whether others may see something new. */
static bool run_group(pbt__study *study, pbt__operation *group)
{
    pbt_error error = {0};
    bool has_changed = false;
    pthread_mutex_lock(&study->view_lock);
    study->has_published = study->is_torn = false;
    study->removal_count = 0;
    pbt_err err = run_all(study, group, &has_changed, &error);
    study->transaction = (pbt__transaction){0};
    pthread_mutex_unlock(&study->view_lock);
    for (pbt__operation *o = group; err != PBT_OK && o != NULL; o = o->next) {
        answer(o, err, &error);
    }
    return has_changed;
}

/* ---- the queue ---- */

static pbt__operation *take_group(pbt__study *study)
{
    pbt__operation *group = study->first;
    pbt__operation *end = group;
    for (int i = 1; i < GROUP_MAXIMUM && end->next != NULL; i++) {
        end = end->next;
    }
    study->first = end->next;
    study->last = study->first != NULL ? study->last : NULL;
    end->next = NULL;
    return group;
}

static void lead(pbt__study *study)
{
    pbt__operation *group = take_group(study);
    study->has_leader = true;
    pthread_mutex_unlock(&study->queue_lock);
    bool has_changed = run_group(study, group);
    pthread_mutex_lock(&study->queue_lock);
    study->has_leader = false;
    while (group != NULL) {
        pbt__operation *next = group->next;
        group->is_done = true;
        pthread_cond_signal(&group->is_answered);
        group = next;
    }
    if (study->first != NULL) {
        pthread_cond_signal(&study->first->is_answered);
    }
    if (has_changed) {
        pbt__study_tell_waiting(study);
    }
}

pbt_err pbt__study_submit(pbt__study *study,
                          pbt_err (*run)(pbt__study *study, void *arguments, pbt_error *error),
                          void *arguments, pbt_error *error)
{
    pbt__operation operation = {
        .run = run, .arguments = arguments, .is_answered = PTHREAD_COND_INITIALIZER};
    pthread_mutex_lock(&study->queue_lock);
    *(study->last != NULL ? &study->last->next : &study->first) = &operation;
    study->last = &operation;
    while (!operation.is_done) {
        if (study->has_leader) {
            pthread_cond_wait(&operation.is_answered, &study->queue_lock);
        } else {
            lead(study);
        }
    }
    pthread_mutex_unlock(&study->queue_lock);
    pthread_cond_destroy(&operation.is_answered);
    if (operation.err != PBT_OK && error != NULL) {
        *error = operation.error;
    }
    return operation.err;
}
