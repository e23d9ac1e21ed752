/* fault.c: one countdown for all seams; only in builds for tests. */
#include "base/fault.h"

#ifdef PBT_FAULTS

#include <stdatomic.h>

static _Atomic int64_t countdown; /* operations until one fails; 0: disarmed */
static atomic_uint armed_kinds;
static atomic_bool has_fired;

void pbt__fault_arm(int64_t n, unsigned kinds)
{
    atomic_store(&countdown, 0);
    atomic_store(&armed_kinds, kinds);
    atomic_store(&has_fired, false);
    atomic_store(&countdown, n);
}

bool pbt__fault_has_fired(void)
{
    return atomic_load(&has_fired);
}

bool pbt__fault(unsigned kind)
{
    if ((atomic_load(&armed_kinds) & kind) == 0) {
        return false;
    }
    int64_t left = atomic_load(&countdown);
    while (left > 0 && !atomic_compare_exchange_weak(&countdown, &left, left - 1)) {
    }
    if (left != 1) {
        return false;
    }
    atomic_store(&has_fired, true);
    return true;
}

#endif
