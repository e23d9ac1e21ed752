/*
 * compare.c: whether two results are the same, given how much a trainer varies by itself.
 *
 * The first segment of a fresh process was trained three times, one that loads a checkpoint twice.
 * If those agree to the last bit, equal conditions must give equal results. If their scores vary, a
 * difference counts beyond six times the largest one seen, which normal noise exceeds once in 500
 * comparisons; smaller differences are undecided.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/json.h"
#include "try/trial.h"

static const double NOISE_FACTOR = 6;

/* ---- noise ---- */

static bool is_equal(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void add_pair(pbt__noise *noise, const pbt__trained *a, const pbt__trained *b)
{
    if (!a->is_there || !b->is_there) {
        return;
    }
    noise->is_known = true;
    if (noise->examples[0] == NULL) {
        noise->examples[0] = a;
        noise->examples[1] = b;
    }
    noise->digests_repeat = noise->digests_repeat && strcmp(a->digest, b->digest) == 0;
    if (is_equal(a->score, b->score)) {
        return;
    }
    if (noise->scores_repeat || fabs(a->score - b->score) > noise->score) {
        noise->pair[0] = a;
        noise->pair[1] = b;
    }
    noise->scores_repeat = false;
    noise->score = fmax(noise->score, fabs(a->score - b->score));
}

pbt__noise pbt__trial_noise(const pbt__trial *trial)
{
    pbt__noise noise = {.scores_repeat = true, .digests_repeat = true};
    const pbt__trained *scratch = pbt__trial_segment(trial, PBT__PROBE_SCRATCH, 0, 0);
    const pbt__trained *turns = pbt__trial_segment(trial, PBT__PROBE_TURNS, 0, 0);
    const pbt__trained *memory = pbt__trial_segment(trial, PBT__PROBE_MEMORY, 0, 0);
    add_pair(&noise, pbt__trial_segment(trial, PBT__PROBE_LOADED, 0, 1),
             pbt__trial_segment(trial, PBT__PROBE_AGAIN, 0, 1));
    add_pair(&noise, scratch, turns);
    add_pair(&noise, scratch, memory);
    add_pair(&noise, turns, memory);
    return noise;
}

/* The generators that a probe's client has pinned. */
static bool is_pinned(const pbt__trial *trial, pbt__probe_id id)
{
    const char *names = trial->probed[id].pinned;
    return names != NULL && names[0] != '\0';
}

pbt__noise pbt__trial_pinned_noise(const pbt__trial *trial)
{
    pbt__noise noise = {.scores_repeat = true, .digests_repeat = true};
    if (is_pinned(trial, PBT__PROBE_PINNED_MEMORY) && is_pinned(trial, PBT__PROBE_PINNED_TURNS)) {
        add_pair(&noise, pbt__trial_segment(trial, PBT__PROBE_PINNED_MEMORY, 0, 0),
                 pbt__trial_segment(trial, PBT__PROBE_PINNED_TURNS, 0, 0));
    }
    return noise;
}

bool pbt__trial_is_pinned(const pbt__trial *trial)
{
    const pbt__noise pinned = pbt__trial_pinned_noise(trial);
    return !pbt__trial_noise(trial).scores_repeat && pinned.is_known && pinned.scores_repeat;
}

pbt__probe_id pbt__trial_plain(const pbt__trial *trial)
{
    return pbt__trial_is_pinned(trial) ? PBT__PROBE_PINNED_LOADED : PBT__PROBE_LOADED;
}

/* ---- metrics ---- */

static bool has_value(const json_t *metrics, const char *name, double *out)
{
    const json_t *metric = json_object_get(metrics, name);
    return metric != NULL && pbt__json_number_read(metric, out);
}

/* Say whether a metric was the same when the same segment was trained again: a time is not. */
static bool repeats(const pbt__noise *noise, const char *name)
{
    double a = 0, b = 0;
    return noise->examples[0] != NULL && has_value(noise->examples[0]->metrics, name, &a) &&
           has_value(noise->examples[1]->metrics, name, &b) && is_equal(a, b);
}

static bool have_metrics_repeated(const pbt__noise *noise, const pbt__trained *a,
                                  const pbt__trained *b)
{
    void *at = json_object_iter((json_t *)(uintptr_t)a->metrics);
    bool are_equal = true;
    while (are_equal && at != NULL) {
        const char *name = json_object_iter_key(at);
        double x = 0, y = 0;
        are_equal = !has_value(a->metrics, name, &x) || !has_value(b->metrics, name, &y) ||
                    is_equal(x, y) || !repeats(noise, name);
        at = json_object_iter_next((json_t *)(uintptr_t)a->metrics, at);
    }
    return are_equal;
}

/* ---- likeness ---- */

pbt__likeness pbt__scores_compare(const pbt__noise *noise, const pbt__trained *a,
                                  const pbt__trained *b)
{
    if (!a->is_there || !b->is_there) {
        return PBT__NOT_TRAINED;
    }
    if (noise->scores_repeat) {
        return is_equal(a->score, b->score) ? PBT__LIKE : PBT__UNLIKE;
    }
    if (isfinite(a->score) != isfinite(b->score)) {
        return PBT__UNLIKE;
    }
    return fabs(a->score - b->score) > NOISE_FACTOR * noise->score ? PBT__UNLIKE
                                                                   : PBT__WITHIN_NOISE;
}

pbt__likeness pbt__trained_compare(const pbt__noise *noise, const pbt__trained *a,
                                   const pbt__trained *b)
{
    const pbt__likeness by_score = pbt__scores_compare(noise, a, b);
    const bool are_exact = noise->digests_repeat && a->is_there && b->is_there;
    const bool have_both = are_exact && a->digest[0] != '\0' && b->digest[0] != '\0';
    if (!have_both || (noise->scores_repeat && by_score == PBT__UNLIKE)) {
        return by_score;
    }
    return strcmp(a->digest, b->digest) == 0 ? PBT__LIKE : PBT__UNLIKE;
}

pbt__likeness pbt__metrics_compare(const pbt__noise *noise, const pbt__trained *a,
                                   const pbt__trained *b)
{
    const pbt__likeness by_score = pbt__scores_compare(noise, a, b);
    return by_score == PBT__LIKE && !have_metrics_repeated(noise, a, b) ? PBT__UNLIKE : by_score;
}
