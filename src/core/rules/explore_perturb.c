/* explore_perturb.c: each hyperparameter is multiplied by a factor, or drawn anew. */
#include "core/explore.h"
#include "core/type.h"

static double draw_factor(const pbt__move *m)
{
    return m->rule->factors[pbt__rng_below(m->rng, (uint32_t)m->rule->factor_count)];
}

// rule: perturb, Jaderberg 2017 section 4.1.1
static void perturb(const pbt__move *m)
{
    if (pbt__rng_uniform(m->rng) < m->rule->resample_probability) {
        pbt__move_resample(m);
    } else {
        const double factor = pbt__is_number(m->parameter) ? draw_factor(m) : 1;
        pbt__type_of(m->parameter)->perturb(m, factor);
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
