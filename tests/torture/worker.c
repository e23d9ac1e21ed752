/*
 * worker.c: a long-lived worker that takes its time, so that a kill lands inside a segment.
 *
 * Its weights are a function of its checkpoint, its rate, its seed and its steps, and know how many
 * steps are in them. A child of its own evaluates them: when that one is killed, the attempt fails.
 */
#include <math.h>
#include <pbt/worker.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STATE = 500 };

typedef struct model {
    double at[STATE], trained;
} model;

static void pause_ms(long milliseconds)
{
    const struct timespec pause = {.tv_nsec = milliseconds * 1000000};
    (void)nanosleep(&pause, NULL);
}

static void model_init(model *self, uint32_t seed)
{
    self->trained = 0;
    for (int i = 0; i < STATE; i++) {
        self->at[i] = 1 + (double)((seed + (uint32_t)i) * 2654435761U >> 8) * 0x1p-24;
    }
}

static void train_one(model *self, double rate)
{
    for (int i = 0; i < STATE; i++) {
        self->at[i] -= rate * (self->at[i] - self->at[(i + 1) % STATE] * 0.5);
    }
    self->trained++;
    pause_ms(1);
}

static double score_of(const model *self)
{
    double sum = 0;
    for (int i = 0; i < STATE; i++) {
        sum += self->at[i];
    }
    return -sum;
}

/* Let a child evaluate. Returns false where it died. */
static bool evaluate(const model *self, double *score)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return false;
    }
    const pid_t child = fork();
    if (child == 0) {
        pause_ms(10);
        const double found = score_of(self);
        _exit(write(ends[1], &found, sizeof found) == (ssize_t)sizeof found ? 0 : 1);
    }
    (void)close(ends[1]);
    const bool is_told = child > 0 && read(ends[0], score, sizeof *score) == (ssize_t)sizeof *score;
    (void)close(ends[0]);
    return child > 0 && waitpid(child, NULL, 0) == child && is_told;
}

/* Write or read a checkpoint, in several pieces. Returns false where that fails. */
static bool transfer(model *self, const char *path, bool is_save)
{
    FILE *file = fopen(path, is_save ? "wb" : "rb");
    if (file == NULL) {
        return false;
    }
    (void)setvbuf(file, NULL, _IONBF, 0);
    size_t count = 0;
    for (int i = 0; i < STATE; i++) {
        double *place = &self->at[i];
        count +=
            is_save ? fwrite(place, sizeof *place, 1, file) : fread(place, sizeof *place, 1, file);
    }
    count += is_save ? fwrite(&self->trained, sizeof self->trained, 1, file)
                     : fread(&self->trained, sizeof self->trained, 1, file);
    return (fclose(file) == 0) & (count == STATE + 1);
}

static pbt_err train(pbt_worker *worker, const pbt_worker_segment *segment, model *self,
                     pbt_error *error)
{
    double score = 0;
    if (segment->is_fresh) {
        model_init(self, segment->seed);
    } else if (segment->load != NULL && !transfer(self, segment->load, false)) {
        return pbt_worker_fail(worker, "cannot load", true, error);
    }
    const double rate = pbt_worker_real(segment, "rate", 0);
    for (int64_t step = segment->resume_step; step < segment->end_step; step++) {
        train_one(self, rate);
        pbt_worker_progress(worker, step + 1);
    }
    if (!transfer(self, segment->save_to, true)) {
        return pbt_worker_fail(worker, "cannot save", true, error);
    }
    if (!evaluate(self, &score)) {
        return pbt_worker_fail(worker, "the evaluation died", true, error);
    }
    pbt_worker_metric(worker, "score", score);
    pbt_worker_metric(worker, "trained", self->trained);
    return pbt_worker_report(worker, segment->end_step, error);
}

int main(void)
{
    static model self;
    pbt_worker *worker = NULL;
    const pbt_worker_segment *segment = NULL;
    pbt_error error;
    pbt_err err = pbt_worker_open(NULL, &worker, &error);
    if (err == PBT_OK) {
        err = pbt_worker_next(worker, &segment, &error);
    }
    while (err == PBT_OK && segment != NULL) {
        err = train(worker, segment, &self, &error);
        if (err == PBT_OK) {
            err = pbt_worker_next(worker, &segment, &error);
        }
    }
    pbt_worker_close(worker);
    if (err != PBT_OK) {
        (void)fprintf(stderr, "worker: %s\n%s\n", error.message, error.detail);
    }
    return err == PBT_OK ? 0 : 1;
}
