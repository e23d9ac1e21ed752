/*
 * bench/store.c: what a durable report costs the store.
 *
 * A report is one event and one claim. Alone, each is a transaction; in a group, 64 of them share
 * one, as in the study's group commit. Prints the median of the rounds, and their range.
 *
 * Usage: bench-store [FILE]   (the file must not exist; it is removed afterwards)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store.h"

enum { ROUND_COUNT = 7, GROUP_SIZE = 64, MEMBER_COUNT = 64, BODY_LENGTH = 480 };

typedef struct bench {
    pbt__store *store;
    int64_t study;
    int64_t sequence;
    char body[BODY_LENGTH + 1];
} bench;

static void must(pbt_err err, const pbt_error *error)
{
    if (err != PBT_OK) {
        fprintf(stderr, "bench-store: %s: %s\n", error->message, error->detail);
        exit(1);
    }
}

static void report(bench *self)
{
    pbt_error error = {0};
    pbt__event event = {
        .sequence = ++self->sequence,
        .time_us = self->sequence,
        .kind = PBT__REPORTED,
        .body = self->body,
        .body_length = BODY_LENGTH,
    };
    pbt__claim claim = {
        .member = (int32_t)(self->sequence % MEMBER_COUNT),
        .number = (int32_t)(self->sequence / MEMBER_COUNT),
        .attempt = 1,
        .worker = "worker",
        .session = "0123456789abcdef0123456789abcdef",
    };
    must(pbt__store_append(self->store, &event, 1, &error), &error);
    must(pbt__store_claim_put(self->store, &claim, 1, &error), &error);
}

/* One transaction of `count` reports. */
static void transact(bench *self, int count)
{
    pbt_error error = {0};
    pbt__transaction transaction;
    must(pbt__store_begin(self->store, self->study, &transaction, &error), &error);
    for (int i = 0; i < count; i++) {
        report(self);
    }
    must(pbt__store_commit(self->store, &error), &error);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Measure reports a second, in transactions of `group`. */
static void measure(bench *self, const char *name, int group, int transaction_count)
{
    double rates[ROUND_COUNT];
    for (int round = 0; round < ROUND_COUNT; round++) {
        int64_t start_us = pbt__clock_monotonic_us();
        for (int i = 0; i < transaction_count; i++) {
            transact(self, group);
        }
        int64_t spent_us = pbt__clock_monotonic_us() - start_us;
        rates[round] = (double)group * transaction_count * 1e6 / (double)spent_us;
    }
    qsort(rates, ROUND_COUNT, sizeof(rates[0]), compare);
    printf("%-28s %9.0f reports/s   (%.0f to %.0f, %d rounds)\n", name, rates[ROUND_COUNT / 2],
           rates[0], rates[ROUND_COUNT - 1], ROUND_COUNT);
}

static void measure_store(const char *url, const char *alone, const char *grouped)
{
    pbt_error error = {0};
    pbt__transaction transaction;
    bench self = {0};
    memset(self.body, 'x', BODY_LENGTH);
    const pbt__store_options options = {.url = url, .can_create = true};
    must(pbt__store_open(&options, &self.store, &error), &error);
    must(pbt__store_begin_create(self.store, "bench", &self.study, &transaction, &error), &error);
    must(pbt__store_commit(self.store, &error), &error);
    measure(&self, alone, 1, 2000);
    measure(&self, grouped, GROUP_SIZE, 300);
    pbt__store_close(self.store);
}

int main(int argc, char **argv)
{
    char file[] = "bench-store-XXXXXX.db";
    const char *path = argc > 1 ? argv[1] : file;
    if (argc < 2) {
        int descriptor = mkstemps(file, 3);
        if (descriptor < 0) {
            perror("bench-store");
            return 1;
        }
        close(descriptor);
    }
    measure_store(path, "sqlite, alone", "sqlite, groups of 64");
    measure_store("memory:", "memory, alone", "memory, groups of 64");
    unlink(path);
    return 0;
}
