/*
 * bootstrap.c: resampling by counts.
 *
 * The scores are sorted once. A resample is the count of how often each was drawn, so both
 * estimates are one walk over the sorted scores.
 */
#include "analysis/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "core/rng.h"

static const double LOW = 0.025, HIGH = 0.975;

/* A group ready to be drawn from. Owner: its arrays lie in one allocation, at `sorted`. */
typedef struct stratum {
    double *sorted;    /* Shape: [count] */
    size_t *positions; /* where each score went. Shape: [count] */
    size_t *counts;    /* of the resample, by position. Shape: [count] */
    size_t count;
} stratum;

typedef struct placed {
    double score;
    size_t index;
} placed;

static int compare_placed(const void *left, const void *right)
{
    const placed *a = left;
    const placed *b = right;
    if (a->score != b->score) {
        return a->score > b->score ? 1 : -1;
    }
    return (a->index > b->index) - (a->index < b->index);
}

static void stratum_fini(stratum *group)
{
    free(group->sorted);
    free(group->positions);
    free(group->counts);
}

/* Everything counts once. */
static void reset(stratum *group)
{
    for (size_t i = 0; i < group->count; i++) {
        group->counts[i] = 1;
    }
}

static pbt_err stratum_init(const double *scores, size_t count, stratum *out)
{
    stratum group = {.count = count};
    placed *order = pbt__calloc(count + 1, sizeof *order);
    group.sorted = pbt__calloc(count + 1, sizeof *group.sorted);
    group.positions = pbt__calloc(count + 1, sizeof *group.positions);
    group.counts = pbt__calloc(count + 1, sizeof *group.counts);
    if (order == NULL || group.sorted == NULL || group.positions == NULL || group.counts == NULL) {
        stratum_fini(&group);
        free(order);
        return PBT_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = (placed){pbt__score_usable(scores[i]), i};
    }
    qsort(order, count, sizeof *order, compare_placed);
    for (size_t i = 0; i < count; i++) {
        group.sorted[i] = order[i].score;
        group.positions[order[i].index] = i;
    }
    reset(&group);
    free(order);
    *out = group;
    return PBT_OK;
}

static pbt__rng bootstrap_stream(void)
{
    return pbt__rng_stream(PBT__BOOTSTRAP_SEED, 0, 0, PBT__PURPOSE_BOOTSTRAP, 0);
}

/* Draw a resample of a group; `partner` (nullable) takes the same draws. */
static void draw(stratum *group, stratum *partner, pbt__rng *rng)
{
    memset(group->counts, 0, group->count * sizeof *group->counts);
    if (partner != NULL) {
        memset(partner->counts, 0, partner->count * sizeof *partner->counts);
    }
    for (size_t i = 0; i < group->count; i++) {
        const size_t drawn = pbt__rng_below(rng, (uint32_t)group->count);
        group->counts[group->positions[drawn]]++;
        if (partner != NULL) {
            partner->counts[partner->positions[drawn]]++;
        }
    }
}

static double iqm_of(const stratum *group)
{
    return pbt__scores_iqm(group->sorted, group->counts, group->count, group->count);
}

/* U / nm of two resamples: a walk over both in order. */
// formula: probability of improvement, Agarwal 2021
static double probability_of(const stratum *a, const stratum *b)
{
    double wins = 0;
    size_t below = 0, equal = 0, at = 0;
    for (size_t i = 0; i < a->count; i++) {
        if (i > 0 && a->sorted[i] != a->sorted[i - 1]) {
            below += equal;
            equal = 0;
        }
        while (at < b->count && b->sorted[at] < a->sorted[i]) {
            below += b->counts[at++];
        }
        while (at < b->count && b->sorted[at] == a->sorted[i]) {
            equal += b->counts[at++];
        }
        wins += (double)a->counts[i] * ((double)below + 0.5 * (double)equal);
    }
    return wins / ((double)a->count * (double)b->count);
}

static pbt__interval interval_of(double *estimates)
{
    return (pbt__interval){pbt__numbers_percentile(estimates, PBT__BOOTSTRAP_RESAMPLES, LOW),
                           pbt__numbers_percentile(estimates, PBT__BOOTSTRAP_RESAMPLES, HIGH)};
}

static pbt_err draw_iqm(stratum *group, pbt__interval *out)
{
    double *estimates = pbt__calloc(PBT__BOOTSTRAP_RESAMPLES, sizeof *estimates);
    if (estimates == NULL) {
        return PBT_ERR_MEMORY;
    }
    pbt__rng rng = bootstrap_stream();
    for (size_t i = 0; i < PBT__BOOTSTRAP_RESAMPLES; i++) {
        draw(group, NULL, &rng);
        estimates[i] = iqm_of(group);
    }
    *out = interval_of(estimates);
    free(estimates);
    return PBT_OK;
}

pbt_err pbt__bootstrap_iqm(const double *scores, size_t count, double *iqm, pbt__interval *interval)
{
    stratum group;
    pbt__interval drawn = {(double)NAN, (double)NAN};
    pbt_err err = stratum_init(scores, count, &group);
    if (err != PBT_OK) {
        return err;
    }
    const double estimate = iqm_of(&group);
    if (count > 1 && interval != NULL) {
        err = draw_iqm(&group, &drawn);
    }
    stratum_fini(&group);
    if (err != PBT_OK) {
        return err;
    }
    *iqm = estimate;
    if (interval != NULL) {
        *interval = drawn;
    }
    return PBT_OK;
}

static pbt_err draw_advantage(stratum *a, stratum *b, bool is_paired, pbt__advantage *out)
{
    double *differences = pbt__calloc(2 * (size_t)PBT__BOOTSTRAP_RESAMPLES, sizeof *differences);
    if (differences == NULL) {
        return PBT_ERR_MEMORY;
    }
    double *probabilities = differences + PBT__BOOTSTRAP_RESAMPLES;
    pbt__rng rng = bootstrap_stream();
    for (size_t i = 0; i < PBT__BOOTSTRAP_RESAMPLES; i++) {
        draw(a, is_paired ? b : NULL, &rng);
        if (!is_paired) {
            draw(b, NULL, &rng);
        }
        differences[i] = pbt__score_difference(iqm_of(a), iqm_of(b));
        probabilities[i] = probability_of(a, b);
    }
    out->difference_interval = interval_of(differences);
    out->probability_interval = interval_of(probabilities);
    free(differences);
    return PBT_OK;
}

static pbt_err compare_strata(stratum *a, stratum *b, bool is_paired, pbt__advantage *out)
{
    const double nan = (double)NAN;
    pbt__advantage advantage = {nan, nan, {nan, nan}, {nan, nan}};
    pbt_err err = PBT_OK;
    if (a->count > 0 && b->count > 0) {
        advantage.difference = pbt__score_difference(iqm_of(a), iqm_of(b));
        advantage.probability = probability_of(a, b);
    }
    if (a->count > 1 && b->count > 1) {
        err = draw_advantage(a, b, is_paired, &advantage);
    }
    if (err == PBT_OK) {
        *out = advantage;
    }
    return err;
}

pbt_err pbt__bootstrap_advantage(const pbt__score_pair *pair, pbt__advantage *out)
{
    stratum a, b;
    pbt_err err = stratum_init(pair->a, pair->count_a, &a);
    if (err != PBT_OK) {
        return err;
    }
    err = stratum_init(pair->b, pair->count_b, &b);
    if (err == PBT_OK) {
        err = compare_strata(&a, &b, pair->is_paired, out);
        stratum_fini(&b);
    }
    stratum_fini(&a);
    return err;
}
