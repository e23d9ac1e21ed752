/*
 * entry.h: how a run gets into its store: as the owner, or beside the one there is.
 *
 * Another run of a study that the owner trains joins it: it trains with slots of its own, in the
 * same store, and decides like the owner does, for what follows from a report is the same whoever
 * works it out. Neither needs the other: when one ends or dies, the other trains on.
 */
#ifndef PBT_CLI_ENTRY_H
#define PBT_CLI_ENTRY_H

#include "cli/owner.h"
#include "cli/place.h"

/*
 * Open the store and own it, or join its owner where that one trains `study`, which is then in
 * `*owner`; waits a moment for one that is about to. Nullable: study, which then cannot be joined.
 * Errors: as pbt__place_open.
 */
PBT_MUST_USE pbt_err pbt__entry_open(const pbt__place *place, const char *study, pbt__store **out,
                                     pbt__owner *owner, pbt_error *error);

#endif
