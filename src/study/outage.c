/* outage.c: whether failures count, and when to try again. */
#include "study/outage.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "study/host.h"
#include "study/inside.h"
#include "study/likeness.h"

enum {
    WAIT_FIRST_US = 500 * 1000, /* doubles with each failure in a row */
    WAIT_MAXIMUM_US = 60 * 1000 * 1000,
    OWN_PATIENCE_US = 10 * 1000 * 1000, /* for what pbt itself lacks */
    OUTLIVED_US = 1000 * 1000,
    DOUBLINGS_MAXIMUM = 16,
    CROWD = 3, /* members that fail by themselves, all at once: fewer */
};

/* Patience with one member, or where most others have succeeded, as a share of all. */
static const double SHORT_SHARE = 0.1;

static int64_t patience_us(const pbt__study *study)
{
    double us = study->view.facts.spec->patience_seconds * 1e6;
    bool is_shorter = study->outage.is_own && us > OWN_PATIENCE_US;
    return is_shorter ? OWN_PATIENCE_US : (int64_t)us;
}

static int64_t wait_us(int32_t before)
{
    int32_t doublings = before < DOUBLINGS_MAXIMUM ? before : DOUBLINGS_MAXIMUM;
    int64_t us = (int64_t)WAIT_FIRST_US << doublings;
    return us < WAIT_MAXIMUM_US ? us : WAIT_MAXIMUM_US;
}

static int32_t member_count(const pbt__study *study)
{
    return study->view.facts.spec->search.population;
}

static bool has_reported(const pbt__study *study)
{
    return pbt__population_tally(study->view.population).reports > 0;
}

/* ---- the pause ---- */

static int32_t count_suspects(const pbt__study *study)
{
    int32_t count = 0;
    for (int32_t m = 0; m < member_count(study); m++) {
        count += study->trials[m].is_suspect ? 1 : 0;
    }
    return count;
}

/* More members have succeeded since it began than have failed, but none of them began later, and no
 * other can be tried. */
static bool most_have_succeeded(const pbt__study *study)
{
    const pbt__outage *outage = &study->outage;
    int32_t suspects = count_suspects(study);
    return suspects > 0 && outage->reports - outage->reports_then > suspects;
}

/* Wait for the next probe, or no longer. */
static void wait_on(pbt__study *study)
{
    pbt__outage *outage = &study->outage;
    int64_t now = study->transaction.now_us;
    int64_t patience = patience_us(study);
    int64_t left = patience - outage->waited_us;
    int64_t wait = wait_us(outage->waits++);
    outage->probe = -1;
    if (left <= 0) {
        outage->is_over = true;
        return;
    }
    if ((double)outage->waited_us >= SHORT_SHARE * (double)patience && most_have_succeeded(study)) {
        outage->is_paused = false;
        outage->is_lifted = true;
        return;
    }
    wait = wait < left ? wait : left;
    outage->waited_us += wait;
    outage->next_us = now + wait;
}

static void pause_for(pbt__study *study, const pbt_error *why, bool is_own, int32_t member)
{
    pbt__outage *outage = &study->outage;
    int64_t now = study->transaction.now_us;
    bool is_new = outage->since_us == 0;
    bool goes_on = outage->is_paused && member != outage->probe && now < outage->next_us;
    if (is_new) {
        outage->since_us = now;
        outage->reports_then = outage->reports;
        outage->waits = 0;
        outage->waited_us = 0;
        outage->is_own = is_own;
    }
    outage->is_own = outage->is_own && is_own;
    study->outage_why = *why;
    if (!goes_on) {
        outage->is_paused = true;
        wait_on(study);
    }
}

static void end_pause(pbt__outage *outage)
{
    outage->since_us = 0;
    outage->is_paused = outage->is_over = outage->is_lifted = false;
    outage->probe = -1;
}

pbt_err pbt__outage_hinder(pbt__study *study, const pbt__claim *claim, const pbt_error *why,
                           bool is_own)
{
    if (PBT__STUDY_TOUCH(study, &study->outage)) {
        return PBT_ERR_MEMORY;
    }
    pause_for(study, why, is_own, claim != NULL ? claim->member : -2);
    return PBT_OK;
}

/* ---- one member alone ---- */

static bool is_withheld(const pbt__study *study, const pbt_segment *open)
{
    const pbt__case *trial = &study->trials[open->id.member];
    return trial->number == open->id.number && trial->withheld > 0;
}

/* Whether anybody else is at work, or may be. */
static bool others_go_on(const pbt__study *study, int32_t member)
{
    pbt_segment newest;
    for (int32_t m = 0; m < member_count(study); m++) {
        bool is_open = m != member && pbt__population_newest(study->view.population, m, &newest) &&
                       newest.state == PBT_SEGMENT_OPEN;
        if (is_open && !is_withheld(study, &newest)) {
            return true;
        }
    }
    return false;
}

pbt_err pbt__outage_withhold(pbt__study *study, int32_t m, const pbt_error *why)
{
    pbt_segment newest;
    pbt__outage *outage = &study->outage;
    pbt__case *trial = &study->trials[m];
    int64_t now = study->transaction.now_us;
    if (PBT__STUDY_TOUCH(study, outage) || PBT__STUDY_TOUCH(study, trial)) {
        return PBT_ERR_MEMORY;
    }
    (void)!pbt__population_newest(study->view.population, m, &newest);
    if (trial->number != newest.id.number) {
        *trial = (pbt__case){.number = newest.id.number, .begun_us = now};
    }
    trial->due_us = now + wait_us(trial->withheld++);
    trial->last_us = now;
    outage->earliest_us = trial->due_us < outage->earliest_us ? trial->due_us : outage->earliest_us;
    outage->withheld = m;
    study->outage_why = *why;
    if (outage->is_paused || !others_go_on(study, m)) {
        pause_for(study, why, false, m);
    }
    return pbt__study_requeue(study, m);
}

/* ---- an attempt ---- */

pbt_err pbt__outage_begin(pbt__study *study, const pbt__claim *claim)
{
    pbt__case *trial = &study->trials[claim->member];
    if (PBT__STUDY_TOUCH(study, trial) || PBT__STUDY_TOUCH(study, &study->outage)) {
        return PBT_ERR_MEMORY;
    }
    if (trial->number != claim->number) {
        trial->number = claim->number;
        trial->failures = 0;
        trial->due_us = 0;
    }
    trial->begun_us = study->transaction.now_us;
    trial->refused = 0;
    trial->withheld = 0;
    study->outage.withheld = study->outage.withheld == claim->member ? -1 : study->outage.withheld;
    if (study->outage.is_paused) {
        study->outage.probe = claim->member;
    }
    return PBT_OK;
}

/* A segment is handed out in the transaction of the failure before it, at the same time.
 * Whoever failed before this attempt began is alone with it. */
static pbt_err acquit(pbt__study *study, int64_t begun_us)
{
    bool is_any_left = false;
    for (int32_t m = 0; study->outage.has_suspects && m < member_count(study); m++) {
        pbt__case *trial = &study->trials[m];
        bool is_later = trial->is_suspect && trial->last_us > begun_us;
        is_any_left = is_any_left || is_later;
        if (!trial->is_suspect || is_later) {
            continue;
        }
        if (PBT__STUDY_TOUCH(study, trial)) {
            return PBT_ERR_MEMORY;
        }
        trial->is_suspect = false;
    }
    study->outage.has_suspects = is_any_left;
    return PBT_OK;
}

pbt_err pbt__outage_report(pbt__study *study, pbt_segment_id id)
{
    pbt__outage *outage = &study->outage;
    pbt__case *trial = &study->trials[id.member];
    bool is_known = trial->number == id.number;
    if (!study->is_patient) {
        return PBT_OK;
    }
    if (PBT__STUDY_TOUCH(study, outage) || PBT__STUDY_TOUCH(study, trial)) {
        return PBT_ERR_MEMORY;
    }
    outage->reports++;
    outage->reported_us = study->transaction.now_us;
    trial->is_suspect = false;
    trial->failures = 0;
    if (is_known) {
        pbt__pace_add(&study->pace, study->transaction.now_us - trial->begun_us);
    }
    if (!is_known || trial->begun_us <= outage->proven_us) {
        return PBT_OK;
    }
    outage->proven_us = trial->begun_us;
    bool is_over = outage->since_us != 0 && trial->begun_us >= outage->since_us;
    if (is_over) {
        end_pause(outage);
    }
    return acquit(study, trial->begun_us);
}

/* ---- a failure ---- */

/* Whether another member failed in the same way, with nothing that worked in between. */
static int32_t find_alike(const pbt__study *study, int32_t member, uint64_t likeness)
{
    for (int32_t m = 0; m < member_count(study); m++) {
        const pbt__case *trial = &study->trials[m];
        if (m != member && trial->is_suspect && trial->likeness == likeness) {
            return m;
        }
    }
    return -1;
}

/* Say whether so many are suspects that it is nobody's own failure, in whatever words: three, or
 * all that were handed out here, and nothing has worked since the first of them. */
static bool is_crowd(const pbt__study *study)
{
    int32_t suspects = 0, known = 0;
    int64_t first_us = INT64_MAX;
    for (int32_t m = 0; m < member_count(study); m++) {
        const pbt__case *trial = &study->trials[m];
        bool is_earlier = trial->is_suspect && trial->last_us < first_us;
        suspects += trial->is_suspect ? 1 : 0;
        known += trial->number >= 0 ? 1 : 0;
        first_us = is_earlier ? trial->last_us : first_us;
    }
    bool is_all = suspects > 1 && suspects == known;
    return (suspects >= CROWD || is_all) && study->outage.reported_us < first_us;
}

static bool is_alone(const pbt__study *study, int32_t member)
{
    for (int32_t m = 0; m < member_count(study); m++) {
        if (m != member && pbt__claim_is_current(study, &study->claims[m])) {
            return false;
        }
    }
    return true;
}

/* For how long one member's last failure is held back, while nobody else fails: longer where others
 * are at work who may yet show that it is not to blame. */
static int64_t hold_us(const pbt__study *study, int32_t member)
{
    bool may_be_shown =
        study->outage.reports == study->trials[member].reports && !is_alone(study, member);
    double us = (double)patience_us(study);
    return (int64_t)(may_be_shown ? us : SHORT_SHARE * us);
}

static void note(pbt__study *study, pbt__case *trial, uint64_t likeness, bool is_certain)
{
    pbt__outage *outage = &study->outage;
    int64_t now = study->transaction.now_us;
    int64_t lived = now - trial->begun_us;
    if (trial->failures == 0) {
        trial->first_us = now;
        trial->reports = outage->reports;
    }
    trial->due_us = now + wait_us(trial->failures);
    trial->failures++;
    trial->last_us = now;
    trial->likeness = likeness;
    trial->is_suspect = outage->has_suspects = true;
    trial->is_certain = is_certain;
    outage->longest_us = lived > outage->longest_us ? lived : outage->longest_us;
    outage->earliest_us = trial->due_us < outage->earliest_us ? trial->due_us : outage->earliest_us;
}

/* `other` has failed alike; -1: there is only company. */
static void say_outage(const pbt__study *study, int32_t one, int32_t other, const char *message,
                       pbt_error *out)
{
    if (other >= 0) {
        (void)pbt__fail(out, PBT_ERR_TRAINER, "m%d and m%d failed alike: %s",
                        (int)(one < other ? one : other), (int)(one < other ? other : one),
                        message);
    } else {
        (void)pbt__fail(out, PBT_ERR_TRAINER, "%d members failed, and nothing works: %s",
                        (int)count_suspects(study), message);
    }
}

/* A failure that is nobody's proof yet. */
static bool suspects(pbt__study *study, const pbt__claim *claim, const char *message)
{
    pbt_error why = {0};
    pbt__outage *outage = &study->outage;
    int32_t m = claim->member;
    const pbt__case *trial = &study->trials[m];
    pbt_segment_id id = {m, claim->number};
    int32_t other = find_alike(study, m, trial->likeness);
    bool is_alike = other >= 0;
    if (outage->is_paused && !is_alike) {
        pause_for(study, &study->outage_why, outage->is_own, m);
        return true;
    }
    if (is_alike || is_crowd(study)) {
        say_outage(study, m, other, message, &why);
        pause_for(study, &why, false, m);
        return !outage->is_lifted;
    }
    bool is_last = pbt__population_gives_up(study->view.population, id, PBT_CAUSE_TRAINER);
    return is_last && study->transaction.now_us - trial->first_us < hold_us(study, m);
}

pbt_err pbt__outage_judge(pbt__study *study, const pbt__claim *claim, pbt_cause cause,
                          const char *message, bool is_certain, bool *counts)
{
    pbt__outage *outage = &study->outage;
    pbt__case *trial = &study->trials[claim->member];
    *counts = true;
    if (PBT__STUDY_TOUCH(study, outage) || PBT__STUDY_TOUCH(study, trial)) {
        return PBT_ERR_MEMORY;
    }
    bool is_shown = trial->failures > 0 && outage->proven_us >= trial->last_us;
    bool was_lifted = outage->is_lifted;
    if (trial->number != claim->number) {
        *trial = (pbt__case){.number = claim->number, .begun_us = study->transaction.now_us};
        is_shown = false;
    }
    bool is_refused = trial->refused != 0;
    note(study, trial, is_refused ? trial->refused : pbt__likeness(message),
         is_certain || is_refused);
    if (cause != PBT_CAUSE_TRAINER || is_shown || was_lifted || !study->is_patient ||
        !has_reported(study) || patience_us(study) == 0) {
        return PBT_OK;
    }
    *counts = !suspects(study, claim, message);
    return PBT_OK;
}

void pbt__outage_refuse(pbt__study *study, pbt_segment_id id, const pbt_error *why)
{
    bool is_certain = why->code == PBT_ERR_REPORT || why->code == PBT_ERR_CHECKPOINT;
    pthread_mutex_lock(&study->view_lock);
    bool is_known = id.member >= 0 && id.member < member_count(study) &&
                    study->trials[id.member].number == id.number;
    if (is_certain && is_known) {
        study->trials[id.member].refused = pbt__likeness(why->message) | 1;
    }
    pthread_mutex_unlock(&study->view_lock);
}

bool pbt__outage_is_certain(const pbt__study *study, int32_t member)
{
    const pbt__case *trial = &study->trials[member];
    if (has_reported(study) || !trial->is_certain || !trial->is_suspect) {
        return false;
    }
    int32_t other = find_alike(study, member, trial->likeness);
    return other >= 0 && study->trials[other].is_certain;
}

/* ---- handing out ---- */

static pbt_err end_delay(pbt__study *study, int32_t m)
{
    pbt__case *trial = &study->trials[m];
    if (PBT__STUDY_TOUCH(study, trial)) {
        return PBT_ERR_MEMORY;
    }
    trial->due_us = 0;
    return pbt__study_requeue(study, m);
}

pbt_err pbt__outage_wake(pbt__study *study)
{
    pbt__outage *outage = &study->outage;
    int64_t now = study->transaction.now_us;
    int64_t earliest = INT64_MAX;
    if (now < outage->earliest_us) {
        return PBT_OK;
    }
    for (int32_t m = 0; m < member_count(study); m++) {
        int64_t due = study->trials[m].due_us;
        bool is_over = due > 0 && due <= now;
        if (is_over && end_delay(study, m) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
        earliest = due > now && due < earliest ? due : earliest;
    }
    if (PBT__STUDY_TOUCH(study, outage)) {
        return PBT_ERR_MEMORY;
    }
    outage->earliest_us = earliest;
    return PBT_OK;
}

/* The member whose attempt failed longest ago; members that never failed come first. So all are
 * tried in turn. */
static int32_t choose_probe(const pbt__study *study)
{
    int32_t chosen = -1;
    pbt_segment newest;
    for (int32_t m = 0; m < member_count(study); m++) {
        bool is_open = pbt__population_newest(study->view.population, m, &newest) &&
                       newest.state == PBT_SEGMENT_OPEN;
        if (!is_open || pbt__claim_is_current(study, &study->claims[m])) {
            continue;
        }
        bool is_earlier = chosen < 0 || study->trials[m].last_us < study->trials[chosen].last_us;
        chosen = is_earlier ? m : chosen;
    }
    return chosen;
}

pbt_err pbt__outage_probe(pbt__study *study, int32_t *out)
{
    pbt__outage *outage = &study->outage;
    int64_t now = study->transaction.now_us;
    *out = -1;
    bool is_out = outage->probe >= 0 && pbt__claim_is_current(study, &study->claims[outage->probe]);
    if (is_out) {
        /* It has lived longer than the failed attempts: that counts as a report until the next
         * failure. */
        bool has_outlived =
            now - study->trials[outage->probe].begun_us > 2 * outage->longest_us + OUTLIVED_US;
        if (has_outlived && PBT__STUDY_TOUCH(study, outage)) {
            return PBT_ERR_MEMORY;
        }
        outage->is_paused = !has_outlived;
        return PBT_OK;
    }
    *out = outage->is_over || now < outage->next_us ? -1 : choose_probe(study);
    return PBT_OK;
}

double pbt__outage_seconds(const pbt__study *study, double most)
{
    const pbt__outage *outage = &study->outage;
    int64_t now = study->transaction.now_us;
    bool has_delay = !outage->is_paused && outage->earliest_us != INT64_MAX;
    int64_t due = outage->is_paused && outage->next_us > now ? outage->next_us : INT64_MAX;
    due = has_delay ? outage->earliest_us : due;
    if (due == INT64_MAX) {
        return most;
    }
    double seconds = due > now ? (double)(due - now) / 1e6 + 0.001 : 0.001;
    return seconds < most ? seconds : most;
}

/* ---- for those outside ---- */

void pbt__study_pause(pbt__study *study, pbt__pause *out)
{
    pthread_mutex_lock(&study->view_lock);
    const pbt__outage *outage = &study->outage;
    *out = (pbt__pause){
        .is_paused = outage->is_paused,
        .is_over = outage->is_over,
        .is_own = outage->is_own,
        .withheld = outage->withheld,
        .next_us = outage->next_us,
        .why = study->outage_why,
    };
    pthread_mutex_unlock(&study->view_lock);
}

json_t *pbt__outage_json(const pbt__study *study)
{
    const pbt__outage *outage = &study->outage;
    const pbt_error *why = &study->outage_why;
    const bool is_tried = outage->next_us <= pbt__clock_now_us();
    if (!outage->is_paused) {
        return json_null();
    }
    return json_pack("{s:s, s:s, s:o}", "message", why->message, "detail", why->detail, "next_at",
                     is_tried ? json_null() : pbt__study_time_json(outage->next_us));
}

double pbt__study_due_seconds(pbt__study *study, double most)
{
    pthread_mutex_lock(&study->view_lock);
    const pbt__outage *outage = &study->outage;
    int64_t due = outage->is_paused ? outage->next_us : outage->earliest_us;
    int64_t now = pbt__clock_now_us();
    pthread_mutex_unlock(&study->view_lock);
    double seconds = due < INT64_MAX && due > now ? (double)(due - now) / 1e6 : most;
    return seconds < most ? seconds : most;
}
