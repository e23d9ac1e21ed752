/* changes.c: how often a study has changed, and telling the threads that wait for it. */
#include "study/inside.h"

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
