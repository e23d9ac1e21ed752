/*
 * population.c: what a decision costs: reports told to a population in memory, against its size.
 *
 * Scores rise with the step and differ between members, so the worst quarter copies all the time.
 * One line per size: what an ask and a tell cost together, and that beside the same for 1,000
 * members. The processor's time of all is taken once: asking for it costs as much as a tell. Every
 * member reports at least twice.
 */
#include <pbt/pbt.h>
#include <stdio.h>
#include <time.h>

enum { SEGMENTS_PER_MEMBER_MIN = 20, REPORTS = 200000, ROUNDS_MIN = 2 };

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Ask and tell until it is over, or often enough; the score stands for a trainer. Returns how many
 * reports there were; 0 where one was refused. */
static int64_t run(pbt_population *population, int64_t reports)
{
    pbt_segment segment;
    int64_t count = 0;
    while (count < reports && pbt_population_ask(population, &segment)) {
        const pbt_report report = {
            .segment = segment.id,
            .step = segment.end_step,
            .score = (double)segment.end_step - segment.values[0].real,
            .has_checkpoint = true,
        };
        if (pbt_population_tell(population, &report, NULL) != PBT_OK) {
            return 0;
        }
        count++;
    }
    return count;
}

/* Returns what an ask and a tell take together, in microseconds; 0 where it failed. */
static double measure(int32_t members, double beside)
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
        return 0;
    }
    const int64_t reports = (int64_t)ROUNDS_MIN * members;
    const double begun = now_seconds();
    const int64_t count = run(population, reports > REPORTS ? reports : REPORTS);
    const double both = count > 0 ? 1e6 * (now_seconds() - begun) / (double)count : 0;
    pbt_population_free(population);
    printf("%7d members  %7lld reports  %5.2f us", members, (long long)count, both);
    if (beside > 0) {
        printf("  %.1f times", both / beside);
    }
    putchar('\n');
    return both;
}

int main(void)
{
    bool is_good = true;
    double thousand = 0;
    for (int32_t members = 10; members <= 1000000; members *= 10) {
        const double both = measure(members, thousand);
        thousand = members == 1000 ? both : thousand;
        is_good = is_good && both > 0;
    }
    return is_good ? 0 : 1;
}
