/* audience.c: telling whoever listens at a desk. */
#include "desk/desk.h"

void pbt__audience_set(pbt__audience *audience, const pbt__listener *listener)
{
    pthread_rwlock_wrlock(&audience->lock);
    audience->listener = listener != NULL ? *listener : (pbt__listener){0};
    pthread_rwlock_unlock(&audience->lock);
}

void pbt__audience_tell(pbt__audience *audience, const char *worker, const char *failure,
                        const pbt__action *action, bool has_reported)
{
    const bool is_handed = action != NULL && action->verb == PBT__TRAIN;
    const pbt__notice notice = {
        .worker = worker,
        .failure = failure,
        .train = is_handed ? &action->train : NULL,
        .has_reported = has_reported,
    };
    pthread_rwlock_rdlock(&audience->lock);
    if (audience->listener.tell != NULL && worker[0] != '\0') {
        audience->listener.tell(audience->listener.context, &notice);
    }
    pthread_rwlock_unlock(&audience->lock);
}
