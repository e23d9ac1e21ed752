/* explore_none.c: hyperparameters stay. */
#include "core/rule.h"

const pbt__explore_row pbt__explore_none = {
    .rule =
        {
            .name = "none",
            .meaning = "they stay.",
            .summary = "hyperparameters stay as they are",
        },
};
