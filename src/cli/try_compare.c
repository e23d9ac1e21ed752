/*
 * try_compare.c: whether two results are the same, given how much a trainer varies by itself.
 *
 * The first segment of a fresh process was trained three times, one that loads a checkpoint twice.
 * Where those agree to the last bit, so must all that differ in nothing that matters. Where their
 * scores vary, a difference counts beyond six times the most that was seen, which normal noise
 * exceeds by chance once in 500 comparisons; what that hides is said to be unknown.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/try.h"
#include "study/json.h"

static const double NOISE_FACTOR = 6;
static const double ECHO_TOLERANCE = 1e-6; /* relative: a float of 32 bits will do */

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
    noise->digests_repeat = noise->digests_repeat && strcmp(a->digest, b->digest) == 0;
    if (is_equal(a->score, b->score)) {
        return;
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

/* ---- echoes ---- */

/* A hyperparameter as a number; false where it is a text. */
static bool number_of(const pbt_parameter *parameter, pbt_value value, double *out)
{
    if (parameter->type == PBT_FLOAT) {
        *out = value.real;
        return true;
    }
    if (parameter->type == PBT_INT) {
        *out = (double)value.integer;
        return true;
    }
    const pbt_item *item = &parameter->items[value.integer];
    *out = item->type == PBT_ITEM_FLOAT ? item->real : (double)item->integer;
    return item->type != PBT_ITEM_TEXT;
}

static bool is_near(double a, double b)
{
    return fabs(a - b) <= ECHO_TOLERANCE * fmax(fabs(a), fabs(b));
}

/* Compare what one segment echoes of one hyperparameter. Returns false where it is another value.
 */
static bool check_echo(const pbt__trained *trained, const pbt_parameter *parameter, pbt_value value,
                       bool *is_found, double *echoed)
{
    double wanted = 0;
    const json_t *metric = json_object_get(trained->metrics, parameter->name);
    if (metric == NULL || !pbt__json_number_read(metric, echoed) ||
        !number_of(parameter, value, &wanted)) {
        return true;
    }
    *is_found = true;
    return is_near(wanted, *echoed);
}

static bool check_parameter(const pbt__trial *trial, size_t index, bool *is_found, char *words,
                            size_t size)
{
    const pbt_parameter *parameter = &trial->spec->search.space.parameters[index];
    for (int i = 0; i < PBT__PROBE_COUNT * PBT__PROBE_MEMBERS * PBT__PROBE_SEGMENTS; i++) {
        const int member = i / PBT__PROBE_SEGMENTS % PBT__PROBE_MEMBERS;
        const pbt__probe_id id = (pbt__probe_id)(i / (PBT__PROBE_MEMBERS * PBT__PROBE_SEGMENTS));
        const pbt__trained *trained =
            pbt__trial_segment(trial, id, member, i % PBT__PROBE_SEGMENTS);
        const pbt_value value = pbt__trial_values(trial, id, member)[index];
        double echoed = 0, wanted = 0;
        if (!check_echo(trained, parameter, value, is_found, &echoed)) {
            (void)number_of(parameter, value, &wanted);
            (void)snprintf(words, size, "'%s' was to be %.6g, and the trainer says %.6g",
                           parameter->name, wanted, echoed);
            return false;
        }
    }
    return true;
}

bool pbt__trial_echoes(const pbt__trial *trial, pbt__text *names, char *words, size_t size)
{
    const pbt_space *space = &trial->spec->search.space;
    for (size_t i = 0; i < space->count; i++) {
        bool is_found = false;
        if (!check_parameter(trial, i, &is_found, words, size)) {
            return false;
        }
        if (is_found) {
            pbt__text_format(names, "%s'%s'", names->length > 0 ? ", " : "",
                             space->parameters[i].name);
        }
    }
    return true;
}
