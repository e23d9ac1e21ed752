/*
 * transaction.c: group commit.
 *
 * Callers put an operation into the queue and wait; the first who finds no leader leads: it takes
 * what is queued, up to GROUP_MAXIMUM, runs each in memory, writes once what all of them have
 * drafted, commits, and calls one to lead next, then those it has answered. While it waits for the
 * disk the next group gathers:
 *
 *     thread A   | queue a | lead {a}: begin a commit .. | answered
 *     thread B   |           queue b ................... | lead {b, c}: begin b c commit | answered
 *     thread C   |               queue c ............................................... | answered
 *
 * A crash before `commit` returned leaves nothing; after it, everything. Where the commit's fate is
 * unknown, the view is taken back and the next `sync` reads what the log really says.
 */
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* ---- bells ----
 *
 * All who wait for one group sleep on one word, so that a single call of the system wakes them. The
 * first of them may have to lead, and is then woken without the others; so is the first of a group
 * whose turn is so much later that it has the same bell.
 */

enum { BELL_ALL = 1, BELL_FIRST = 2 };

static void ring(pbt__study *study, unsigned group, unsigned whom)
{
    _Atomic uint32_t *bell = &study->bells[group % PBT__BELLS];
    atomic_fetch_add(bell, 1);
    (void)syscall(SYS_futex, bell, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL, whom);
}

/* Sleep until it is an operation's turn. */
static pbt__turn await_turn(pbt__study *study, pbt__operation *operation, bool is_first)
{
    _Atomic uint32_t *bell = &study->bells[operation->group % PBT__BELLS];
    const unsigned whom = BELL_ALL | (is_first ? BELL_FIRST : 0U);
    for (;;) {
        const uint32_t heard = atomic_load(bell);
        const pbt__turn turn = atomic_load(&operation->turn);
        if (turn != PBT__TURN_WAITS) {
            return turn;
        }
        (void)syscall(SYS_futex, bell, FUTEX_WAIT_BITSET_PRIVATE, heard, NULL, NULL, whom);
    }
}

/* ---- the queue ---- */

static pbt__operation *take_group(pbt__study *study)
{
    pbt__operation *group = study->first;
    pbt__operation *end = group;
    study->queue_length--;
    for (int i = 1; i < GROUP_MAXIMUM && end->next != NULL; i++) {
        end = end->next;
        study->queue_length--;
    }
    study->first = end->next;
    study->last = study->first != NULL ? study->last : NULL;
    study->group++;
    end->next = NULL;
    return group;
}

/* Answer all of a group but its first, whose caller leads. An operation is its caller's again as
 * soon as its turn is over. */
static void end_turns(pbt__study *study, pbt__operation *group, unsigned number)
{
    pbt__operation *next = group->next;
    if (next == NULL) {
        return;
    }
    while (next != NULL) {
        pbt__operation *answered = next;
        next = answered->next;
        atomic_store(&answered->turn, PBT__TURN_ENDED);
    }
    ring(study, number, BELL_ALL);
}

/* Whoever is first in the queue then leads next. */
static void lead(pbt__study *study)
{
    pthread_mutex_lock(&study->queue_lock);
    pbt__operation *group = take_group(study);
    const unsigned number = study->group;
    pthread_mutex_unlock(&study->queue_lock);
    const bool has_changed = run_group(study, group);
    end_turns(study, group, number);
    pthread_mutex_lock(&study->queue_lock);
    pbt__operation *heir = study->first;
    study->has_leader = heir != NULL;
    if (has_changed) {
        pbt__study_tell_waiting(study);
    }
    pthread_mutex_unlock(&study->queue_lock);
    if (heir != NULL) {
        atomic_store(&heir->turn, PBT__TURN_LEADS);
        ring(study, number + 1, BELL_FIRST);
    }
}

/* Put an operation into the queue: its place in its group; the first leads at once if nobody
 * does. A group takes all that is queued, up to its maximum, so it is known now which one. */
static size_t queue(pbt__study *study, pbt__operation *operation)
{
    pthread_mutex_lock(&study->queue_lock);
    *(study->last != NULL ? &study->last->next : &study->first) = operation;
    study->last = operation;
    const size_t place = study->queue_length++;
    operation->group = study->group + 1 + (unsigned)(place / GROUP_MAXIMUM);
    if (!study->has_leader) {
        study->has_leader = true;
        operation->turn = PBT__TURN_LEADS;
    }
    pthread_mutex_unlock(&study->queue_lock);
    return place % GROUP_MAXIMUM;
}

pbt_err pbt__study_submit(pbt__study *study,
                          pbt_err (*run)(pbt__study *study, void *arguments, pbt_error *error),
                          void *arguments, pbt_error *error)
{
    pbt__operation operation;
    operation.run = run;
    operation.arguments = arguments;
    operation.error.code = PBT_OK;
    operation.error.message[0] = operation.error.detail[0] = operation.error.hint[0] = '\0';
    operation.turn = PBT__TURN_WAITS;
    operation.next = NULL;
    const bool is_first = queue(study, &operation) == 0;
    if (await_turn(study, &operation, is_first) == PBT__TURN_LEADS) {
        lead(study);
    }
    if (operation.err != PBT_OK && error != NULL) {
        *error = operation.error;
    }
    return operation.err;
}
