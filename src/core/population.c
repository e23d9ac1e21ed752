/*
 * population.c: members and segments: made, reported, given up; and the public ask and tell.
 *
 * Memory: chunks of segment records are made as numbers grow, at first as many as a study without
 * failures needs, so that a report allocates nothing. Untouched pages of them cost nothing either.
 */
#include "core/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

static void chunk_free(pbt__chunk *c)
{
    if (c != NULL) {
        free(c->records);
        free(c->values);
        free(c->changes);
        free(c);
    }
}

static pbt__chunk *chunk_new(size_t population, size_t width)
{
    size_t count = population * PBT__CHUNK;
    size_t width_or_one = width > 0 ? width : 1;
    pbt__chunk *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->records = calloc(count, sizeof *c->records);
    c->values = calloc(count, width_or_one * sizeof *c->values);
    c->changes = calloc(count, width_or_one * sizeof *c->changes);
    if (c->records == NULL || c->values == NULL || c->changes == NULL) {
        chunk_free(c);
        return NULL;
    }
    for (int i = 0; i < PBT__CHUNK; i++) {
        c->points[i].block = -1;
    }
    return c;
}

/* Make room for segments up to `number`. */
static pbt_err reserve(pbt_population *population, int32_t number)
{
    while (number / PBT__CHUNK >= population->chunk_count) {
        size_t count = (size_t)population->chunk_count + 1;
        pbt__chunk **chunks = realloc(population->chunks, count * sizeof(pbt__chunk *));
        if (chunks == NULL) {
            return PBT_ERR_MEMORY;
        }
        population->chunks = chunks;
        pbt__chunk *c = chunk_new((size_t)population->search->population,
                             population->search->space.count);
        if (c == NULL) {
            return PBT_ERR_MEMORY;
        }
        population->chunks[population->chunk_count++] = c;
    }
    return PBT_OK;
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

void pbt_population_free(pbt_population *population)
{
    if (population == NULL) {
        return;
    }
    for (int32_t i = 0; i < population->chunk_count; i++) {
        chunk_free(population->chunks[i]);
    }
    for (int32_t i = 0; i < population->block_count; i++) {
        free(population->blocks[i]);
    }
    pbt__journal_fini(&population->journal);
    free(population->chunks);
    free(population->blocks);
    free(population->members);
    free(population->samples);
    free(population->decisions);
    free(population->decision_values);
    free(population->decision_changes);
    free(population->scratch);
    free(population);
}

static pbt_err make_buffers(pbt_population *p)
{
    size_t count = (size_t)p->search->population;
    size_t width = p->search->space.count > 0 ? p->search->space.count : 1;
    p->members = calloc(count, sizeof *p->members);
    p->decisions = calloc(count, sizeof *p->decisions);
    p->decision_values = calloc(count, width * sizeof *p->decision_values);
    p->decision_changes = calloc(count, width * sizeof *p->decision_changes);
    p->scratch = calloc(count, sizeof *p->scratch);
    if (p->members == NULL || p->decisions == NULL || p->decision_values == NULL ||
        p->decision_changes == NULL || p->scratch == NULL) {
        return PBT_ERR_MEMORY;
    }
    for (size_t m = 0; m < count; m++) {
        p->members[m] = (pbt__member_record){.newest = -1, .reported = -1, .weights_from = 0};
    }
    return PBT_OK;
}

/* Chunks for a study without failures, as long as they are not out of proportion. */
static int32_t expected_numbers(const pbt_search *search)
{
    int64_t numbers = (search->stop_steps + search->ready_every - 1) / search->ready_every;
    return numbers < 16 * PBT__CHUNK ? (int32_t)numbers : 16 * PBT__CHUNK;
}

pbt_err pbt__population_new(const pbt_search *search, pbt_population **out, pbt_error *error)
{
    pbt_err err = pbt_search_check(search, error);
    if (err != PBT_OK) {
        return err;
    }
    pbt_population *p = calloc(1, sizeof *p);
    if (p == NULL) {
        goto fail;
    }
    p->own_search = *search;
    p->search = &p->own_search;
    p->latest_block = -1;
    p->last_point = -1;
    p->newest_quorum = -1;
    p->last_ready = -1;
    p->tally.best_score = NAN;
    p->tally.best = PBT_NO_SEGMENT;
    pbt__journal_init(&p->journal);
    if (make_buffers(p) != PBT_OK || reserve(p, expected_numbers(search)) != PBT_OK) {
        goto fail;
    }
    *out = p;
    return PBT_OK;
fail:
    pbt_population_free(p);
    if (error != NULL) {
        *error = (pbt_error){.code = PBT_ERR_MEMORY, .message = "out of memory"};
    }
    return PBT_ERR_MEMORY;
}

/* ---- a report ---- */

static bool is_open(const pbt_population *population, pbt_segment_id id)
{
    return id.member >= 0 && id.member < population->search->population &&
           id.number == population->members[id.member].newest && id.number >= 0 &&
           pbt__record(population, id.member, id.number)->segment.state == PBT_SEGMENT_OPEN;
}

static pbt_err refuse(pbt_error *error, pbt_err code, const char *message)
{
    if (error != NULL) {
        *error = (pbt_error){.code = code};
        strncpy(error->message, message, sizeof error->message - 1);
    }
    return code;
}

pbt_err pbt__population_check(const pbt_population *population, const pbt_report *report,
                              pbt_error *error)
{
    if (!is_open(population, report->segment)) {
        return refuse(error, PBT_ERR_STATE, "the segment is not open");
    }
    const pbt_segment *s =
        &pbt__record(population, report->segment.member, report->segment.number)->segment;
    bool is_diverged = !isfinite(report->score);
    if (report->step < (is_diverged ? s->start_step : s->end_step)) {
        return refuse(error, PBT_ERR_REPORT, "the step is short of the segment's end");
    }
    if (report->step - s->end_step >= population->search->ready_every) {
        return refuse(error, PBT_ERR_REPORT,
                      "the step is a whole ready.every or more beyond the segment's end");
    }
    if (report->sample_count > PBT__SAMPLES_MAXIMUM) {
        return refuse(error, PBT_ERR_REPORT, "there are more than 65536 samples");
    }
    return PBT_OK;
}

/* The mean of the last `window` reports along the lineage, inside out; -INFINITY where one of them is
 * not finite. O(window). */
static double windowed_score(const pbt_population *population, const pbt__segment_record *newest)
{
    double sum = 0;
    int32_t count = 0;
    const pbt__segment_record *r = newest;
    while (r != NULL && count < population->search->window) {
        sum += pbt__score_inside(r->segment.score, population->search->direction);
        count++;
        pbt_segment_id parent = r->segment.parent;
        r = parent.member < 0 ? NULL : pbt__record(population, parent.member, parent.number);
    }
    return sum / count;
}

static void keep_samples(pbt_population *population, pbt__segment_record *r, const pbt_report *report)
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

/* A report that moved nothing on counts as a rescue did: three in a row and the member has failed. */
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

static pbt_err touch_for_record(pbt_population *population, pbt__member_record *who, pbt__segment_record *r)
{
    return PBT__TOUCH(population, who) || PBT__TOUCH(population, r) ||
                   PBT__TOUCH(population, &population->tally) ||
                   PBT__TOUCH(population, &population->last_ready) ||
                   PBT__TOUCH(population, &population->sample_count)
               ? PBT_ERR_MEMORY
               : PBT_OK;
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
    keep_samples(population, r, report);
    r->segment.state = PBT_SEGMENT_REPORTED;
    r->segment.score = report->score;
    r->segment.has_checkpoint = report->has_checkpoint;
    r->segment.end_step = report->step;
    r->segment.end_age = r->segment.start_age + report->step - r->segment.start_step;
    r->rank_score = windowed_score(population, r);

    int32_t previous = who->reported;
    bool is_finished = report->step >= population->search->stop_steps;
    who->reported = report->segment.number;
    who->state = is_finished ? PBT_MEMBER_FINISHED : PBT_MEMBER_READY;
    population->last_ready = m;
    tally_report(population, r, report->step - r->segment.start_step, is_finished);
    if (pbt__points_report(population, m, previous) != PBT_OK) {
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

static void count_broken(pbt_population *population, const pbt__segment_record *r, pbt__cause cause)
{
    bool is_first = r->segment.id.number == 0 && cause != PBT__CAUSE_LOST && r->failures == 1;
    population->broken_members += is_first ? 1 : 0;
    population->tally.is_broken = population->tally.reports == 0 &&
                                  population->broken_members == population->search->population;
}

bool pbt__population_gives_up(const pbt_population *population, pbt_segment_id id, pbt__cause cause)
{
    const pbt__segment_record *r = pbt__record(population, id.member, id.number);
    const pbt_search *search = population->search;
    return cause == PBT__CAUSE_FATAL ||
           (cause == PBT__CAUSE_TRAINER && r->failures >= search->retries) ||
           (cause == PBT__CAUSE_LOST && r->losses >= search->lost);
}

pbt_err pbt__population_fault(pbt_population *population, pbt_segment_id id, pbt__cause cause,
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
    *(cause == PBT__CAUSE_LOST ? &r->losses : &r->failures) += 1;
    count_broken(population, r, cause);
    *gave_up = is_last;
    return is_last ? give_up(population, id.member, r) : PBT_OK;
}

/* ---- a decision ---- */

static bool follows(const pbt_population *population, const pbt_segment *s)
{
    if (s->id.member < 0 || s->id.member >= population->search->population) {
        return false;
    }
    const pbt__member_record *who = &population->members[s->id.member];
    bool is_due = who->newest < 0 || who->state == PBT_MEMBER_READY || who->state == PBT_MEMBER_LOST;
    return is_due && s->id.number == who->newest + 1;
}

static void write_record(pbt_population *population, const pbt_segment *s)
{
    int32_t m = s->id.member;
    size_t width = population->search->space.count;
    pbt__chunk *c = population->chunks[s->id.number / PBT__CHUNK];
    size_t at = (size_t)m * PBT__CHUNK + (size_t)(s->id.number % PBT__CHUNK);
    pbt__segment_record *r = &c->records[at];
    *r = (pbt__segment_record){.segment = *s, .rank_score = -INFINITY};
    r->segment.state = PBT_SEGMENT_OPEN;
    r->segment.score = NAN;
    r->segment.has_checkpoint = false;
    r->segment.values = c->values + at * width;
    r->segment.changes = c->changes + at * width;
    if (width > 0) {
        memcpy(c->values + at * width, s->values, width * sizeof *s->values);
        memcpy(c->changes + at * width, s->changes, width * sizeof *s->changes);
    }
}

static void tally_decision(pbt__tally *tally, const pbt__member_record *who, const pbt_segment *s)
{
    tally->segments++;
    tally->training++;
    tally->exploits += s->donor >= 0 ? 1 : 0;
    if (who->newest >= 0) {
        *(who->state == PBT_MEMBER_READY ? &tally->ready : &tally->lost) -= 1;
    }
}

pbt_err pbt__population_apply(pbt_population *population, const pbt__decision *decision)
{
    const pbt_segment *s = &decision->segment;
    if (!follows(population, s)) {
        return PBT_ERR_STATE;
    }
    pbt__member_record *who = &population->members[s->id.member];
    if (reserve(population, s->id.number) != PBT_OK || PBT__TOUCH(population, who) ||
        PBT__TOUCH(population, &population->tally)) {
        return PBT_ERR_MEMORY;
    }
    bool goes_on = s->parent.member == s->id.member && s->parent.number == who->reported;
    if (!goes_on && who->reported >= 0 &&
        pbt__points_leave(population, s->id.member, s->id.number) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    write_record(population, s);
    tally_decision(&population->tally, who, s);
    who->rescues += s->reason == PBT_RESCUE ? 1 : 0;
    who->weights_from = goes_on ? who->weights_from : s->id.number;
    who->newest = s->id.number;
    who->state = PBT_MEMBER_TRAINING;
    who->is_asked = false;
    return PBT_OK;
}

/* ---- amending ---- */

static int64_t last_open_end(const pbt_population *population)
{
    int64_t last = 0;
    for (int32_t m = 0; m < population->search->population; m++) {
        const pbt__member_record *who = &population->members[m];
        if (who->state == PBT_MEMBER_TRAINING) {
            int64_t end = pbt__record(population, m, who->newest)->segment.end_step;
            last = end > last ? end : last;
        }
    }
    return last;
}

/* Finished members have something left to train where the stop has moved away. */
static pbt_err wake_finished(pbt_population *population)
{
    for (int32_t m = 0; m < population->search->population; m++) {
        pbt__member_record *who = &population->members[m];
        if (who->state != PBT_MEMBER_FINISHED ||
            pbt__population_step(population, m) >= population->search->stop_steps) {
            continue;
        }
        if (PBT__TOUCH(population, &who->state)) {
            return PBT_ERR_MEMORY;
        }
        bool is_reported = who->reported == who->newest;
        who->state = is_reported ? PBT_MEMBER_READY : PBT_MEMBER_LOST;
        population->tally.finished--;
        *(is_reported ? &population->tally.ready : &population->tally.lost) += 1;
        population->last_ready = m;
    }
    return PBT_OK;
}

pbt_err pbt__population_amend(pbt_population *population, const pbt_search *search, pbt_error *error)
{
    if (search->stop_steps < last_open_end(population)) {
        return refuse(error, PBT_ERR_STATE,
                      "stop.steps lies before the end of a segment that is open");
    }
    if (PBT__TOUCH(population, &population->search) || PBT__TOUCH(population, &population->tally) ||
        PBT__TOUCH(population, &population->last_ready)) {
        return refuse(error, PBT_ERR_MEMORY, "out of memory");
    }
    population->search = search;
    if (pbt__points_reset(population) != PBT_OK || wake_finished(population) != PBT_OK) {
        return refuse(error, PBT_ERR_MEMORY, "out of memory");
    }
    return PBT_OK;
}

/* ---- looking ---- */

size_t pbt__population_mark(const pbt_population *population)
{
    return pbt__journal_mark(&population->journal);
}

void pbt__population_undo(pbt_population *population, size_t mark)
{
    pbt__journal_undo(&population->journal, mark);
}

void pbt__population_keep(pbt_population *population)
{
    pbt__journal_clear(&population->journal);
}

pbt__journal *pbt__population_journal(pbt_population *population)
{
    return &population->journal;
}

const pbt_search *pbt__population_search(const pbt_population *population)
{
    return population->search;
}

pbt_member_state pbt__population_state(const pbt_population *population, int32_t m)
{
    return population->members[m].state;
}

bool pbt__population_newest(const pbt_population *population, int32_t m, pbt_segment *out)
{
    pbt_segment_id id = {m, population->members[m].newest};
    return pbt_population_segment(population, id, out);
}

bool pbt__population_reported(const pbt_population *population, int32_t m, pbt_segment *out)
{
    pbt_segment_id id = {m, population->members[m].reported};
    return pbt_population_segment(population, id, out);
}

int32_t pbt__population_failures(const pbt_population *population, int32_t m)
{
    return population->members[m].failures;
}

int64_t pbt__population_step(const pbt_population *population, int32_t m)
{
    const pbt__member_record *who = &population->members[m];
    if (who->newest < 0) {
        return 0;
    }
    const pbt_segment *s = &pbt__record(population, m, who->newest)->segment;
    bool is_round = population->search->mode == PBT_GENERATIONAL;
    bool counts = s->state == PBT_SEGMENT_REPORTED || (s->state == PBT_SEGMENT_GIVEN_UP && is_round);
    return counts ? s->end_step : s->start_step;
}

pbt__tally pbt__population_tally(const pbt_population *population)
{
    return population->tally;
}

double pbt__population_rank_score(const pbt_population *population, pbt_segment_id id)
{
    return pbt__record(population, id.member, id.number)->rank_score;
}

bool pbt_population_best(const pbt_population *population, pbt_segment *out)
{
    return pbt_population_segment(population, population->tally.best, out);
}

bool pbt_population_is_over(const pbt_population *population)
{
    const pbt__tally *tally = &population->tally;
    return tally->training == 0 && tally->ready == 0 && tally->lost == 0;
}

/* ---- ask and tell ---- */

static pbt_err apply_due(pbt_population *population)
{
    const pbt__decision *decisions = NULL;
    size_t count = 0;
    pbt_err err = pbt__population_decide(population, &decisions, &count);
    for (size_t i = 0; err == PBT_OK && i < count; i++) {
        err = pbt__population_apply(population, &decisions[i]);
    }
    return err;
}

pbt_err pbt_population_new(const pbt_search *search, pbt_population **out, pbt_error *error)
{
    pbt_population *population = NULL;
    pbt_err err = pbt__population_new(search, &population, error);
    if (err != PBT_OK) {
        return err;
    }
    if (apply_due(population) != PBT_OK) {
        pbt_population_free(population);
        return refuse(error, PBT_ERR_MEMORY, "out of memory");
    }
    pbt__population_keep(population);
    *out = population;
    return PBT_OK;
}

bool pbt_population_ask(pbt_population *population, pbt_segment *out)
{
    pbt__member_record *furthest = NULL;
    for (int32_t m = 0; m < population->search->population; m++) {
        pbt__member_record *who = &population->members[m];
        if (who->state != PBT_MEMBER_TRAINING || who->is_asked) {
            continue;
        }
        const pbt_segment *s = &pbt__record(population, m, who->newest)->segment;
        if (furthest == NULL || s->start_step < out->start_step) {
            furthest = who;
            *out = *s;
        }
    }
    if (furthest != NULL) {
        furthest->is_asked = true;
    }
    return furthest != NULL;
}

pbt_err pbt_population_tell(pbt_population *population, const pbt_report *report)
{
    size_t mark = pbt__population_mark(population);
    pbt_err err = pbt__population_record(population, report);
    if (err == PBT_OK) {
        err = apply_due(population);
    }
    if (err != PBT_OK) {
        pbt__population_undo(population, mark);
        return err;
    }
    pbt__population_keep(population);
    return PBT_OK;
}
