/*
 * decide.c: decisions: initial draw, continue, copy, explore, rescue.
 *
 * A decision is a pure function of the search, the member, its next number and the view. Members
 * are not changed here; decisions stay in the population's buffer until they are applied.
 */
#include "core/exploit.h"
#include "core/explore.h"
#include "core/rng.h"
#include "core/space.h"
#include "core/state.h"
#include "core/type.h"

#include <math.h>
#include <string.h>

static const pbt__comparison NOT_COMPARED = {
    .point = -1, .position = -1, .score = NAN, .donor_score = NAN};

static void copy_values(const pbt_population *population, pbt__decision *out,
                        const pbt_value *values)
{
    memcpy((pbt_value *)(uintptr_t)out->segment.values, values,
           population->search->space.count * sizeof *values);
}

/* The decision's buffers, which its segment shows as const. */
static pbt_value *values_of(pbt__decision *out)
{
    return (pbt_value *)(uintptr_t)out->segment.values;
}

static pbt_change *changes_of(pbt__decision *out)
{
    return (pbt_change *)(uintptr_t)out->segment.changes;
}

static void explore(const pbt_population *population, pbt__decision *out)
{
    pbt__explore(population->search, (pbt__history){population}, out->segment.id, values_of(out),
                 changes_of(out));
}

/* A segment ends at the next multiple of ready_every, or at the stop. */
static int64_t end_of(const pbt_search *search, int64_t start_step)
{
    int64_t end = (start_step / search->ready_every + 1) * search->ready_every;
    return end < search->stop_steps ? end : search->stop_steps;
}

/* What a member's schedule says at an age; NULL if it has none. */
static const pbt_stage *stage_at(const pbt_search *search, int32_t member, int64_t age)
{
    if (member >= search->start_count || search->starts[member].stage_count == 0) {
        return NULL;
    }
    const pbt_start *start = &search->starts[member];
    int32_t i = 0;
    while (i + 1 < start->stage_count && start->stages[i].end_age <= age) {
        i++;
    }
    return &start->stages[i];
}

/* Take a stage's values, and end where it ends. */
static void follow(const pbt_population *population, pbt__decision *out, const pbt_stage *stage)
{
    const pbt_space *space = &population->search->space;
    pbt_segment *s = &out->segment;
    const int64_t left = stage->end_age - s->start_age;
    for (size_t i = 0; i < space->count; i++) {
        const pbt_value before = s->values[i];
        if (stage->given[i] &&
            !pbt__parameter_equal(&space->parameters[i], before, stage->values[i])) {
            values_of(out)[i] = stage->values[i];
            changes_of(out)[i] = (pbt_change){.operation = PBT_STAGE, .from = before};
        }
    }
    s->end_step =
        left > 0 && left < s->end_step - s->start_step ? s->start_step + left : s->end_step;
    s->reason = s->reason == PBT_CONTINUE ? PBT_REPLAY : s->reason;
}

static void set_course(const pbt_population *population, pbt__decision *out, int64_t start_step,
                       int64_t start_age)
{
    pbt_segment *s = &out->segment;
    const pbt_stage *stage = stage_at(population->search, s->id.member, start_age);
    s->start_step = start_step;
    s->end_step = end_of(population->search, start_step);
    s->start_age = start_age;
    if (stage != NULL) {
        follow(population, out, stage);
    }
    s->end_age = start_age + s->end_step - start_step;
}

static pbt__decision *begin(pbt_population *population, size_t slot, int32_t m)
{
    size_t width = population->search->space.count;
    pbt__decision *out = &population->decisions[slot];
    pbt_change *changes = population->decision_changes + slot * width;
    pbt_segment_id id = {m, population->members[m].newest + 1};
    pbt__rng rng = pbt__rng_stream(population->search->seed, m, id.number, PBT__PURPOSE_SEED, 0);
    memset(changes, 0, width * sizeof *changes);
    *out = (pbt__decision){
        .segment = {.id = id,
                    .parent = PBT_NO_SEGMENT,
                    .donor = -1,
                    .reason = PBT_CONTINUE,
                    .state = PBT_SEGMENT_OPEN,
                    .seed = pbt__rng_word(&rng),
                    .score = NAN,
                    .values = population->decision_values + slot * width,
                    .changes = changes},
        .compared = NOT_COMPARED,
        .why = pbt__why_none(),
    };
    return out;
}

/* Draw every hyperparameter from its prior, except those that the spec gives this member. */
static void draw_priors(const pbt_population *population, pbt__decision *out, bool keeps_given)
{
    const pbt_search *search = population->search;
    pbt_segment_id id = out->segment.id;
    const pbt_start *start =
        keeps_given && id.member < search->start_count ? &search->starts[id.member] : NULL;
    for (size_t i = 0; i < search->space.count; i++) {
        pbt__rng rng =
            pbt__rng_stream(search->seed, id.member, id.number, PBT__PURPOSE_PRIOR, (uint32_t)i);
        bool is_given = start != NULL && start->given[i];
        values_of(out)[i] =
            is_given ? start->values[i] : pbt__parameter_draw(&search->space.parameters[i], &rng);
    }
}

static void decide_initial(const pbt_population *population, pbt__decision *out)
{
    draw_priors(population, out, true);
    out->why.occasion = PBT__OCCASION_INITIAL;
    out->why.verdict = PBT__VERDICT_FIRST;
    out->segment.reason = PBT_INITIAL;
    set_course(population, out, 0, 0);
}

/* Start from scratch. `source` is the segment whose hyperparameters a fixed member keeps. */
static void decide_afresh(const pbt_population *population, pbt__decision *out,
                          const pbt_segment *source, int64_t start_step)
{
    out->segment.reason = PBT_RESCUE;
    copy_values(population, out, source->values);
    if (!pbt__is_fixed(population, source->id.member)) {
        draw_priors(population, out, false);
        for (size_t i = 0; i < population->search->space.count; i++) {
            if (pbt__is_varied(&population->search->space.parameters[i])) {
                changes_of(out)[i] =
                    (pbt_change){.operation = PBT_RESAMPLE, .from = source->values[i]};
            }
        }
    }
    set_course(population, out, start_step, 0);
}

/* A copier's hyperparameters before exploring: the donor's; or its own, except those that belong to
 * the copied weights. */
static void mix_values(const pbt_population *population, pbt__decision *out, const pbt_segment *own,
                       const pbt_segment *donor)
{
    const pbt_search *search = population->search;
    bool takes_weights = (search->exploit.copy & PBT_COPY_WEIGHTS) != 0;
    bool takes_values = (search->exploit.copy & PBT_COPY_HYPERPARAMETERS) != 0;
    for (size_t i = 0; i < search->space.count; i++) {
        bool belongs_to_weights = search->space.parameters[i].inherit;
        bool takes = belongs_to_weights ? takes_weights : takes_values;
        values_of(out)[i] = takes ? donor->values[i] : own->values[i];
    }
}

/* Copy `donor` after the segment `own`. If weights are kept, they are those of `kept`. */
static void decide_copy(const pbt_population *population, pbt__decision *out,
                        const pbt_segment *own, const pbt_segment *kept, int32_t donor_member,
                        int64_t start_step)
{
    const pbt_segment *donor =
        &pbt__record(population, donor_member, population->members[donor_member].reported)->segment;
    bool takes_weights = (population->search->exploit.copy & PBT_COPY_WEIGHTS) != 0;
    out->segment.donor = donor_member;
    out->segment.reason = PBT_EXPLOITED;
    mix_values(population, out, own, donor);
    explore(population, out);
    const pbt_segment *source = takes_weights ? donor : kept;
    out->segment.parent = source != NULL ? source->id : PBT_NO_SEGMENT;
    set_course(population, out, start_step, source != NULL ? source->end_age : 0);
}

static const pbt_segment *parent_of(const pbt_population *population, const pbt_segment *s)
{
    return s->parent.member < 0
               ? NULL
               : &pbt__record(population, s->parent.member, s->parent.number)->segment;
}

static bool is_gone(const pbt_population *population, const pbt_segment *s)
{
    return pbt__record(population, s->id.member, s->id.number)->is_gone;
}

/* The newest ancestor with a checkpoint, for a member that diverged, whose own checkpoint is not
 * used. */
static const pbt_segment *sound_ancestor(const pbt_population *population, const pbt_segment *own)
{
    const pbt_segment *ancestor = parent_of(population, own);
    while (ancestor != NULL && (!ancestor->has_checkpoint || is_gone(population, ancestor))) {
        ancestor = parent_of(population, ancestor);
    }
    return ancestor;
}

static void decide_back(const pbt_population *population, pbt__decision *out,
                        const pbt_segment *own)
{
    const pbt_segment *ancestor = sound_ancestor(population, own);
    out->segment.parent = ancestor != NULL ? ancestor->id : PBT_NO_SEGMENT;
    copy_values(population, out, own->values);
    if (!pbt__is_fixed(population, own->id.member)) {
        out->segment.reason = PBT_EXPLORED;
        explore(population, out);
    }
    set_course(population, out, own->end_step, ancestor != NULL ? ancestor->end_age : 0);
}

/* Why a member that copies nobody does not. */
static pbt__verdict_code verdict_of_fixed(const pbt_search *search, int32_t m)
{
    bool has_schedule = m < search->start_count && search->starts[m].stage_count > 0;
    return has_schedule ? PBT__VERDICT_SCHEDULED : PBT__VERDICT_FIXED;
}

/* The choice if nobody is judged, and why nobody is. */
static pbt__choice unjudged(const pbt_population *population, const pbt_segment *own, int32_t point)
{
    pbt__choice choice = {.donor = -1, .compared = NOT_COMPARED, .why = pbt__why_none()};
    if (pbt__is_fixed(population, own->id.member)) {
        choice.why.verdict = verdict_of_fixed(population->search, own->id.member);
    } else if (own->end_step < population->search->ready_after) {
        choice.why.verdict = PBT__VERDICT_BEFORE_AFTER;
    } else if (point == -1) {
        choice.why.verdict = PBT__VERDICT_NO_QUORUM;
        choice.why.quorum = pbt__quorum(population);
        choice.why.reported = pbt__point_most_reported(population, own->id.number);
    }
    return choice;
}

static void set_reasons(pbt__decision *out, pbt__occasion occasion, const pbt__choice *choice)
{
    out->compared = choice->compared;
    out->why = choice->why;
    out->why.occasion = occasion;
}

static pbt_err decide_diverged(pbt_population *population, pbt__decision *out,
                               const pbt_segment *own, int32_t point)
{
    pbt__choice choice = unjudged(population, own, point);
    bool may_copy = point != -1 && !pbt__is_fixed(population, own->id.member);
    if (may_copy && pbt__exploit_worst(population, out->segment.id, point, &choice) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    set_reasons(out, PBT__OCCASION_DIVERGED, &choice);
    if (choice.donor >= 0) {
        const pbt_segment *kept = sound_ancestor(population, own);
        decide_copy(population, out, own, kept, choice.donor, own->end_step);
    } else {
        decide_back(population, out, own);
    }
    return PBT_OK;
}

/* The point a member that has just reported is judged at; -1 where no decision is due yet. */
static int32_t point_for(const pbt_population *population, const pbt_segment *own)
{
    if (own->end_step < population->search->ready_after) {
        return -1;
    }
    return pbt__point_compared(population, own->id.number);
}

static pbt_err decide_ready(pbt_population *population, pbt__decision *out)
{
    int32_t m = out->segment.id.member;
    const pbt_segment *own = &pbt__record(population, m, population->members[m].reported)->segment;
    int32_t point = point_for(population, own);
    if (!isfinite(own->score)) {
        return decide_diverged(population, out, own, point);
    }
    pbt__choice choice = unjudged(population, own, point);
    bool is_judged = point != -1 && !pbt__is_fixed(population, m);
    if (is_judged && pbt__exploit(population, out->segment.id, point, &choice) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    set_reasons(out, PBT__OCCASION_READY, &choice);
    if (choice.donor >= 0) {
        decide_copy(population, out, own, own, choice.donor, own->end_step);
        return PBT_OK;
    }
    out->segment.parent = own->id;
    copy_values(population, out, own->values);
    bool explores = population->search->explore.when == PBT_WHEN_ALWAYS || choice.explores;
    if (is_judged && explores) {
        out->segment.reason = PBT_EXPLORED;
        explore(population, out);
    }
    set_course(population, out, own->end_step, own->end_age);
    return PBT_OK;
}

/* Train on from where the lost segment started, with the same hyperparameters: a fixed member
 * copies nobody. */
static void decide_again(const pbt_population *population, pbt__decision *out,
                         const pbt_segment *lost, int64_t start_step)
{
    out->segment.reason = PBT_RESCUE;
    out->segment.parent = lost->parent;
    copy_values(population, out, lost->values);
    set_course(population, out, start_step, lost->start_age);
}

/* The weights a lost segment started from; NULL if it started afresh, they cannot be read, or
 * the study's rules are older. */
static const pbt_segment *weights_had(const pbt_population *population, const pbt_segment *lost)
{
    bool is_unloadable = pbt__record(population, lost->id.member, lost->id.number)->is_unloadable;
    const pbt_segment *parent = parent_of(population, lost);
    bool is_known = population->rules >= PBT__RULES_BACK && !is_unloadable && parent != NULL;
    return is_known && !is_gone(population, parent) ? parent : NULL;
}

/* The weights that a lost member keeps if only hyperparameters are copied. */
static const pbt_segment *weights_kept(const pbt_population *population, const pbt_segment *lost)
{
    const pbt_segment *parent = parent_of(population, lost);
    return parent != NULL && !is_gone(population, parent) ? parent : NULL;
}

/* Where a lost member goes on. Steps lost in a round are not made up, except those of the last
 * round after the member was brought back. */
static int64_t start_of(const pbt_population *population, const pbt_segment *lost)
{
    bool is_last = lost->end_step >= population->search->stop_steps;
    return population->search->mode == PBT_ASYNCHRONOUS || is_last ? lost->start_step
                                                                   : lost->end_step;
}

/* Go back to the weights it had, with new hyperparameters, except those that belong to the weights.
 */
static void decide_resampled(const pbt_population *population, pbt__decision *out,
                             const pbt_segment *lost, const pbt_segment *had, int64_t start_step)
{
    const pbt_space *space = &population->search->space;
    out->segment.reason = PBT_RESCUE;
    out->segment.parent = had->id;
    draw_priors(population, out, false);
    for (size_t i = 0; i < space->count; i++) {
        if (pbt__explore_is_still(&space->parameters[i])) {
            values_of(out)[i] = lost->values[i];
        } else {
            changes_of(out)[i] = (pbt_change){.operation = PBT_RESAMPLE, .from = lost->values[i]};
        }
    }
    set_course(population, out, start_step, had->end_age);
}

/* A fixed member goes on from its own weights, or from scratch if they are gone. */
static void decide_fixed(const pbt_population *population, pbt__decision *out,
                         const pbt_segment *lost, int64_t start_step)
{
    if (lost->parent.member >= 0 && weights_kept(population, lost) == NULL) {
        decide_afresh(population, out, lost, start_step);
    } else {
        decide_again(population, out, lost, start_step);
    }
}

/* Rescue a lost member. Returns false if it waits for others to report. */
static bool decide_lost(pbt_population *population, pbt__decision *out)
{
    int32_t m = out->segment.id.member;
    const pbt_search *search = population->search;
    const pbt_segment *lost = &pbt__record(population, m, population->members[m].newest)->segment;
    int64_t start = start_of(population, lost);
    if (pbt__is_fixed(population, m)) {
        out->why.occasion = PBT__OCCASION_LOST;
        out->why.verdict = verdict_of_fixed(search, m);
        decide_fixed(population, out, lost, start);
        return true;
    }
    const pbt_segment *had = weights_had(population, lost);
    if (had != NULL && population->members[m].is_revived) {
        out->why.occasion = PBT__OCCASION_LOST;
        out->why.verdict = PBT__VERDICT_REVIVED;
        decide_again(population, out, lost, start);
        return true;
    }
    pbt__choice choice;
    pbt__exploit_rescue(population, out->segment.id, &choice);
    set_reasons(out, PBT__OCCASION_LOST, &choice);
    if (choice.donor >= 0) {
        const pbt_segment *kept = weights_kept(population, lost);
        decide_copy(population, out, lost, kept, choice.donor, start);
        out->segment.reason = PBT_RESCUE;
        return true;
    }
    if (search->mode == PBT_ASYNCHRONOUS && pbt__exploit_may_rescue(population, m)) {
        return false;
    }
    if (had != NULL) {
        decide_resampled(population, out, lost, had, start);
    } else {
        decide_afresh(population, out, lost, start);
    }
    return true;
}

/* Decide one member into the next slot of the buffer, if a decision is due. */
static pbt_err decide_member(pbt_population *population, int32_t m, size_t *count)
{
    const pbt__member_record *who = &population->members[m];
    bool is_new = who->newest < 0;
    if (!is_new && who->state != PBT_MEMBER_READY && who->state != PBT_MEMBER_LOST) {
        return PBT_OK;
    }
    pbt__decision *out = begin(population, *count, m);
    bool is_decided = true;
    if (is_new) {
        decide_initial(population, out);
    } else if (who->state == PBT_MEMBER_LOST) {
        is_decided = decide_lost(population, out);
    } else if (decide_ready(population, out) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    *count += is_decided ? 1 : 0;
    return PBT_OK;
}

/* Whether the member that reported last is all that is due: the usual case, O(log N). */
static bool is_one_due(const pbt_population *population)
{
    const pbt__tally *tally = &population->tally;
    int32_t last = population->last_ready;
    return population->search->mode == PBT_ASYNCHRONOUS && tally->ready == 1 && tally->lost == 0 &&
           last >= 0 && population->members[last].state == PBT_MEMBER_READY;
}

static bool is_any_due(const pbt_population *population)
{
    const pbt__tally *tally = &population->tally;
    bool is_round_over = population->search->mode == PBT_ASYNCHRONOUS || tally->training == 0;
    return tally->segments == 0 || (tally->ready + tally->lost > 0 && is_round_over);
}

pbt_err pbt__population_decide(pbt_population *population, const pbt__decision **out, size_t *count)
{
    size_t decided = 0;
    pbt_err err = PBT_OK;
    if (is_one_due(population)) {
        err = decide_member(population, population->last_ready, &decided);
    } else if (is_any_due(population)) {
        for (int32_t m = 0; err == PBT_OK && m < population->search->population; m++) {
            err = decide_member(population, m, &decided);
        }
    }
    if (err != PBT_OK) {
        return err;
    }
    *out = population->decisions;
    *count = decided;
    return PBT_OK;
}
