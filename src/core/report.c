/*
 * report.c: what happens to an open segment: it is reported, or an attempt at it fails.
 *
 * A report is checked before anything changes. Afterwards only lack of memory can stop it, and the
 * journal undoes it.
 */
#include "core/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- a report ---- */

static bool is_open(const pbt_population *population, pbt_segment_id id)
{
    return id.member >= 0 && id.member < population->search->population &&
           id.number == population->members[id.member].newest && id.number >= 0 &&
           pbt__record(population, id.member, id.number)->segment.state == PBT_SEGMENT_OPEN;
}

pbt_err pbt__population_check(const pbt_population *population, const pbt_report *report,
                              pbt_error *error)
{
    if (!is_open(population, report->segment)) {
        return pbt__population_refuse(error, PBT_ERR_STATE, "the segment is not open");
    }
    const pbt_segment *s =
        &pbt__record(population, report->segment.member, report->segment.number)->segment;
    bool is_diverged = !isfinite(report->score);
    if (report->step < (is_diverged ? s->start_step : s->end_step)) {
        return pbt__population_refuse(error, PBT_ERR_REPORT,
                                      "the step is short of the segment's end");
    }
    if (report->step - s->end_step >= population->search->ready_every) {
        return pbt__population_refuse(
            error, PBT_ERR_REPORT,
            "the step is a whole ready.every or more beyond the segment's end");
    }
    if (report->sample_count > PBT__SAMPLES_MAXIMUM) {
        return pbt__population_refuse(error, PBT_ERR_REPORT, "there are more than 65536 samples");
    }
    return PBT_OK;
}

// rule: windowed score
double pbt__windowed_score(const pbt_population *population, const pbt__segment_record *newest)
{
    double sum = 0;
    double small = 0; /* the same, where the sum of finite scores is too large for a double */
    int32_t count = 0;
    const pbt__segment_record *r = newest;
    while (r != NULL && count < population->search->window) {
        double score = pbt__score_inside(r->segment.score, population->search->direction);
        sum += score;
        small += score / PBT__WINDOW_MAXIMUM;
        count++;
        pbt_segment_id parent = r->segment.parent;
        r = parent.member < 0 ? NULL : pbt__record(population, parent.member, parent.number);
    }
    bool is_too_large = isinf(sum) && isfinite(small);
    return is_too_large ? small / count * PBT__WINDOW_MAXIMUM : sum / count;
}

static pbt_err reserve_samples(pbt_population *population, size_t count)
{
    int64_t needed = population->sample_count + (int64_t)count;
    int64_t capacity = population->sample_capacity > 0 ? population->sample_capacity : 256;
    while (capacity < needed) {
        capacity *= 2;
    }
    if (capacity > population->sample_capacity && count > 0) {
        double *samples = realloc(population->samples, (size_t)capacity * sizeof *samples);
        if (samples == NULL) {
            return PBT_ERR_MEMORY;
        }
        population->samples = samples;
        population->sample_capacity = capacity;
    }
    return PBT_OK;
}

static void keep_samples(pbt_population *population, pbt__segment_record *r,
                         const pbt_report *report)
{
    r->sample_first = population->sample_count;
    r->sample_count = (int32_t)report->sample_count;
    if (report->sample_count > 0) {
        memcpy(population->samples + population->sample_count, report->samples,
               report->sample_count * sizeof *report->samples);
        population->sample_count += (int64_t)report->sample_count;
    }
}

static bool improves(const pbt_population *population, const pbt__segment_record *r)
{
    pbt_segment_id best = population->tally.best;
    if (!isfinite(r->segment.score) || !r->segment.has_checkpoint) {
        return false;
    }
    if (best.member < 0) {
        return true;
    }
    pbt_segment_id id = r->segment.id;
    pbt_direction direction = population->search->direction;
    double own = pbt__score_inside(r->segment.score, direction);
    double other = pbt__score_inside(population->tally.best_score, direction);
    if (own != other) {
        return own > other;
    }
    return id.number < best.number || (id.number == best.number && id.member < best.member);
}

static void tally_report(pbt_population *population, const pbt__segment_record *r, int64_t steps,
                         bool is_finished)
{
    pbt__tally *tally = &population->tally;
    tally->reports++;
    tally->diverged += isfinite(r->segment.score) ? 0 : 1;
    tally->steps_done += steps;
    tally->training--;
    tally->finished += is_finished ? 1 : 0;
    tally->ready += is_finished ? 0 : 1;
    tally->is_broken = false;
    if (improves(population, r)) {
        tally->best = r->segment.id;
        tally->best_score = r->segment.score;
    }
}

/* A report without progress counts like a rescue: otherwise a trainer that diverges at its first
 * step would be started for ever. */
static pbt_err count_standstill(pbt_population *population, int32_t m, bool stands)
{
    pbt__member_record *who = &population->members[m];
    who->rescues = stands ? who->rescues + 1 : 0;
    if (who->rescues <= PBT__RESCUES_MAXIMUM || who->state != PBT_MEMBER_READY) {
        return PBT_OK;
    }
    population->tally.ready--;
    return pbt__points_fail(population, m);
}

static pbt_err touch_for_record(pbt_population *population, pbt__member_record *who,
                                pbt__segment_record *r)
{
    return PBT__TOUCH(population, who) || PBT__TOUCH(population, r) ||
                   PBT__TOUCH(population, &population->tally) ||
                   PBT__TOUCH(population, &population->last_ready) ||
                   PBT__TOUCH(population, &population->sample_count)
               ? PBT_ERR_MEMORY
               : PBT_OK;
}

static void fill_record(pbt_population *population, pbt__segment_record *r,
                        const pbt_report *report)
{
    pbt_segment *s = &r->segment;
    keep_samples(population, r, report);
    s->state = PBT_SEGMENT_REPORTED;
    s->score = report->score;
    s->has_checkpoint = report->has_checkpoint;
    s->end_step = report->step;
    s->end_age = s->start_age + report->step - s->start_step;
    r->rank_score = pbt__windowed_score(population, r);
}

pbt_err pbt__population_record(pbt_population *population, const pbt_report *report)
{
    pbt_err err = pbt__population_check(population, report, NULL);
    if (err != PBT_OK) {
        return err;
    }
    int32_t m = report->segment.member;
    pbt__member_record *who = &population->members[m];
    pbt__segment_record *r = pbt__record(population, m, report->segment.number);
    bool is_candidate = isfinite(report->score) && report->has_checkpoint;
    if (reserve_samples(population, report->sample_count) != PBT_OK ||
        touch_for_record(population, who, r) != PBT_OK ||
        pbt__points_candidate(population, m, is_candidate) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    fill_record(population, r, report);
    who->trained_steps += report->step - r->segment.start_step;
    int32_t previous = who->reported;
    bool is_finished = report->step >= population->search->stop_steps;
    who->reported = report->segment.number;
    who->state = is_finished ? PBT_MEMBER_FINISHED : PBT_MEMBER_READY;
    population->last_ready = m;
    tally_report(population, r, report->step - r->segment.start_step, is_finished);
    if (pbt__points_report(population, m, previous) != PBT_OK ||
        (is_candidate && pbt__needs_move(population, m, report->segment) != PBT_OK)) {
        return PBT_ERR_MEMORY;
    }
    return count_standstill(population, m, report->step == r->segment.start_step);
}

/* ---- a failure ---- */

static pbt_err give_up(pbt_population *population, int32_t m, pbt__segment_record *r)
{
    pbt__member_record *who = &population->members[m];
    bool is_round = population->search->mode == PBT_GENERATIONAL;
    r->segment.state = PBT_SEGMENT_GIVEN_UP;
    population->tally.training--;
    if (who->rescues >= PBT__RESCUES_MAXIMUM) {
        return pbt__points_fail(population, m);
    }
    /* A round's lost steps are not made up, so nothing may be left to train. */
    bool is_over = is_round && r->segment.end_step >= population->search->stop_steps;
    who->state = is_over ? PBT_MEMBER_FINISHED : PBT_MEMBER_LOST;
    *(is_over ? &population->tally.finished : &population->tally.lost) += 1;
    return PBT_OK;
}

/* The start checkpoint could not be loaded: no segment starts from it again. */
static pbt_err mark_gone(pbt_population *population, pbt_segment_id parent)
{
    if (parent.member < 0 || population->rules < PBT__RULES_GONE) {
        return PBT_OK;
    }
    pbt__segment_record *r = pbt__record(population, parent.member, parent.number);
    if (PBT__TOUCH(population, &r->is_gone)) {
        return PBT_ERR_MEMORY;
    }
    r->is_gone = true;
    return population->members[parent.member].reported == parent.number
               ? pbt__points_candidate(population, parent.member, false)
               : PBT_OK;
}

static void count_broken(pbt_population *population, const pbt__segment_record *r, pbt_cause cause)
{
    bool is_first = r->segment.id.number == 0 && cause != PBT_CAUSE_LOST && r->failures == 1;
    population->broken_members += is_first ? 1 : 0;
    population->tally.is_broken = population->tally.reports == 0 &&
                                  population->broken_members == population->search->population;
}

bool pbt__population_gives_up(const pbt_population *population, pbt_segment_id id, pbt_cause cause)
{
    const pbt__segment_record *r = pbt__record(population, id.member, id.number);
    const pbt_search *search = population->search;
    return cause == PBT_CAUSE_FATAL || cause == PBT_CAUSE_UNLOADABLE ||
           (cause == PBT_CAUSE_TRAINER && r->failures >= search->retries) ||
           (cause == PBT_CAUSE_LOST && r->losses >= search->lost);
}

pbt_err pbt__population_fault(pbt_population *population, pbt_segment_id id, pbt_cause cause,
                              bool *gave_up)
{
    if (!is_open(population, id)) {
        return PBT_ERR_STATE;
    }
    pbt__member_record *who = &population->members[id.member];
    pbt__segment_record *r = pbt__record(population, id.member, id.number);
    if (PBT__TOUCH(population, who) || PBT__TOUCH(population, r) ||
        PBT__TOUCH(population, &population->tally) ||
        PBT__TOUCH(population, &population->broken_members)) {
        return PBT_ERR_MEMORY;
    }
    bool is_last = pbt__population_gives_up(population, id, cause);
    who->failures++;
    *(cause == PBT_CAUSE_LOST ? &r->losses : &r->failures) += 1;
    r->is_unloadable = cause == PBT_CAUSE_UNLOADABLE;
    count_broken(population, r, cause);
    if (r->is_unloadable && mark_gone(population, r->segment.parent) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    *gave_up = is_last;
    return is_last ? give_up(population, id.member, r) : PBT_OK;
}

/* ---- bringing back ---- */

bool pbt__population_may_return(const pbt_population *population, int32_t m)
{
    const pbt__member_record *who = &population->members[m];
    bool has_failed = who->state == PBT_MEMBER_FAILED;
    if (who->newest < 0 || population->rules < PBT__RULES_GONE) {
        return has_failed && pbt__population_step(population, m) < population->search->stop_steps;
    }
    const pbt_segment *newest = &pbt__record(population, m, who->newest)->segment;
    bool has_lost = who->state == PBT_MEMBER_FINISHED && newest->state == PBT_SEGMENT_GIVEN_UP;
    return (has_failed || has_lost) && newest->start_step < population->search->stop_steps;
}

/* A member that lost its last round has finished; it now waits again, and is ranked as before. */
static pbt_err unfinish(pbt_population *population, pbt__member_record *who)
{
    if (PBT__TOUCH(population, who) || PBT__TOUCH(population, &population->tally)) {
        return PBT_ERR_MEMORY;
    }
    who->state = PBT_MEMBER_LOST;
    population->tally.finished--;
    return PBT_OK;
}

pbt_err pbt__population_revive(pbt_population *population, int32_t m)
{
    pbt__member_record *who = &population->members[m];
    if (!pbt__population_may_return(population, m)) {
        return PBT_ERR_STATE;
    }
    pbt_err err = who->state == PBT_MEMBER_FAILED
                      ? pbt__points_revive(population, m, PBT_MEMBER_LOST)
                      : unfinish(population, who);
    if (err != PBT_OK) {
        return err;
    }
    population->tally.lost++;
    who->rescues = 0;
    who->is_revived = true;
    return PBT_OK;
}
