/* search.h: searches inside core: checked, and owning all their memory. */
#ifndef PBT_CORE_SEARCH_H
#define PBT_CORE_SEARCH_H

#include <pbt/pbt.h>

#include "core/population.h"

/* Say whether the bytes of a caller's struct beyond the known ones are all 0. */
bool pbt__is_zero_from(const void *given, size_t known, size_t size);
#define PBT__NEWER(what) "the " what " has fields that this version of libpbt does not know"

/* The documented defaults. */
pbt_search pbt__search_defaults(void);

/* As pbt_search_check, of a search of this version. */
PBT_MUST_USE pbt_err pbt__search_check(const pbt_search *search, pbt_error *error);

/* Bring a caller's search to this version: fields it does not know have their defaults. Errors:
 * PBT_ERR_ARGUMENT, PBT_ERR_VERSION. */
PBT_MUST_USE pbt_err pbt__search_adopt(const pbt_search *search, pbt_search *out, pbt_error *error);

/* Copy a search that was checked, in one piece of memory. Owner: the caller, who frees it. NULL: no
 * memory. */
PBT_MUST_USE pbt_search *pbt__search_copy(const pbt_search *search);

#endif
