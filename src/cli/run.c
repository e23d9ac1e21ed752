/*
 * run.c: `pbt run`.
 *
 * A run reads the spec; locks and opens or makes the store; creates the study, or continues it if
 * it exists with the same meaning; starts its slots and waits for them; prints the outcome. If the
 * process dies in between, the same command continues. If another run owns the store and trains
 * this study, this run joins it (entry.h); then it creates, sweeps and announces nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/conclusion.h"
#include "cli/entry.h"
#include "cli/notify.h"
#include "cli/place.h"
#include "cli/provenance.h"
#include "cli/rescue.h"
#include "cli/run.h"
#include "cli/seeds.h"
#include "cli/service.h"
#include "cli/spec_file.h"
#include "cli/tensorboard.h"
#include "cli/watch.h"
#include "executor/gpus.h"
#include "executor/log.h"
#include "executor/signals.h"
#include "render/format.h"
#include "render/print.h"
#include "study/desk.h"

enum { SLOTS_MAXIMUM = 4096, TITLE_SIZE = PBT__PATH_SIZE };

/* What all studies of one command share. */
typedef struct run {
    const pbt__arguments *arguments;
    const char *spec_file; /* Nullable */
    pbt__place place;
    pbt__store *store; /* owned, or joined: */
    pbt__owner joined; /* process 0: nobody */
    pbt__service service;
    const pbt__executor_ops *executor;
    pbt__gpus gpus;
    int32_t slot_count; /* 0: as the machine allows */
    bool is_quiet;
    bool has_ended; /* the study run last is over, however it went */
} run;

/* ---- slots ---- */

/* No two living processes share a worker's name. A process that starts ends only leases of its own
 * name: an owner ends the leases of the owner before it. Shape: out[size] */
static void write_worker(const run *this, char *out, size_t size)
{
    if (!pbt__store_is_owner(this->store)) {
        snprintf(out, size, "joined-%ld", (long)getpid());
    } else {
        snprintf(out, size, "local");
    }
}

/* The options of a study's slots, without the log's folder. */
static pbt__executor_options slots_of(const run *this, const pbt_spec *spec, const char *worker)
{
    int32_t slot_count = pbt__gpus_slots(&this->gpus, spec, this->slot_count);
    int32_t share = pbt__processors_find() / slot_count;
    return (pbt__executor_options){
        .worker_name = worker,
        .slots = {.count = slot_count,
                  .thread_count = share > 0 ? share : 1,
                  .gpus = this->gpus.names,
                  .gpu_count = this->gpus.count,
                  .gpu_variable = this->gpus.variable},
        .server_url = pbt__server_url(this->service.server),
        .token = this->service.worker_token,
        .is_interrupted = pbt__signals_have_come,
    };
}

/* Check that a study's trainer can be started. */
static pbt_err check_slots(const run *this, const pbt_spec *spec, pbt_error *error)
{
    pbt_err err = pbt__gpus_check(&this->gpus, spec, error);
    if (err != PBT_OK) {
        return err;
    }
    const pbt__executor_options options = slots_of(this, spec, "");
    pbt__study_desk desk = pbt__spec_desk_init(spec);
    return this->executor->check(&desk.desk, &options, error);
}

/* ---- creating or continuing ---- */

static pbt_err create(const run *this, pbt_spec **spec, const pbt__study_options *options,
                      pbt__study **out, pbt_error *error)
{
    json_t *provenance = pbt__provenance_gather(this->arguments, *spec, this->spec_file);
    if (provenance == NULL) {
        return pbt__fail_memory(error);
    }
    pbt_err err = pbt__study_create(this->store, *spec, provenance, options, out, error);
    json_decref(provenance);
    if (err == PBT_OK) {
        *spec = NULL;
    }
    return err;
}

/* Say whether a study can be resumed: it was stopped, or broken by a trainer that may be fixed now.
 */
static bool is_resumable(const pbt__summary *summary)
{
    bool is_broken = summary->stop == PBT__STOP_BROKEN;
    return summary->state == PBT__STUDY_STOPPED || is_broken;
}

static pbt_err continue_study(const run *this, const pbt_spec *spec,
                              const pbt__study_options *options, pbt__study **out, pbt_error *error)
{
    pbt__study *study = NULL;
    pbt__summary summary;
    pbt_err err = pbt__study_open(this->store, spec->name, options, &study, error);
    if (err == PBT_OK) {
        err = pbt__spec_compare(spec, pbt__study_spec(study), error);
    }
    if (err == PBT_OK) {
        err = pbt__study_summary(study, &summary, error);
    }
    if (err == PBT_OK && is_resumable(&summary)) {
        err = pbt__study_resume(study, error);
    }
    if (err != PBT_OK) {
        pbt__study_close(study);
        return err;
    }
    *out = study;
    return PBT_OK;
}

/* Open the study that `*spec` describes; `*is_new` says whether it was made. Takes `*spec` then. A
 * study is never removed again, so the trainer is checked first: after a failure the user changes
 * the spec, which would then differ from the study's. */
static pbt_err open_study(const run *this, pbt_spec **spec, pbt__study **out, bool *is_new,
                          pbt_error *error)
{
    pbt__study_row row;
    pbt__study_options options = {
        .checkpoint_folder = this->place.folder,
        .is_patient = true,
        .is_run = true,
        .relative_to = this->place.here,
        .spec_folder = (*spec)->folder,
    };
    pbt_err err = pbt__store_find(this->store, (*spec)->name, &row, error);
    *is_new = err == PBT_ERR_NOT_FOUND && pbt__store_is_owner(this->store);
    if (*is_new) {
        err = check_slots(this, *spec, error);
        return err == PBT_OK ? create(this, spec, &options, out, error) : err;
    }
    return err == PBT_OK ? continue_study(this, *spec, &options, out, error) : err;
}

/* ---- training ---- */

/* "4 members on 2 slots", or whom these slots join. Shape: out[size] */
static void write_slots(const run *this, int32_t member_count, int32_t slot_count, char *out,
                        size_t size)
{
    char members[PBT__CELL_SIZE], slots[PBT__CELL_SIZE];
    pbt__format_count(member_count, "member", members);
    pbt__format_count(slot_count, "slot", slots);
    int length = snprintf(out, size, "%s on %s", members, slots);
    if (!pbt__store_is_owner(this->store) && length > 0 && (size_t)length < size) {
        snprintf(out + length, size - (size_t)length, " that join process %ld",
                 this->joined.process);
    }
}

/* Write the title: what is run, and the address of the API. Shape: out[TITLE_SIZE] */
static void write_title(const run *this, const pbt_spec *spec, const pbt__summary *summary,
                        const pbt__executor_options *options, char *out)
{
    char progress[PBT__CELL_SIZE + 16] = "", slots[96], done[PBT__CELL_SIZE];
    write_slots(this, summary->member_count, options->slots.count, slots, sizeof slots);
    if (summary->steps_done > 0) {
        pbt__format_progress(summary, done);
        snprintf(progress, sizeof progress, "continued at %s, ", done);
    }
    snprintf(out, TITLE_SIZE, "%s: %s, %s, %s %s, %slogs in %s\nAPI at %s", spec->name, slots,
             pbt_mode_name(spec->search.mode), pbt_direction_name(spec->search.direction),
             spec->metric, progress, pbt__path_below(this->place.here, options->log_folder),
             options->server_url);
}

/* Who is told of events while a study is trained. */
typedef struct listeners {
    pbt__tensorboard *tensorboard;
    pbt__notify *notify;
} listeners;

static void finish_listeners(listeners *these)
{
    pbt__tensorboard_finish(these->tensorboard);
    pbt__notify_finish(these->notify);
}

static void start_listeners(const run *this, pbt__study *study, int64_t after,
                            const char *log_folder, listeners *out)
{
    const char *folder = this->arguments->values[PBT__OPTION_TENSORBOARD];
    const char *program = this->arguments->values[PBT__OPTION_ON_EVENT];
    pbt_error error = {0};
    char log[PBT__PATH_SIZE];
    if (folder != NULL &&
        pbt__tensorboard_start(study, folder, &out->tensorboard, &error) != PBT_OK) {
        pbt__print_warning("--tensorboard", &error);
    }
    if (program == NULL) {
        return;
    }
    const pbt__notify_options options = {
        .program = program, .store = this->place.url, .log = log, .after = after};
    pbt_err err = pbt__path_join(log_folder, "on-event.log", log, &error);
    if (err == PBT_OK) {
        err = pbt__log_make_folder(log_folder, &error);
    }
    if (err == PBT_OK) {
        err = pbt__notify_start(study, &options, &out->notify, &error);
    }
    if (err != PBT_OK) {
        pbt__print_warning("--on-event", &error);
    }
}

static pbt_err train(run *this, pbt__study *study, const pbt__summary *summary, bool is_new,
                     const char *log_folder, pbt_error *error)
{
    const pbt_spec *spec = pbt__study_spec(study);
    pbt__study_desk desk = pbt__study_desk_init(study);
    char worker[32];
    write_worker(this, worker, sizeof worker);
    pbt__executor_options options = slots_of(this, spec, worker);
    options.log_folder = log_folder;
    char title[TITLE_SIZE];
    pbt__watch watch = {
        .study = study,
        .server = this->service.server,
        .title = title,
        .log_folder = pbt__path_below(this->place.here, log_folder),
        .sequence = summary->last_sequence,
        .is_quiet = this->is_quiet,
    };
    pbt_error late = {0};
    write_title(this, spec, summary, &options, title);
    pbt_err err = pbt__gpus_check(&this->gpus, spec, error);
    if (err == PBT_OK) {
        err = pbt__server_add(this->service.server, study, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    err = this->executor->start(&desk.desk, &options, &watch.executor, error);
    if (err != PBT_OK) {
        pbt__server_remove(this->service.server, study);
        return err;
    }
    listeners these = {0};
    start_listeners(this, study, is_new ? 0 : summary->last_sequence, log_folder, &these);
    err = pbt__watch_run(&watch, error);
    pbt_err end = watch.executor->ops->finish(watch.executor, &late);
    finish_listeners(&these);
    pbt__server_remove(this->service.server, study);
    if (err == PBT_OK && end != PBT_OK) {
        *error = late;
        err = end;
    }
    return pbt__rescue_check(study, worker, err, error);
}

/* Train a study as far as it goes and print how it went. */
static pbt_err train_and_tell(run *this, pbt__study *study, bool is_new, pbt_error *error)
{
    char log_folder[PBT__PATH_SIZE];
    pbt__summary summary;
    int64_t began_us = pbt__clock_monotonic_us();
    pbt__conclusion outcome = {
        .study = study,
        .place = &this->place,
        .log_folder = log_folder,
        .elapsed_seconds = -1,
    };
    pbt_err err = pbt__place_logs(&this->place, pbt__study_name(study), log_folder, error);
    if (err == PBT_OK) {
        err = pbt__study_summary(study, &summary, error);
    }
    if (err == PBT_OK && summary.state == PBT__RUNNING) {
        err = train(this, study, &summary, is_new, log_folder, error);
        outcome.elapsed_seconds = (double)(pbt__clock_monotonic_us() - began_us) / 1e6;
        outcome.is_interrupted = pbt__signals_count() > 0;
    }
    this->has_ended = err == PBT_OK;
    return err == PBT_OK ? pbt__conclusion_print(&outcome, error) : err;
}

/* Run one study; prints what went wrong and returns the exit status. Takes `spec`. */
static int run_study(run *this, pbt_spec *spec)
{
    pbt_error error = {0};
    pbt__study *study = NULL;
    bool is_new = false;
    pbt_err err = open_study(this, &spec, &study, &is_new, &error);
    if (err == PBT_OK) {
        err = train_and_tell(this, study, is_new, &error);
    }
    if (err != PBT_OK) {
        pbt__rescue(this->store, study, &this->place, &error);
    }
    pbt__study_close(study);
    pbt_spec_free(spec);
    return err != PBT_OK ? pbt__print_error(&error) : 0;
}

/* Run one study per seed. If one ends without a usable member, the others still run; the exit
 * status tells. */
static int run_seeds(run *this, const pbt_spec *spec, pbt__seeds seeds)
{
    int worst = 0;
    for (int64_t seed = seeds.first; pbt__signals_count() == 0; seed++) {
        char name[PBT__NAME_SIZE + 24];
        pbt_error error = {0};
        pbt_spec *seeded = NULL;
        snprintf(name, sizeof name, "%s-%" PRId64, spec->name, seed);
        pbt_err err = pbt__spec_with_seed(spec, name, (uint64_t)seed, &seeded, &error);
        int status = err == PBT_OK ? run_study(this, seeded) : pbt__print_error(&error);
        worst = status != 0 ? status : worst;
        bool can_go_on =
            status == 0 || status == pbt__exit_status(PBT_ERR_NO_MEMBER) || this->has_ended;
        if (seed == seeds.last || !can_go_on) {
            break;
        }
        printf("\n");
    }
    return worst;
}

/* ---- the command ---- */

static pbt_err read_options(run *this, pbt__seeds *seeds, pbt_error *error)
{
    const pbt__arguments *arguments = this->arguments;
    const char *slots = arguments->values[PBT__OPTION_SLOTS];
    const char *range = arguments->values[PBT__OPTION_SEEDS];
    int64_t slot_count = 0;
    pbt_err err = PBT_OK;
    if (slots != NULL) {
        err = pbt__arguments_integer("--slots", slots, 1, SLOTS_MAXIMUM, &slot_count, error);
    }
    if (err == PBT_OK && range != NULL) {
        err = pbt__seeds_read(range, seeds, error);
    }
    if (err == PBT_OK && arguments->has[PBT__OPTION_ON_EVENT]) {
        err = pbt__notify_check(arguments->values[PBT__OPTION_ON_EVENT], error);
    }
    if (err == PBT_OK) {
        err = pbt__executor_find(arguments->values[PBT__OPTION_EXECUTOR], &this->executor, error);
    }
    if (err == PBT_OK) {
        err = pbt__gpus_find(arguments->values[PBT__OPTION_GPUS], &this->gpus, error);
    }
    this->slot_count = (int32_t)slot_count;
    this->is_quiet = arguments->has[PBT__OPTION_QUIET];
    return err;
}

/* Get into the store, open it, and listen. */
static pbt_err open_store(run *this, const char *study, pbt_error *error)
{
    const char *listen = this->arguments->values[PBT__OPTION_LISTEN];
    pbt_err err = pbt__entry_open(&this->place, study, &this->store, &this->joined, error);
    return err == PBT_OK ? pbt__service_start(&this->service, this->store, listen, error) : err;
}

/* With the store open. Takes `spec`. */
static int run_spec(run *this, pbt_spec *spec, const pbt__seeds *seeds)
{
    pbt_error error = {0};
    int status;
    pbt_err err = open_store(this, seeds == NULL ? spec->name : NULL, &error);
    if (err != PBT_OK) {
        status = pbt__print_error(&error);
        pbt_spec_free(spec);
    } else if (seeds != NULL) {
        status = run_seeds(this, spec, *seeds);
        pbt_spec_free(spec);
    } else {
        status = run_study(this, spec);
    }
    pbt__service_stop(&this->service);
    pbt__store_close(this->store);
    return status;
}

int pbt__run(const pbt__arguments *arguments, pbt_spec *spec, const char *file)
{
    run this = {.arguments = arguments, .spec_file = file};
    pbt_error error = {0};
    pbt__seeds seeds = {0};
    pbt_err err = pbt__spec_can_train(spec, &error);
    if (err == PBT_OK) {
        err = read_options(&this, &seeds, &error);
    }
    if (err == PBT_OK) {
        err = pbt__place_find(arguments, &this.place, &error);
    }
    if (err != PBT_OK) {
        pbt_spec_free(spec);
        return pbt__print_error(&error);
    }
    pbt__signals_install();
    int status = run_spec(&this, spec, arguments->has[PBT__OPTION_SEEDS] ? &seeds : NULL);
    pbt__gpus_fini(&this.gpus);
    return pbt__signals_count() > 0 ? pbt__signals_exit_status() : status;
}

/* Say whether the study of a spec exists already; false if that cannot be found out. */
static bool is_known(const pbt__arguments *arguments, const pbt_spec *spec)
{
    pbt__place place;
    pbt__store *store = NULL;
    pbt__study_row row;
    pbt_error ignored = {0};
    bool is_found = pbt__place_find(arguments, &place, &ignored) == PBT_OK &&
                    pbt__place_open(&place, PBT__ACCESS_READ, &store, &ignored) == PBT_OK &&
                    pbt__store_find(store, spec->name, &row, &ignored) == PBT_OK;
    pbt__store_close(store);
    return is_found;
}

int pbt__command_run(const pbt__arguments *arguments)
{
    pbt__spec_file file;
    const char *path = arguments->operands[0];
    pbt__spec_file_read(path, &file);
    if (file.spec == NULL ||
        (pbt__spec_file_is_refused(&file) && !is_known(arguments, file.spec))) {
        const int status = pbt__spec_file_print(&file, path);
        pbt__spec_file_fini(&file);
        return status;
    }
    pbt__spec_file_warn(&file, path);
    return pbt__run(arguments, file.spec, path);
}
