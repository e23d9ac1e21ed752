/* tensorboard.c: a board that listens. */
#include "cli/tensorboard.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "export/board.h"

/* The best lineage changes often while scores rise; each change makes TensorBoard drop points. */
enum { BEST_US = 1000 * 1000 };

struct pbt__tensorboard {
    pbt__study *study;
    pbt__board *board;
    pbt__follower *follower;
    int64_t since;       /* rows touched after it are not yet taken; -1: none is */
    int64_t best_due_us; /* monotonic: when to look at the best lineage again */
    bool is_broken;      /* nothing more is written */
};

/* Take what is new and write it. */
static pbt_err take(pbt__tensorboard *this, bool follows_best, pbt_error *error)
{
    pbt__row_list list;
    pbt_err err =
        pbt__study_rows(this->study, (pbt__row_range){.since = this->since}, &list, error);
    if (err == PBT_OK) {
        this->since = list.next;
        err = pbt__board_take(this->board, &list, error);
    }
    pbt__row_list_fini(&list);
    return err == PBT_OK ? pbt__board_flush(this->board, follows_best, error) : err;
}

static pbt_err settle(void *context, pbt_error *error)
{
    pbt__tensorboard *this = context;
    const int64_t now_us = pbt__clock_monotonic_us();
    const bool is_due = now_us >= this->best_due_us;
    this->best_due_us = is_due ? now_us + BEST_US : this->best_due_us;
    const pbt_err err = take(this, is_due, error);
    this->is_broken = err != PBT_OK;
    return err;
}

static pbt_err end(void *context, pbt_error *error)
{
    pbt__tensorboard *this = context;
    pbt__member_list members = {.items = NULL};
    if (this->is_broken) {
        return PBT_OK;
    }
    pbt_err err = take(this, true, error);
    if (err == PBT_OK) {
        err = pbt__study_member_rows(this->study, PBT__ROWS_ALL, &members, error);
    }
    if (err == PBT_OK) {
        err = pbt__board_end(this->board, &members, error);
    }
    pbt__member_list_fini(&members);
    return err;
}

static void tensorboard_free(pbt__tensorboard *this)
{
    pbt__board_free(this->board);
    free(this);
}

pbt_err pbt__tensorboard_start(pbt__study *study, const char *folder, pbt__tensorboard **out,
                               pbt_error *error)
{
    char runs[PBT__PATH_SIZE];
    pbt__tensorboard *this = pbt__calloc(1, sizeof *this);
    if (this == NULL) {
        return pbt__fail_memory(error);
    }
    this->study = study;
    this->since = -1;
    const pbt__follow_ops listener = {"--tensorboard", this, NULL, settle, end};
    pbt_err err = pbt__path_join(folder, pbt__study_name(study), runs, error);
    if (err == PBT_OK) {
        err = pbt__board_new(pbt__study_spec(study), runs, true, &this->board, error);
    }
    if (err == PBT_OK) {
        err = pbt__follower_start(study, &listener, 0, &this->follower, error);
    }
    if (err != PBT_OK) {
        tensorboard_free(this);
        return err;
    }
    *out = this;
    return PBT_OK;
}

void pbt__tensorboard_finish(pbt__tensorboard *tensorboard)
{
    if (tensorboard != NULL) {
        pbt__follower_finish(tensorboard->follower);
        tensorboard_free(tensorboard);
    }
}
