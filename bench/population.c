/*
 * population.c: what a decision costs: reports told to a population in memory, against its size.
 *
 * Scores rise with the step and differ between members, so the worst quarter copies all the time.
 * One line per size, with the time of an ask and of a tell.
 */
#include <pbt/pbt.h>
#include <stdio.h>
#include <time.h>

enum { SEGMENTS_PER_MEMBER_MIN = 20, REPORTS = 200000 };

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

typedef struct times {
    int64_t count;
    double ask_seconds, tell_seconds;
} times;

/* Ask and tell until it is over; the score stands for a trainer. False where a report was refused.
 */
static bool run(pbt_population *population, times *out)
{
    pbt_segment segment;
    double told = now_seconds();
    while (pbt_population_ask(population, &segment)) {
        const double asked = now_seconds();
        out->ask_seconds += asked - told;
        const pbt_report report = {
            .segment = segment.id,
            .step = segment.end_step,
            .score = (double)segment.end_step - segment.values[0].real,
            .has_checkpoint = true,
        };
        if (pbt_population_tell(population, &report) != PBT_OK) {
            return false;
        }
        told = now_seconds();
        out->tell_seconds += told - asked;
        out->count++;
    }
    return true;
}

static bool measure(int32_t members)
{
    const pbt_parameter parameters[] = {
        pbt_parameter_float("learning_rate", PBT_LOG, 1e-5, 1.0),
        pbt_parameter_float("momentum", PBT_REVERSE_LOG, 0.5, 0.999),
        pbt_parameter_int("batch_size", PBT_LOG, 16, 1024),
    };
    const int32_t segments = REPORTS / members;
    pbt_search search = pbt_search_default();
    search.population = members;
    search.ready_every = 1;
    search.stop_steps = segments > SEGMENTS_PER_MEMBER_MIN ? segments : SEGMENTS_PER_MEMBER_MIN;
    search.space = (pbt_space){parameters, sizeof parameters / sizeof parameters[0]};

    pbt_population *population = NULL;
    pbt_error error;
    if (pbt_population_new(&search, &population, &error) != PBT_OK) {
        fprintf(stderr, "population: %s\n", error.message);
        return false;
    }
    times spent = {0};
    const bool is_good = run(population, &spent);
    pbt_population_free(population);
    const double unit = 1e6 / (double)spent.count;
    printf("%6d members  %7lld reports  ask %6.2f us  tell %6.2f us\n", members,
           (long long)spent.count, unit * spent.ask_seconds, unit * spent.tell_seconds);
    return is_good;
}

int main(void)
{
    bool is_good = true;
    for (int32_t members = 10; members <= 10000; members *= 10) {
        is_good = measure(members) && is_good;
    }
    return is_good ? 0 : 1;
}
