/* share.h: which GPUs each slot gets. Pure. */
#ifndef PBT_EXECUTOR_SHARE_H
#define PBT_EXECUTOR_SHARE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Give each slot `per_slot` GPUs of a list: in its order, those named most often first, and none
 * twice to the same slot. Returns false if that cannot be done; the list is long enough.
 * Shape: gpus[gpu_count]; owners[gpu_count]: a slot's index, or -1
 */
bool pbt__share_gpus(const char *const *gpus, int32_t gpu_count, int32_t per_slot,
                     int32_t slot_count, int32_t *owners);

#endif
