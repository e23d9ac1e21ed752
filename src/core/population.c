/*
 * population.c: members and segments in memory: made, found, decided.
 *
 * Memory: segment records are in chunks, at first as many as a study without failures needs, so
 * that a report allocates nothing. Untouched pages cost nothing.
 */
#include "core/search.h"
#include "core/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

pbt_err pbt__population_refuse(pbt_error *error, pbt_err code, const char *message)
{
    if (error != NULL) {
        *error = (pbt_error){.code = code};
        strncpy(error->message, message, sizeof error->message - 1);
    }
    return code;
}

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
        pbt__chunk *c =
            chunk_new((size_t)population->search->population, population->search->space.count);
        if (c == NULL) {
            return PBT_ERR_MEMORY;
        }
        population->chunks[population->chunk_count++] = c;
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
        pbt__ranking_fini(&population->blocks[i]->ranking);
        free(population->blocks[i]);
    }
    pbt__journal_fini(&population->journal);
    free(population->chunks);
    free(population->blocks);
    free(population->members);
    free(population->queue.heap);
    free(population->copy);
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
        p->members[m] = (pbt__member_record){.newest = -1, .reported = -1, .holds = PBT_NO_SEGMENT};
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
    pbt_err err = pbt__search_check(search, error);
    if (err != PBT_OK) {
        return err;
    }
    pbt_population *p = calloc(1, sizeof *p);
    if (p == NULL) {
        goto fail;
    }
    p->own_search = *search;
    p->search = &p->own_search;
    p->rules = PBT__RULES_NEWEST;
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
    return pbt__population_refuse(error, PBT_ERR_MEMORY, "out of memory");
}

/* ---- a decision ---- */

static bool is_reported(const pbt_population *population, pbt_segment_id id)
{
    pbt_segment segment;
    return pbt_population_segment(population, id, &segment) &&
           segment.state == PBT_SEGMENT_REPORTED;
}

/* A decision follows its member's newest segment, and its parent was reported: lineages end. */
static bool follows(const pbt_population *population, const pbt_segment *s)
{
    if (s->id.member < 0 || s->id.member >= population->search->population) {
        return false;
    }
    const pbt__member_record *who = &population->members[s->id.member];
    bool is_due =
        who->newest < 0 || who->state == PBT_MEMBER_READY || who->state == PBT_MEMBER_LOST;
    bool has_parent = s->parent.member >= 0;
    return is_due && s->id.number == who->newest + 1 &&
           (!has_parent || is_reported(population, s->parent));
}

static void write_record(pbt_population *population, const pbt_segment *s)
{
    int32_t m = s->id.member;
    size_t width = population->search->space.count;
    pbt__chunk *c = population->chunks[s->id.number / PBT__CHUNK];
    size_t members = (size_t)population->search->population;
    size_t at = (size_t)(s->id.number % PBT__CHUNK) * members + (size_t)m;
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
    /* A member with weights other than those it reported last, also an ancestor's, is not ranked.
     */
    bool goes_on = s->parent.member == s->id.member && s->parent.number == who->reported;
    if (!goes_on && who->reported >= 0 &&
        pbt__points_leave(population, s->id.member, s->id.number) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    if (pbt__needs_move(population, s->id.member, s->parent) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    write_record(population, s);
    tally_decision(&population->tally, who, s);
    who->rescues += s->reason == PBT_RESCUE ? 1 : 0;
    who->weights_from = goes_on ? who->weights_from : s->id.number;
    who->newest = s->id.number;
    who->state = PBT_MEMBER_TRAINING;
    who->is_asked = who->is_revived = false;
    pbt__queue_add(population, s->id.member);
    return PBT_OK;
}

void pbt__population_follow(pbt_population *population, int32_t rules)
{
    population->rules = rules;
}

/* ---- looking ---- */

size_t pbt__population_mark(const pbt_population *population)
{
    return pbt__journal_mark(&population->journal);
}

void pbt__population_undo(pbt_population *population, size_t mark)
{
    population->queue.is_stale |= pbt__journal_mark(&population->journal) > mark;
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

int32_t pbt__population_broken_attempts(const pbt_population *population, int32_t m)
{
    int32_t newest = population->members[m].newest;
    return newest < 0 ? 0 : pbt__record(population, m, newest)->failures;
}

int64_t pbt__population_step(const pbt_population *population, int32_t m)
{
    const pbt__member_record *who = &population->members[m];
    if (who->newest < 0) {
        return 0;
    }
    const pbt_segment *s = &pbt__record(population, m, who->newest)->segment;
    bool is_round = population->search->mode == PBT_GENERATIONAL;
    bool counts =
        s->state == PBT_SEGMENT_REPORTED || (s->state == PBT_SEGMENT_GIVEN_UP && is_round);
    return counts ? s->end_step : s->start_step;
}

int64_t pbt__population_missing(const pbt_population *population, int32_t m)
{
    const pbt__member_record *who = &population->members[m];
    const int64_t planned = who->state == PBT_MEMBER_FAILED ? population->search->stop_steps
                                                            : pbt__population_step(population, m);
    return planned > who->trained_steps ? planned - who->trained_steps : 0;
}

pbt__tally pbt__population_tally(const pbt_population *population)
{
    return population->tally;
}
