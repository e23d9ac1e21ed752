/* explore_resample.c: each hyperparameter is drawn anew from its prior. */
#include "core/explore.h"

static void explore(const pbt__exploration *at)
{
    pbt__explore_each(at, pbt__move_resample);
}

const pbt__explore_row pbt__explore_resample = {
    .rule =
        {
            .name = "resample",
            .meaning = "each is drawn anew.",
            .summary = "each hyperparameter is drawn anew",
        },
    .explore = explore,
};
