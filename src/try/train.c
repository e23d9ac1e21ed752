/* train.c: training the probes. */
#include "try/train.h"

#include <stdlib.h>
#include <string.h>

#include "executor/gpus.h"
#include "executor/signals.h"
#include "try/probes.h"

/* ---- which are trained ---- */

/* What a probe starts with; NULL if that is not there. */
static const pbt__trained *start_of(const pbt__trial *trial, pbt__probe_id id)
{
    const pbt__trained *start = pbt__probe_rows[id].start < PBT__PROBE_COUNT
                                    ? pbt__trial_segment(trial, pbt__probe_rows[id].start, 0, 0)
                                    : NULL;
    return start != NULL && start->is_there && start->digest[0] != '\0' ? start : NULL;
}

/* Say whether a probe would tell something. A command has nothing in memory to look at; there what
 * is trained again tells how much a trainer varies that does. */
static bool is_of_use(const pbt__trial *trial, pbt__probe_id id)
{
    const bool is_command = trial->spec->trainer.protocol == PBT__PROTOCOL_COMMAND;
    const bool is_worker = trial->spec->trainer.protocol == PBT__PROTOCOL_WORKER;
    switch (id) {
    case PBT__PROBE_SECOND:
        return !is_command;
    case PBT__PROBE_TURNS:
    case PBT__PROBE_MEMORY:
        return !is_command || !pbt__trial_noise(trial).scores_repeat;
    case PBT__PROBE_WHOLE:
        return !pbt__trial_carries(trial);
    case PBT__PROBE_LONGER:
        return trial->longer_steps > 0;
    case PBT__PROBE_PINNED_MEMORY:
    case PBT__PROBE_PINNED_LOADED:
        return is_worker && (!pbt__trial_noise(trial).scores_repeat ||
                             (pbt__trial_carries(trial) && pbt__trial_is_suspect(trial)));
    case PBT__PROBE_PINNED_SECOND:
    case PBT__PROBE_PINNED_TURNS:
        return is_worker &&
               (!pbt__trial_noise(trial).scores_repeat || pbt__trial_may_leak(trial)) &&
               trial->probed[PBT__PROBE_PINNED_MEMORY].pinned != NULL &&
               trial->probed[PBT__PROBE_PINNED_MEMORY].pinned[0] != '\0';
    case PBT__PROBE_SHIFTED:
    case PBT__PROBE_SHIFTED_AGAIN:
        return !pbt__trial_carries(trial) && pbt__trial_is_suspect(trial);
    default:
        return true;
    }
}

static bool can_run(const pbt__trial *trial, pbt__probe_id id)
{
    return (pbt__probe_rows[id].start == PBT__PROBE_COUNT || start_of(trial, id) != NULL) &&
           is_of_use(trial, id);
}

/* ---- training ---- */

static int64_t steps_of(const pbt__trial *trial, pbt__probe_id id)
{
    if (id == PBT__PROBE_WHOLE) {
        return 2 * trial->steps;
    }
    return id == PBT__PROBE_LONGER ? trial->longer_steps : trial->steps;
}

/* Where a member is to carry on, in generational mode too. */
static bool must_reload(const pbt__trial *trial, pbt__probe_id id)
{
    const bool carries = id == PBT__PROBE_MEMORY || id == PBT__PROBE_PINNED_MEMORY;
    const bool is_own = trial->spec->trainer.reload_always && !pbt__trial_carries(trial);
    return pbt__probe_rows[id].reload_always ||
           (carries ? is_own : trial->spec->trainer.reload_always);
}

pbt__probe pbt__rehearsal_probe(const pbt__rehearsal *this, pbt__probe_id id)
{
    const pbt__trial *trial = &this->trial;
    const int32_t share = pbt__processors_find() / trial->slot_count;
    const pbt__probe_id start = pbt__probe_rows[id].start;
    return (pbt__probe){
        .name = pbt__probe_rows[id].name,
        .folder = this->folder,
        .spec = trial->spec,
        .population = pbt__probe_rows[id].population,
        .segment_count = pbt__probe_rows[id].segment_count,
        .steps = steps_of(trial, id),
        .reload_always = must_reload(trial, id),
        .is_pinned = pbt__probe_rows[id].is_pinned,
        .seed_shift = pbt__probe_rows[id].seed_shift,
        .values = {pbt__trial_values(trial, id, 0), pbt__trial_values(trial, id, 1)},
        .start = start_of(trial, id),
        .start_step = start < PBT__PROBE_COUNT ? pbt__trial_segment(trial, start, 0, 0)->step : 0,
        .thread_count = share > 0 ? share : 1,
        .gpus = this->gpus,
    };
}

pbt_err pbt__rehearsal_run(pbt__rehearsal *this, const pbt__probe *probe, const char *words,
                           pbt__probed *out, pbt_error *error)
{
    pbt__progress_begin(&this->progress, words);
    pbt_err err = probe->seed_shift != 0 ? pbt__shift_make(probe, error) : PBT_OK;
    if (err == PBT_OK) {
        err = pbt__probe_run(probe, out, error);
    }
    pbt__progress_end(&this->progress, err == PBT_OK ? out : NULL);
    return err;
}

/* Probes with other random numbers only explain results: their failure is not the trainer's. */
static bool is_extra(pbt__probe_id id)
{
    return pbt__probe_rows[id].is_pinned || pbt__probe_rows[id].seed_shift != 0;
}

pbt_err pbt__rehearsal_train(pbt__rehearsal *this, pbt_error *error)
{
    pbt__trial *trial = &this->trial;
    pbt_err err = PBT_OK;
    bool has_failed = false;
    for (int id = 0; id < PBT__PROBE_COUNT; id++) {
        const bool goes_on = err == PBT_OK && !has_failed && pbt__signals_count() == 0;
        if (goes_on && can_run(trial, (pbt__probe_id)id)) {
            const pbt__probe probe = pbt__rehearsal_probe(this, (pbt__probe_id)id);
            err = pbt__rehearsal_run(this, &probe, pbt__probe_rows[id].words, &trial->probed[id],
                                     error);
            has_failed = trial->probed[id].failure != PBT_OK && !is_extra((pbt__probe_id)id);
        }
    }
    return err;
}
