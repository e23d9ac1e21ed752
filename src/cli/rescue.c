/* rescue.c: what a run still knows when its store is gone, in a file. */
#include "cli/rescue.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

enum { TRIES = 5, SETTLE_NS = 300 * 1000 * 1000 };

pbt_err pbt__rescue_check(pbt__study *study, const char *worker, pbt_err err, pbt_error *error)
{
    pbt_error why = {0};
    char prefix[PBT__NAME_SIZE];
    const pbt_err fate = pbt__study_check_ground(study, &why);
    if (fate == PBT_OK) {
        return err;
    }
    *error = why;
    (void)snprintf(prefix, sizeof prefix, "%s-", worker);
    /* A segment that cannot be given back is freed when its lease ends. */
    (void)!pbt__study_end_leases(study, prefix, false, NULL);
    return fate;
}

/* A file in a folder that is being removed is lost: then use the folder above. */
static pbt_err rescue(pbt__store *store, char *path, pbt_error *error)
{
    pbt_err err = pbt__store_rescue(store, path, error);
    for (int i = 1; err == PBT_OK && i < TRIES; i++) {
        (void)nanosleep(&(struct timespec){.tv_nsec = SETTLE_NS}, NULL);
        if (access(path, F_OK) == 0) {
            break;
        }
        err = pbt__store_rescue(store, path, error);
    }
    return err;
}

/* Name the file and what to do with it. Checkpoints are found relative to the store; if they were
 * moved, the working folder may have been too. */
static void tell_rescued(const pbt__study *study, const pbt__place *place, const char *path,
                         pbt_error *error)
{
    const bool is_here = study == NULL || pbt__study_has_folder(study);
    const char *shown = is_here ? pbt__path_below(place->here, path) : path;
    pbt__error_detail(error, "all that was known is in '%.400s'", shown);
    if (is_here) {
        pbt__error_hint(error, "go on with --store %.100s, or put it in the store's place", shown);
        return;
    }
    pbt__error_hint(error,
                    "the checkpoints of '%s' were moved too: put that file beside them, where they "
                    "lie now, and go on with --store there",
                    pbt__study_name(study));
}

void pbt__rescue(pbt__store *store, const pbt__study *study, const pbt__place *place,
                 pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt_error why = {0};
    if (pbt__store_check(store, NULL) == PBT_OK) {
        return;
    }
    const pbt_err err = rescue(store, path, &why);
    if (err != PBT_OK) {
        pbt__error_detail(error, "it could not be rescued: %s: %.300s", why.message, why.detail);
        pbt__error_hint(error, "bring the store back from a backup");
        return;
    }
    tell_rescued(study, place, path, error);
}
