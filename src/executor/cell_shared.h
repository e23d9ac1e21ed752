/*
 * cell_shared.h: the memory that a cell (cell.h) shares with its slot.
 *
 * One file in memory, mapped by both: this struct, the job, the samples; behind them, in a mapping
 * of its own, the state. `turn` says whose it is, and is the futex that the other one sleeps on:
 *
 *     slot                                   cell
 *     writes the job, fills the state
 *     turn = CELL, wakes ──────────────────► trains, writes how it went
 *     reads it, takes the state ◄─────────── turn = SLOT, wakes
 *
 * Everything except the atomics belongs to the side whose turn it is. No descriptor is needed once
 * the memory is mapped, so nothing is lost where a plugin closes all it finds. What a cell writes
 * is checked like anybody's input: a plugin may have written there by mistake.
 *
 * Both sides are the same program file, so the layout needs no version.
 */
#ifndef PBT_EXECUTOR_CELL_SHARED_H
#define PBT_EXECUTOR_CELL_SHARED_H

#include <stdatomic.h>

#include "base/file.h"
#include "executor/lesson.h"

enum {
    PBT__TURN_SLOT,
    PBT__TURN_CELL,
};

typedef struct pbt__cell_metric {
    char name[PBT__METRIC_NAME_SIZE];
    bool has_value;
    double value;
    size_t sample_count; /* its samples follow those of the metrics before it */
} pbt__cell_metric;

typedef struct pbt__cell_shared {
    _Alignas(64) atomic_uint turn;
    atomic_uint sleepers;          /* on `turn` */
    _Alignas(64) atomic_int order; /* pbt__order, as far as the cell is to know */
    atomic_int stage;              /* pbt__stage: where it is */
    _Atomic int64_t step;          /* as the trainer shows it */

    /* What the cell says of itself, when its library is loaded or is not. */
    _Alignas(64) pbt_error error; /* code PBT_OK: it is */
    size_t state_size;
    bool does_save;

    /* A lesson, once `room` is more than 0. */
    size_t room; /* bytes of the state's mapping; 0: not there yet */
    int32_t member;
    uintptr_t job_base; /* where the job lies for the slot, whose pointers it has */
    pbt__lesson lesson; /* its pointers are the slot's; `has_load` says whether `load` counts */
    bool has_load;
    char load[PBT__PATH_SIZE], save_to[PBT__PATH_SIZE];

    /* How it went, beside the lesson's own answer. */
    pbt_err metrics_failure;
    size_t metric_count;
    pbt__cell_metric metrics[PBT__METRICS_MAXIMUM];
} pbt__cell_shared;

/* Where things lie in the file. */
typedef struct pbt__cell_layout {
    size_t job, samples, state; /* offsets; the state's is a multiple of a page */
} pbt__cell_layout;

enum { PBT__CELL_SAMPLES = PBT__METRICS_MAXIMUM * PBT__METRIC_SAMPLES_MAXIMUM };

/* The layout for jobs of at most `job_size` bytes. */
pbt__cell_layout pbt__cell_lay_out(size_t job_size);

/* Hand the turn over. */
void pbt__cell_turn(pbt__cell_shared *shared, unsigned turn);

/* What one side knows of how long the other one takes. Zeroed: nothing. */
typedef struct pbt__cell_pace {
    int64_t typical_us;
    int rest;    /* waits that sleep at once, because spinning failed */
    int penalty; /* the next rest */
} pbt__cell_pace;

/*
 * Wait until the turn is `turn`: awake for a moment where that has mostly been enough, then asleep
 * for at most `sleep_us`; 0: for ever. Returns whether it is.
 */
bool pbt__cell_wait(pbt__cell_shared *shared, unsigned turn, pbt__cell_pace *pace,
                    int64_t sleep_us);

#endif
