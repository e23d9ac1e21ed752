/*
 * bench/study.c: what a report costs a study: record, decide, append, claim the next, commit.
 *
 * Threads report segments that took no time to train, as fast as they are handed out: asynchronous,
 * truncation, three hyperparameters, a checkpoint of 16 bytes kept in the store. Those that arrive
 * together share a commit. Prints the median of the rounds and their range, and the processor time
 * that one report took, which other programs on the machine disturb less.
 *
 * Usage: bench-study [FOLDER [STORE MEMBERS THREADS]]
 * FOLDER is where the store's file lies for a while (default: here); the other three choose a row.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "study/study.h"

enum { ROUND_COUNT = 5, ROUND_US = 400000, THREADS_MOST = 64 };

typedef struct bench {
    pbt__store *store;
    pbt__study *study;
    atomic_int_least64_t reports;
    atomic_bool is_over;
} bench;

typedef struct thread {
    bench *bench;
    int place;
    pthread_t id;
} thread;

static void must(pbt_err err, const pbt_error *error)
{
    if (err != PBT_OK) {
        fprintf(stderr, "bench-study: %s: %s\n", error->message, error->detail);
        exit(1);
    }
}

/* ---- reporting ---- */

static void report(bench *self, const pbt__claimant *who, pbt__action *action)
{
    const pbt__assignment *train = &action->train;
    double score = train->segment.values[0].real + (double)train->segment.end_age;
    const pbt__metric metric = {.name = "score", .value = score, .has_value = true};
    const pbt__result result = {.segment = train->segment.id,
                                .attempt = train->attempt,
                                .step = train->segment.end_step,
                                .metrics = &metric,
                                .metric_count = 1,
                                .checkpoint = PBT__IN_MEMORY,
                                .bytes = "sixteen bytes ..",
                                .byte_count = 16};
    pbt_error error = {0};
    pbt__reply reply;
    must(pbt__study_report(self->study, who, &result, &reply, &error), &error);
    pbt__action_copy(action, &reply.action);
    atomic_fetch_add(&self->reports, 1);
}

static void *work(void *argument)
{
    const thread *self = argument;
    char name[32];
    pbt_error error = {0};
    pbt__action action;
    snprintf(name, sizeof name, "worker-%d", self->place);
    const pbt__claimant who = {.worker = name, .session = name};
    must(pbt__study_claim(self->bench->study, &who, &action, &error), &error);
    while (action.verb == PBT__TRAIN && !atomic_load(&self->bench->is_over)) {
        report(self->bench, &who, &action);
    }
    return NULL;
}

/* ---- measuring ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double measure_round(bench *self)
{
    int64_t before = atomic_load(&self->reports);
    int64_t start_us = pbt__clock_monotonic_us();
    usleep(ROUND_US);
    int64_t spent_us = pbt__clock_monotonic_us() - start_us;
    return (double)(atomic_load(&self->reports) - before) * 1e6 / (double)spent_us;
}

/* Units: microseconds, of all threads. */
static double processor_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Returns the processor time of a report. Units: microseconds. Shape: rates[ROUND_COUNT] */
static double measure_threads(bench *self, int count, double *rates)
{
    thread threads[THREADS_MOST];
    for (int i = 0; i < count; i++) {
        threads[i] = (thread){.bench = self, .place = i};
        if (pthread_create(&threads[i].id, NULL, work, &threads[i]) != 0) {
            perror("bench-study");
            exit(1);
        }
    }
    usleep(ROUND_US / 4);
    const double spent_us = processor_us();
    const int64_t before = atomic_load(&self->reports);
    for (int i = 0; i < ROUND_COUNT; i++) {
        rates[i] = measure_round(self);
    }
    const double each_us =
        (processor_us() - spent_us) / (double)(atomic_load(&self->reports) - before);
    atomic_store(&self->is_over, true);
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i].id, NULL);
    }
    qsort(rates, ROUND_COUNT, sizeof *rates, by_value);
    return each_us;
}

static void open_bench(bench *self, const char *url, const char *folder, int members)
{
    char text[1024];
    pbt_spec *spec = NULL;
    pbt_error error = {0};
    json_t *provenance = json_object();
    const pbt__store_options store = {.url = url, .can_create = true};
    const pbt__study_options options = {.checkpoint_folder = folder};
    snprintf(text, sizeof text,
             "version: 1\nname: bench\npopulation: %d\nready: {every: 1}\nstop: {steps: 20000}\n"
             "hyperparameters:\n"
             "  learning_rate: {type: float, scale: log, min: 1.0e-5, max: 1.0}\n"
             "  momentum: {type: float, scale: reverse_log, min: 0.5, max: 0.999}\n"
             "  batch_size: {type: int, scale: log, min: 16, max: 1024}\n"
             "trainer: {protocol: command, command: [train]}\n",
             members);
    must(pbt__store_open(&store, &self->store, &error), &error);
    must(pbt__spec_parse(text, "bench.yaml", ".", &spec, &error), &error);
    must(pbt__study_create(self->store, spec, provenance, &options, &self->study, &error), &error);
    json_decref(provenance);
}

static void measure(const char *base, const char *scheme, int members, int threads)
{
    char folder[PBT__PATH_SIZE];
    char url[PBT__PATH_SIZE + sizeof "sqlite:/store.db"];
    double rates[ROUND_COUNT];
    bench self = {0};
    pbt_error error = {0};
    snprintf(folder, sizeof folder, "%s/bench-study-XXXXXX", base);
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        exit(1);
    }
    bool is_file = strcmp(scheme, "sqlite") == 0;
    snprintf(url, sizeof url, "%s:%s%s", scheme, is_file ? folder : "", is_file ? "/store.db" : "");
    open_bench(&self, url, folder, members);
    const double each_us = measure_threads(&self, threads, rates);
    pbt__study_close(self.study);
    pbt__store_close(self.store);
    must(pbt__file_remove(folder, &error), &error);
    printf("%-8s %7d %8d %10.0f %8.1f   %.0f to %.0f\n", scheme, members, threads,
           rates[ROUND_COUNT / 2], each_us, rates[0], rates[ROUND_COUNT - 1]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const char *const SCHEMES[] = {"memory", "sqlite"};
    static const int MEMBERS[] = {100, 1000};
    static const int THREADS[] = {1, 8, 64};
    printf("%-8s %7s %8s %10s %8s   %s\n", "store", "members", "threads", "reports/s", "cpu us",
           "range");
    if (argc > 4) {
        measure(argv[1], argv[2], (int)strtol(argv[3], NULL, 10), (int)strtol(argv[4], NULL, 10));
        return 0;
    }
    for (int s = 0; s < 2; s++) {
        for (int m = 0; m < 2; m++) {
            for (int t = 0; t < 3; t++) {
                measure(argc > 1 ? argv[1] : ".", SCHEMES[s], MEMBERS[m], THREADS[t]);
            }
        }
    }
    return 0;
}
