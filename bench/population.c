/*
 * population.c: what a decision costs: reports told to a population in memory, against its size.
 *
 * Scores rise with the step and differ between members, so the worst quarter copies all the time. One
 * line per size: members, reports, microseconds per report, reports per second.
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

/* Train everything at once; the score stands for a trainer. Returns the reports told, -1 on failure. */
static int64_t tell_all(pbt_population *population)
{
    int64_t count = 0;
    pbt_segment segment;
    while (pbt_population_ask(population, &segment)) {
        const pbt_report report = {
            .segment = segment.id,
            .step = segment.end_step,
            .score = (double)segment.end_step - segment.values[0].real,
            .has_checkpoint = true,
        };
        if (pbt_population_tell(population, &report) != PBT_OK) {
            return -1;
        }
        count++;
    }
    return count;
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
    const double start = now_seconds();
    const int64_t count = tell_all(population);
    const double seconds = now_seconds() - start;
    pbt_population_free(population);
    printf("%7d members  %8lld reports  %6.2f us each  %9.0f a second\n", members,
           (long long)count, 1e6 * seconds / (double)count, (double)count / seconds);
    return count > 0;
}

int main(void)
{
    bool is_good = true;
    for (int32_t members = 10; members <= 100000; members *= 10) {
        is_good = measure(members) && is_good;
    }
    return is_good ? 0 : 1;
}
