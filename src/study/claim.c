/* claim.c: who trains what next. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "study/checkpoint_tree.h"
#include "study/inside.h"
#include "study/json.h"

static const double WAIT_SECONDS = 1.0; /* what other processes did is found by looking */

/* ---- who may speak ---- */

static pbt_err fail_unclaimed(const char *name, int32_t attempt, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_STATE, "nobody has claimed attempt %d of '%s'", (int)attempt,
                    name);
    pbt__error_hint(error, "claim a segment first");
    return PBT_ERR_STATE;
}

pbt_err pbt__study_admit(pbt__study *study, pbt_segment_id id, int32_t attempt, bool *is_over,
                         pbt_error *error)
{
    pbt_segment segment;
    char name[PBT__ID_SIZE];
    pbt__id_write(id, name);
    if (id.member < 0 || id.number < 0 ||
        !pbt_population_segment(study->view.population, id, &segment)) {
        return pbt__fail(error, PBT_ERR_NOT_FOUND, "study '%s' has no segment '%s'",
                         study->row.name, name);
    }
    const pbt__claim *claim = &study->claims[id.member];
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, id);
    if (entry == NULL) {
        return pbt__fail_memory(error);
    }
    const bool is_open = segment.state == PBT_SEGMENT_OPEN;
    const bool is_claimed = claim->number == id.number;
    if (is_open && is_claimed && claim->attempt == attempt) {
        *is_over = false;
        return PBT_OK;
    }
    if (is_open && (!is_claimed || claim->attempt < attempt)) {
        return fail_unclaimed(name, attempt, error);
    }
    if (segment.state == PBT_SEGMENT_REPORTED && entry->attempt == attempt) {
        *is_over = true;
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_LATE, "attempt %d of '%s' is not the newest", (int)attempt,
                    name);
    pbt__error_hint(error, "drop this result; claim again");
    return PBT_ERR_LATE;
}

/* ---- what to load ---- */

static pbt_err load_progress(pbt__study *study, const pbt__ledger_entry *entry,
                             pbt__assignment *out, pbt_error *error)
{
    pbt_segment_id id = out->segment.id;
    pbt_err err =
        pbt__vault_check(study->vault, id, entry->progress_attempt, &entry->progress, error);
    if (err == PBT_OK) {
        err = pbt__vault_path(study->vault, id, entry->progress_attempt, out->load, error);
    }
    if (err == PBT_OK) {
        out->load_kind = entry->progress.kind;
        out->load_bytes = entry->progress.size_bytes;
        out->load_from = id;
        out->resume_step = entry->progress_step;
    }
    return err;
}

/* A start checkpoint is the user's: it may hold links, and is then not measured. */
static void measure_start(pbt__assignment *out)
{
    char path[PBT__PATH_SIZE];
    pbt__checkpoint found;
    char *resolved = realpath(out->load, NULL);
    const bool is_measured = resolved != NULL &&
                             pbt__path_join("", resolved, path, NULL) == PBT_OK &&
                             pbt__tree_describe(path, 0, &found, NULL) == PBT_OK;
    free(resolved);
    out->load_bytes = is_measured ? found.size_bytes : -1;
    out->load_modified_ns = is_measured ? found.modified_ns : -1;
}

static pbt_err load_start(pbt__study *study, pbt__assignment *out, pbt_error *error)
{
    const pbt_spec *spec = study->view.facts.spec;
    int32_t m = out->segment.id.member;
    const char *start = m < spec->search.start_count ? spec->search.starts[m].checkpoint : NULL;
    struct stat status;
    if (start == NULL) {
        out->is_fresh = true;
        return PBT_OK;
    }
    pbt_err err = pbt__path_join(spec->folder, start, out->load, error);
    if (err == PBT_OK && stat(out->load, &status) != 0) {
        err = pbt__fail_errno(error, "cannot find the start checkpoint '%s'", out->load);
    }
    if (err == PBT_OK && faccessat(AT_FDCWD, out->load, R_OK, AT_EACCESS) != 0) {
        err = pbt__fail_errno(error, "cannot read the start checkpoint '%s'", out->load);
    }
    if (err == PBT_OK) {
        out->load_kind = S_ISDIR(status.st_mode) ? PBT__CHECKPOINT_FOLDER : PBT__CHECKPOINT_FILE;
        measure_start(out);
    }
    return err;
}

static pbt_err load_parent(pbt__study *study, pbt__assignment *out, pbt_error *error)
{
    pbt_segment_id parent = out->segment.parent;
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, parent);
    if (entry == NULL) {
        return pbt__fail_memory(error);
    }
    out->load_kind = entry->checkpoint.kind;
    out->load_bytes = entry->checkpoint.size_bytes;
    out->load_from = parent;
    if (out->load_kind == PBT__CHECKPOINT_INLINE) {
        return PBT_OK;
    }
    pbt_err err = pbt__vault_check(study->vault, parent, 0, &entry->checkpoint, error);
    return err == PBT_OK ? pbt__vault_path(study->vault, parent, 0, out->load, error) : err;
}

pbt_err pbt__study_fill_load(pbt__study *study, pbt__assignment *out, pbt_error *error)
{
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, out->segment.id);
    if (entry == NULL) {
        return pbt__fail_memory(error);
    }
    out->resume_step = out->segment.start_step;
    const pbt_spec *spec = study->view.facts.spec;
    out->stop_step = spec->is_open_ended ? 0 : spec->search.stop_steps;
    out->load_from = PBT_NO_SEGMENT;
    out->load_bytes = out->load_modified_ns = -1;
    out->reload_always = study->view.facts.spec->trainer.reload_always;
    /* Progress that is gone or torn only costs its steps: the segment starts where it started. What
     * cannot be read is waited for. */
    pbt_err err =
        entry->progress_attempt > 0 ? load_progress(study, entry, out, error) : PBT_ERR_NOT_FOUND;
    if (err == PBT_OK || (err == PBT_ERR_IO && study->is_patient)) {
        return err;
    }
    return out->segment.parent.member < 0 ? load_start(study, out, error)
                                          : load_parent(study, out, error);
}

/* ---- handing out ---- */

/* Work that comes late counts only until somebody begins it anew. */
static pbt_err forget_lost(pbt__study *study, const pbt__claim *claim, pbt_error *error)
{
    pbt_segment_id id = {claim->member, claim->number};
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, id);
    int32_t before = claim->attempt - 1;
    bool is_of_use = before < 1 || entry->progress_attempt == before;
    if (!is_of_use && pbt__study_remove_later(study, id, before) != PBT_OK) {
        return pbt__fail_memory(error);
    }
    return PBT_OK;
}

static pbt_err assign_member(pbt__study *study, const pbt__claimant *who, int32_t m,
                             pbt__action *out, pbt_error *error)
{
    const pbt_spec *spec = study->view.facts.spec;
    const pbt__claim *before = &study->claims[m];
    pbt__assignment *train = &out->train;
    pbt__action_init(out, PBT__TRAIN);
    (void)!pbt__population_newest(study->view.population, m, &train->segment);
    int32_t number = train->segment.id.number;
    int64_t now = study->transaction.now_us;
    pbt__claim claim = {
        .member = m,
        .number = number,
        .attempt = before->number == number ? before->attempt + 1 : 1,
        .lease_until_us = now + (int64_t)(spec->lease_seconds * 1e6),
        .step = train->segment.start_step,
        .step_changed_us = now,
    };
    pbt__copy(who->worker, claim.worker, sizeof claim.worker);
    pbt__copy(who->session, claim.session, sizeof claim.session);
    train->attempt = claim.attempt;
    train->lease_seconds = pbt__spec_silence_seconds(spec);
    pbt_err err = pbt__study_fill_load(study, train, error);
    if (err == PBT_OK) {
        err = pbt__vault_aside_new(study->vault, train->segment.id, claim.attempt, train->save_to,
                                   error);
    }
    if (err == PBT_OK) {
        claim.step = train->resume_step;
        err = pbt__study_put_claim(study, &claim, error);
    }
    if (err == PBT_OK) {
        err = forget_lost(study, &claim, error);
    }
    if (err == PBT_OK && pbt__outage_begin(study, &claim) != PBT_OK) {
        err = pbt__fail_memory(error);
    }
    return err;
}

static void assign_nothing(pbt__study *study, pbt__action *out)
{
    const pbt__facts *facts = &study->view.facts;
    pbt__action_init(out, PBT__WAIT);
    out->wait_seconds = pbt__outage_seconds(study, WAIT_SECONDS);
    if (pbt__view_is_over(&study->view)) {
        out->verb = PBT__STOP;
        out->reason = facts->stop != PBT__STOP_NONE ? facts->stop : PBT__STOP_FINISHED;
    }
    out->seen = pbt__study_changes(study);
}

pbt__claimant pbt__study_asker(const pbt__study *study, const pbt__claimant *who, pbt_segment_id id,
                               int32_t attempt, pbt__claim *memory)
{
    if (who->worker[0] != '\0') {
        return *who;
    }
    *memory = study->claims[id.member];
    bool is_held = memory->number == id.number && memory->attempt == attempt;
    return is_held ? (pbt__claimant){.worker = memory->worker, .session = memory->session} : *who;
}

static int32_t choose_member(const pbt__study *study, int32_t kept)
{
    int32_t furthest = pbt__ranking_at(&study->waiting, 0);
    bool starves_nobody = kept >= 0 && study->waiting_ranks[kept] >= study->waiting_ranks[furthest];
    return starves_nobody ? kept : furthest;
}

/* Before anybody has reported, one who failed waits for those who are at their first attempt: if
 * they fail too the script is broken, and is to cost one attempt each. O(N), but only then. */
static bool is_perhaps_broken(const pbt__study *study, int32_t m)
{
    const pbt_population *population = study->view.population;
    if (pbt__population_tally(population).reports > 0 ||
        pbt__population_broken_attempts(population, m) == 0) {
        return false;
    }
    for (int32_t other = 0; other < study->view.facts.spec->search.population; other++) {
        if (pbt__claim_is_current(study, &study->claims[other]) &&
            pbt__population_broken_attempts(population, other) == 0) {
            return true;
        }
    }
    return false;
}

/* A segment whose start cannot be loaded any more is given up: its member is rescued, the others go
 * on. Rescues in a row are bounded, so this ends. */
static pbt_err fail_unloadable(pbt__study *study, const pbt__claimant *who, int32_t m,
                               const char *message, pbt_error *error)
{
    pbt_segment newest;
    pbt__claim claim = study->claims[m];
    (void)!pbt__population_newest(study->view.population, m, &newest);
    claim.attempt = claim.number == newest.id.number ? claim.attempt + 1 : 1;
    claim.number = newest.id.number;
    snprintf(claim.worker, sizeof claim.worker, "%s", who->worker);
    return pbt__study_log_failure(study, &claim, PBT_CAUSE_UNLOADABLE, message, error);
}

/* Whom to hand out now; -1: nobody. */
static pbt_err choose(pbt__study *study, int32_t kept, int32_t *out)
{
    *out = -1;
    if (pbt__outage_wake(study) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    if (study->outage.is_paused) {
        return pbt__outage_probe(study, out);
    }
    if (pbt__ranking_count(&study->waiting) > 0) {
        int32_t m = choose_member(study, kept);
        *out = is_perhaps_broken(study, m) ? -1 : m;
    }
    return PBT_OK;
}

/* Say whether what a segment starts from cannot be read for a reason that is no checkpoint's own:
 * the folder of all of them is gone, or the disk fails. */
static bool is_out_of_reach(const pbt__study *study, pbt_err err)
{
    bool is_gone = err == PBT_ERR_CHECKPOINT && pbt__vault_reach(study->vault, NULL) != PBT_OK;
    return study->is_patient && (is_gone || err == PBT_ERR_IO || err == PBT_ERR_RESOURCE);
}

pbt_err pbt__study_read_start(pbt__study *study, int32_t m, pbt_error *error)
{
    pbt__assignment probe = {.load_kind = PBT__CHECKPOINT_NONE};
    (void)!pbt__population_newest(study->view.population, m, &probe.segment);
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, probe.segment.id);
    const bool is_own =
        probe.segment.parent.member >= 0 || (entry != NULL && entry->progress_attempt > 0);
    return is_own ? pbt__study_fill_load(study, &probe, error) : PBT_OK;
}

/* `*is_next`: this member's start cannot be read, and the next one is to be handed out. */
static pbt_err assign_chosen(pbt__study *study, const pbt__claimant *who, int32_t m,
                             pbt__action *out, bool *is_next, pbt_error *error)
{
    pbt_error why = {0};
    pbt_err err = assign_member(study, who, m, out, &why);
    if (err == PBT_ERR_IO && study->is_patient && pbt__vault_reach(study->vault, NULL) == PBT_OK &&
        pbt__study_read_start(study, m, NULL) == PBT_ERR_IO) {
        *is_next = true;
        return pbt__outage_withhold(study, m, &why) == PBT_OK ? PBT_OK : pbt__fail_memory(error);
    }
    if (is_out_of_reach(study, err)) {
        bool is_own = err == PBT_ERR_RESOURCE;
        err = pbt__outage_hinder(study, NULL, &why, is_own);
        assign_nothing(study, out);
        return err == PBT_OK ? PBT_OK : pbt__fail_memory(error);
    }
    if (err == PBT_ERR_CHECKPOINT) {
        *is_next = true;
        return fail_unloadable(study, who, m, why.message, error);
    }
    if (err != PBT_OK && error != NULL) {
        *error = why;
    }
    return err;
}

pbt_err pbt__study_assign(pbt__study *study, const pbt__claimant *who, int32_t kept,
                          pbt__action *out, pbt_error *error)
{
    const bool is_nobody = who->worker[0] == '\0';
    for (bool is_next = true; is_next; kept = -1) {
        int32_t m = -1;
        is_next = false;
        if (!is_nobody && !pbt__view_is_over(&study->view) && choose(study, kept, &m) != PBT_OK) {
            return pbt__fail_memory(error);
        }
        const pbt_err err = m >= 0 ? assign_chosen(study, who, m, out, &is_next, error) : PBT_OK;
        if (err != PBT_OK || (m >= 0 && !is_next)) {
            return err;
        }
    }
    assign_nothing(study, out);
    out->wait_seconds = is_nobody ? 0 : out->wait_seconds; /* a claim says who asks */
    return PBT_OK;
}

/* What this worker holds: its own session's segment is handed out again, another session's has
 * ended. */
static pbt_err settle(pbt__study *study, const pbt__claimant *who, int32_t *own, pbt_error *error)
{
    *own = -1;
    for (int32_t m = 0; m < study->view.facts.spec->search.population; m++) {
        pbt__claim claim = study->claims[m];
        if (!pbt__claim_is_current(study, &claim) || strcmp(claim.worker, who->worker) != 0) {
            continue;
        }
        if (strcmp(claim.session, who->session) == 0) {
            *own = m;
            continue;
        }
        pbt_err err = pbt__study_log_failure(study, &claim, PBT_CAUSE_LOST,
                                             "the worker began a new session", error);
        if (err != PBT_OK) {
            return err;
        }
    }
    return PBT_OK;
}

/* The same attempt once more: a claim whose answer was lost on the way. */
static pbt_err assign_again(pbt__study *study, int32_t m, pbt__action *out, pbt_error *error)
{
    pbt__assignment *train = &out->train;
    pbt__action_init(out, PBT__TRAIN);
    (void)!pbt__population_newest(study->view.population, m, &train->segment);
    train->attempt = study->claims[m].attempt;
    train->lease_seconds = pbt__spec_silence_seconds(study->view.facts.spec);
    pbt_err err = pbt__study_fill_load(study, train, error);
    if (err == PBT_OK) {
        err = pbt__vault_aside(study->vault, train->segment.id, train->attempt, train->save_to,
                               error);
    }
    return err;
}

pbt_err pbt__study_assign_held(pbt__study *study, const pbt__claimant *who, pbt__action *out,
                               pbt_error *error)
{
    int32_t own = -1;
    pbt_err err = pbt__study_expire(study, error);
    if (err == PBT_OK) {
        err = settle(study, who, &own, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_stop_if_due(study, false, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    if (own >= 0 && !pbt__view_is_over(&study->view)) {
        return assign_again(study, own, out, error);
    }
    return pbt__study_assign(study, who, -1, out, error);
}

typedef struct claim_call {
    const pbt__claimant *who;
    pbt__action *action;
} claim_call;

static pbt_err run_claim(pbt__study *study, void *arguments, pbt_error *error)
{
    claim_call *call = arguments;
    return pbt__study_assign_held(study, call->who, call->action, error);
}

static pbt_err check_claimant(const pbt__claimant *who, pbt_error *error)
{
    size_t worker = strnlen(who->worker, PBT__NAME_SIZE);
    size_t session = strnlen(who->session, PBT__SESSION_SIZE);
    if (worker == 0 || worker == PBT__NAME_SIZE || session == 0 || session == PBT__SESSION_SIZE) {
        return pbt__fail(error, PBT_ERR_ARGUMENT,
                         "a worker's name takes 1 to %d bytes, its session 1 to %d",
                         PBT__NAME_SIZE - 1, PBT__SESSION_SIZE - 1);
    }
    if (!pbt__utf8_is_valid(who->worker) || !pbt__utf8_is_valid(who->session)) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "a worker's name or session is not UTF-8");
    }
    return PBT_OK;
}

pbt_err pbt__study_claim(pbt__study *study, const pbt__claimant *who, pbt__action *out,
                         pbt_error *error)
{
    pbt__action action;
    claim_call call = {.who = who, .action = &action};
    pbt_err err = check_claimant(who, error);
    if (err == PBT_OK) {
        err = pbt__study_submit(study, run_claim, &call, error);
    }
    if (err == PBT_OK) {
        pbt__audience_tell(&study->audience, who->worker, NULL, &action, false);
        pbt__action_copy(out, &action);
    }
    return err;
}
