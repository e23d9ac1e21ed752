/*
 * guard.c: the rules of store.h, once, in front of every backend.
 *
 * Whose turn it is: one recursive mutex per handle. `begin` keeps it until `commit` or `rollback`,
 * so another thread's call waits, while the thread whose transaction it is goes through. Whoever
 * holds the mutex therefore reads `phase` as its own.
 *
 * What a failed write leaves behind differs between backends (SQLite rolls some back by itself and
 * would then run the next write in a transaction of its own). So after one, nothing but `rollback`
 * goes through, whatever the backend would have made of it.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "store/backend.h"

/* What a savepoint brings back. */
typedef struct mark {
    int64_t last_sequence;
    bool is_removed;
} mark;

typedef struct guard {
    pbt__store store;
    pbt__store_ops ops; /* the table below under the backend's scheme */
    pbt__backend *backend;
    pthread_mutex_t mutex; /* recursive */
    bool is_read_only;
    int64_t (*now_us)(void *context);
    void *clock_context;
    bool is_listing; /* a callback is running */
    enum { IDLE, OPEN, SAVED } phase;
    /* Of the open transaction: */
    bool has_failed; /* a write failed: only rollback is left */
    int64_t study;
    int64_t revision; /* of the claims it writes */
    mark now, saved;
} guard;

static guard *enter(pbt__store *store)
{
    guard *self = (guard *)store;
    pthread_mutex_lock(&self->mutex);
    return self;
}

/* Leave a slot with its result. */
static pbt_err leave(guard *self, pbt_err err)
{
    pthread_mutex_unlock(&self->mutex);
    return err;
}

/* Leave a slot that wrote. */
static pbt_err leave_write(guard *self, pbt_err err)
{
    if (self->phase != IDLE && err != PBT_OK) {
        self->has_failed = true;
    }
    return leave(self, err);
}

/* ---- what may be called when ---- */

static pbt_err check_not_listing(const guard *self, pbt_error *error)
{
    if (self->is_listing) {
        return pbt__fail(error, PBT_ERR_STATE, "a listing's callback cannot call the store");
    }
    return PBT_OK;
}

static pbt_err check_idle(const guard *self, pbt_error *error)
{
    if (self->phase != IDLE) {
        return pbt__fail(error, PBT_ERR_STATE, "a transaction is open");
    }
    return check_not_listing(self, error);
}

static pbt_err check_can_begin(const guard *self, pbt_error *error)
{
    if (self->is_read_only) {
        return pbt__fail(error, PBT_ERR_STATE, "the store is open for reading only");
    }
    return check_idle(self, error);
}

static pbt_err check_open(const guard *self, pbt_error *error)
{
    if (self->phase == IDLE) {
        return pbt__fail(error, PBT_ERR_STATE, "no transaction is open");
    }
    if (self->has_failed) {
        return pbt__fail(error, PBT_ERR_STATE, "an earlier write of this transaction failed");
    }
    return check_not_listing(self, error);
}

static pbt_err check_saved(const guard *self, pbt_error *error)
{
    pbt_err err = check_open(self, error);
    if (err == PBT_OK && self->phase != SAVED) {
        return pbt__fail(error, PBT_ERR_STATE, "no savepoint is open");
    }
    return err;
}

static pbt_err check_can_write(const guard *self, pbt_error *error)
{
    pbt_err err = check_open(self, error);
    if (err == PBT_OK && self->now.is_removed) {
        return pbt__fail(error, PBT_ERR_STATE, "the study was removed");
    }
    return err;
}

static pbt_err check_can_read(const guard *self, pbt_error *error)
{
    return self->phase == IDLE ? check_not_listing(self, error) : check_open(self, error);
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

static pbt_err check_event(const guard *self, const pbt__event *event, pbt_error *error)
{
    if (event->sequence != self->now.last_sequence + 1) {
        pbt__fail(error, PBT_ERR_ARGUMENT, "an event's sequence leaves a gap");
        pbt__error_detail(error, "%lld after %lld", (long long)event->sequence,
                          (long long)self->now.last_sequence);
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

static pbt_err check_blob(size_t length, pbt_error *error)
{
    if (length > PBT__BLOB_MAXIMUM) {
        return pbt__fail(error, PBT_ERR_LIMIT, "a blob of %zu bytes exceeds %d", length,
                         PBT__BLOB_MAXIMUM);
    }
    return PBT_OK;
}

/* ---- transactions ---- */

/* A machine's clock may be anywhere. */
static int64_t read_clock(const guard *self)
{
    const int64_t now_us =
        self->now_us == NULL ? pbt__clock_now_us() : self->now_us(self->clock_context);
    if (now_us < 0) {
        return 0;
    }
    return now_us < PBT__CLOCK_MAXIMUM ? now_us : PBT__CLOCK_MAXIMUM;
}

/* Open the transaction; the mutex that `enter` took stays taken. */
static void open_transaction(guard *self, int64_t study, const pbt__head *head,
                             pbt__transaction *out)
{
    int64_t now_us = read_clock(self);
    self->phase = OPEN;
    self->has_failed = false;
    self->study = study;
    self->revision = head->claims_revision + 1;
    self->now = (mark){.last_sequence = head->last_sequence};
    *out = (pbt__transaction){
        .now_us = now_us > head->last_time_us ? now_us : head->last_time_us,
        .last_sequence = head->last_sequence,
        .claims_revision = head->claims_revision,
    };
}

static pbt_err begin(pbt__store *store, int64_t study, pbt__transaction *out, pbt_error *error)
{
    guard *self = enter(store);
    pbt__head head = {0};
    pbt_err err = check_can_begin(self, error);
    if (err == PBT_OK) {
        err = self->backend->ops->begin(self->backend, study, &head, error);
    }
    if (err != PBT_OK) {
        return leave(self, err);
    }
    open_transaction(self, study, &head, out);
    return PBT_OK;
}

static pbt_err begin_create(pbt__store *store, const char *name, int64_t *study,
                            pbt__transaction *out, pbt_error *error)
{
    guard *self = enter(store);
    pbt_err err = check_can_begin(self, error);
    if (err == PBT_OK) {
        err = check_name(name, error);
    }
    if (err == PBT_OK) {
        err = self->backend->ops->begin_create(self->backend, name, study, error);
    }
    if (err != PBT_OK) {
        return leave(self, err);
    }
    open_transaction(self, *study, &(pbt__head){0}, out);
    return PBT_OK;
}

/* Give the mutex back that `begin` kept. */
static void end_transaction(guard *self)
{
    self->phase = IDLE;
    pthread_mutex_unlock(&self->mutex);
}

static pbt_err commit(pbt__store *store, pbt_error *error)
{
    guard *self = enter(store);
    pbt_err err = check_open(self, error);
    if (self->phase == IDLE || self->is_listing) {
        return leave(self, err);
    }
    if (err == PBT_OK) {
        err = self->backend->ops->commit(self->backend, error);
    } else {
        self->backend->ops->rollback(self->backend);
    }
    end_transaction(self);
    return leave(self, err);
}

static void rollback(pbt__store *store)
{
    guard *self = enter(store);
    if (self->phase != IDLE && !self->is_listing) {
        self->backend->ops->rollback(self->backend);
        end_transaction(self);
    }
    pthread_mutex_unlock(&self->mutex);
}

static pbt_err savepoint(pbt__store *store, pbt_error *error)
{
    guard *self = enter(store);
    pbt_err err = check_open(self, error);
    if (err == PBT_OK && self->phase == SAVED) {
        err = pbt__fail(error, PBT_ERR_STATE, "a savepoint is open");
    }
    if (err == PBT_OK) {
        err = self->backend->ops->savepoint(self->backend, error);
    }
    if (err == PBT_OK) {
        self->phase = SAVED;
        self->saved = self->now;
    }
    return leave_write(self, err);
}

static pbt_err savepoint_keep(pbt__store *store, pbt_error *error)
{
    guard *self = enter(store);
    pbt_err err = check_saved(self, error);
    if (err == PBT_OK) {
        err = self->backend->ops->savepoint_keep(self->backend, error);
    }
    if (err == PBT_OK) {
        self->phase = OPEN;
    }
    return leave_write(self, err);
}

static pbt_err savepoint_undo(pbt__store *store, pbt_error *error)
{
    guard *self = enter(store);
    pbt_err err = check_saved(self, error);
    if (err == PBT_OK) {
        err = self->backend->ops->savepoint_undo(self->backend, error);
    }
    if (err == PBT_OK) {
        self->phase = OPEN;
        self->now = self->saved;
    }
    return leave_write(self, err);
}

/* ---- writing ---- */

static pbt_err append(pbt__store *store, const pbt__event *event, pbt_error *error)
{
    guard *self = enter(store);
    pbt_err err = check_can_write(self, error);
    if (err == PBT_OK) {
        err = check_event(self, event, error);
    }
    if (err == PBT_OK) {
        err = self->backend->ops->append(self->backend, self->study, event, error);
    }
    if (err == PBT_OK) {
        self->now.last_sequence = event->sequence;
    }
    return leave_write(self, err);
}

static pbt_err claim_put(pbt__store *store, const pbt__claim *claim, pbt_error *error)
{
    guard *self = enter(store);
    pbt__backend *backend = self->backend;
    pbt_err err = check_can_write(self, error);
    if (err == PBT_OK) {
        err = check_claim(claim, error);
    }
    if (err == PBT_OK) {
        err = backend->ops->claim_put(backend, self->study, claim, self->revision, error);
    }
    return leave_write(self, err);
}

static pbt_err blob_put(pbt__store *store, pbt_segment_id id, const void *bytes, size_t length,
                        pbt_error *error)
{
    guard *self = enter(store);
    pbt__backend *backend = self->backend;
    pbt_err err = check_can_write(self, error);
    if (err == PBT_OK) {
        err = check_blob(length, error);
    }
    if (err == PBT_OK) {
        const void *sound = length == 0 ? "" : bytes;
        err = backend->ops->blob_put(backend, self->study, id, sound, length, error);
    }
    return leave_write(self, err);
}

static pbt_err blob_drop(pbt__store *store, pbt_segment_id id, pbt_error *error)
{
    guard *self = enter(store);
    pbt_err err = check_can_write(self, error);
    if (err == PBT_OK) {
        err = self->backend->ops->blob_drop(self->backend, self->study, id, error);
    }
    return leave_write(self, err);
}

static pbt_err remove_study(pbt__store *store, pbt_error *error)
{
    guard *self = enter(store);
    pbt_err err = check_can_write(self, error);
    if (err == PBT_OK) {
        err = self->backend->ops->remove(self->backend, self->study, error);
    }
    if (err == PBT_OK) {
        self->now.is_removed = true;
    }
    return leave_write(self, err);
}

/* ---- reading ---- */

static pbt_err list(pbt__store *store, pbt__study_callback callback, void *context,
                    pbt_error *error)
{
    guard *self = enter(store);
    pbt_err err = check_idle(self, error);
    if (err == PBT_OK) {
        self->is_listing = true;
        err = self->backend->ops->list(self->backend, callback, context, error);
        self->is_listing = false;
    }
    return leave(self, err);
}

static pbt_err read_events(pbt__store *store, int64_t study, int64_t after,
                           pbt__event_callback callback, void *context, pbt_error *error)
{
    guard *self = enter(store);
    pbt_err err = check_can_read(self, error);
    if (err == PBT_OK) {
        self->is_listing = true;
        err = self->backend->ops->read(self->backend, study, after, callback, context, error);
        self->is_listing = false;
    }
    return leave(self, err);
}

static pbt_err claim_list(pbt__store *store, int64_t study, int64_t after,
                          pbt__claim_callback callback, void *context, pbt_error *error)
{
    guard *self = enter(store);
    pbt__backend *backend = self->backend;
    pbt_err err = check_can_read(self, error);
    if (err == PBT_OK) {
        self->is_listing = true;
        err = backend->ops->claim_list(backend, study, after, callback, context, error);
        self->is_listing = false;
    }
    return leave(self, err);
}

static pbt_err blob_get(pbt__store *store, int64_t study, pbt_segment_id id, void **bytes,
                        size_t *length, pbt_error *error)
{
    guard *self = enter(store);
    pbt_err err = check_can_read(self, error);
    if (err == PBT_OK) {
        err = self->backend->ops->blob_get(self->backend, study, id, bytes, length, error);
    }
    return leave(self, err);
}

/* ---- the file ---- */

static pbt_err check_file(pbt__store *store, pbt_error *error)
{
    guard *self = enter(store);
    const pbt__backend_ops *ops = self->backend->ops;
    return leave(self, ops->check != NULL ? ops->check(self->backend, error) : PBT_OK);
}

static pbt_err rescue(pbt__store *store, char *out, pbt_error *error)
{
    guard *self = enter(store);
    const pbt__backend_ops *ops = self->backend->ops;
    if (ops->rescue == NULL) {
        return leave(self,
                     pbt__fail(error, PBT_ERR_STATE, "a store without a file cannot be rescued"));
    }
    const pbt_err err = check_idle(self, error);
    return leave(self, err == PBT_OK ? ops->rescue(self->backend, out, error) : err);
}

/* It does not change while the store is open. */
static const char *file_of(pbt__store *store)
{
    const pbt__backend *backend = ((guard *)store)->backend;
    return backend->ops->file != NULL ? backend->ops->file(backend) : NULL;
}

/* ---- the handle ---- */

static void close_store(pbt__store *store)
{
    guard *self = (guard *)store;
    self->backend->ops->close(self->backend);
    if (self->phase != IDLE) {
        end_transaction(self);
    }
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

static const pbt__store_ops OPS = {
    .close = close_store,
    .check = check_file,
    .rescue = rescue,
    .file = file_of,
    .list = list,
    .begin = begin,
    .begin_create = begin_create,
    .commit = commit,
    .rollback = rollback,
    .savepoint = savepoint,
    .savepoint_keep = savepoint_keep,
    .savepoint_undo = savepoint_undo,
    .append = append,
    .read = read_events,
    .claim_put = claim_put,
    .claim_list = claim_list,
    .blob_put = blob_put,
    .blob_get = blob_get,
    .blob_drop = blob_drop,
    .remove = remove_study,
};

static int init_recursive(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    int failed = pthread_mutexattr_init(&attributes);
    if (failed == 0) {
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
        failed = pthread_mutex_init(mutex, &attributes);
        pthread_mutexattr_destroy(&attributes);
    }
    return failed;
}

pbt_err pbt__guard_new(pbt__backend *backend, const pbt__store_options *options, pbt__store **out,
                       pbt_error *error)
{
    guard *self = pbt__calloc(1, sizeof(*self));
    if (self == NULL || init_recursive(&self->mutex) != 0) {
        free(self);
        return pbt__fail_memory(error);
    }
    self->ops = OPS;
    self->ops.scheme = backend->ops->scheme;
    self->store.ops = &self->ops;
    self->backend = backend;
    self->is_read_only = options->is_read_only;
    self->now_us = options->now_us;
    self->clock_context = options->clock_context;
    *out = &self->store;
    return PBT_OK;
}
