/*
 * cell.h: a process for a plugin, one per slot.
 *
 * A plugin may exit, crash, throw, hang, or close descriptors that are not its own. In a cell that
 * ends only the cell and fails the current attempt; the slot then starts another cell. The cell is
 * this program, started again (/proc/self/exe), because a fork of a process with threads may not
 * load a library.
 *
 * Weights lie in memory that both map, so nothing is copied, and a segment is one message there and
 * one back (cell_shared.h), a futex that both spin on for a moment before they sleep. While the
 * trainer trains, the slot looks at it ten times a second: whether it lives, at its step, and
 * whether it is to be stopped or killed.
 *
 * A cell dies with this process (spawn.h, warden.h). What it prints goes to the log of the member
 * it trains; before the first one, to our standard error.
 */
#ifndef PBT_EXECUTOR_CELL_H
#define PBT_EXECUTOR_CELL_H

#include <pbt/trainer.h>

#include "executor/lesson.h"
#include "executor/slot.h"

typedef struct pbt__cell pbt__cell;

typedef struct pbt__cell_facts {
    size_t state_size; /* as the plugin's table has it */
    size_t room;       /* of the state, rounded up; never 0 */
    bool does_save;    /* the plugin saves and loads by itself */
} pbt__cell_facts;

/* Start a cell and load the library in it. Errors: PBT_ERR_TRAINER as pbt__library_open, and where
 * it died of that; PBT_ERR_RESOURCE, PBT_ERR_IO, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__cell_open(pbt__slot *slot, const char *library, pbt__cell **out,
                                    pbt_error *error);
/* End it, whatever it does. Nullable. */
void pbt__cell_close(pbt__cell *cell);

pbt__cell_facts pbt__cell_facts_of(const pbt__cell *cell);

/* The state, for the slot while no lesson is given. Shape: [room], aligned as trainer.h says. */
void *pbt__cell_state(const pbt__cell *cell);

/* Say whether it has not ended by itself since its last lesson. */
bool pbt__cell_is_alive(pbt__cell *cell);

/* Say how a cell that has ended did, such as "the plugin called exit(0) in train", and in which
 * function. Shape: words[size] */
pbt__stage pbt__cell_describe(const pbt__cell *cell, char *words, size_t size);

/* How a lesson in a cell went. */
typedef enum pbt__cell_end {
    PBT__CELL_ANSWERED, /* the lesson says how */
    PBT__CELL_DIED,     /* by itself; it can be described, and closed */
    PBT__CELL_STOPPED,  /* by itself, after a stop from outside; as above */
    PBT__CELL_KILLED,   /* by us, because the segment need not be trained any more; as above */
} pbt__cell_end;

/* Give a lesson; the slot's metrics are filled. */
pbt__cell_end pbt__cell_give(pbt__cell *cell, pbt__lesson *lesson, const pbt_job *job);

/* ---- the other side (cell_main.c) ---- */

/* Say whether this process was started as a cell. */
bool pbt__cell_is_asked(int argc, char **argv);

/* Be a cell; returns the exit status. */
int pbt__cell_main(int argc, char **argv);

/* The arguments of a cell. */
enum {
    PBT__CELL_NAME,
    PBT__CELL_MARK, /* PBT__CELL_WORD */
    PBT__CELL_LIBRARY,
    PBT__CELL_LOGS,
    PBT__CELL_METRIC,
    PBT__CELL_JOB_SIZE, /* the most that a job takes, for the layout */
    PBT__CELL_ARGUMENTS,
};

#define PBT__CELL_WORD "--plugin-cell"

#endif
