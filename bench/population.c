/*
 * population.c: what a decision costs: reports told to a population in memory, against its size.
 *
 * Scores rise with the step and differ between members, so the worst quarter copies all the time.
 * One line per size, with the time of an ask and of a tell, and of both beside the same for 1,000
 * members. Times are the processor's. Every member reports at least twice.
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

typedef struct times {
    int64_t count;
    double ask_seconds, tell_seconds;
} times;

/* Ask and tell until it is over, or often enough; the score stands for a trainer. False where a
 * report was refused. */
static bool run(pbt_population *population, int64_t reports, times *out)
{
    pbt_segment segment;
    double told = now_seconds();
    while (out->count < reports && pbt_population_ask(population, &segment)) {
        const double asked = now_seconds();
        out->ask_seconds += asked - told;
        const pbt_report report = {
            .segment = segment.id,
            .step = segment.end_step,
            .score = (double)segment.end_step - segment.values[0].real,
            .has_checkpoint = true,
        };
        if (pbt_population_tell(population, &report, NULL) != PBT_OK) {
            return false;
        }
        told = now_seconds();
        out->tell_seconds += told - asked;
        out->count++;
    }
    return true;
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
    times spent = {0};
    const int64_t reports = (int64_t)ROUNDS_MIN * members;
    const bool is_good = run(population, reports > REPORTS ? reports : REPORTS, &spent);
    pbt_population_free(population);
    const double unit = 1e6 / (double)spent.count;
    const double both = unit * (spent.ask_seconds + spent.tell_seconds);
    printf("%7d members  %7lld reports  ask %5.2f us  tell %5.2f us  both %5.2f us", members,
           (long long)spent.count, unit * spent.ask_seconds, unit * spent.tell_seconds, both);
    if (beside > 0) {
        printf("  %.1f times", both / beside);
    }
    putchar('\n');
    return is_good ? both : 0;
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
