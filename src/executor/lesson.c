/* lesson.c: fill, train, evaluate, save. */
#include "executor/lesson.h"

#include <math.h>
#include <string.h>

#include "executor/slot.h"

static const char *const NAMES[PBT__STAGE_COUNT] = {
    [PBT__STAGE_OPEN] = "open",   [PBT__STAGE_INIT] = "init",         [PBT__STAGE_LOAD] = "load",
    [PBT__STAGE_TRAIN] = "train", [PBT__STAGE_EVALUATE] = "evaluate", [PBT__STAGE_SAVE] = "save",
};

const char *pbt__stage_name(pbt__stage stage)
{
    return stage > PBT__STAGE_NONE && stage < PBT__STAGE_COUNT ? NAMES[stage] : NULL;
}

size_t pbt__state_room(size_t state_size)
{
    const size_t size = state_size > 0 ? state_size : 1;
    return (size + PBT__STATE_ALIGNMENT - 1) / PBT__STATE_ALIGNMENT * PBT__STATE_ALIGNMENT;
}

static void begin(const pbt__pupil *pupil, pbt__stage stage)
{
    if (pupil->stage != NULL) {
        atomic_store_explicit(pupil->stage, (int)stage, memory_order_relaxed);
    }
}

/* Note what a function returned; false if it failed. */
static bool end(pbt__lesson *lesson, pbt__stage stage, int status)
{
    if (status != 0) {
        lesson->ending = PBT__LESSON_FAILED;
        lesson->stage = stage;
        lesson->status = status;
    }
    return status == 0;
}

static bool fill(pbt__lesson *lesson, const pbt__pupil *pupil, const pbt_job *job)
{
    if (lesson->is_filled) {
        return true;
    }
    if (lesson->load != NULL) {
        begin(pupil, PBT__STAGE_LOAD);
        return end(lesson, PBT__STAGE_LOAD, pupil->table->load(pupil->state, lesson->load));
    }
    memset(pupil->state, 0, pupil->room);
    begin(pupil, PBT__STAGE_INIT);
    return end(lesson, PBT__STAGE_INIT, pupil->table->init(pupil->state, job));
}

static bool save(pbt__lesson *lesson, const pbt__pupil *pupil)
{
    if (pupil->table->save == NULL) {
        return true;
    }
    begin(pupil, PBT__STAGE_SAVE);
    lesson->is_saved =
        end(lesson, PBT__STAGE_SAVE, pupil->table->save(pupil->state, lesson->save_to));
    return lesson->is_saved;
}

/* Stopped early: keep what there is of it. */
static void stop(pbt__lesson *lesson, const pbt__pupil *pupil, const pbt_job *job)
{
    lesson->ending = PBT__LESSON_STOPPED;
    lesson->has_progress = lesson->step > job->start_step && lesson->step < job->end_step &&
                           atomic_load(pupil->order) != PBT__ORDER_LOST;
    if (lesson->has_progress && !save(lesson, pupil)) {
        lesson->ending = PBT__LESSON_STOPPED; /* without it, it only costs its steps */
    }
}

static bool has_score(const pbt__lesson *lesson, const pbt__pupil *pupil)
{
    double score = 0;
    return pupil->metrics->failure == PBT_OK &&
           pbt__metrics_value(pupil->metrics, lesson->metric, &score) && isfinite(score);
}

void pbt__lesson_give(pbt__lesson *lesson, const pbt__pupil *pupil, const pbt_job *job)
{
    lesson->ending = PBT__LESSON_TRAINED;
    lesson->step = job->start_step;
    if (!fill(lesson, pupil, job)) {
        return;
    }
    begin(pupil, PBT__STAGE_TRAIN);
    int status = pupil->table->train(pupil->state, job, &lesson->step);
    if (!end(lesson, PBT__STAGE_TRAIN, status)) {
        return;
    }
    if (lesson->step < job->end_step && job->is_stopping(job->host)) {
        stop(lesson, pupil, job);
        return;
    }
    begin(pupil, PBT__STAGE_EVALUATE);
    status = pupil->table->evaluate(pupil->state, job);
    if (end(lesson, PBT__STAGE_EVALUATE, status) && has_score(lesson, pupil)) {
        (void)save(lesson, pupil);
    }
}
