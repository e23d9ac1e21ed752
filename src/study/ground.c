/*
 * ground.c: checking the store and the checkpoint folder.
 *
 * A run has its store open, and its checkpoint folder by name. Users may remove or replace both
 * while it runs (`git clean`, a restored backup). Then failures are not the trainer's, nothing may
 * be written into the replacement, and the run ends.
 */
#include "base/error.h"
#include "study/checkpoint_vault.h"
#include "study/inside.h"

pbt_err pbt__study_check_ground(pbt__study *study, pbt_error *error)
{
    pbt_err err = pbt__store_check(study->store, error);
    return err == PBT_OK && study->vault != NULL ? pbt__vault_is_in_place(study->vault, error)
                                                 : err;
}

bool pbt__study_has_folder(const pbt__study *study)
{
    return study->vault == NULL || pbt__vault_is_in_place(study->vault, NULL) == PBT_OK;
}
