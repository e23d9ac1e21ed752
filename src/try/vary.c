/*
 * vary.c: one hyperparameter at a time, so that one that is ignored is found.
 *
 * Each is changed alone, to the end of its prior that is farther from the value tried so far, and
 * the segment that goes on from the first checkpoint is trained with it. If that changes nothing,
 * to the last bit, more is tried before it is called ignored: the other end; from scratch, because
 * a checkpoint may bring its own value; and with each value of the choices, because a momentum
 * matters only to some optimizers. When the time is over, the probe that runs is the last.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "core/space.h"
#include "core/type.h"
#include "executor/placeholders.h"
#include "executor/signals.h"
#include "try/train.h"

enum { VALUES_TRIED = 4, NAME_SIZE = 160, WORDS_SIZE = 192 };

typedef struct attempt {
    pbt__rehearsal *inner;
    pbt__noise noise;
    pbt__probe_id scratch, loaded; /* what is trained again with one value changed */
    pbt_value *values;             /* Shape: [space.count] */
    int64_t end_us;
} attempt;

static const pbt_space *space_of(const attempt *this)
{
    return &this->inner->trial.spec->search.space;
}

/* ---- one probe ---- */

static bool is_time(const attempt *this)
{
    return pbt__signals_count() == 0 && pbt__clock_monotonic_us() < this->end_us;
}

static void describe(const pbt_parameter *parameter, pbt_value value, const char *how, char *out,
                     size_t size)
{
    pbt__text text = pbt__text_init(PBT__ARGUMENTS_MAXIMUM);
    pbt__value_append(&text, parameter, value);
    (void)snprintf(out, size, "%s%s = %.60s", how, parameter->name, pbt__text_string(&text));
    pbt__text_fini(&text);
}

/* Remove files that are not needed: checkpoints may be large. */
static pbt_err forget(const attempt *this, const char *name, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    if (this->inner->keeps_all) {
        return PBT_OK;
    }
    const pbt_err err = pbt__path_join(this->inner->folder, name, path, error);
    return err == PBT_OK ? pbt__file_remove(path, error) : err;
}

/* Train with `this->values`, as the probe `id` does. */
static pbt_err train(const attempt *this, pbt__probe_id id, const char *name, const char *words,
                     pbt__probed *out, pbt_error *error)
{
    pbt__probe probe = pbt__rehearsal_probe(this->inner, id);
    probe.name = name;
    probe.values[0] = this->values;
    return pbt__rehearsal_run(this->inner, &probe, words, out, error);
}

static void set_value(attempt *this, size_t index, pbt_value value)
{
    memcpy(this->values, this->inner->trial.low, space_of(this)->count * sizeof *this->values);
    this->values[index] = value;
}

static pbt__effect effect_of(const attempt *this, const pbt__trained *plain,
                             const pbt__probed *probed, int number)
{
    if (probed->failure != PBT_OK) {
        return PBT__EFFECT_FAILS;
    }
    switch (pbt__trained_compare(&this->noise, plain, &probed->segments[0][number])) {
    case PBT__UNLIKE:
        return PBT__EFFECT_SHOWN;
    case PBT__LIKE:
        return this->noise.digests_repeat ? PBT__EFFECT_NONE : PBT__EFFECT_UNCLEAR;
    case PBT__WITHIN_NOISE:
    case PBT__NOT_TRAINED:
        break;
    }
    return PBT__EFFECT_UNCLEAR;
}

/* ---- after a load ---- */

static pbt_err try_value(attempt *this, pbt__variation *variation, pbt_value value,
                         pbt_error *error)
{
    const pbt_parameter *parameter = &space_of(this)->parameters[variation->parameter];
    char name[NAME_SIZE], words[WORDS_SIZE];
    const bool is_again = variation->effect != PBT__EFFECT_UNTRIED;
    (void)snprintf(name, sizeof name, "only-%s%s", parameter->name, is_again ? "-again" : "");
    describe(parameter, value, "only ", words, sizeof words);
    set_value(this, variation->parameter, value);
    pbt__probed_fini(&variation->probed);
    variation->to = value;
    variation->given = value;
    pbt_err err = train(this, this->loaded, name, words, &variation->probed, error);
    if (err != PBT_OK || pbt__signals_count() > 0) {
        return err;
    }
    variation->effect = effect_of(this, pbt__trial_segment(&this->inner->trial, this->loaded, 0, 1),
                                  &variation->probed, 1);
    return variation->effect == PBT__EFFECT_SHOWN ? forget(this, name, error) : PBT_OK;
}

/* ---- from scratch ---- */

/* Train from scratch with `this->values`; say whether it ends as `plain` did. Nullable: plain. */
static pbt_err try_fresh(const attempt *this, const char *words, const pbt__trained *plain,
                         pbt__probed *out, pbt__effect *effect, pbt_error *error)
{
    static const char NAME[] = "fresh";
    const pbt_err err = train(this, this->scratch, NAME, words, out, error);
    if (err != PBT_OK) {
        return err;
    }
    *effect = plain != NULL ? effect_of(this, plain, out, 0) : PBT__EFFECT_UNTRIED;
    return forget(this, NAME, error);
}

/* A checkpoint may bring its own value: does another one matter without it? */
static pbt_err try_from_scratch(attempt *this, pbt__variation *variation, pbt_error *error)
{
    pbt__probed probed = {0};
    pbt__effect effect = PBT__EFFECT_NONE;
    char words[WORDS_SIZE];
    describe(&space_of(this)->parameters[variation->parameter], variation->to, "from scratch, ",
             words, sizeof words);
    set_value(this, variation->parameter, variation->to);
    const pbt_err err =
        try_fresh(this, words, pbt__trial_segment(&this->inner->trial, this->scratch, 0, 0),
                  &probed, &effect, error);
    pbt__probed_fini(&probed);
    if (err == PBT_OK && effect == PBT__EFFECT_SHOWN) {
        variation->effect = PBT__EFFECT_FRESH;
    }
    return err;
}

/* ---- with another choice ---- */

static bool is_choice(const pbt_parameter *parameter)
{
    return pbt__type_of(parameter)->shape == PBT__SHAPE_LIST && parameter->item_count > 1;
}

/* Does it matter from scratch where a choice is another one? */
static pbt_err try_choice(attempt *this, pbt__variation *variation, size_t choice, pbt_value value,
                          pbt_error *error)
{
    const pbt_space *space = space_of(this);
    pbt__probed plain = {0}, changed = {0};
    pbt__effect effect = PBT__EFFECT_NONE;
    char words[WORDS_SIZE];
    describe(&space->parameters[choice], value, "from scratch, ", words, sizeof words);
    set_value(this, choice, value);
    pbt_err err = try_fresh(this, words, NULL, &plain, &effect, error);
    if (err == PBT_OK && plain.failure == PBT_OK && is_time(this)) {
        describe(&space->parameters[variation->parameter], variation->to, "  and ", words,
                 sizeof words);
        this->values[variation->parameter] = variation->to;
        err = try_fresh(this, words, &plain.segments[0][0], &changed, &effect, error);
    }
    pbt__probed_fini(&plain);
    pbt__probed_fini(&changed);
    if (err == PBT_OK && effect == PBT__EFFECT_SHOWN) {
        variation->effect = PBT__EFFECT_ELSEWHERE;
        variation->choice = choice;
        variation->choice_value = value;
    }
    return err;
}

static pbt_err try_choices(attempt *this, pbt__variation *variation, pbt_error *error)
{
    const pbt_space *space = space_of(this);
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        const int64_t count =
            parameter->item_count < VALUES_TRIED ? parameter->item_count : VALUES_TRIED;
        const bool is_tried = i != variation->parameter && is_choice(parameter);
        for (int64_t k = 0; is_tried && err == PBT_OK && k < count; k++) {
            const bool is_open =
                variation->effect == PBT__EFFECT_NONE && this->inner->trial.low[i].integer != k;
            if (is_open && is_time(this)) {
                err = try_choice(this, variation, i, (pbt_value){.integer = k}, error);
            } else if (is_open) {
                variation->effect = PBT__EFFECT_UNCLEAR;
            }
        }
    }
    return err;
}

/* ---- all ---- */

static pbt_err vary(attempt *this, pbt__variation *variation, pbt_error *error)
{
    const pbt_parameter *parameter = &space_of(this)->parameters[variation->parameter];
    pbt_value ends[2];
    pbt__probe_ends(parameter, variation->from, ends);
    pbt_err err = try_value(this, variation, ends[0], error);
    if (err == PBT_OK && variation->effect == PBT__EFFECT_NONE && is_time(this) &&
        !pbt__parameter_equal(parameter, variation->from, ends[1])) {
        const pbt_value farther = variation->to;
        err = try_value(this, variation, ends[1], error);
        variation->to = variation->effect == PBT__EFFECT_NONE ? farther : variation->to;
    }
    if (err == PBT_OK && variation->effect == PBT__EFFECT_NONE && is_time(this)) {
        err = try_from_scratch(this, variation, error);
    }
    if (err == PBT_OK && variation->effect == PBT__EFFECT_NONE) {
        err = try_choices(this, variation, error);
    }
    return err;
}

static pbt_err list(pbt__trial *trial, pbt_error *error)
{
    const pbt_space *space = &trial->spec->search.space;
    trial->variations = pbt__calloc(space->count + 1, sizeof *trial->variations);
    if (trial->variations == NULL) {
        return pbt__fail_memory(error);
    }
    for (size_t i = 0; i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        pbt_value ends[2];
        if (parameter->inherit || !pbt__is_varied(parameter)) {
            continue;
        }
        pbt__probe_ends(parameter, trial->low[i], ends);
        if (!pbt__parameter_equal(parameter, trial->low[i], ends[0])) {
            trial->variations[trial->variation_count++] =
                (pbt__variation){.parameter = i, .from = trial->low[i], .to = ends[0]};
        }
    }
    return PBT_OK;
}

/* A single one has been changed alone already. */
static bool is_known(const attempt *this)
{
    const pbt__trial *trial = &this->inner->trial;
    return trial->variation_count == 1 &&
           pbt__trained_compare(&this->noise, pbt__trial_segment(trial, PBT__PROBE_LOADED, 0, 1),
                                pbt__trial_segment(trial, PBT__PROBE_CHANGED, 0, 1)) == PBT__UNLIKE;
}

/* A failure tells nothing about hyperparameters. */
static bool can_vary(const pbt__trial *trial)
{
    const pbt__trained *loaded = pbt__trial_segment(trial, PBT__PROBE_LOADED, 0, 1);
    return pbt__trial_failed(trial) == PBT__PROBE_COUNT && loaded->is_there &&
           pbt__trial_segment(trial, PBT__PROBE_SCRATCH, 0, 0)->digest[0] != '\0';
}

pbt_err pbt__rehearsal_vary(pbt__rehearsal *inner, pbt_error *error)
{
    pbt__trial *trial = &inner->trial;
    const bool is_pinned = pbt__trial_is_pinned(trial);
    attempt this = {
        .inner = inner,
        .noise = is_pinned ? pbt__trial_pinned_noise(trial) : pbt__trial_noise(trial),
        .scratch = is_pinned ? PBT__PROBE_PINNED_MEMORY : PBT__PROBE_SCRATCH,
        .loaded = pbt__trial_plain(trial),
        .end_us = pbt__clock_monotonic_us() + (int64_t)(trial->variation_seconds * 1e6),
    };
    if (!can_vary(trial)) {
        return PBT_OK;
    }
    this.values = pbt__calloc(trial->spec->search.space.count + 1, sizeof *this.values);
    if (this.values == NULL) {
        return pbt__fail_memory(error);
    }
    pbt_err err = list(trial, error);
    if (err == PBT_OK && is_known(&this)) {
        trial->variations[0].effect = PBT__EFFECT_SHOWN;
        trial->variations[0].to = trial->high[trial->variations[0].parameter];
    }
    for (size_t i = 0; err == PBT_OK && i < trial->variation_count && is_time(&this); i++) {
        if (trial->variations[i].effect == PBT__EFFECT_SHOWN) {
            continue;
        }
        err = vary(&this, &trial->variations[i], error);
    }
    free(this.values);
    return err;
}
