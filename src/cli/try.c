/*
 * try.c: `pbt try`.
 *
 * Everything it makes lies in a temporary folder, which goes with it unless there is something to
 * look at. What it trains is a table; what follows from it is concluded at the end, when it is
 * known how much the trainer varies by itself.
 */
#include "cli/try.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/gpus.h"
#include "cli/print.h"
#include "cli/signals.h"
#include "cli/spec_file.h"
#include "cli/try_show.h"

enum { SHARE = 10, STEPS_LEAST = 5, LONGER = 3, SLOTS_MAXIMUM = 4096 };

typedef struct probe_row {
    const char *name;  /* of its folder */
    const char *words; /* what is trained */
    int32_t population, segment_count;
    bool is_other; /* member 0 has the other hyperparameters */
    bool reload_always;
    pbt__probe_id start; /* whose first segment it begins with; PBT__PROBE_COUNT: none */
} probe_row;

static const probe_row ROWS[PBT__PROBE_COUNT] = {
    [PBT__PROBE_SCRATCH] = {"scratch", "from scratch", 1, 1, .start = PBT__PROBE_COUNT},
    [PBT__PROBE_LOADED] = {"loaded", "on from its checkpoint", 1, 2, .reload_always = true,
                           .start = PBT__PROBE_SCRATCH},
    [PBT__PROBE_AGAIN] = {"again", "the same again", 1, 2, .reload_always = true,
                          .start = PBT__PROBE_SCRATCH},
    [PBT__PROBE_OTHER] = {"other", "from scratch, with other hyperparameters", 1, 1,
                          .is_other = true, .start = PBT__PROBE_COUNT},
    [PBT__PROBE_COPIED] = {"copied", "on from that one's checkpoint", 1, 2, .reload_always = true,
                           .start = PBT__PROBE_OTHER},
    [PBT__PROBE_CHANGED] = {"changed", "on from its own, with other hyperparameters", 1, 2,
                            .is_other = true, .reload_always = true, .start = PBT__PROBE_SCRATCH},
    [PBT__PROBE_SECOND] = {"second", "a second member from scratch", 2, 1,
                           .start = PBT__PROBE_SCRATCH},
    [PBT__PROBE_TURNS] = {"turns", "both in turns, in one process", 2, 2, .reload_always = true,
                          .start = PBT__PROBE_COUNT},
    [PBT__PROBE_MEMORY] = {"memory", "one without a stop, in one process", 1, 2,
                           .start = PBT__PROBE_COUNT},
    [PBT__PROBE_LONGER] = {"longer", "longer segments, for the time they take", 1, 2,
                           .start = PBT__PROBE_COUNT},
};

/* One command. */
typedef struct rehearsal {
    const pbt__arguments *arguments;
    pbt__trial trial;
    pbt__progress progress;
    char folder[PBT__PATH_SIZE];
} rehearsal;

/* ---- what was trained ---- */

const pbt_value *pbt__trial_values(const pbt__trial *trial, pbt__probe_id id, int member)
{
    return (member > 0) != ROWS[id].is_other ? trial->high : trial->low;
}

const pbt__trained *pbt__trial_segment(const pbt__trial *trial, pbt__probe_id id, int member,
                                       int number)
{
    return &trial->probed[id].segments[member][number];
}

/* ---- training ---- */

/* What a probe starts with; NULL where that is not there. */
static const pbt__trained *start_of(const pbt__trial *trial, pbt__probe_id id)
{
    const pbt__trained *start =
        ROWS[id].start < PBT__PROBE_COUNT ? pbt__trial_segment(trial, ROWS[id].start, 0, 0) : NULL;
    return start != NULL && start->is_there && start->digest[0] != '\0' ? start : NULL;
}

static bool can_run(const pbt__trial *trial, pbt__probe_id id)
{
    if (id == PBT__PROBE_LONGER && trial->longer_steps == 0) {
        return false;
    }
    return ROWS[id].start == PBT__PROBE_COUNT || start_of(trial, id) != NULL;
}

static pbt__probe make_probe(const rehearsal *this, pbt__probe_id id)
{
    const pbt__trial *trial = &this->trial;
    const int32_t share = pbt__processors_find() / trial->slot_count;
    return (pbt__probe){
        .name = ROWS[id].name,
        .folder = this->folder,
        .spec = trial->spec,
        .population = ROWS[id].population,
        .segment_count = ROWS[id].segment_count,
        .steps = id == PBT__PROBE_LONGER ? trial->longer_steps : trial->steps,
        .reload_always = ROWS[id].reload_always || trial->spec->trainer.reload_always,
        .values = {pbt__trial_values(trial, id, 0), pbt__trial_values(trial, id, 1)},
        .start = start_of(trial, id),
        .start_step = pbt__trial_segment(trial, PBT__PROBE_SCRATCH, 0, 0)->step,
        .thread_count = share > 0 ? share : 1,
        .gpus = this->arguments->values[PBT__OPTION_GPUS],
    };
}

static pbt_err run_probe(rehearsal *this, pbt__probe_id id, pbt_error *error)
{
    pbt__trial *trial = &this->trial;
    const pbt__probe probe = make_probe(this, id);
    pbt__progress_begin(&this->progress, ROWS[id].words);
    const pbt_err err = pbt__probe_run(&probe, &trial->probed[id], error);
    pbt__progress_end(&this->progress, err == PBT_OK ? &trial->probed[id] : NULL);
    return err;
}

/* Train until something fails: what comes after could say nothing. */
static pbt_err run_probes(rehearsal *this, pbt_error *error)
{
    pbt_err err = PBT_OK;
    bool has_failed = false;
    for (int id = 0; id < PBT__PROBE_COUNT; id++) {
        const bool goes_on = err == PBT_OK && !has_failed && pbt__signals_count() == 0;
        if (goes_on && can_run(&this->trial, (pbt__probe_id)id)) {
            err = run_probe(this, (pbt__probe_id)id, error);
            has_failed = this->trial.probed[id].failure != PBT_OK;
        }
    }
    return err;
}

/* ---- before and after ---- */

/* A tenth of the study's segments tells as much as a whole one. */
static int64_t default_steps(int64_t every)
{
    const int64_t share = (every + SHARE - 1) / SHARE;
    const int64_t least = every < STEPS_LEAST ? every : STEPS_LEAST;
    return share > least ? share : least;
}

static pbt_err choose_steps(rehearsal *this, pbt_error *error)
{
    pbt__trial *trial = &this->trial;
    const char *text = this->arguments->values[PBT__OPTION_STEPS];
    const int64_t every = trial->spec->search.ready_every;
    trial->steps = default_steps(every);
    if (text != NULL) {
        const pbt_err err = pbt__arguments_integer("--steps", text, 1, every, &trial->steps, error);
        if (err != PBT_OK) {
            return err;
        }
    }
    if (trial->steps < every) {
        trial->longer_steps = trial->steps * LONGER < every ? trial->steps * LONGER : every;
    }
    return PBT_OK;
}

static pbt_err choose_slots(rehearsal *this, pbt_error *error)
{
    const char *slots = this->arguments->values[PBT__OPTION_SLOTS];
    int64_t wanted = 0;
    pbt__gpus gpus = {0};
    pbt_err err = PBT_OK;
    if (slots != NULL) {
        err = pbt__arguments_integer("--slots", slots, 1, SLOTS_MAXIMUM, &wanted, error);
    }
    if (err == PBT_OK) {
        err = pbt__gpus_find(this->arguments->values[PBT__OPTION_GPUS], &gpus, error);
    }
    if (err == PBT_OK) {
        err = pbt__gpus_check(&gpus, this->trial.spec, error);
    }
    if (err == PBT_OK) {
        this->trial.slot_count = pbt__gpus_slots(&gpus, this->trial.spec, (int32_t)wanted);
    }
    pbt__gpus_fini(&gpus);
    return err;
}

static pbt_err choose_values(rehearsal *this, pbt_error *error)
{
    pbt__trial *trial = &this->trial;
    const size_t count = trial->spec->search.space.count;
    trial->low = pbt__calloc(2 * count + 1, sizeof *trial->low);
    if (trial->low == NULL) {
        return pbt__fail_memory(error);
    }
    trial->high = trial->low + count;
    trial->is_varied = pbt__probe_choose(&trial->spec->search, trial->low, trial->high);
    return PBT_OK;
}

static pbt_err make_folder(rehearsal *this, pbt_error *error)
{
    const char *parent = getenv("TMPDIR");
    char resolved[PBT__PATH_SIZE];
    parent = parent != NULL && parent[0] != '\0' ? parent : "/tmp";
    if (realpath(parent, resolved) == NULL) {
        return pbt__fail_errno(error, "cannot use the folder '%s'", parent);
    }
    const pbt_err err = pbt__path_join(resolved, "pbt-try-XXXXXX", this->folder, error);
    if (err == PBT_OK && mkdtemp(this->folder) == NULL) {
        this->folder[0] = '\0';
        return pbt__fail_errno(error, "cannot make a folder in '%s'", parent);
    }
    return err;
}

static pbt_err prepare(rehearsal *this, pbt_error *error)
{
    pbt_err err = choose_steps(this, error);
    if (err == PBT_OK) {
        err = choose_slots(this, error);
    }
    if (err == PBT_OK) {
        err = choose_values(this, error);
    }
    return err == PBT_OK ? make_folder(this, error) : err;
}

/* ---- the command ---- */

/* Tell what was found; returns the exit status. */
static int tell(const rehearsal *this, const pbt__check *checks, const char *kept, pbt_error *error)
{
    const pbt__verdicts verdicts = {.trial = &this->trial, .checks = checks, .folder = kept};
    const pbt_err err = this->arguments->has[PBT__OPTION_JSON]
                            ? pbt__verdicts_print_json(&verdicts, error)
                            : pbt__verdicts_print(&verdicts, error);
    int status = err == PBT_OK ? 0 : pbt__print_error(error);
    for (int i = 0; i < PBT__CHECK_COUNT; i++) {
        status = checks[i].opinion == PBT__OPINION_NO ? 1 : status;
    }
    return status;
}

static bool has_failed(const pbt__check *checks)
{
    bool failed = false;
    for (int i = 0; i < PBT__CHECK_COUNT; i++) {
        failed = failed || checks[i].opinion == PBT__OPINION_NO;
    }
    return failed;
}

static int try_spec(rehearsal *this)
{
    pbt_error error = {0};
    pbt__check checks[PBT__CHECK_COUNT];
    int status = 0;
    bool is_kept = this->arguments->has[PBT__OPTION_KEEP];
    pbt_err err = prepare(this, &error);
    if (err == PBT_OK) {
        pbt__progress_title(&this->progress, &this->trial);
        err = run_probes(this, &error);
    }
    if (err != PBT_OK) {
        status = pbt__print_error(&error);
    } else if (pbt__signals_count() == 0) {
        pbt__trial_judge(&this->trial, checks);
        is_kept = is_kept || has_failed(checks);
        status = tell(this, checks, is_kept ? this->folder : NULL, &error);
    }
    if (!is_kept && this->folder[0] != '\0' && pbt__file_remove(this->folder, &error) != PBT_OK) {
        status = pbt__print_error(&error);
    }
    return status;
}

int pbt__command_try(const pbt__arguments *arguments)
{
    rehearsal this = {.arguments = arguments};
    pbt_error error = {0};
    pbt__spec_file file;
    pbt__spec_file_read(arguments->operands[0], &file);
    int refused = pbt__spec_file_print(&file, arguments->operands[0]);
    if (refused == 0 && pbt__spec_can_train(file.spec, &error) != PBT_OK) {
        refused = pbt__print_error(&error);
    }
    if (refused != 0) {
        pbt__spec_file_fini(&file);
        return refused;
    }
    this.trial.spec = file.spec;
    this.progress.is_quiet = arguments->has[PBT__OPTION_JSON];
    pbt__signals_install();
    const int status = try_spec(&this);
    for (int id = 0; id < PBT__PROBE_COUNT; id++) {
        pbt__probed_fini(&this.trial.probed[id]);
    }
    free(this.trial.low);
    pbt__spec_file_fini(&file);
    return pbt__signals_count() > 0 ? pbt__signals_exit_status() : status;
}
