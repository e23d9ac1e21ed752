/*
 * entry.c: owning and joining.
 *
 * An owner can be joined once it serves the study, which is a moment after it took the lock. It is
 * asked again for so long; if it ends meanwhile, the lock is free.
 */
#include "cli/entry.h"

#include <time.h>

#include "base/clock.h"
#include "executor/signals.h"

enum { PATIENCE_US = 1000 * 1000, PAUSE_NS = 20 * 1000 * 1000 };

static bool can_join(const pbt__place *place, const char *study, pbt__owner *owner)
{
    pbt__http http;
    pbt_err err = pbt__owner_reach(place, study, owner, &http, NULL);
    pbt__http_fini(&http);
    return err == PBT_OK;
}

pbt_err pbt__entry_take(const pbt__place *place, const char *study, pbt__entry *out,
                        pbt_error *error)
{
    const int64_t until_us = pbt__clock_monotonic_us() + PATIENCE_US;
    pbt__entry entry = {.lock = PBT__LOCK_NONE};
    for (;;) {
        pbt_err err = pbt__lock_take(place, &entry.lock, error);
        entry.is_joiner =
            err == PBT_ERR_BUSY && study != NULL && can_join(place, study, &entry.owner);
        if (err == PBT_OK || entry.is_joiner) {
            *out = entry;
            return PBT_OK;
        }
        bool is_late = pbt__clock_monotonic_us() >= until_us || pbt__signals_count() > 0;
        if (err != PBT_ERR_BUSY || is_late) {
            return err;
        }
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
}

void pbt__entry_leave(pbt__entry *entry)
{
    pbt__lock_release(&entry->lock);
    *entry = (pbt__entry){.lock = PBT__LOCK_NONE};
}
