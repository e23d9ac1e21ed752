/* seeds.h: `--seeds A..B`. */
#ifndef PBT_CLI_SEEDS_H
#define PBT_CLI_SEEDS_H

#include <pbt/pbt.h>

enum { PBT__SEEDS_MAXIMUM = 10000 };

typedef struct pbt__seeds {
    int64_t first, last; /* both included */
} pbt__seeds;

/* Read "A..B" or "A". Errors: PBT_ERR_ARGUMENT. */
PBT_MUST_USE pbt_err pbt__seeds_read(const char *text, pbt__seeds *out, pbt_error *error);

#endif
