/* share.c: sharing out GPUs: each slot takes the names that are left most often, so that no slot
 * has to take the same GPU twice. */
#include "executor/share.h"

#include <string.h>

/* How many of a name are left; 0 if the slot has one already. */
static int32_t count_left(const char *const *gpus, int32_t gpu_count, const int32_t *owners,
                          const char *name, int32_t slot)
{
    int32_t left = 0;
    for (int32_t i = 0; i < gpu_count; i++) {
        if (strcmp(gpus[i], name) != 0) {
            continue;
        }
        if (owners[i] == slot) {
            return 0;
        }
        left += owners[i] < 0;
    }
    return left;
}

/* Give the slot one more. */
static bool take(const char *const *gpus, int32_t gpu_count, int32_t slot, int32_t *owners)
{
    int32_t best = -1, best_left = 0;
    for (int32_t i = 0; i < gpu_count; i++) {
        const int32_t left = owners[i] < 0 ? count_left(gpus, gpu_count, owners, gpus[i], slot) : 0;
        if (left > best_left) {
            best = i;
            best_left = left;
        }
    }
    if (best >= 0) {
        owners[best] = slot;
    }
    return best >= 0;
}

bool pbt__share_gpus(const char *const *gpus, int32_t gpu_count, int32_t per_slot,
                     int32_t slot_count, int32_t *owners)
{
    for (int32_t i = 0; i < gpu_count; i++) {
        owners[i] = -1;
    }
    bool is_possible = true;
    for (int32_t i = 0; is_possible && i < slot_count * per_slot; i++) {
        is_possible = take(gpus, gpu_count, i / per_slot, owners);
    }
    return is_possible;
}
