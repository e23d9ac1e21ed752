/*
 * worker.c: a worker whose weights are the steps in them, for travel.py.
 *
 * Usage: remote-worker [FILE]
 *
 * Fails where it is given weights that are not its segment's. Where FILE is named and is not there,
 * makes it and dies within its first segment.
 */
#include <inttypes.h>
#include <pbt/worker.h>
#include <stdio.h>
#include <stdlib.h>

static pbt_error error;

static void must(pbt_err err)
{
    if (err != PBT_OK) {
        fprintf(stderr, "worker: %s: %s\n", error.message, error.detail);
        exit(1);
    }
}

static int64_t load(const char *path)
{
    char line[32] = "-1";
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        (void)!fgets(line, sizeof line, file);
        (void)fclose(file);
    }
    return strtoll(line, NULL, 10);
}

static void save(const char *path, int64_t age)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fprintf(file, "%" PRId64 "\n", age) < 0 || fclose(file) != 0) {
        exit(2);
    }
}

/* `*weights` are those in memory, which are gone on with where there is nothing to load. */
static void train(pbt_worker *worker, const pbt_worker_segment *segment, int64_t *weights)
{
    if (segment->load != NULL || segment->is_fresh) {
        *weights = segment->is_fresh ? 0 : load(segment->load);
    }
    printf("trained %s\n", segment->id);
    if (*weights != segment->start_age) {
        must(pbt_worker_fail(worker, "these are other weights", false, &error));
        return;
    }
    *weights = segment->end_age;
    save(segment->save_to, *weights);
    pbt_worker_metric(worker, "score", (double)segment->end_age + 0.1 * segment->member);
    must(pbt_worker_report(worker, segment->end_step, &error));
}

int main(int count, char **words)
{
    pbt_worker *worker = NULL;
    const pbt_worker_segment *segment = NULL;
    int64_t weights = -1;
    FILE *file = NULL;
    setvbuf(stdout, NULL, _IOLBF, 0);
    must(pbt_worker_open(NULL, &worker, &error));
    must(pbt_worker_next(worker, &segment, &error));
    if (count > 1 && (file = fopen(words[1], "wx")) != NULL) {
        return 3;
    }
    while (segment != NULL) {
        train(worker, segment, &weights);
        must(pbt_worker_next(worker, &segment, &error));
    }
    pbt_worker_close(worker);
    return 0;
}
