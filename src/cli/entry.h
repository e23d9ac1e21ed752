/*
 * entry.h: how a run gets into its store: as the owner, or beside the one there is.
 *
 * Whoever has the lock owns the store. Another run of a study that the owner trains joins it: it
 * trains with slots of its own, on the same file, and decides like the owner does, for what follows
 * from a report is the same whoever works it out. Neither needs the other: when one ends or dies,
 * the other trains on.
 */
#ifndef PBT_CLI_ENTRY_H
#define PBT_CLI_ENTRY_H

#include "cli/lock.h"
#include "cli/owner.h"

typedef struct pbt__entry {
    pbt__lock lock;
    bool is_joiner;
    pbt__owner owner; /* of whom it has joined */
} pbt__entry;

/*
 * Take the store's lock, or join its owner where that one trains `study`; waits a moment for one
 * that is about to. Nullable: study, which then cannot be joined. Errors: as pbt__lock_take.
 */
PBT_MUST_USE pbt_err pbt__entry_take(const pbt__place *place, const char *study, pbt__entry *out,
                                     pbt_error *error);
void pbt__entry_leave(pbt__entry *entry);

#endif
