/* vault.h: a vault in a folder of its own for each case. Each test program includes it once. */
#ifndef PBT_TESTS_VAULT_H
#define PBT_TESTS_VAULT_H

#include "scratch.h"
#include "study/checkpoint.h"
#include "study/checkpoint_vault.h"

static const pbt_segment_id id = {3, 12};
static pbt__vault *vault;
static pbt_error error;

static int open_vault(void **state)
{
    if (scratch_make(state) != 0) {
        return -1;
    }
    return pbt__vault_open(in("vault"), &vault, NULL) == PBT_OK ? 0 : -1;
}

static int close_vault(void **state)
{
    pbt__vault_close(vault);
    vault = NULL;
    return scratch_remove(state);
}

#endif
