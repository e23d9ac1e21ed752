/*
 * lesson.h: one segment by a plugin's functions, wherever they run.
 *
 * The same on a slot's thread (plugin.c) and in a process of the plugin's own (cell_main.c).
 */
#ifndef PBT_EXECUTOR_LESSON_H
#define PBT_EXECUTOR_LESSON_H

#include <pbt/trainer.h>
#include <stdatomic.h>

#include "executor/metrics.h"

enum { PBT__STATE_ALIGNMENT = 64 };

/* The room for a state: its size, rounded up to PBT__STATE_ALIGNMENT; never 0. */
size_t pbt__state_room(size_t state_size);

/* The functions of a table, as far as a lesson has come. */
typedef enum pbt__stage {
    PBT__STAGE_NONE,
    PBT__STAGE_OPEN,
    PBT__STAGE_INIT,
    PBT__STAGE_LOAD,
    PBT__STAGE_TRAIN,
    PBT__STAGE_EVALUATE,
    PBT__STAGE_SAVE,
    PBT__STAGE_COUNT,
} pbt__stage;

typedef enum pbt__lesson_ending {
    PBT__LESSON_TRAINED, /* trained and evaluated; where the plugin saves, saved if is_saved */
    PBT__LESSON_STOPPED, /* returned early, as it was asked to, at `step`; saved if is_saved */
    PBT__LESSON_FAILED,  /* the function `stage` returned `status`, not 0 */
} pbt__lesson_ending;

/* What to do, then how it went. Everything is borrowed. */
typedef struct pbt__lesson {
    bool is_filled;      /* the state holds the weights to start from */
    const char *load;    /* Nullable: if it is not filled: the file to load; NULL: `init` */
    const char *save_to; /* where a plugin that saves does so */
    const char *metric;  /* the objective's: what has no finite score is not saved */

    pbt__lesson_ending ending;
    pbt__stage stage;
    int status;
    int64_t step;
    bool has_progress; /* it stopped between start and end, and somebody may go on from there */
    bool is_saved;
} pbt__lesson;

/* What a lesson is given by: the plugin, a state and the metrics that the job's functions fill. */
typedef struct pbt__pupil {
    const pbt_trainer *table;
    void *state; /* Shape: [room], aligned to PBT__STATE_ALIGNMENT */
    size_t room;
    const pbt__metrics *metrics;
    atomic_int *stage;       /* Nullable: shows how far it has come */
    const atomic_int *order; /* PBT__ORDER_LOST: nobody takes progress any more */
} pbt__pupil;

/* Give one lesson. */
void pbt__lesson_give(pbt__lesson *lesson, const pbt__pupil *pupil, const pbt_job *job);

/* A function's name, as in trainer.h; NULL before the first one, and where it is none. */
const char *pbt__stage_name(pbt__stage stage);

#endif
