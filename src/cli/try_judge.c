/* try_judge.c: from what was trained to what a user is told: a function for each check. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/format.h"
#include "cli/try.h"

static const char *const NAMES[PBT__CHECK_COUNT] = {
    [PBT__CHECK_RUNS] = "runs",
    [PBT__CHECK_SAVES] = "saves",
    [PBT__CHECK_LOADS] = "loads",
    [PBT__CHECK_STEPS] = "steps",
    [PBT__CHECK_HYPERPARAMETERS] = "hyperparameters",
    [PBT__CHECK_REPEATS] = "repeats",
    [PBT__CHECK_LEAKS] = "leaks",
};

static const char MORE_STEPS[] = "longer segments may tell: --steps N";

__attribute__((format(printf, 3, 4))) static void conclude(pbt__check *check, pbt__opinion opinion,
                                                           const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    check->opinion = opinion;
    (void)vsnprintf(check->found, sizeof check->found, format, arguments);
    va_end(arguments);
    check->hint[0] = '\0';
}

static void advise(pbt__check *check, const char *hint)
{
    (void)snprintf(check->hint, sizeof check->hint, "%s", hint);
}

/* ---- failures ---- */

pbt__probe_id pbt__trial_failed(const pbt__trial *trial)
{
    int id = 0;
    while (id < PBT__PROBE_COUNT && trial->probed[id].failure == PBT_OK) {
        id++;
    }
    return (pbt__probe_id)id;
}

/* The check that a failure belongs to. */
static pbt__check_id blame(pbt__probe_id id, const pbt__probed *probed)
{
    static const pbt__check_id FAILS[PBT__PROBE_COUNT] = {
        [PBT__PROBE_SCRATCH] = PBT__CHECK_RUNS, [PBT__PROBE_LOADED] = PBT__CHECK_LOADS,
        [PBT__PROBE_AGAIN] = PBT__CHECK_LOADS,  [PBT__PROBE_OTHER] = PBT__CHECK_RUNS,
        [PBT__PROBE_COPIED] = PBT__CHECK_LOADS, [PBT__PROBE_CHANGED] = PBT__CHECK_HYPERPARAMETERS,
        [PBT__PROBE_SECOND] = PBT__CHECK_RUNS,  [PBT__PROBE_TURNS] = PBT__CHECK_LEAKS,
        [PBT__PROBE_MEMORY] = PBT__CHECK_LEAKS, [PBT__PROBE_LONGER] = PBT__CHECK_RUNS,
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
                   ? "train from start_step to end_step; --steps N where it trains in larger bites"
                   : "train from start_step to end_step, and report where it stopped";
    case PBT__CHECK_LOADS:
        return "from scratch it trains: what differs is that there is a checkpoint to load";
    case PBT__CHECK_HYPERPARAMETERS:
        return "with other hyperparameters it trains; are their priors too wide?";
    case PBT__CHECK_LEAKS:
        return "in a process of its own each segment trains; what is left over from one before?";
    default:
        return probed->log_says_more ? "mend the trainer; its log says more" : "mend the trainer";
    }
}

static void judge_failure(const pbt__trial *trial, pbt__probe_id id, pbt__check *out)
{
    const pbt__probed *probed = &trial->probed[id];
    const pbt__check_id blamed = blame(id, probed);
    conclude(&out[blamed], PBT__OPINION_NO, "%s", probed->message);
    advise(&out[blamed], failure_hint(trial, probed, blamed));
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
        conclude(check, shown == first ? PBT__OPINION_NO : PBT__OPINION_UNSURE, "reports %s %s %s",
                 trial->spec->metric, score,
                 shown == first ? "from scratch" : "with other hyperparameters");
        advise(check, "narrow the priors, or give the first member a good 'start'");
        return;
    }
    pbt__format_real(first->score, score);
    if (is_constant(trial)) {
        conclude(check, PBT__OPINION_UNSURE, "every segment reports %s %s", trial->spec->metric,
                 score);
        advise(check, "equal members never copy each other: report a score that tells them apart; "
                      "longer segments may tell: --steps N");
        return;
    }
    conclude(check, PBT__OPINION_OK, "%s %s after %" PRId64 " steps", trial->spec->metric, score,
             first->step);
}

static void judge_saves(const pbt__trial *trial, pbt__check *check)
{
    char size[PBT__CELL_SIZE];
    const pbt__trained *first = pbt__trial_segment(trial, PBT__PROBE_SCRATCH, 0, 0);
    if (!first->is_there || first->digest[0] == '\0') {
        return;
    }
    if (first->size_bytes == 0) {
        conclude(check, PBT__OPINION_NO, "the checkpoint is empty");
        advise(check, "close the file before the report; save all that the next step depends on");
        return;
    }
    pbt__bytes_write(first->size_bytes, size);
    conclude(check, PBT__OPINION_OK, "a checkpoint of %s", size);
}

static void judge_steps(const pbt__trial *trial, pbt__check *check)
{
    const pbt__trained *first = pbt__trial_segment(trial, PBT__PROBE_SCRATCH, 0, 0);
    const pbt__trained *second = pbt__trial_segment(trial, PBT__PROBE_LOADED, 0, 1);
    if (!second->is_there) {
        return;
    }
    conclude(check, PBT__OPINION_OK, "goes on from step %" PRId64 " to %" PRId64 "%s", first->step,
             second->step, second->step > 2 * trial->steps ? ", in larger bites" : "");
}

static void judge_repeats(const pbt__noise *noise, pbt__check *check)
{
    char amount[PBT__CELL_SIZE];
    if (!noise->is_known) {
        return;
    }
    if (noise->scores_repeat) {
        conclude(check, PBT__OPINION_OK, "%s",
                 noise->digests_repeat ? "the same segment gives the same, to the last bit"
                                       : "the same segment gives the same score");
        return;
    }
    pbt__format_real(noise->score, amount);
    conclude(check, PBT__OPINION_UNSURE, "the same segment's scores differ by %s%s", amount,
             noise->digests_repeat ? ", its checkpoints do not" : "");
    advise(check, noise->digests_repeat
                      ? "evaluate on a fixed sample, or report single evaluations as samples"
                      : "seed it by the segment's seed and age; or let objective.window average");
}

/* ---- two that are compared ---- */

/* Say whether it loads at all: from another checkpoint the same segment must end elsewhere. */
static bool judge_load(const pbt__trial *trial, const pbt__noise *noise, pbt__check *check)
{
    const pbt__trained *loaded = pbt__trial_segment(trial, PBT__PROBE_LOADED, 0, 1);
    const pbt__trained *copied = pbt__trial_segment(trial, PBT__PROBE_COPIED, 0, 1);
    const bool starts_differ =
        pbt__scores_compare(noise, pbt__trial_segment(trial, PBT__PROBE_SCRATCH, 0, 0),
                            pbt__trial_segment(trial, PBT__PROBE_OTHER, 0, 0)) == PBT__UNLIKE;
    switch (pbt__trained_compare(noise, loaded, copied)) {
    case PBT__UNLIKE:
        return true;
    case PBT__LIKE:
        conclude(check, starts_differ ? PBT__OPINION_NO : PBT__OPINION_UNSURE,
                 "a segment ends the same from two different checkpoints");
        advise(check,
               starts_differ ? "load what the segment names: 'load' is ignored" : MORE_STEPS);
        return false;
    case PBT__WITHIN_NOISE:
        conclude(check, PBT__OPINION_UNSURE,
                 "two checkpoints lead no further apart than the same one twice");
        advise(check, MORE_STEPS);
        return false;
    case PBT__NOT_TRAINED:
        break;
    }
    return false;
}

/* And whether a segment that loads is one that carries on. */
static void judge_loads(const pbt__trial *trial, const pbt__noise *noise, bool leaks,
                        pbt__check *check)
{
    char scores[2][PBT__CELL_SIZE];
    const pbt__trained *loaded = pbt__trial_segment(trial, PBT__PROBE_LOADED, 0, 1);
    const pbt__trained *carried = pbt__trial_segment(trial, PBT__PROBE_MEMORY, 0, 1);
    if (!judge_load(trial, noise, check)) {
        return;
    }
    const pbt__likeness likeness = pbt__trained_compare(noise, loaded, carried);
    const bool was_carried = trial->spec->trainer.protocol != PBT__PROTOCOL_COMMAND &&
                             !trial->spec->trainer.reload_always;
    conclude(check, PBT__OPINION_OK, "%s",
             likeness == PBT__LIKE && was_carried
                 ? "a segment that loads goes on as one that never stopped"
                 : "where a segment ends depends on what it loads");
    if (likeness == PBT__UNLIKE && !leaks) {
        pbt__format_real(loaded->score, scores[0]);
        pbt__format_real(carried->score, scores[1]);
        conclude(check, PBT__OPINION_UNSURE,
                 "loading is not as if it had never stopped: %s %s, carried on %s",
                 trial->spec->metric, scores[0], scores[1]);
        advise(check, "does the checkpoint hold all that the next step depends on: the optimizer's "
                      "moments, the position in the data, random states?");
    }
}

static void judge_change(const pbt__trial *trial, const pbt__noise *noise, pbt__check *check)
{
    const pbt__likeness from_scratch =
        pbt__trained_compare(noise, pbt__trial_segment(trial, PBT__PROBE_SCRATCH, 0, 0),
                             pbt__trial_segment(trial, PBT__PROBE_OTHER, 0, 0));
    switch (pbt__trained_compare(noise, pbt__trial_segment(trial, PBT__PROBE_LOADED, 0, 1),
                                 pbt__trial_segment(trial, PBT__PROBE_CHANGED, 0, 1))) {
    case PBT__UNLIKE:
        conclude(check, PBT__OPINION_OK, "after a load, other values lead elsewhere");
        return;
    case PBT__LIKE:
        if (from_scratch == PBT__UNLIKE) {
            conclude(check, PBT__OPINION_NO,
                     "other values matter from scratch, and change nothing after a load");
            advise(check, "apply them after loading: the checkpoint brings its own");
            return;
        }
        conclude(check, PBT__OPINION_UNSURE, "other values changed nothing");
        advise(check, "do they reach the training? longer segments may tell: --steps N");
        return;
    case PBT__WITHIN_NOISE:
        conclude(check, PBT__OPINION_UNSURE, "other values change no more than chance does");
        advise(check,
               "report them as metrics of the same names, or try longer segments: --steps N");
        return;
    case PBT__NOT_TRAINED:
        return;
    }
}

static void judge_hyperparameters(const pbt__trial *trial, const pbt__noise *noise,
                                  pbt__check *check)
{
    char words[256];
    pbt__text names = pbt__text_init(256);
    const bool is_right = pbt__trial_echoes(trial, &names, words, sizeof words);
    if (!is_right) {
        conclude(check, PBT__OPINION_NO, "%s", words);
        advise(check, "apply them after loading, never before: the checkpoint brings its own");
    } else if (!trial->is_varied) {
        conclude(check, PBT__OPINION_OK, "none of them ever changes");
    } else {
        judge_change(trial, noise, check);
    }
    if (is_right && names.length > 0 && check->opinion != PBT__OPINION_NO) {
        conclude(check, PBT__OPINION_OK, "what it says of %s is what it was given",
                 pbt__text_string(&names));
    }
    pbt__text_fini(&names);
}

/* Returns whether it does leak. How much a trainer varies was seen of member 0's segments, started
 * alike: it says nothing of member 1's, so there chance cannot be ruled out. */
static bool judge_leaks(const pbt__trial *trial, const pbt__noise *noise, pbt__check *check)
{
    const pbt__likeness fresh =
        pbt__trained_compare(noise, pbt__trial_segment(trial, PBT__PROBE_SECOND, 1, 0),
                             pbt__trial_segment(trial, PBT__PROBE_TURNS, 1, 0));
    const pbt__likeness loaded =
        pbt__trained_compare(noise, pbt__trial_segment(trial, PBT__PROBE_LOADED, 0, 1),
                             pbt__trial_segment(trial, PBT__PROBE_TURNS, 0, 1));
    if (fresh == PBT__NOT_TRAINED || loaded == PBT__NOT_TRAINED) {
        return false;
    }
    const bool is_different = fresh == PBT__UNLIKE || loaded == PBT__UNLIKE;
    if (fresh == PBT__UNLIKE && noise->scores_repeat) {
        conclude(check, PBT__OPINION_NO,
                 "a member that begins after another one does not begin from scratch");
        advise(check, "where a segment is fresh, make weights, optimizer and data order anew");
        return true;
    }
    if (loaded == PBT__UNLIKE && noise->scores_repeat) {
        conclude(check, PBT__OPINION_NO,
                 "a segment trained after another member's differs from the same one alone");
        advise(check,
               "optimizer, random state, ...: save what outlives a segment with the weights, or "
               "make it anew");
        return true;
    }
    if (is_different) {
        conclude(check, PBT__OPINION_UNSURE,
                 "a segment trained after another member's differs more than two of the same did");
        advise(check, "a trainer that repeats itself would tell: seed it by the segment's seed and "
                      "age");
        return false;
    }
    const bool is_exact = fresh == PBT__LIKE && loaded == PBT__LIKE;
    conclude(check, PBT__OPINION_OK, "members that take turns in a process train as each alone%s",
             is_exact ? "" : ", give or take chance");
    return false;
}

/* ---- all ---- */

void pbt__trial_judge(const pbt__trial *trial, pbt__check *out)
{
    const pbt__noise noise = pbt__trial_noise(trial);
    const pbt__probe_id failed = pbt__trial_failed(trial);
    for (int i = 0; i < PBT__CHECK_COUNT; i++) {
        out[i] = (pbt__check){.name = NAMES[i]};
        conclude(&out[i], PBT__OPINION_UNSURE, "not found out");
    }
    judge_runs(trial, &out[PBT__CHECK_RUNS]);
    judge_saves(trial, &out[PBT__CHECK_SAVES]);
    const bool leaks = judge_leaks(trial, &noise, &out[PBT__CHECK_LEAKS]);
    judge_loads(trial, &noise, leaks, &out[PBT__CHECK_LOADS]);
    judge_steps(trial, &out[PBT__CHECK_STEPS]);
    judge_hyperparameters(trial, &noise, &out[PBT__CHECK_HYPERPARAMETERS]);
    judge_repeats(&noise, &out[PBT__CHECK_REPEATS]);
    if (failed < PBT__PROBE_COUNT) {
        judge_failure(trial, failed, out);
    }
}
