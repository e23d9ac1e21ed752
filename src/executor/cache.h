/*
 * cache.h: members' latest states in memory, so that continuing or copying is a memcpy.
 *
 * At most one state per member, of its last reported segment; other states are read from
 * checkpoints. Memory is bounded by population x state size; if there is none, nothing is kept.
 * Threads: any. A member's state is copied under that member's own lock.
 */
#ifndef PBT_EXECUTOR_CACHE_H
#define PBT_EXECUTOR_CACHE_H

#include <pbt/pbt.h>

typedef struct pbt__cache pbt__cache;

/* Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__cache_new(int32_t member_count, size_t state_size, pbt__cache **out);
void pbt__cache_free(pbt__cache *cache);

/* Keep a copy of a segment's state in place of its member's older one. */
void pbt__cache_put(pbt__cache *cache, pbt_segment_id id, const void *state);

/* Copy a segment's state out. Returns false, `state` untouched, if it is not here. */
bool pbt__cache_get(pbt__cache *cache, pbt_segment_id id, void *state);

#endif
