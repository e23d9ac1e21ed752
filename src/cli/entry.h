/*
 * entry.h: how a run opens its store: as the owner, or joining the owner.
 *
 * Another run of a study that the owner trains joins it: it trains with its own slots, in the same
 * store, and makes decisions too; a decision is the same whichever process makes it. When one of
 * the two ends or dies, the other trains on.
 */
#ifndef PBT_CLI_ENTRY_H
#define PBT_CLI_ENTRY_H

#include "cli/owner.h"
#include "cli/place.h"

/*
 * Open the store and own it, or join the owner if it trains `study`; the owner is then in `*owner`.
 * Waits a moment for an owner that is starting. Nullable: study; then nothing is joined.
 * Errors: as pbt__place_open.
 */
PBT_MUST_USE pbt_err pbt__entry_open(const pbt__place *place, const char *study, pbt__store **out,
                                     pbt__owner *owner, pbt_error *error);

#endif
