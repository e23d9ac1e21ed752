/* explore_perturb.c: each hyperparameter is multiplied by a factor, or drawn anew. */
#include <math.h>

#include "core/explore.h"

/* Where an int goes that its factor did not move: on in the direction of the product, of which only
 * rounding is short; 0 has none and follows the factor. */
static int32_t nudge_direction(double from, double product, double factor)
{
    if (product != from) {
        return product > from ? 1 : -1;
    }
    return (factor > 1) - (factor < 1);
}

// rule: perturb (int), Jaderberg 2017 section 4.1.1
static void perturb_int(const pbt__move *m, double from, double product, double factor)
{
    const double rounded = round(product);
    const int32_t direction = nudge_direction(from, product, factor);
    if (rounded != from || direction == 0) {
        pbt__move_set(m, rounded);
        return;
    }
    m->change->operation = PBT_NUDGE;
    m->change->argument = direction;
    pbt__move_set(m, from + direction);
}

// rule: perturb (float), Jaderberg 2017 section 4.1.1
static void perturb_number(const pbt__move *m)
{
    const uint32_t i = pbt__rng_below(m->rng, (uint32_t)m->rule->factor_count);
    const double factor = m->rule->factors[i];
    const double from = pbt__move_get(m);
    const double product = pbt__move_scaled(m, from, factor);
    m->change->operation = PBT_FACTOR;
    m->change->argument = factor;
    if (m->parameter->type == PBT_INT) {
        perturb_int(m, from, product, factor);
    } else if (product == from && factor != 1) {
        pbt__move_resample(m);
    } else {
        pbt__move_set(m, product);
    }
}

static void perturb(const pbt__move *m)
{
    if (pbt__rng_uniform(m->rng) < m->rule->resample_probability) {
        pbt__move_resample(m);
    } else if (pbt__move_is_number(m)) {
        perturb_number(m);
    } else {
        pbt__move_in_list(m);
    }
}

static void explore(const pbt__exploration *at)
{
    pbt__explore_each(at, perturb);
}

static const char *summarize(const pbt_search *search)
{
    return search->explore.resample_probability > 0
               ? "each hyperparameter is multiplied by {factors}\n"
                 "or, with probability {resample_probability}, drawn anew"
               : "each hyperparameter is multiplied by {factors}";
}

static const double FACTORS[] = {0.8, 1.25};

static const pbt__rule_option OPTIONS[] = {
    {
        .name = "explore.factors",
        .type = PBT__RULE_LIST,
        .offset = PBT__EXPLORE_FIELD(factors),
        .count_offset = PBT__EXPLORE_FIELD(factor_count),
        .most = 64,
        .list = FACTORS,
        .list_count = sizeof FACTORS / sizeof *FACTORS,
        .meaning = "One of them is drawn for each hyperparameter.",
    },
    {
        .name = "explore.resample_probability",
        .offset = PBT__EXPLORE_FIELD(resample_probability),
        .most = 1,
        .fallback = 0.05,
        .meaning = "How often a hyperparameter is drawn from its prior instead.",
    },
};

const pbt__explore_row pbt__explore_perturb = {
    .rule =
        {
            .name = "perturb",
            .meaning = "each is multiplied by a factor, or drawn anew.",
            PBT__RULE_OPTIONS(OPTIONS),
            .summarize = summarize,
        },
    .explore = explore,
};
