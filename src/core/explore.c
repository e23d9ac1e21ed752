/* explore.c: the rule in force changes hyperparameters (Jaderberg et al. 2017, section 4.1.1). */
#include "core/explore.h"

void pbt__explore(const pbt_search *search, pbt__history history, pbt_segment_id id,
                  pbt_value *values, pbt_change *changes)
{
    const pbt__explore_row *row = pbt__explore_row_of(search);
    const pbt__exploration at = {search, history, id, values, changes};
    for (size_t i = 0; i < search->space.count; i++) {
        changes[i] = (pbt_change){.operation = PBT_UNTOUCHED, .from = values[i]};
    }
    if (row->explore != NULL) {
        row->explore(&at);
    }
}
