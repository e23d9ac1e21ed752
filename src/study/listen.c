/* listen.c: who is told what workers are handed. */
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
