/*
 * try.c: `pbt try`.
 *
 * All files are in a temporary folder, which is removed unless a check failed. Results are judged
 * at the end, when it is known how much the trainer varies by itself.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/spec_file.h"
#include "executor/gpus.h"
#include "executor/signals.h"
#include "render/format.h"
#include "render/print.h"
#include "try/show.h"
#include "try/train.h"

enum {
    SHARE = 10,
    STEPS_LEAST = 5,
    LONGER = 3,
    SLOTS_MAXIMUM = 4096,
    SECONDS_DEFAULT = 120,
    SECONDS_MAXIMUM = 1000000,
};

/* One command. */
typedef struct rehearsal {
    const pbt__arguments *arguments;
    pbt__rehearsal inner;
} rehearsal;

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
    pbt__trial *trial = &this->inner.trial;
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

/* How long hyperparameters may be tried one at a time. */
static pbt_err choose_seconds(rehearsal *this, pbt_error *error)
{
    const char *text = this->arguments->values[PBT__OPTION_SECONDS];
    int64_t seconds = SECONDS_DEFAULT;
    const pbt_err err = text != NULL ? pbt__arguments_integer("--seconds", text, 0, SECONDS_MAXIMUM,
                                                              &seconds, error)
                                     : PBT_OK;
    this->inner.trial.variation_seconds = (double)seconds;
    return err;
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
        err = pbt__gpus_check(&gpus, this->inner.trial.spec, error);
    }
    if (err == PBT_OK) {
        this->inner.trial.slot_count =
            pbt__gpus_slots(&gpus, this->inner.trial.spec, (int32_t)wanted);
    }
    pbt__gpus_fini(&gpus);
    return err;
}

static pbt_err choose_values(rehearsal *this, pbt_error *error)
{
    pbt__trial *trial = &this->inner.trial;
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
    const pbt_err err = pbt__path_join(resolved, "pbt-try-XXXXXX", this->inner.folder, error);
    if (err == PBT_OK && mkdtemp(this->inner.folder) == NULL) {
        this->inner.folder[0] = '\0';
        return pbt__fail_errno(error, "cannot make a folder in '%s'", parent);
    }
    return err;
}

static pbt_err prepare(rehearsal *this, pbt_error *error)
{
    pbt_err err = choose_steps(this, error);
    if (err == PBT_OK) {
        err = choose_seconds(this, error);
    }
    if (err == PBT_OK) {
        err = choose_slots(this, error);
    }
    if (err == PBT_OK) {
        err = choose_values(this, error);
    }
    return err == PBT_OK ? make_folder(this, error) : err;
}

/* ---- the command ---- */

static bool has_opinion(const pbt__check *checks, pbt__opinion opinion)
{
    bool has_it = false;
    for (int i = 0; i < PBT__CHECK_COUNT; i++) {
        has_it = has_it || checks[i].opinion == opinion;
    }
    return has_it;
}

/* Tell what was found; returns the exit status. */
static int tell(const rehearsal *this, const pbt__check *checks, const char *kept, pbt_error *error)
{
    const pbt__verdicts verdicts = {.trial = &this->inner.trial, .checks = checks, .folder = kept};
    const pbt_err err = this->arguments->has[PBT__OPTION_JSON]
                            ? pbt__verdicts_print_json(&verdicts, error)
                            : pbt__verdicts_print(&verdicts, error);
    const int status = err == PBT_OK ? 0 : pbt__print_error(error);
    return has_opinion(checks, PBT__OPINION_NO) ? 1 : status;
}

/* Train all that is to be trained. */
static pbt_err rehearse(pbt__rehearsal *this, pbt_error *error)
{
    pbt__progress_title(&this->progress, &this->trial);
    const pbt_err err = pbt__rehearsal_train(this, error);
    return err == PBT_OK ? pbt__rehearsal_vary(this, error) : err;
}

static int try_spec(rehearsal *this)
{
    pbt_error error = {0};
    pbt__check checks[PBT__CHECK_COUNT];
    int status = 0;
    bool is_kept = this->arguments->has[PBT__OPTION_KEEP];
    pbt_err err = prepare(this, &error);
    if (err == PBT_OK) {
        err = rehearse(&this->inner, &error);
    }
    if (err != PBT_OK) {
        status = pbt__print_error(&error);
    } else if (pbt__signals_count() == 0) {
        pbt__trial_judge(&this->inner.trial, checks);
        is_kept = is_kept || has_opinion(checks, PBT__OPINION_NO) ||
                  has_opinion(checks, PBT__OPINION_UNSURE);
        status = tell(this, checks, is_kept ? this->inner.folder : NULL, &error);
    }
    if (!is_kept && this->inner.folder[0] != '\0' &&
        pbt__file_remove(this->inner.folder, &error) != PBT_OK) {
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
    this.inner.trial.spec = file.spec;
    this.inner.gpus = arguments->values[PBT__OPTION_GPUS];
    this.inner.keeps_all = arguments->has[PBT__OPTION_KEEP];
    this.inner.progress.is_quiet = arguments->has[PBT__OPTION_JSON];
    pbt__signals_install();
    const int status = try_spec(&this);
    for (int id = 0; id < PBT__PROBE_COUNT; id++) {
        pbt__probed_fini(&this.inner.trial.probed[id]);
    }
    for (size_t i = 0; i < this.inner.trial.variation_count; i++) {
        pbt__probed_fini(&this.inner.trial.variations[i].probed);
    }
    free(this.inner.trial.variations);
    free(this.inner.trial.low);
    pbt__spec_file_fini(&file);
    return pbt__signals_count() > 0 ? pbt__signals_exit_status() : status;
}
