/* judge.c: from what was trained to what a user is told: a function for each check. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/format.h"
#include "try/trial.h"

static const char *const NAMES[PBT__CHECK_COUNT] = {
    [PBT__CHECK_RUNS] = "runs",
    [PBT__CHECK_SAVES] = "saves",
    [PBT__CHECK_LOADS] = "loads",
    [PBT__CHECK_STEPS] = "steps",
    [PBT__CHECK_HYPERPARAMETERS] = "hyperparameters",
    [PBT__CHECK_REPEATS] = "repeats",
    [PBT__CHECK_LEAKS] = "leaks",
};

/* ---- failures ---- */

/* The check that a failure belongs to. */
static pbt__check_id blame(pbt__probe_id id, const pbt__probed *probed)
{
    static const pbt__check_id FAILS[PBT__PROBE_COUNT] = {
        [PBT__PROBE_SCRATCH] = PBT__CHECK_RUNS, [PBT__PROBE_LOADED] = PBT__CHECK_LOADS,
        [PBT__PROBE_AGAIN] = PBT__CHECK_LOADS,  [PBT__PROBE_OTHER] = PBT__CHECK_RUNS,
        [PBT__PROBE_COPIED] = PBT__CHECK_LOADS, [PBT__PROBE_CHANGED] = PBT__CHECK_HYPERPARAMETERS,
        [PBT__PROBE_SECOND] = PBT__CHECK_RUNS,  [PBT__PROBE_TURNS] = PBT__CHECK_LEAKS,
        [PBT__PROBE_MEMORY] = PBT__CHECK_LEAKS, [PBT__PROBE_WHOLE] = PBT__CHECK_RUNS,
        [PBT__PROBE_LONGER] = PBT__CHECK_RUNS,
    };
    if (probed->failure == PBT_ERR_CHECKPOINT) {
        return PBT__CHECK_SAVES;
    }
    if (probed->failure == PBT_ERR_REPORT) {
        return probed->is_step ? PBT__CHECK_STEPS : PBT__CHECK_RUNS;
    }
    return FAILS[id];
}

static const char *failure_hint(const pbt__trial *trial, const pbt__probed *probed,
                                pbt__check_id id)
{
    if (probed->hint[0] != '\0' && id != PBT__CHECK_STEPS) {
        return probed->hint;
    }
    switch (id) {
    case PBT__CHECK_SAVES:
        return "write the checkpoint to where the segment says, then report";
    case PBT__CHECK_STEPS:
        return trial->steps < trial->spec->search.ready_every
                   ? "train from start_step to end_step; --steps N if it trains in larger groups"
                   : "train from start_step to end_step, and report where it stopped";
    case PBT__CHECK_LOADS:
        return "from scratch it trains: what differs is that there is a checkpoint to load";
    case PBT__CHECK_HYPERPARAMETERS:
        return "with other hyperparameters it trains; are their priors too wide?";
    case PBT__CHECK_LEAKS:
        return "each segment trains alone in its own process; what is left from an earlier one?";
    default:
        return probed->log_says_more ? "fix the trainer; its log says more" : "fix the trainer";
    }
}

static void judge_failure(const pbt__trial *trial, pbt__probe_id id, pbt__check *out)
{
    const pbt__probed *probed = &trial->probed[id];
    const pbt__check_id blamed = blame(id, probed);
    pbt__check_conclude(&out[blamed], PBT__OPINION_NO, "%s", probed->message);
    pbt__check_advise(&out[blamed], failure_hint(trial, probed, blamed));
}

/* ---- one segment ---- */

/* Say whether all that was trained, whichever way, has one score. */
static bool is_constant(const pbt__trial *trial)
{
    const pbt__trained *first = pbt__trial_segment(trial, PBT__PROBE_SCRATCH, 0, 0);
    int count = 0;
    for (int i = 0; i < PBT__PROBE_COUNT * PBT__PROBE_MEMBERS * PBT__PROBE_SEGMENTS; i++) {
        const pbt__trained *trained = pbt__trial_segment(
            trial, (pbt__probe_id)(i / (PBT__PROBE_MEMBERS * PBT__PROBE_SEGMENTS)),
            i / PBT__PROBE_SEGMENTS % PBT__PROBE_MEMBERS, i % PBT__PROBE_SEGMENTS);
        if (trained->is_there && trained->score != first->score) {
            return false;
        }
        count += trained->is_there;
    }
    return count > 1;
}

static void judge_runs(const pbt__trial *trial, pbt__check *check)
{
    char score[PBT__CELL_SIZE];
    const pbt__trained *first = pbt__trial_segment(trial, PBT__PROBE_SCRATCH, 0, 0);
    const pbt__trained *other = pbt__trial_segment(trial, PBT__PROBE_OTHER, 0, 0);
    const pbt__trained *shown = first->is_there && !isfinite(first->score) ? first : other;
    if (!first->is_there) {
        return;
    }
    if (shown->is_there && !isfinite(shown->score)) {
        pbt__format_real(shown->score, score);
        pbt__check_conclude(check, shown == first ? PBT__OPINION_NO : PBT__OPINION_UNSURE,
                            "reports %s %s %s", trial->spec->metric, score,
                            shown == first ? "from scratch" : "with other hyperparameters");
        pbt__check_advise(check, "narrow the priors, or give the first member a good 'start'");
        return;
    }
    pbt__format_real(first->score, score);
    if (is_constant(trial)) {
        pbt__check_conclude(check, PBT__OPINION_UNSURE, "every segment reports %s %s",
                            trial->spec->metric, score);
        pbt__check_advise(
            check, "equal members never copy each other: report a score that tells them apart; "
                   "longer segments may tell: --steps N");
        return;
    }
    pbt__check_conclude(check, PBT__OPINION_OK, "%s %s after %" PRId64 " steps",
                        trial->spec->metric, score, first->step);
}

static void judge_saves(const pbt__trial *trial, pbt__check *check)
{
    char size[PBT__CELL_SIZE];
    const pbt__trained *first = pbt__trial_segment(trial, PBT__PROBE_SCRATCH, 0, 0);
    if (!first->is_there || first->digest[0] == '\0') {
        return;
    }
    if (first->size_bytes == 0) {
        pbt__check_conclude(check, PBT__OPINION_NO, "the checkpoint is empty");
        pbt__check_advise(
            check, "close the file before the report; save all that the next step depends on");
        return;
    }
    pbt__format_bytes(first->size_bytes, size);
    pbt__check_conclude(check, PBT__OPINION_OK, "a checkpoint of %s", size);
}

static void judge_steps(const pbt__trial *trial, pbt__check *check)
{
    const pbt__trained *first = pbt__trial_segment(trial, PBT__PROBE_SCRATCH, 0, 0);
    const pbt__trained *second = pbt__trial_segment(trial, PBT__PROBE_LOADED, 0, 1);
    if (!second->is_there) {
        return;
    }
    pbt__check_conclude(check, PBT__OPINION_OK, "goes on from step %" PRId64 " to %" PRId64 "%s",
                        first->step, second->step,
                        second->step > 2 * trial->steps ? ", in larger groups" : "");
}

static void judge_repeats(const pbt__noise *noise, pbt__check *check)
{
    char amount[PBT__CELL_SIZE];
    if (!noise->is_known) {
        return;
    }
    if (noise->scores_repeat) {
        pbt__check_conclude(
            check, PBT__OPINION_OK, "%s",
            noise->digests_repeat
                ? "the same segment gives the same, to the last bit"
                : "the same segment gives the same score, in a checkpoint of other bytes");
        return;
    }
    pbt__format_real(noise->score, amount);
    pbt__check_conclude(check, PBT__OPINION_UNSURE, "the same segment's scores differ by %s%s",
                        amount, noise->digests_repeat ? ", its checkpoints do not" : "");
    pbt__check_advise(
        check, noise->digests_repeat
                   ? "evaluate on a fixed sample, or report single evaluations as samples"
                   : "seed it by the segment's seed and age; or let objective.window average");
    pbt__check_show(check, noise->pair[0], "once", noise->pair[1], "again");
}

/* ---- all ---- */

void pbt__trial_judge(const pbt__trial *trial, pbt__check *out)
{
    const pbt__noise noise = pbt__trial_noise(trial);
    const pbt__probe_id failed = pbt__trial_failed(trial);
    for (int i = 0; i < PBT__CHECK_COUNT; i++) {
        out[i] = (pbt__check){.name = NAMES[i]};
        pbt__check_conclude(&out[i], PBT__OPINION_UNSURE,
                            failed < PBT__PROBE_COUNT ? "not tried: the trainer failed before"
                                                      : "not tried");
    }
    judge_runs(trial, &out[PBT__CHECK_RUNS]);
    judge_saves(trial, &out[PBT__CHECK_SAVES]);
    pbt__trial_judge_leaks(trial, &out[PBT__CHECK_LEAKS]);
    pbt__trial_judge_loads(trial, &noise, &out[PBT__CHECK_LOADS]);
    judge_steps(trial, &out[PBT__CHECK_STEPS]);
    pbt__trial_judge_hyperparameters(trial, &out[PBT__CHECK_HYPERPARAMETERS]);
    judge_repeats(&noise, &out[PBT__CHECK_REPEATS]);
    if (failed < PBT__PROBE_COUNT) {
        judge_failure(trial, failed, out);
    }
}
