/* tensorboard.c: a board that listens. */
#include "cli/tensorboard.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "export/board.h"

/* The best lineage changes often while scores rise, and each change makes TensorBoard forget
 * points. */
enum { BEST_US = 1000 * 1000 };

struct pbt__tensorboard {
    pbt__study *study;
    pbt__board *board;
    pbt__follower *follower;
    int64_t best_due_us; /* monotonic: when to look at the best lineage again */
    bool is_broken;      /* nothing more is written */
};

static pbt_err take(void *context, const json_t *event, pbt_error *error)
{
    pbt__tensorboard *this = context;
    pbt_err err = pbt__board_take(this->board, event, error);
    this->is_broken = err != PBT_OK;
    return err;
}

/* Write what was taken, with the best lineage as it is now. */
static pbt_err flush_all(const pbt__tensorboard *this, pbt_error *error)
{
    pbt__summary summary;
    pbt_err err = pbt__study_summary(this->study, &summary, error);
    if (err != PBT_OK) {
        return err;
    }
    const pbt_segment_id best = summary.has_best ? summary.best.id : PBT_NO_SEGMENT;
    return pbt__board_flush(this->board, best, error);
}

static pbt_err settle(void *context, pbt_error *error)
{
    pbt__tensorboard *this = context;
    const int64_t now_us = pbt__clock_monotonic_us();
    const bool is_due = now_us >= this->best_due_us;
    this->best_due_us = is_due ? now_us + BEST_US : this->best_due_us;
    pbt_err err =
        is_due ? flush_all(this, error) : pbt__board_flush(this->board, PBT_NO_SEGMENT, error);
    this->is_broken = err != PBT_OK;
    return err;
}

static pbt_err end(void *context, pbt_error *error)
{
    const pbt__tensorboard *this = context;
    json_t *members = NULL;
    if (this->is_broken) {
        return PBT_OK;
    }
    pbt_err err = flush_all(this, error);
    if (err == PBT_OK) {
        err = pbt__study_members(this->study, &members, error);
    }
    if (err == PBT_OK) {
        err = pbt__board_end(this->board, members, error);
    }
    json_decref(members);
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
    const pbt__follow_ops listener = {"--tensorboard", this, take, settle, end};
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
