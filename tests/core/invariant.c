/*
 * invariant.c: what must hold of any population, from its records alone.
 *
 * Nothing here asks core how it ranks: members are taken from the records, sorted by insertion, and
 * compared with what the rankings at hand say.
 */
#include "core/space.h"
#include "core/state.h"
#include "support.h"

/* ---- what the records say ---- */

static bool reported_at(const pbt_population *p, int32_t m, int32_t number)
{
    return number >= 0 && number <= p->members[m].newest &&
           segment_of(p, m, number).state == PBT_SEGMENT_REPORTED;
}

static bool is_live(const pbt_population *p, int32_t m)
{
    return pbt__population_state(p, m) != PBT_MEMBER_FAILED;
}

static int32_t latest_of(const pbt_population *p, int32_t m)
{
    int32_t number = p->members[m].newest;
    while (number >= 0 && !reported_at(p, m, number)) {
        number--;
    }
    return number;
}

/* Whether a segment was given up because it could not start from this one. */
static bool is_gone(const pbt_population *p, pbt_segment_id id)
{
    bool is_found = false;
    for (int32_t m = 0; m < p->search->population; m++) {
        for (int32_t number = 0; number <= p->members[m].newest; number++) {
            const pbt__segment_record *r = pbt__record(p, m, number);
            is_found = is_found || (r->is_unloadable && is_same_id(r->segment.parent, id));
        }
    }
    return is_found;
}

/* The first number trained on the weights a member has now. */
static int32_t weights_from(const pbt_population *p, int32_t m)
{
    int32_t number = p->members[m].newest;
    while (number > 0) {
        pbt_segment_id parent = segment_of(p, m, number).parent;
        int32_t before = number - 1;
        while (before >= 0 && !reported_at(p, m, before)) {
            before--;
        }
        if (parent.member != m || parent.number != before) {
            return number;
        }
        number = before;
    }
    return 0;
}

static double inside(const pbt_population *p, double score)
{
    bool is_maximized = p->search->direction == PBT_MAXIMIZE;
    return isfinite(score) ? (is_maximized ? score : -score) : -INFINITY;
}

static double mean_along_lineage(const pbt_population *p, int32_t m, int32_t number)
{
    pbt_segment lineage[1024];
    size_t length = pbt_population_lineage(p, (pbt_segment_id){m, number}, lineage, 1024);
    size_t window = (size_t)p->search->window;
    double sum = 0;
    size_t count = 0;
    for (size_t i = length; i > 0 && count < window; i--, count++) {
        sum += inside(p, lineage[i - 1].score);
    }
    return sum / (double)count;
}

/* ---- rankings ---- */

typedef struct entry {
    int32_t member;
    double score;
    bool is_candidate;
} entry;

static bool comes_before(const entry *a, const entry *b)
{
    return a->score != b->score ? a->score > b->score : a->member < b->member;
}

static int32_t ranked_at(const pbt_population *p, int32_t point, entry *sorted)
{
    int32_t count = 0;
    for (int32_t m = 0; m < p->search->population; m++) {
        int32_t latest = latest_of(p, m);
        int32_t number = point == PBT__LATEST ? latest : point;
        if (!is_live(p, m) || !reported_at(p, m, number) || number < weights_from(p, m)) {
            continue;
        }
        pbt_segment last = segment_of(p, m, latest);
        double score = mean_along_lineage(p, m, number);
        bool can_give = last.has_checkpoint && !is_gone(p, last.id);
        entry own = {m, score, isfinite(last.score) && can_give && isfinite(score)};
        int32_t at = count++;
        for (; at > 0 && comes_before(&own, &sorted[at - 1]); at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = own;
    }
    return count;
}

static void assert_ranking(const pbt_population *p, const pbt__rank_block *block)
{
    entry sorted[64];
    int32_t count = ranked_at(p, block->point, sorted);
    int32_t candidates = 0;
    assert_int_equal(pbt__ranking_count(&block->ranking), count);
    for (int32_t i = 0; i < count; i++) {
        int32_t m = sorted[i].member;
        assert_int_equal(pbt__ranking_at(&block->ranking, i), m);
        assert_int_equal(pbt__ranking_position(&block->ranking, m, sorted[i].score), i);
        if (sorted[i].is_candidate) {
            assert_int_equal(pbt__ranking_candidate_at(&block->ranking, candidates), m);
            candidates++;
        }
    }
    assert_int_equal(pbt__ranking_candidates(&block->ranking), candidates);
}

static void assert_points(const pbt_population *p)
{
    int32_t live = 0;
    int32_t any = 0;
    for (int32_t m = 0; m < p->search->population; m++) {
        live += is_live(p, m) ? 1 : 0;
        any += is_live(p, m) && latest_of(p, m) >= 0 ? 1 : 0;
        assert_int_equal(p->members[m].reported, latest_of(p, m));
    }
    int32_t quorum = (int32_t)fmax(2, ceil(p->search->exploit.quorum * live - 1e-9));
    int32_t newest = -1;
    for (int32_t r = 0; r <= p->last_point; r++) {
        int32_t count = 0;
        for (int32_t m = 0; m < p->search->population; m++) {
            count += is_live(p, m) && reported_at(p, m, r) ? 1 : 0;
        }
        assert_int_equal(pbt__point(p, r)->reported, count);
        newest = count >= quorum ? r : newest;
    }
    assert_int_equal(p->newest_quorum, newest);
    assert_int_equal(p->reported_members, any);
}

/* ---- segments ---- */

static void assert_values(const pbt_space *space, const pbt_segment *s, const pbt_segment *parent)
{
    for (size_t i = 0; i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        assert_true(pbt__parameter_holds(parameter, s->values[i]));
        if (parameter->inherit && parent != NULL) {
            assert_true(pbt__parameter_equal(parameter, s->values[i], parent->values[i]));
        }
    }
}

static void assert_segment(const pbt_population *p, int32_t m, int32_t number)
{
    pbt_segment s = segment_of(p, m, number);
    pbt_segment parent = s;
    bool has_parent = s.parent.member >= 0;
    if (has_parent) {
        parent = segment_of(p, s.parent.member, s.parent.number);
        assert_int_equal(parent.state, PBT_SEGMENT_REPORTED);
    }
    assert_int_equal(s.start_age, has_parent ? parent.end_age : 0);
    assert_int_equal(s.end_age - s.start_age, s.end_step - s.start_step);
    assert_true(s.end_step > s.start_step || s.state == PBT_SEGMENT_REPORTED);
    assert_values(&p->search->space, &s, has_parent ? &parent : NULL);
    if (number > 0) {
        pbt_segment before = segment_of(p, m, number - 1);
        bool is_lost = before.state == PBT_SEGMENT_GIVEN_UP;
        /* A round's steps are, where it was the last. */
        bool is_last = before.end_step >= p->search->stop_steps && s.start_step < before.end_step;
        bool is_made_up = is_lost && (p->search->mode == PBT_ASYNCHRONOUS || is_last);
        assert_int_equal(s.start_step, is_made_up ? before.start_step : before.end_step);
    }
}

/* ---- the tally ---- */

static void tally_segment(const pbt_population *p, const pbt_segment *s, pbt__tally *tally)
{
    tally->segments++;
    tally->exploits += s->donor >= 0 ? 1 : 0;
    if (s->state != PBT_SEGMENT_REPORTED) {
        return;
    }
    tally->reports++;
    tally->steps_done += s->end_step - s->start_step;
    bool is_better =
        inside(p, s->score) > inside(p, tally->best_score) ||
        (inside(p, s->score) == inside(p, tally->best_score) && s->id.number < tally->best.number);
    if (isfinite(s->score) && s->has_checkpoint && is_better) {
        tally->best = s->id;
        tally->best_score = s->score;
    }
}

static void assert_tally(const pbt_population *p)
{
    pbt__tally tally = {.best = PBT_NO_SEGMENT, .best_score = (double)NAN};
    pbt__tally own = pbt__population_tally(p);
    int32_t states[PBT_MEMBER_FAILED + 1] = {0};
    for (int32_t m = 0; m < p->search->population; m++) {
        states[pbt__population_state(p, m)]++;
        for (int32_t number = 0; number <= p->members[m].newest; number++) {
            pbt_segment s = segment_of(p, m, number);
            tally_segment(p, &s, &tally);
        }
    }
    assert_int_equal(own.segments, tally.segments);
    assert_int_equal(own.exploits, tally.exploits);
    assert_int_equal(own.reports, tally.reports);
    assert_int_equal(own.steps_done, tally.steps_done);
    assert_true(is_same_id(own.best, tally.best));
    assert_int_equal(own.training, states[PBT_MEMBER_TRAINING]);
    assert_int_equal(own.ready, states[PBT_MEMBER_READY]);
    assert_int_equal(own.lost, states[PBT_MEMBER_LOST]);
    assert_int_equal(own.finished, states[PBT_MEMBER_FINISHED]);
    assert_int_equal(own.failed, states[PBT_MEMBER_FAILED]);
}

void assert_invariants(const pbt_population *p)
{
    assert_points(p);
    assert_tally(p);
    for (int32_t i = 0; i < p->block_count; i++) {
        if (p->blocks[i]->point != PBT__FREE) {
            assert_ranking(p, p->blocks[i]);
        }
    }
    for (int32_t m = 0; m < p->search->population; m++) {
        for (int32_t number = 0; number <= p->members[m].newest; number++) {
            assert_segment(p, m, number);
        }
    }
}

/* ---- two populations ---- */

static bool is_same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void assert_same_change(const pbt_parameter *parameter, const pbt_change *a,
                               const pbt_change *b)
{
    assert_int_equal(a->operation, b->operation);
    assert_int_equal(a->is_clamped, b->is_clamped);
    assert_true(is_same_double(a->argument, b->argument));
    assert_true(a->operation == PBT_UNTOUCHED || pbt__parameter_equal(parameter, a->from, b->from));
}

void assert_same_segment(const pbt_space *space, const pbt_segment *a, const pbt_segment *b)
{
    assert_true(is_same_id(a->id, b->id));
    assert_true(is_same_id(a->parent, b->parent));
    assert_int_equal(a->donor, b->donor);
    assert_int_equal(a->reason, b->reason);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->start_step, b->start_step);
    assert_int_equal(a->end_step, b->end_step);
    assert_int_equal(a->start_age, b->start_age);
    assert_int_equal(a->end_age, b->end_age);
    assert_int_equal(a->seed, b->seed);
    assert_int_equal(a->has_checkpoint, b->has_checkpoint);
    assert_true(is_same_double(a->score, b->score));
    for (size_t i = 0; i < space->count; i++) {
        assert_true(pbt__parameter_equal(&space->parameters[i], a->values[i], b->values[i]));
        assert_same_change(&space->parameters[i], &a->changes[i], &b->changes[i]);
    }
}

static void assert_same_member(const pbt_population *a, const pbt_population *b, int32_t m)
{
    assert_int_equal(pbt__population_state(a, m), pbt__population_state(b, m));
    assert_int_equal(pbt__population_step(a, m), pbt__population_step(b, m));
    assert_int_equal(pbt__population_failures(a, m), pbt__population_failures(b, m));
    int32_t newest = newest_of(a, m).id.number;
    assert_int_equal(newest_of(b, m).id.number, newest);
    for (int32_t number = 0; number <= newest; number++) {
        pbt_segment s = segment_of(a, m, number);
        pbt_segment t = segment_of(b, m, number);
        assert_same_segment(&a->search->space, &s, &t);
        assert_true(is_same_double(rank_score_in(a, s.id), rank_score_in(b, t.id)));
    }
}

static void assert_same_due(pbt_population *a, pbt_population *b)
{
    const pbt__decision *due_a = NULL;
    const pbt__decision *due_b = NULL;
    size_t count_a = 0;
    size_t count_b = 0;
    assert_int_equal(pbt__population_decide(a, &due_a, &count_a), PBT_OK);
    assert_int_equal(pbt__population_decide(b, &due_b, &count_b), PBT_OK);
    assert_int_equal(count_a, count_b);
    for (size_t i = 0; i < count_a; i++) {
        assert_same_segment(&a->search->space, &due_a[i].segment, &due_b[i].segment);
        assert_int_equal(due_a[i].compared.point, due_b[i].compared.point);
        assert_int_equal(due_a[i].compared.ranked, due_b[i].compared.ranked);
        assert_int_equal(due_a[i].compared.position, due_b[i].compared.position);
        assert_int_equal(due_a[i].compared.eligible, due_b[i].compared.eligible);
    }
}

void assert_same(pbt_population *a, pbt_population *b)
{
    pbt__tally own = pbt__population_tally(a);
    pbt__tally other = pbt__population_tally(b);
    assert_int_equal(own.segments, other.segments);
    assert_int_equal(own.reports, other.reports);
    assert_int_equal(own.exploits, other.exploits);
    assert_int_equal(own.steps_done, other.steps_done);
    assert_int_equal(own.is_broken, other.is_broken);
    assert_true(is_same_id(own.best, other.best));
    for (int32_t m = 0; m < a->search->population; m++) {
        assert_same_member(a, b, m);
    }
    assert_same_due(a, b);
}
