/*
 * plugin.h: what the two parts of the plugin's runner share: plugin.c, and plugin_cell.c where it
 * trains in a process.
 */
#ifndef PBT_EXECUTOR_PLUGIN_H
#define PBT_EXECUTOR_PLUGIN_H

#include "executor/cache.h"
#include "executor/cell.h"
#include "executor/library.h"

/* local->runner_data. Invariant: `cache` is NULL if the plugin saves and loads by itself. */
struct pbt__plugin {
    char path[PBT__PATH_SIZE];
    pbt__cell_facts facts; /* room 0: not known yet */
    bool reload_always;
    pbt__cache *cache;
    pbt__library library;   /* loaded here, with threads alone */
    pthread_mutex_t mutex;  /* of the two below */
    bool is_open;           /* with threads */
    bool has_failed;        /* with threads */
    atomic_bool was_opened; /* some cell's `open` has succeeded */
};

/* slot->runner_data. */
struct pbt__plugin_slot {
    void *state;     /* with cells, the cell's */
    pbt__cell *cell; /* NULL: none runs */
    pbt_segment_id
        held; /* the reported segment whose weights `state` holds; PBT_NO_SEGMENT: none */
};

/* Take in what the first library that was loaded has. Errors: PBT_ERR_TRAINER if the study goes
 * on from states of another size. */
PBT_MUST_USE pbt_err pbt__plugin_learn(pbt__local *local, pbt__cell_facts facts, pbt_error *error);

/* Start a slot's cell, and see that its library is the one that the others have. */
PBT_MUST_USE pbt_err pbt__plugin_cell_open(pbt__slot *slot, pbt_error *error);
void pbt__plugin_cell_close(struct pbt__plugin_slot *own);

/* Have a cell that lives. Returns false, with the outcome, if there is none to be had. */
bool pbt__plugin_cell_have(pbt__slot *slot, pbt__outcome *out);

/* Give a lesson there. Returns whether the lesson says how it went; else the outcome does. */
bool pbt__plugin_cell_give(pbt__slot *slot, pbt__lesson *lesson, const pbt_job *job,
                           pbt__outcome *out);

/* Fill in that a trainer could not open its data, in these words. Before any has, none will. */
void pbt__plugin_end_unopened(pbt__slot *slot, const char *words, pbt__outcome *out);

/* Say whether the trainer was stopped by us, or from outside (not too often in a row). */
bool pbt__plugin_forgives(pbt__slot *slot, int32_t member);

#endif
