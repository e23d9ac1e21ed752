/* listen.c: who is told what workers are handed, and that something has changed. */
#include "study/inside.h"

void pbt__study_listen(pbt__study *study, const pbt__listener *listener)
{
    pthread_rwlock_wrlock(&study->listener_lock);
    study->listener = listener != NULL ? *listener : (pbt__listener){0};
    pthread_rwlock_unlock(&study->listener_lock);
}

void pbt__study_tell(pbt__study *study, const char *worker, const char *failure,
                     const pbt__action *action, bool has_reported)
{
    bool is_handed = action != NULL && action->verb == PBT__TRAIN;
    pbt__notice notice = {
        .worker = worker,
        .failure = failure,
        .train = is_handed ? &action->train : NULL,
        .has_reported = has_reported,
    };
    pthread_rwlock_rdlock(&study->listener_lock);
    if (study->listener.tell != NULL && worker[0] != '\0') {
        study->listener.tell(study->listener.context, &notice);
    }
    pthread_rwlock_unlock(&study->listener_lock);
}

/* ---- threads that wait ---- */

void pbt__study_tell_waiting(pbt__study *study)
{
    study->change_count++;
    pthread_cond_broadcast(&study->has_changed);
    if (study->has_lookout) {
        pbt__store_wake(study->store);
    }
}

void pbt__study_wake(pbt__study *study)
{
    pthread_mutex_lock(&study->queue_lock);
    pbt__study_tell_waiting(study);
    pthread_mutex_unlock(&study->queue_lock);
}

uint64_t pbt__study_changes(pbt__study *study)
{
    pthread_mutex_lock(&study->queue_lock);
    uint64_t count = study->change_count;
    pthread_mutex_unlock(&study->queue_lock);
    return count;
}
