/*
 * guard.c: the functions of store.h, which hold the rules, once, around every backend's table.
 *
 * Whose turn it is: one recursive mutex per handle. `begin` keeps it until `commit` or `rollback`,
 * so another thread's call waits, while the thread whose transaction it is goes through. Whoever
 * holds the mutex therefore reads `is_open` as its own.
 *
 * What a failed write leaves behind differs between backends (SQLite rolls some back by itself and
 * would then run the next write in a transaction of its own). So after one, nothing but `rollback`
 * goes through, whatever the backend would have made of it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/backend.h"

/* ---- what may be called when ---- */

/* What a call is; each enters with one of the checks below. */
typedef pbt_err (*rule)(const pbt__store *store, pbt_error *error);

static pbt_err check_not_listing(const pbt__store *store, pbt_error *error)
{
    if (store->is_listing) {
        return pbt__fail(error, PBT_ERR_STATE, "a listing's callback cannot call the store");
    }
    return PBT_OK;
}

static pbt_err check_idle(const pbt__store *store, pbt_error *error)
{
    if (store->is_open) {
        return pbt__fail(error, PBT_ERR_STATE, "a transaction is open");
    }
    return check_not_listing(store, error);
}

static pbt_err check_can_begin(const pbt__store *store, pbt_error *error)
{
    if (store->is_read_only) {
        return pbt__fail(error, PBT_ERR_STATE, "the store is open for reading only");
    }
    return check_idle(store, error);
}

static pbt_err check_open(const pbt__store *store, pbt_error *error)
{
    if (!store->is_open) {
        return pbt__fail(error, PBT_ERR_STATE, "no transaction is open");
    }
    if (store->has_failed) {
        return pbt__fail(error, PBT_ERR_STATE, "an earlier write of this transaction failed");
    }
    return check_not_listing(store, error);
}

static pbt_err check_can_write(const pbt__store *store, pbt_error *error)
{
    pbt_err err = check_open(store, error);
    if (err == PBT_OK && store->is_removed) {
        return pbt__fail(error, PBT_ERR_STATE, "the study was removed");
    }
    return err;
}

static pbt_err check_can_read(const pbt__store *store, pbt_error *error)
{
    return store->is_open ? check_open(store, error) : check_not_listing(store, error);
}

/* ---- sound arguments ---- */

static pbt_err check_name(const char *name, pbt_error *error)
{
    size_t length = strnlen(name, PBT__NAME_SIZE);
    if (length == 0 || length == PBT__NAME_SIZE) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "a name has 1 to %d bytes", PBT__NAME_SIZE - 1);
    }
    return PBT_OK;
}

static pbt_err check_event(const pbt__event *event, int64_t sequence, pbt_error *error)
{
    if (event->sequence != sequence) {
        pbt__fail(error, PBT_ERR_ARGUMENT, "an event's sequence leaves a gap");
        pbt__error_detail(error, "%lld after %lld", (long long)event->sequence,
                          (long long)sequence - 1);
        return PBT_ERR_ARGUMENT;
    }
    if (event->body_length > PBT__BODY_MAXIMUM) {
        return pbt__fail(error, PBT_ERR_LIMIT, "an event of %zu bytes exceeds %d",
                         event->body_length, PBT__BODY_MAXIMUM);
    }
    return PBT_OK;
}

static pbt_err check_claim(const pbt__claim *claim, pbt_error *error)
{
    if (memchr(claim->worker, '\0', sizeof(claim->worker)) == NULL ||
        memchr(claim->session, '\0', sizeof(claim->session)) == NULL) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "a claim's text has no end");
    }
    return PBT_OK;
}

static pbt_err check_blob(const pbt__store *store, size_t length, pbt_error *error)
{
    if (length > PBT__BLOB_MAXIMUM && !store->ops->is_fleeting) {
        return pbt__fail(error, PBT_ERR_LIMIT, "a blob of %zu bytes exceeds %d", length,
                         PBT__BLOB_MAXIMUM);
    }
    return PBT_OK;
}

/* ---- in and out ---- */

/* Wait for one's turn, and say whether the call may be made. `leave` in any case. */
static pbt_err enter(pbt__store *store, rule check, pbt_error *error)
{
    pthread_mutex_lock(&store->mutex);
    return check(store, error);
}

static pbt_err leave(pbt__store *store, pbt_err err)
{
    pthread_mutex_unlock(&store->mutex);
    return err;
}

pbt_err pbt__store_check_idle(pbt__store *store, pbt_error *error)
{
    return leave(store, enter(store, check_idle, error));
}

/* Leave a call that wrote. */
static pbt_err leave_write(pbt__store *store, pbt_err err)
{
    if (store->is_open && err != PBT_OK) {
        store->has_failed = true;
    }
    return leave(store, err);
}

/* Leave a call that listed. */
static pbt_err leave_listing(pbt__store *store, pbt_err err)
{
    store->is_listing = false;
    return leave(store, err);
}

/* ---- transactions ---- */

/* A machine's clock may be anywhere. */
static int64_t read_clock(const pbt__store *store)
{
    const int64_t now_us =
        store->now_us == NULL ? pbt__clock_now_us() : store->now_us(store->clock_context);
    if (now_us < 0) {
        return 0;
    }
    return now_us < PBT__CLOCK_MAXIMUM ? now_us : PBT__CLOCK_MAXIMUM;
}

/* Leave a call that began a transaction, which keeps the mutex. */
static pbt_err leave_begun(pbt__store *store, pbt_err err, int64_t study, const pbt__head *head,
                           pbt__transaction *out)
{
    if (err != PBT_OK) {
        return leave(store, err);
    }
    const int64_t now_us = read_clock(store);
    store->is_open = true;
    store->has_failed = false;
    store->study = study;
    store->revision = head->claims_revision + 1;
    store->last_sequence = head->last_sequence;
    store->is_removed = false;
    *out = (pbt__transaction){
        .now_us = now_us > head->last_time_us ? now_us : head->last_time_us,
        .last_sequence = head->last_sequence,
        .claims_revision = head->claims_revision,
    };
    return PBT_OK;
}

pbt_err pbt__store_begin(pbt__store *store, int64_t study, pbt__transaction *out, pbt_error *error)
{
    pbt__head head = {0};
    pbt_err err = enter(store, check_can_begin, error);
    if (err == PBT_OK) {
        err = store->ops->begin(store, study, &head, error);
    }
    return leave_begun(store, err, study, &head, out);
}

pbt_err pbt__store_begin_create(pbt__store *store, const char *name, int64_t *study,
                                pbt__transaction *out, pbt_error *error)
{
    int64_t id = 0;
    pbt_err err = enter(store, check_can_begin, error);
    if (err == PBT_OK) {
        err = check_name(name, error);
    }
    if (err == PBT_OK) {
        err = store->ops->begin_create(store, name, &id, error);
    }
    if (err == PBT_OK) {
        *study = id;
    }
    return leave_begun(store, err, id, &(pbt__head){0}, out);
}

/* Give the mutex back that `begin` kept. */
static void end_transaction(pbt__store *store)
{
    store->is_open = false;
    pthread_mutex_unlock(&store->mutex);
}

pbt_err pbt__store_commit(pbt__store *store, pbt_error *error)
{
    pbt_err err = enter(store, check_open, error);
    if (!store->is_open || store->is_listing) {
        return leave(store, err);
    }
    if (err == PBT_OK) {
        err = store->ops->commit(store, error);
    } else {
        store->ops->rollback(store);
    }
    end_transaction(store);
    pbt__store_committed(store);
    return leave(store, err);
}

void pbt__store_rollback(pbt__store *store)
{
    const pbt_err err = enter(store, check_not_listing, NULL);
    if (err == PBT_OK && store->is_open) {
        store->ops->rollback(store);
        end_transaction(store);
    }
    (void)leave(store, err);
}

/* ---- writing ---- */

pbt_err pbt__store_append(pbt__store *store, const pbt__event *events, size_t count,
                          pbt_error *error)
{
    pbt_err err = enter(store, check_can_write, error);
    for (size_t i = 0; err == PBT_OK && i < count; i++) {
        err = check_event(&events[i], store->last_sequence + 1 + (int64_t)i, error);
    }
    if (err == PBT_OK) {
        err = store->ops->append(store, store->study, events, count, error);
    }
    if (err == PBT_OK) {
        store->last_sequence += (int64_t)count;
    }
    return leave_write(store, err);
}

pbt_err pbt__store_claim_put(pbt__store *store, const pbt__claim *claims, size_t count,
                             pbt_error *error)
{
    pbt_err err = enter(store, check_can_write, error);
    for (size_t i = 0; err == PBT_OK && i < count; i++) {
        err = check_claim(&claims[i], error);
    }
    if (err == PBT_OK) {
        err = store->ops->claim_put(store, store->study, claims, count, store->revision, error);
    }
    return leave_write(store, err);
}

pbt_err pbt__store_blob_put(pbt__store *store, const pbt__blob *blobs, size_t count,
                            pbt_error *error)
{
    pbt_err err = enter(store, check_can_write, error);
    for (size_t i = 0; err == PBT_OK && i < count; i++) {
        err = check_blob(store, blobs[i].length, error);
    }
    if (err == PBT_OK) {
        err = store->ops->blob_put(store, store->study, blobs, count, error);
    }
    return leave_write(store, err);
}

pbt_err pbt__store_blob_drop(pbt__store *store, pbt_segment_id id, pbt_error *error)
{
    pbt_err err = enter(store, check_can_write, error);
    if (err == PBT_OK) {
        err = store->ops->blob_drop(store, store->study, id, error);
    }
    return leave_write(store, err);
}

pbt_err pbt__store_remove(pbt__store *store, pbt_error *error)
{
    pbt_err err = enter(store, check_can_write, error);
    if (err == PBT_OK) {
        err = store->ops->remove(store, store->study, error);
    }
    if (err == PBT_OK) {
        store->is_removed = true;
    }
    return leave_write(store, err);
}

/* ---- reading ---- */

pbt_err pbt__store_list(pbt__store *store, pbt__study_callback callback, void *context,
                        pbt_error *error)
{
    pbt_err err = enter(store, check_idle, error);
    if (err != PBT_OK) {
        return leave(store, err);
    }
    store->is_listing = true;
    return leave_listing(store, store->ops->list(store, callback, context, error));
}

pbt_err pbt__store_read(pbt__store *store, int64_t study, int64_t after,
                        pbt__event_callback callback, void *context, pbt_error *error)
{
    pbt_err err = enter(store, check_can_read, error);
    if (err != PBT_OK) {
        return leave(store, err);
    }
    store->is_listing = true;
    return leave_listing(store, store->ops->read(store, study, after, callback, context, error));
}

pbt_err pbt__store_claim_list(pbt__store *store, int64_t study, int64_t after,
                              pbt__claim_callback callback, void *context, pbt_error *error)
{
    pbt_err err = enter(store, check_can_read, error);
    if (err != PBT_OK) {
        return leave(store, err);
    }
    store->is_listing = true;
    err = store->ops->claim_list(store, study, after, callback, context, error);
    return leave_listing(store, err);
}

pbt_err pbt__store_blob_get(pbt__store *store, int64_t study, pbt_segment_id id, void **bytes,
                            size_t *length, pbt_error *error)
{
    pbt_err err = enter(store, check_can_read, error);
    if (err == PBT_OK) {
        err = store->ops->blob_get(store, study, id, bytes, length, error);
    }
    return leave(store, err);
}

pbt_err pbt__store_blob_copy(pbt__store *store, int64_t study, pbt_segment_id id, void *out,
                             size_t size, size_t *length, pbt_error *error)
{
    void *bytes = NULL;
    if (store->ops->blob_copy != NULL) {
        pbt_err err = enter(store, check_can_read, error);
        if (err == PBT_OK) {
            err = store->ops->blob_copy(store, study, id, out, size, length, error);
        }
        return leave(store, err);
    }
    const pbt_err err = pbt__store_blob_get(store, study, id, &bytes, length, error);
    if (err == PBT_OK && *length <= size) {
        memcpy(out, bytes, *length);
    }
    free(bytes);
    return err;
}

/* ---- the file ---- */

pbt_err pbt__store_check(pbt__store *store, pbt_error *error)
{
    if (store->ops->check == NULL) {
        return PBT_OK;
    }
    pthread_mutex_lock(&store->mutex);
    return leave(store, store->ops->check(store, error));
}

pbt_err pbt__store_rescue(pbt__store *store, char *out, pbt_error *error)
{
    if (store->ops->rescue == NULL) {
        return pbt__fail(error, PBT_ERR_STATE, "a store without a file cannot be rescued");
    }
    pbt_err err = enter(store, check_idle, error);
    return leave(store, err == PBT_OK ? store->ops->rescue(store, out, error) : err);
}

/* ---- who owns it ---- */

bool pbt__store_is_owner(const pbt__store *store)
{
    return store->is_owner;
}

void pbt__store_find_owner(const pbt__store *store, pbt__store_owner *out)
{
    *out = (pbt__store_owner){.state = PBT__OWNER_UNKNOWN};
    if (store->ops->owner != NULL) {
        store->ops->owner(store, out);
    }
}

static pbt_err check_owner(const pbt__store *store, pbt_error *error)
{
    if (!store->is_owner) {
        return pbt__fail(error, PBT_ERR_STATE, "the store is not this process's own");
    }
    return check_not_listing(store, error);
}

pbt_err pbt__store_announce(pbt__store *store, const char *words, bool stays, pbt_error *error)
{
    pbt_err err = enter(store, check_owner, error);
    if (err == PBT_OK && strlen(words) >= PBT__WORDS_SIZE) {
        err = pbt__fail(error, PBT_ERR_LIMIT, "what an owner says exceeds %d bytes",
                        PBT__WORDS_SIZE - 1);
    }
    if (err == PBT_OK && store->ops->announce != NULL) {
        err = store->ops->announce(store, words, stays, error);
    }
    return leave(store, err);
}

/* ---- the handle ---- */

bool pbt__store_is_fleeting(const pbt__store *store)
{
    return store->ops->is_fleeting;
}

const char *pbt__store_file(const pbt__store *store)
{
    return store->ops->file != NULL ? store->ops->file(store) : NULL;
}

/* On Linux these take no memory and cannot fail. */
static void init_locks(pbt__store *store)
{
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&store->mutex, &recursive);
    pthread_mutexattr_destroy(&recursive);
    pbt__store_init_bell(store);
}

void pbt__store_init(pbt__store *store, const pbt__store_ops *ops,
                     const pbt__store_options *options)
{
    *store = (pbt__store){
        .ops = ops,
        .is_read_only = options->is_read_only,
        .is_owner = options->owns,
        .now_us = options->now_us,
        .clock_context = options->clock_context,
    };
    init_locks(store);
}

void pbt__store_close(pbt__store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->is_open) {
        end_transaction(store);
    }
    store->ops->close(store);
    pthread_mutex_destroy(&store->mutex);
    pthread_mutex_destroy(&store->bell_mutex);
    pthread_cond_destroy(&store->bell);
    free(store);
}
