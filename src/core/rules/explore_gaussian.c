/* explore_gaussian.c: noise is added to each number; a list moves as under perturb. */
#include <math.h>

#include "core/explore.h"
#include "core/type.h"

// rule: gaussian
static void add_noise(const pbt__move *m)
{
    const double noise = m->rule->sigma * pbt__rng_normal(m->rng);
    const double from = pbt__move_get(m);
    const double moved =
        m->parameter->scale == PBT_LINEAR ? from + noise : pbt__move_multiply(m, from, exp(noise));
    m->change->operation = PBT_NOISE;
    pbt__move_set(m, moved);
}

static void move(const pbt__move *m)
{
    if (pbt__is_number(m->parameter)) {
        add_noise(m);
    } else {
        pbt__type_of(m->parameter)->perturb(m, 1);
    }
}

static void explore(const pbt__exploration *at)
{
    pbt__explore_each(at, move);
}

static const pbt__rule_option OPTIONS[] = {
    {
        .name = "explore.sigma",
        .offset = PBT__EXPLORE_FIELD(sigma),
        .most = INFINITY,
        .fallback = 0.1,
        .meaning = "The noise's standard deviation, in the hyperparameter's own units; in "
                   "natural-log units on a log scale.",
    },
};

const pbt__explore_row pbt__explore_gaussian = {
    .rule =
        {
            .name = "gaussian",
            .meaning = "noise is added.",
            PBT__RULE_OPTIONS(OPTIONS),
            .summary = "noise with standard deviation {sigma} is added, on each one's own scale",
        },
    .explore = explore,
};
