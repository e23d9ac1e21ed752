/* support.c: driving a population. */
#include "support.h"

#include "core/state.h"

static const pbt_parameter rate[] = {
    {
        .name = "rate",
        .type = PBT_FLOAT,
        .scale = PBT_LOG,
        .min = {.real = 1e-4},
        .max = {.real = 1},
    },
};

pbt_search search_of(int32_t population, pbt_mode mode)
{
    pbt_search search = pbt_search_default();
    search.seed = 7;
    search.population = population;
    search.mode = mode;
    search.ready_every = 10;
    search.stop_steps = 100;
    search.space = (pbt_space){.parameters = rate, .count = 1};
    return search;
}

pbt_population *population_of(const pbt_search *search)
{
    pbt_population *population = NULL;
    pbt_error error = {.message = ""};
    if (pbt_population_new(search, &population, &error) != PBT_OK) {
        fail_msg("%s", error.message);
    }
    return population;
}

pbt_segment newest_of(const pbt_population *population, int32_t m)
{
    pbt_segment segment;
    assert_true(pbt__population_newest(population, m, &segment));
    return segment;
}

pbt_segment segment_of(const pbt_population *population, int32_t m, int32_t number)
{
    pbt_segment segment;
    assert_true(pbt_population_segment(population, (pbt_segment_id){m, number}, &segment));
    return segment;
}

pbt_report report_of(const pbt_population *population, int32_t m, double score)
{
    pbt_segment segment = newest_of(population, m);
    return (pbt_report){
        .segment = segment.id, .step = segment.end_step, .score = score, .has_checkpoint = true};
}

void record_round(pbt_population *population, const double *scores)
{
    int32_t members = search_in_force(population)->population;
    for (int32_t m = 0; m < members; m++) {
        if (pbt__population_state(population, m) == PBT_MEMBER_TRAINING) {
            pbt_report report = report_of(population, m, scores[m]);
            assert_int_equal(pbt__population_record(population, &report), PBT_OK);
        }
    }
}

pbt__decision due_of(pbt_population *population, int32_t m)
{
    const pbt__decision *due = NULL;
    size_t count = 0;
    assert_int_equal(pbt__population_decide(population, &due, &count), PBT_OK);
    for (size_t i = 0; i < count; i++) {
        if (due[i].segment.id.member == m) {
            return due[i];
        }
    }
    return (pbt__decision){.segment = {.id = PBT_NO_SEGMENT, .donor = -1}};
}

/* Whoever is rescued, or copies, starts from nothing that is known to be gone. */
static void assert_not_gone(const pbt_population *population, const pbt_segment *s)
{
    bool is_taken = s->reason == PBT_RESCUE || s->parent.member == s->donor;
    assert_true(s->parent.member < 0 || !is_taken ||
                !pbt__record(population, s->parent.member, s->parent.number)->is_gone);
}

static size_t settle_into(pbt_population *population, pbt__decision *kept, int32_t m)
{
    const pbt__decision *due = NULL;
    size_t count = 0;
    assert_int_equal(pbt__population_decide(population, &due, &count), PBT_OK);
    for (size_t i = 0; i < count; i++) {
        assert_not_gone(population, &due[i].segment);
        assert_int_equal(pbt__population_apply(population, &due[i]), PBT_OK);
        if (due[i].segment.id.member == m) {
            kept->compared = due[i].compared;
            kept->segment = newest_of(population, m);
        }
    }
    return count;
}

size_t settle(pbt_population *population)
{
    return settle_into(population, NULL, -1);
}

pbt__decision tell(pbt_population *population, const pbt_report *report)
{
    pbt__decision kept = {.segment = {.id = PBT_NO_SEGMENT, .donor = -1}};
    assert_int_equal(pbt__population_record(population, report), PBT_OK);
    settle_into(population, &kept, report->segment.member);
    pbt__population_keep(population);
    return kept;
}

pbt__decision tell_score(pbt_population *population, int32_t m, double score)
{
    pbt_report report = report_of(population, m, score);
    return tell(population, &report);
}

void tell_round(pbt_population *population, const double *scores)
{
    int32_t members = search_in_force(population)->population;
    for (int32_t m = 0; m < members; m++) {
        if (pbt__population_state(population, m) == PBT_MEMBER_TRAINING) {
            tell_score(population, m, scores[m]);
        }
    }
}

pbt__decision tell_diverged(pbt_population *population, int32_t m, int64_t step)
{
    pbt_report report = report_of(population, m, (double)NAN);
    report.step = step;
    report.has_checkpoint = false;
    return tell(population, &report);
}

bool tell_failure(pbt_population *population, int32_t m, pbt_cause cause)
{
    bool gave_up = false;
    pbt_segment_id id = newest_of(population, m).id;
    assert_int_equal(pbt__population_fault(population, id, cause, &gave_up), PBT_OK);
    settle(population);
    pbt__population_keep(population);
    return gave_up;
}

void give_up(pbt_population *population, int32_t m)
{
    assert_true(tell_failure(population, m, PBT_CAUSE_FATAL));
}

uint64_t dice_roll(dice *d)
{
    d->state += 0x9e3779b97f4a7c15u;
    uint64_t z = d->state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int32_t dice_below(dice *d, int32_t bound)
{
    return (int32_t)(dice_roll(d) % (uint64_t)bound);
}

const pbt_search *search_in_force(const pbt_population *population)
{
    return population->search;
}

double rank_score_in(const pbt_population *population, pbt_segment_id id)
{
    return pbt__record(population, id.member, id.number)->rank_score;
}
