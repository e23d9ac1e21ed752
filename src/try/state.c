/*
 * state.c: what a checkpoint lacks, and what leaks between members in a process.
 *
 * A segment that loads must end as one that never stopped. If not, something is not saved. Lost
 * moments of an optimizer make training worse, unnoticed; a lost random state only makes it
 * different. The two are told apart by the random numbers:
 *
 *     they are pinned in both (a worker in Python; python/src/pbt/_pin.py)
 *         both end alike              it was the random state alone            ?
 *         they still differ           something else is missing                no
 *     they cannot be pinned, and a process carries on
 *         all loads agree, wherever   what is missing is missing in the file   no
 *         they do not                 judged as a leak
 *     a process per segment, and one segment as long as two ends elsewhere
 *         other random numbers change
 *         the result as much          it may be chance                         ?
 *         they do not                 something else is missing                no
 *
 * Bytes alone prove nothing: pickles, dates and dictionaries differ as they like. Those of two
 * segments of different names do anyhow: torch.save writes the file's name into the file.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "try/trial.h"

static const char MORE_STEPS[] = "longer segments may tell: --steps N";
static const char SAVE_ALL[] =
    "save all that the next step depends on: the optimizer's moments (its state_dict), the "
    "schedule, the position in the data";
static const double CHANCE_FACTOR = 3; /* of the most that three draws of chance lie apart */

/* ---- what is compared ---- */

typedef struct comparison {
    const pbt__trained *a, *b;
    pbt__likeness metrics, bytes;
} comparison;

static comparison compare(const pbt__noise *noise, const pbt__trained *a, const pbt__trained *b)
{
    return (comparison){
        .a = a,
        .b = b,
        .metrics = a->step == b->step ? pbt__metrics_compare(noise, a, b) : PBT__NOT_TRAINED,
        .bytes = pbt__trained_compare(noise, a, b),
    };
}

/* The segments that are compared. Where a trainer varies by itself, and does not with random
 * numbers that are pinned, those are looked at. */
typedef struct scene {
    const pbt__trial *trial;
    pbt__noise noise;
    pbt__probe_id loaded, second, turns;
    const pbt__trained *uninterrupted;
    bool is_pinned;
} scene;

static scene view_of(const pbt__trial *trial)
{
    if (!pbt__trial_is_pinned(trial)) {
        return (scene){trial,
                       pbt__trial_noise(trial),
                       PBT__PROBE_LOADED,
                       PBT__PROBE_SECOND,
                       PBT__PROBE_TURNS,
                       pbt__trial_uninterrupted(trial),
                       false};
    }
    return (scene){trial,
                   pbt__trial_pinned_noise(trial),
                   PBT__PROBE_PINNED_LOADED,
                   PBT__PROBE_PINNED_SECOND,
                   PBT__PROBE_PINNED_TURNS,
                   pbt__trial_carries(trial)
                       ? pbt__trial_segment(trial, PBT__PROBE_PINNED_MEMORY, 0, 1)
                       : pbt__trial_uninterrupted(trial),
                   true};
}

static comparison compare_carried(const scene *view)
{
    return compare(&view->noise, pbt__trial_segment(view->trial, view->loaded, 0, 1),
                   view->uninterrupted);
}

static comparison compare_fresh(const scene *view)
{
    return compare(&view->noise, pbt__trial_segment(view->trial, view->second, 1, 0),
                   pbt__trial_segment(view->trial, view->turns, 1, 0));
}

static comparison compare_turns(const scene *view)
{
    return compare(&view->noise, pbt__trial_segment(view->trial, view->loaded, 0, 1),
                   pbt__trial_segment(view->trial, view->turns, 0, 1));
}

bool pbt__trial_may_leak(const pbt__trial *trial)
{
    const scene view = view_of(trial);
    return trial->spec->trainer.protocol != PBT__PROTOCOL_COMMAND && view.noise.scores_repeat &&
           (compare_fresh(&view).metrics == PBT__UNLIKE ||
            compare_turns(&view).metrics == PBT__UNLIKE);
}

bool pbt__trial_is_suspect(const pbt__trial *trial)
{
    const scene view = view_of(trial);
    return compare_carried(&view).metrics == PBT__UNLIKE || pbt__trial_may_leak(trial);
}

/* ---- chance ---- */

/* What was found out about the random numbers of a trainer. */
typedef enum chance { CHANCE_UNKNOWN, CHANCE_EXPLAINS_IT, CHANCE_DOES_NOT } chance;

/* The generators that a probe's client has pinned; "" if none was. */
static const char *pinned(const pbt__trial *trial, pbt__probe_id id)
{
    const char *names = trial->probed[id].pinned;
    return names != NULL ? names : "";
}

/* With pinned random numbers, do the two still differ? */
static chance by_pinning(const scene *view, const pbt__trained *a, const pbt__trained *b)
{
    if (pinned(view->trial, PBT__PROBE_PINNED_MEMORY)[0] == '\0') {
        return CHANCE_UNKNOWN;
    }
    switch (compare(&view->noise, a, b).metrics) {
    case PBT__UNLIKE:
        return CHANCE_DOES_NOT;
    case PBT__LIKE:
    case PBT__WITHIN_NOISE:
        return CHANCE_EXPLAINS_IT;
    case PBT__NOT_TRAINED:
        break;
    }
    return CHANCE_UNKNOWN;
}

/* Do other random numbers change the result about as much? */
static chance by_shifting(const pbt__trial *trial, const comparison *carried)
{
    const pbt__trained *once = pbt__trial_segment(trial, PBT__PROBE_SHIFTED, 0, 1);
    const pbt__trained *twice = pbt__trial_segment(trial, PBT__PROBE_SHIFTED_AGAIN, 0, 1);
    if (!once->is_there || !twice->is_there) {
        return CHANCE_UNKNOWN;
    }
    const double spread =
        fmax(fmax(fabs(once->score - carried->a->score), fabs(twice->score - carried->a->score)),
             fabs(once->score - twice->score));
    const double amount = fabs(carried->a->score - carried->b->score);
    const bool is_chance = spread > 0 && amount <= CHANCE_FACTOR * spread;
    return is_chance ? CHANCE_EXPLAINS_IT : CHANCE_DOES_NOT;
}

/* A leak, where the random numbers cannot be pinned, is looked at first. */
static chance by_loads(const scene *view)
{
    return compare_turns(view).metrics == PBT__LIKE ? CHANCE_DOES_NOT : CHANCE_UNKNOWN;
}

static chance of_carried(const scene *view, const comparison *carried)
{
    const pbt__trial *trial = view->trial;
    if (!pbt__trial_carries(trial)) {
        return by_shifting(trial, carried);
    }
    const chance found = by_pinning(view, pbt__trial_segment(trial, PBT__PROBE_PINNED_LOADED, 0, 1),
                                    pbt__trial_segment(trial, PBT__PROBE_PINNED_MEMORY, 0, 1));
    return found == CHANCE_UNKNOWN ? by_loads(view) : found;
}

/* ---- loads ---- */

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
        pbt__check_conclude(check, starts_differ ? PBT__OPINION_NO : PBT__OPINION_UNSURE,
                            "a segment ends the same from two different checkpoints");
        pbt__check_advise(check, starts_differ ? "load what the segment names: 'load' is ignored"
                                               : MORE_STEPS);
        break;
    case PBT__WITHIN_NOISE:
        pbt__check_conclude(check, PBT__OPINION_UNSURE,
                            "two checkpoints lead no further apart than the same one twice");
        pbt__check_advise(check, MORE_STEPS);
        break;
    case PBT__NOT_TRAINED:
        return false;
    }
    pbt__check_show(check, loaded, "from the one", copied, "from the other");
    return false;
}

/* What it is that a load did not bring back. */
static void judge_lost(const pbt__trial *trial, chance found, pbt__check *check)
{
    const bool carries = pbt__trial_carries(trial);
    const char *whole = carries ? "a segment that loads ends elsewhere than one that never stopped"
                                : "two segments end elsewhere than one that is as long as both";
    switch (found) {
    case CHANCE_DOES_NOT:
        pbt__check_conclude(check, PBT__OPINION_NO, "%s%s", whole,
                            carries && pinned(trial, PBT__PROBE_PINNED_LOADED)[0] != '\0'
                                ? ", also with the same random numbers"
                                : "");
        pbt__check_advise(check, SAVE_ALL);
        return;
    case CHANCE_EXPLAINS_IT:
        pbt__check_conclude(check, PBT__OPINION_UNSURE, "%s; %s", whole,
                            carries ? "with the same random numbers both end alike"
                                    : "other random numbers change as much");
        pbt__check_advise(
            check, carries ? "only a random state is not saved: save it, or draw from the "
                             "segment's seed"
                           : "is only the random state not saved, or the optimizer's moments "
                             "too? chance hides it; longer segments may tell: --steps N");
        return;
    case CHANCE_UNKNOWN:
        pbt__check_conclude(check, PBT__OPINION_UNSURE, "%s", whole);
        pbt__check_advise(check, SAVE_ALL);
        return;
    }
}

/* And whether a segment that loads is one that carries on. */
void pbt__trial_judge_loads(const pbt__trial *trial, const pbt__noise *noise, pbt__check *check)
{
    if (!judge_load(trial, noise, check)) {
        return;
    }
    const bool carries = pbt__trial_carries(trial);
    const scene view = view_of(trial);
    const comparison carried = compare_carried(&view);
    const char *name = carries ? "carried on" : "in one";
    if (carried.metrics == PBT__UNLIKE) {
        judge_lost(trial, of_carried(&view, &carried), check);
        pbt__check_show(check, carried.a, carries ? "loaded" : "in two", carried.b, name);
    } else if (carried.metrics == PBT__LIKE && carried.bytes == PBT__UNLIKE && carries) {
        pbt__check_conclude(check, PBT__OPINION_UNSURE,
                            "only the checkpoint's bytes tell a segment that loads from one that "
                            "never stopped");
        pbt__check_advise(check, "a pickle's or a dictionary's order may differ, or a counter; if "
                                 "weights do, something is not saved");
        pbt__check_show(check, carried.a, "loaded", carried.b, name);
    } else if (carried.metrics == PBT__LIKE) {
        pbt__check_conclude(check, PBT__OPINION_OK, "%s%s",
                            carries ? "a segment that loads goes on as one that never stopped"
                                    : "two segments end as one that is as long as both",
                            view.is_pinned ? ", with the same random numbers" : "");
    } else {
        pbt__check_conclude(check, PBT__OPINION_OK,
                            "where a segment ends depends on what it loads");
    }
}

/* ---- leaks ---- */

static const char *const LEAKS[2][2] = {
    {"a member that begins after another one does not begin from scratch",
     "where a segment is fresh, make weights, optimizer and data order anew"},
    {"a segment trained after another member's differs from the same one alone",
     "optimizer, random state, ...: save what outlives a segment with the weights, or make it "
     "anew"},
};

static comparison compare_leak(const scene *view, bool is_fresh)
{
    return is_fresh ? compare_fresh(view) : compare_turns(view);
}

/* Does the same pair still differ where the random numbers are pinned? */
static chance of_leak(const scene *view, bool is_fresh)
{
    const pbt__probe_id alone = is_fresh ? PBT__PROBE_PINNED_SECOND : PBT__PROBE_PINNED_LOADED;
    const int member = is_fresh ? 1 : 0, number = is_fresh ? 0 : 1;
    return by_pinning(view, pbt__trial_segment(view->trial, alone, member, number),
                      pbt__trial_segment(view->trial, PBT__PROBE_PINNED_TURNS, member, number));
}

/* Of the two kinds of leak, the worse one counts. */
static void judge_leak(const scene *view, pbt__check *check)
{
    const bool is_there[] = {compare_fresh(view).metrics == PBT__UNLIKE,
                             compare_turns(view).metrics == PBT__UNLIKE};
    int shown = is_there[0] ? 0 : 1;
    bool is_chance = true;
    for (int i = 1; i >= 0; i--) {
        if (is_there[i] && of_leak(view, i == 0) != CHANCE_EXPLAINS_IT) {
            is_chance = false;
            shown = i;
        }
    }
    const comparison found = compare_leak(view, shown == 0);
    if (is_chance) {
        pbt__check_conclude(check, PBT__OPINION_UNSURE,
                            "%s; with the same random numbers both end alike", LEAKS[shown][0]);
        pbt__check_advise(check, "draw from the segment's seed and age, or save the random state; "
                                 "else a study does not repeat itself");
    } else {
        pbt__check_conclude(check, PBT__OPINION_NO, "%s", LEAKS[shown][0]);
        pbt__check_advise(check, LEAKS[shown][1]);
    }
    pbt__check_show(check, found.a, "alone", found.b, "after another");
}

/* How much a trainer varies was measured on member 0 only, so for member 1 chance cannot be
 * excluded. */
static void judge_varied_leak(const comparison *found, pbt__check *check)
{
    pbt__check_conclude(check, PBT__OPINION_UNSURE,
                        "a segment trained after another member's "
                        "differs more than two of the same did");
    pbt__check_advise(check, "a trainer that repeats itself would tell: seed it by the segment's "
                             "seed and age");
    pbt__check_show(check, found->a, "alone", found->b, "after another");
}

void pbt__trial_judge_leaks(const pbt__trial *trial, pbt__check *check)
{
    const scene view = view_of(trial);
    const comparison fresh = compare_fresh(&view), turns = compare_turns(&view);
    const bool is_fresh = fresh.metrics == PBT__UNLIKE;
    const comparison *worse = is_fresh ? &fresh : &turns;
    if (trial->spec->trainer.protocol == PBT__PROTOCOL_COMMAND) {
        pbt__check_conclude(check, PBT__OPINION_SKIPPED,
                            "does not apply: each segment has its own process");
    } else if (fresh.metrics == PBT__NOT_TRAINED || turns.metrics == PBT__NOT_TRAINED) {
        return;
    } else if (pbt__trial_may_leak(trial)) {
        judge_leak(&view, check);
    } else if (is_fresh || turns.metrics == PBT__UNLIKE) {
        judge_varied_leak(worse, check);
    } else if (fresh.bytes == PBT__UNLIKE || turns.bytes == PBT__UNLIKE) {
        worse = fresh.bytes == PBT__UNLIKE ? &fresh : &turns;
        pbt__check_conclude(check, PBT__OPINION_UNSURE,
                            "only the checkpoint's bytes tell a segment trained after another "
                            "member's from the same one alone");
        pbt__check_advise(check, "a counter or a date would be no harm; weights would be");
        pbt__check_show(check, worse->a, "alone", worse->b, "after another");
    } else {
        const bool is_exact = fresh.metrics == PBT__LIKE && turns.metrics == PBT__LIKE;
        pbt__check_conclude(check, PBT__OPINION_OK,
                            "members that take turns in a process train as each alone%s",
                            view.is_pinned ? ", with the same random numbers"
                            : is_exact     ? ""
                                           : ", give or take chance");
    }
}
