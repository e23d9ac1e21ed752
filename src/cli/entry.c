/*
 * entry.c: owning and joining.
 *
 * An owner can be joined when it serves the study, a moment after it owns the store. It is asked
 * again until then. If it ends meanwhile, this run can own the store.
 */
#include "cli/entry.h"

#include <time.h>

#include "base/clock.h"
#include "executor/signals.h"

/* For one that has announced itself, and for one that may be about to. */
enum { PATIENCE_US = 1000 * 1000, BEGINNING_US = 4 * 1000 * 1000, PAUSE_NS = 20 * 1000 * 1000 };

static bool join(const pbt__place *place, const char *study, pbt__store **out, pbt__owner *owner)
{
    pbt_error ignored = {0};
    pbt__store *store = NULL;
    if (study == NULL || pbt__place_open(place, PBT__ACCESS_CHANGE, &store, &ignored) != PBT_OK) {
        return false;
    }
    if (pbt__owner_ask(store, study, owner, NULL) != PBT_OK) {
        pbt__store_close(store);
        return false;
    }
    *out = store;
    return true;
}

pbt_err pbt__entry_open(const pbt__place *place, const char *study, pbt__store **out,
                        pbt__owner *owner, pbt_error *error)
{
    const int64_t begun_us = pbt__clock_monotonic_us();
    int64_t until_us = begun_us + PATIENCE_US;
    for (;;) {
        *owner = (pbt__owner){.process = 0};
        pbt_err err = pbt__place_open(place, PBT__ACCESS_OWN, out, error);
        if (err == PBT_ERR_BUSY && join(place, study, out, owner)) {
            return PBT_OK;
        }
        const int64_t now_us = pbt__clock_monotonic_us();
        if (study != NULL && owner->process == 0 && now_us < begun_us + BEGINNING_US) {
            until_us = now_us + PATIENCE_US;
        }
        const bool is_late = now_us >= until_us || pbt__signals_count() > 0;
        if (err != PBT_ERR_BUSY || is_late) {
            return err;
        }
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
}
