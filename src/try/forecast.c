/*
 * forecast.c: what the whole study will take.
 *
 * A segment takes a fixed time (loading, evaluating, saving) and a time for each step. The second
 * segments of two processes that live on, of different lengths, tell both. A program that is
 * started for each segment pays its start each time, one that lives on once a slot. The start is
 * what was seen to pass until a worker asked for its first segment, or until a command opened the
 * checkpoint that it was to load: evaluating and saving are not in it, for a worker does them too.
 */
#include <math.h>
#include <stdio.h>

#include "core/rule.h"
#include "render/format.h"
#include "spec/plan.h"
#include "try/trial.h"

static int64_t largest(const pbt__trial *trial)
{
    int64_t bytes = 0;
    for (int id = 0; id < PBT__PROBE_COUNT; id++) {
        for (int i = 0; i < PBT__PROBE_MEMBERS * PBT__PROBE_SEGMENTS; i++) {
            const pbt__trained *trained = pbt__trial_segment(
                trial, (pbt__probe_id)id, i / PBT__PROBE_SEGMENTS, i % PBT__PROBE_SEGMENTS);
            bytes = trained->size_bytes > bytes ? trained->size_bytes : bytes;
        }
    }
    return bytes;
}

/* What is kept at a time: every member's, the best ones, those that copiers start from, and one
 * that each slot is writing. */
static int64_t kept_count(const pbt__trial *trial, const pbt__plan *plan)
{
    const pbt_search *search = &trial->spec->search;
    const int64_t copied = plan->k > 0 ? plan->k : search->population / 2;
    const bool may_copy = pbt__exploit_row_of(search)->judge != NULL;
    return search->population + trial->spec->keep_best + (may_copy ? copied : 0) +
           trial->slot_count;
}

static bool is_command(const pbt__trial *trial)
{
    return trial->spec->trainer.protocol == PBT__PROTOCOL_COMMAND;
}

/* Where a segment is one that followed another: what it took tells what the study's will. A command
 * is started for each, so that any that loads will do. */
static const pbt__trained *following(const pbt__trial *trial)
{
    return is_command(trial) ? pbt__trial_segment(trial, PBT__PROBE_AGAIN, 0, 1)
                             : pbt__trial_segment(trial, PBT__PROBE_MEMORY, 0, 1);
}

/* Seconds of one of the study's segments. */
static double segment_seconds(const pbt__trial *trial, double here)
{
    const pbt__trained *longer = pbt__trial_segment(trial, PBT__PROBE_LONGER, 0, 1);
    const int64_t more = trial->spec->search.ready_every - trial->steps;
    if (!longer->is_there || trial->longer_steps <= trial->steps) {
        return here;
    }
    const double slope = (longer->seconds - here) / (double)(trial->longer_steps - trial->steps);
    return here + fmax(slope, 0) * (double)more;
}

/* How long the program takes until it is there; below 0 if that was never seen. Of a command, in
 * the very segment whose time is told; of a worker, the least that was seen: other processes only
 * make it longer. */
static double start_seconds(const pbt__trial *trial)
{
    if (is_command(trial)) {
        return trial->probed[PBT__PROBE_AGAIN].start_seconds;
    }
    double least = -1;
    for (int id = 0; id < PBT__PROBE_PINNED_MEMORY; id++) {
        const pbt__probed *probed = &trial->probed[id];
        const bool is_seen = probed->json != NULL && probed->start_seconds >= 0;
        if (is_seen && (least < 0 || probed->start_seconds < least)) {
            least = probed->start_seconds;
        }
    }
    return least;
}

/* The first segment of a process beyond what another one takes, if nothing better is known. */
static double first_seconds(const pbt__trial *trial, double following_seconds)
{
    const pbt__trained *first = pbt__trial_segment(trial, PBT__PROBE_MEMORY, 0, 0);
    return fmax(first->seconds - following_seconds, 0);
}

bool pbt__trial_forecast(const pbt__trial *trial, pbt__forecast *out)
{
    const pbt__trained *segment = following(trial);
    const pbt__plan plan = pbt__plan_of(&trial->spec->search);
    if (!segment->is_there) {
        return false;
    }
    const double start = start_seconds(trial);
    const double each = segment_seconds(trial, segment->seconds);
    const double limit = trial->spec->stop_seconds;
    double rounds = ceil((double)plan.segments_total / trial->slot_count);
    if (trial->spec->is_open_ended) {
        rounds = each > 0 ? fmin(floor(limit / each), rounds) : rounds;
    }
    *out = (pbt__forecast){
        .seconds = (is_command(trial) ? 0 : first_seconds(trial, segment->seconds)) + rounds * each,
        .segment_seconds = each,
        .start_seconds = is_command(trial) ? fmin(start, each) : start,
        .worker_seconds = -1,
        .segments =
            trial->spec->is_open_ended ? (int64_t)rounds * trial->slot_count : plan.segments_total,
        .checkpoint_bytes = largest(trial),
    };
    if (is_command(trial) && start >= 0) {
        out->worker_seconds = out->start_seconds + rounds * (each - out->start_seconds);
    }
    out->disk_bytes = out->checkpoint_bytes * kept_count(trial, &plan);
    return true;
}
