/*
 * bench/core.c: what the deciding half costs: reports taken in, decided and applied, in memory.
 *
 * Asynchronous, truncation, three hyperparameters; members report in turn and their scores rise, so
 * the worst quarter copies all the time. A report is what the study does inside a transaction:
 * record, decide, apply, keep. Prints the median of the rounds, and their range.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/population.h"

enum { ROUND_COUNT = 5, POINTS_MIN = 8, REPORTS_MIN = 200000 };

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Levels that differ between members and change from point to point. */
static double score_of(int32_t m, int64_t point)
{
    uint32_t mixed = ((uint32_t)m * 2654435761u) ^ ((uint32_t)point * 40503u);
    return (double)point + (double)(mixed % 1000) / 1000;
}

static pbt_err take_in(pbt_population *population, const pbt_report *report)
{
    const pbt__decision *due = NULL;
    size_t count = 0;
    pbt_err err = pbt__population_record(population, report);
    if (err == PBT_OK) {
        err = pbt__population_decide(population, &due, &count);
    }
    for (size_t i = 0; err == PBT_OK && i < count; i++) {
        err = pbt__population_apply(population, &due[i]);
    }
    pbt__population_keep(population);
    return err;
}

/* Run a whole study. Returns its reports per second; 0 on failure. */
static double run(const pbt_search *search)
{
    pbt_population *population = NULL;
    if (pbt_population_new(search, &population, NULL) != PBT_OK) {
        return 0;
    }
    double start = now_seconds();
    pbt_err err = PBT_OK;
    for (int64_t point = 0; err == PBT_OK && point < search->stop_steps; point++) {
        for (int32_t m = 0; err == PBT_OK && m < search->population; m++) {
            pbt_report report = {.segment = {m, (int32_t)point},
                                 .step = point + 1,
                                 .score = score_of(m, point),
                                 .has_checkpoint = true};
            err = take_in(population, &report);
        }
    }
    double seconds = now_seconds() - start;
    pbt_population_free(population);
    return err == PBT_OK ? (double)(search->stop_steps * search->population) / seconds : 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool measure(int32_t members)
{
    const pbt_parameter parameters[] = {
        pbt_parameter_float("learning_rate", PBT_LOG, 1e-5, 1.0),
        pbt_parameter_float("momentum", PBT_REVERSE_LOG, 0.5, 0.999),
        pbt_parameter_int("batch_size", PBT_LOG, 16, 1024),
    };
    pbt_search search = pbt_search_default();
    search.population = members;
    search.ready_every = 1;
    search.stop_steps = REPORTS_MIN / members > POINTS_MIN ? REPORTS_MIN / members : POINTS_MIN;
    search.space = (pbt_space){parameters, sizeof parameters / sizeof *parameters};
    double rates[ROUND_COUNT];
    for (int i = 0; i < ROUND_COUNT; i++) {
        rates[i] = run(&search);
    }
    qsort(rates, ROUND_COUNT, sizeof *rates, by_value);
    double median = rates[ROUND_COUNT / 2];
    printf("%9d %10.0f %10.2f   %.0f to %.0f\n", members, median, 1e6 / median, rates[0],
           rates[ROUND_COUNT - 1]);
    return rates[0] > 0;
}

int main(void)
{
    const int32_t sizes[] = {10, 1000, 100000};
    bool is_good = true;
    printf("  members  reports/s  us/report   range of %d rounds\n", ROUND_COUNT);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        is_good = measure(sizes[i]) && is_good;
    }
    return is_good ? 0 : 1;
}
