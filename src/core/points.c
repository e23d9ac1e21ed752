/*
 * points.c: ready points: who has reported them, and their rankings.
 *
 * Decisions are made at points between the oldest one that may have a quorum and the newest, so
 * only a few rankings exist at a time. A block is reused when no decision can be made at its point
 * any more. If one is made after all (a failed member can break a quorum), the ranking is rebuilt.
 */
#include "core/state.h"

#include <math.h>
#include <stdlib.h>

int32_t pbt__quorum(const pbt_population *population)
{
    int32_t live = population->search->population - population->tally.failed;
    int32_t share = (int32_t)ceil(population->search->exploit.quorum * live - 1e-9);
    return share > 2 ? share : 2;
}

static bool is_latest(const pbt_population *population)
{
    return population->search->exploit.compare == PBT_COMPARE_LATEST;
}

static int32_t newest_quorum_below(const pbt_population *population, int32_t number)
{
    int32_t quorum = pbt__quorum(population);
    while (number >= 0 && pbt__point(population, number)->reported < quorum) {
        number--;
    }
    return number;
}

int32_t pbt__point_compared(const pbt_population *population, int32_t number)
{
    if (is_latest(population)) {
        return population->reported_members >= pbt__quorum(population) ? PBT__LATEST : -1;
    }
    if (number >= population->newest_quorum) {
        return population->newest_quorum;
    }
    return newest_quorum_below(population, number);
}

int32_t pbt__point_number(const pbt_population *population, int32_t point, int32_t m)
{
    return point == PBT__LATEST ? population->members[m].reported : point;
}

int32_t pbt__point_most_reported(const pbt_population *population, int32_t number)
{
    int32_t most = 0;
    for (int32_t r = 0; r <= number && !is_latest(population); r++) {
        int32_t reported = pbt__point(population, r)->reported;
        most = reported > most ? reported : most;
    }
    return is_latest(population) ? population->reported_members : most;
}

bool pbt__point_holds(const pbt_population *population, int32_t point, int32_t m)
{
    const pbt__member_record *who = &population->members[m];
    int32_t number = pbt__point_number(population, point, m);
    return who->state != PBT_MEMBER_FAILED && number >= who->weights_from && number >= 0 &&
           number <= who->reported &&
           pbt__record(population, m, number)->segment.state == PBT_SEGMENT_REPORTED;
}

double pbt__point_score(const pbt_population *population, int32_t point, int32_t m)
{
    return pbt__record(population, m, pbt__point_number(population, point, m))->rank_score;
}

/* ---- blocks ---- */

static int32_t *block_link(pbt_population *population, int32_t point)
{
    return point == PBT__LATEST ? &population->latest_block : &pbt__point(population, point)->block;
}

static pbt_err block_assign(pbt_population *population, int32_t index, int32_t point)
{
    pbt__rank_block *b = population->blocks[index];
    int32_t *link = block_link(population, point);
    if (PBT__TOUCH(population, &b->point) || PBT__TOUCH(population, link) ||
        pbt__ranking_clear(&b->ranking, &population->journal) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    b->point = point;
    *link = index;
    return PBT_OK;
}

static pbt_err block_release(pbt_population *population, int32_t point)
{
    int32_t *link = block_link(population, point);
    if (*link < 0) {
        return PBT_OK;
    }
    pbt__rank_block *b = population->blocks[*link];
    if (PBT__TOUCH(population, &b->point) || PBT__TOUCH(population, link)) {
        return PBT_ERR_MEMORY;
    }
    b->point = PBT__FREE;
    *link = -1;
    return PBT_OK;
}

static int32_t block_find_free(const pbt_population *population)
{
    for (int32_t i = 0; i < population->block_count; i++) {
        if (population->blocks[i]->point == PBT__FREE) {
            return i;
        }
    }
    return -1;
}

/* Add a block. After an undo it stays, free to be used again. */
static pbt_err block_grow(pbt_population *population)
{
    size_t count = (size_t)population->block_count;
    pbt__rank_block **blocks = realloc(population->blocks, (count + 1) * sizeof(pbt__rank_block *));
    if (blocks == NULL) {
        return PBT_ERR_MEMORY;
    }
    population->blocks = blocks;
    pbt__rank_block *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return PBT_ERR_MEMORY;
    }
    b->point = PBT__FREE;
    population->blocks[population->block_count++] = b;
    return PBT_OK;
}

/* Give back the rankings of points that no member can be judged at any more. O(N), once a point. */
static pbt_err blocks_trim(pbt_population *population)
{
    int32_t slowest = population->last_point;
    for (int32_t m = 0; m < population->search->population; m++) {
        const pbt__member_record *who = &population->members[m];
        bool goes_on = who->state != PBT_MEMBER_FAILED && who->state != PBT_MEMBER_FINISHED;
        if (goes_on && who->newest < slowest) {
            slowest = who->newest;
        }
    }
    int32_t floor = slowest < 0 ? -1 : pbt__point_compared(population, slowest);
    if (floor <= population->first_point) {
        return PBT_OK;
    }
    for (int32_t r = population->first_point; r < floor; r++) {
        if (block_release(population, r) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
    }
    if (PBT__TOUCH(population, &population->first_point)) {
        return PBT_ERR_MEMORY;
    }
    population->first_point = floor;
    return PBT_OK;
}

static pbt_err block_acquire(pbt_population *population, int32_t point)
{
    int32_t index = block_find_free(population);
    if (index < 0) {
        if (blocks_trim(population) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
        index = block_find_free(population);
    }
    if (index < 0) {
        if (block_grow(population) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
        index = population->block_count - 1;
    }
    if (point >= 0 && point < population->first_point) {
        if (PBT__TOUCH(population, &population->first_point)) {
            return PBT_ERR_MEMORY;
        }
        population->first_point = point;
    }
    return block_assign(population, index, point);
}

/* ---- rankings ---- */

static pbt__ranking *ranking_at(pbt_population *population, int32_t point)
{
    return &population->blocks[*block_link(population, point)]->ranking;
}

static pbt_err ranking_put(pbt_population *population, int32_t point, int32_t m)
{
    const double score = pbt__point_score(population, point, m);
    return pbt__ranking_add(ranking_at(population, point), &population->journal, m, score,
                            pbt__is_candidate(population, m, score));
}

/* Take out a member that the report of `number` put there. */
static pbt_err ranking_drop_number(pbt_population *population, int32_t point, int32_t m,
                                   int32_t number)
{
    const double score = pbt__record(population, m, number)->rank_score;
    return pbt__ranking_remove(ranking_at(population, point), &population->journal, m, score,
                               pbt__is_candidate(population, m, score));
}

static pbt_err ranking_drop(pbt_population *population, int32_t point, int32_t m)
{
    return ranking_drop_number(population, point, m, pbt__point_number(population, point, m));
}

static pbt_err ranking_build(pbt_population *population, int32_t point)
{
    if (block_acquire(population, point) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    for (int32_t m = 0; m < population->search->population; m++) {
        if (pbt__point_holds(population, point, m) && ranking_put(population, point, m) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
    }
    return PBT_OK;
}

pbt__ranking *pbt__point_ranking(pbt_population *population, int32_t point)
{
    if (*block_link(population, point) < 0 && ranking_build(population, point) != PBT_OK) {
        return NULL;
    }
    return ranking_at(population, point);
}

/* Do something to every ranking that holds a member by I, before the change. */
static pbt_err each_ranking(pbt_population *population, int32_t m,
                            pbt_err (*act)(pbt_population *population, int32_t point, int32_t m))
{
    const pbt__member_record *who = &population->members[m];
    int32_t first = population->first_point;
    for (int32_t r = who->weights_from > first ? who->weights_from : first; r <= who->reported;
         r++) {
        if (*block_link(population, r) >= 0 && pbt__point_holds(population, r, m) &&
            act(population, r, m) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
    }
    if (population->latest_block >= 0 && pbt__point_holds(population, PBT__LATEST, m)) {
        return act(population, PBT__LATEST, m);
    }
    return PBT_OK;
}

/* ---- keeping the invariant ---- */

pbt_err pbt__points_report(pbt_population *population, int32_t m, int32_t previous)
{
    const pbt__member_record *who = &population->members[m];
    int32_t number = who->reported;
    pbt__ready_point *p = pbt__point(population, number);
    if (PBT__TOUCH(population, p) || PBT__TOUCH(population, &population->last_point) ||
        PBT__TOUCH(population, &population->newest_quorum) ||
        PBT__TOUCH(population, &population->reported_members)) {
        return PBT_ERR_MEMORY;
    }
    p->reported++;
    population->reported_members += previous < 0 ? 1 : 0;
    population->last_point = number > population->last_point ? number : population->last_point;
    if (number > population->newest_quorum && p->reported >= pbt__quorum(population)) {
        population->newest_quorum = number;
    }
    if (population->latest_block >= 0) {
        bool was_ranked = previous >= 0 && previous >= who->weights_from;
        if (was_ranked && ranking_drop_number(population, PBT__LATEST, m, previous) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
        return ranking_put(population, PBT__LATEST, m);
    }
    if (is_latest(population)) {
        return PBT_OK;
    }
    if (p->block < 0 && p->reported == 1) {
        if (block_acquire(population, number) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
    }
    return p->block >= 0 ? ranking_put(population, number, m) : PBT_OK;
}

pbt_err pbt__points_leave(pbt_population *population, int32_t m, int32_t number)
{
    pbt__member_record *who = &population->members[m];
    if (each_ranking(population, m, ranking_drop) != PBT_OK ||
        PBT__TOUCH(population, &who->weights_from)) {
        return PBT_ERR_MEMORY;
    }
    who->weights_from = number;
    return PBT_OK;
}

/* Count a member's reports at their points: +1, or take them back: -1. */
static pbt_err points_count(pbt_population *population, int32_t m, int32_t change)
{
    const pbt__member_record *who = &population->members[m];
    for (int32_t r = 0; r <= who->reported; r++) {
        if (pbt__record(population, m, r)->segment.state != PBT_SEGMENT_REPORTED) {
            continue;
        }
        if (PBT__TOUCH(population, &pbt__point(population, r)->reported)) {
            return PBT_ERR_MEMORY;
        }
        pbt__point(population, r)->reported += change;
    }
    if (PBT__TOUCH(population, &population->newest_quorum) ||
        PBT__TOUCH(population, &population->reported_members)) {
        return PBT_ERR_MEMORY;
    }
    population->reported_members += who->reported >= 0 ? change : 0;
    return PBT_OK;
}

pbt_err pbt__points_fail(pbt_population *population, int32_t m)
{
    if (each_ranking(population, m, ranking_drop) != PBT_OK ||
        points_count(population, m, -1) != PBT_OK ||
        pbt__needs_move(population, m, PBT_NO_SEGMENT) != PBT_OK ||
        PBT__TOUCH(population, &population->members[m].state) ||
        PBT__TOUCH(population, &population->tally)) {
        return PBT_ERR_MEMORY;
    }
    population->members[m].state = PBT_MEMBER_FAILED;
    population->tally.failed++;
    population->newest_quorum = newest_quorum_below(population, population->last_point);
    return PBT_OK;
}

pbt_err pbt__points_revive(pbt_population *population, int32_t m, pbt_member_state state)
{
    if (points_count(population, m, +1) != PBT_OK ||
        PBT__TOUCH(population, &population->members[m]) ||
        PBT__TOUCH(population, &population->tally)) {
        return PBT_ERR_MEMORY;
    }
    population->members[m].state = state;
    population->tally.failed--;
    return pbt__points_reset(population);
}

pbt_err pbt__points_candidate(pbt_population *population, int32_t m, bool is_candidate)
{
    pbt__member_record *who = &population->members[m];
    if (who->is_candidate == is_candidate) {
        return PBT_OK;
    }
    if (PBT__TOUCH(population, &who->is_candidate) ||
        each_ranking(population, m, ranking_drop) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    who->is_candidate = is_candidate;
    return each_ranking(population, m, ranking_put);
}

pbt_err pbt__points_reset(pbt_population *population)
{
    for (int32_t i = 0; i < population->block_count; i++) {
        int32_t point = population->blocks[i]->point;
        if (point != PBT__FREE && block_release(population, point) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
    }
    if (PBT__TOUCH(population, &population->first_point) ||
        PBT__TOUCH(population, &population->newest_quorum)) {
        return PBT_ERR_MEMORY;
    }
    population->first_point = population->last_point + 1;
    population->newest_quorum = newest_quorum_below(population, population->last_point);
    return PBT_OK;
}
