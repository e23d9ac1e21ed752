/*
 * plugin.c: training by a plugin's functions: in a process of the slot's own (cell.h), or, where
 * the spec says `isolation: thread`, on the slot's own thread.
 *
 * Each slot has one state. It is filled from the first of these with the parent's weights: the
 * state after the slot's last segment, another member's state in memory, the checkpoint. A plugin
 * that saves and loads by itself may have pointers in its state, so between slots it always uses
 * its files; within a slot it goes on in memory unless the spec says `reload: always`.
 */
#include "executor/plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "executor/job.h"
#include "executor/log.h"
#include "executor/program.h"

static bool is_isolated(const pbt__local *local)
{
    return local->runner == &pbt__runner_plugin;
}

/* ---- threads --------------------------------------------------------------------------------- */

/* The library is this process, so the spec's environment is this process's; before the library is
 * loaded, for OpenMP reads it then. */
static pbt_err set_environment(const pbt__local *local, pbt_error *error)
{
    char threads[32];
    (void)snprintf(threads, sizeof threads, "%d", (int)local->thread_count);
    bool failed = local->thread_count > 0 && setenv("OMP_NUM_THREADS", threads, 1) != 0;
    char **list = local->spec->trainer.environment;
    for (; !failed && list != NULL && *list != NULL; list++) {
        char *name = pbt__strndup(*list, strcspn(*list, "="));
        failed = name == NULL || setenv(name, strchr(*list, '=') + 1, 1) != 0;
        free(name);
    }
    return failed ? pbt__fail_memory(error) : PBT_OK;
}

static pbt_err load_here(pbt__local *local, pbt_error *error)
{
    struct pbt__plugin *plugin = local->runner_data;
    pbt_err err = set_environment(local, error);
    if (err == PBT_OK) {
        err = pbt__library_open(plugin->path, &plugin->library, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    const pbt__cell_facts facts = {
        .state_size = plugin->library.table->state_size,
        .room = pbt__state_room(plugin->library.table->state_size),
        .does_save = plugin->library.table->save != NULL,
    };
    return pbt__plugin_learn(local, facts, error);
}

static pbt_err make_state(const struct pbt__plugin *plugin, struct pbt__plugin_slot *own,
                          pbt_error *error)
{
    own->state = aligned_alloc(PBT__STATE_ALIGNMENT, plugin->facts.room);
    if (own->state == NULL) {
        (void)pbt__fail_memory(error);
        pbt__error_detail(error, "a state of this trainer has %zu bytes", plugin->facts.room);
        return PBT_ERR_MEMORY;
    }
    memset(own->state, 0, plugin->facts.room);
    return PBT_OK;
}

/* Run `open` before the first segment of all. Returns false if it failed, now or before. */
static bool open_once(struct pbt__plugin *plugin, const pbt_job *job)
{
    const pbt_trainer *table = plugin->library.table;
    pthread_mutex_lock(&plugin->mutex);
    if (!plugin->is_open && !plugin->has_failed) {
        const int status = table->open != NULL ? table->open(job) : 0;
        plugin->is_open = status == 0;
        plugin->has_failed = status != 0;
    }
    const bool is_open = plugin->is_open;
    pthread_mutex_unlock(&plugin->mutex);
    return is_open;
}

static void give_here(pbt__slot *slot, pbt__lesson *lesson, const pbt_job *job)
{
    struct pbt__plugin *plugin = slot->local->runner_data;
    const struct pbt__plugin_slot *own = slot->runner_data;
    const pbt__pupil pupil = {
        .table = plugin->library.table,
        .state = own->state,
        .room = plugin->facts.room,
        .metrics = &slot->metrics,
        .order = &slot->order,
    };
    if (open_once(plugin, job)) {
        pbt__lesson_give(lesson, &pupil, job);
    } else {
        lesson->ending = PBT__LESSON_FAILED;
        lesson->stage = PBT__STAGE_OPEN;
    }
}

/* ---- before and after ------------------------------------------------------------------------ */

/* Look what the library is, in a cell that trains nothing. */
static pbt_err probe(pbt__local *local, pbt_error *error)
{
    struct pbt__plugin_slot own = {.held = PBT_NO_SEGMENT};
    pbt__slot slot = {.local = local, .wake = -1, .log = -1, .runner_data = &own};
    local->slots = &slot;
    local->slot_count = 1;
    pbt_err err = pbt__program_slot_open(&slot, error);
    if (err == PBT_OK) {
        err = pbt__plugin_cell_open(&slot, error);
    }
    pbt__plugin_cell_close(&own);
    pbt__program_slot_close(&slot);
    local->slots = NULL;
    local->slot_count = 0;
    return err;
}

static pbt_err load_library(pbt__local *local, pbt_error *error)
{
    if (!is_isolated(local)) {
        return load_here(local, error);
    }
    const pbt_err err = pbt__program_open(local, error);
    return err == PBT_OK && local->is_check ? probe(local, error) : err;
}

static pbt_err plugin_open(pbt__local *local, pbt_error *error)
{
    struct pbt__plugin *plugin = pbt__calloc(1, sizeof *plugin);
    if (plugin == NULL) {
        return pbt__fail_memory(error);
    }
    local->runner_data = plugin;
    plugin->reload_always = local->spec->trainer.reload_always;
    pthread_mutex_init(&plugin->mutex, NULL);
    pbt_err err = pbt__local_path(local, local->spec->trainer.library, plugin->path, error);
    if (err == PBT_OK) {
        err = load_library(local, error);
    }
    return err == PBT_ERR_MEMORY ? pbt__fail_memory(error) : err;
}

static void plugin_close(pbt__local *local)
{
    struct pbt__plugin *plugin = local->runner_data;
    if (plugin == NULL) {
        return;
    }
    if (plugin->is_open && plugin->library.table->close != NULL) {
        plugin->library.table->close();
    }
    pbt__cache_free(plugin->cache);
    pthread_mutex_destroy(&plugin->mutex);
    pbt__library_close(&plugin->library);
    pbt__program_close(local);
    free(plugin);
}

/* The first slot's cell is started at once, so that errors of the library are found before any
 * claim. */
static pbt_err plugin_slot_open(pbt__slot *slot, pbt_error *error)
{
    const struct pbt__plugin *plugin = slot->local->runner_data;
    struct pbt__plugin_slot *own = pbt__calloc(1, sizeof *own);
    if (own == NULL) {
        return pbt__fail_memory(error);
    }
    slot->runner_data = own;
    own->held = PBT_NO_SEGMENT;
    if (!is_isolated(slot->local)) {
        return make_state(plugin, own, error);
    }
    pbt_err err = pbt__program_slot_open(slot, error);
    if (err == PBT_OK && plugin->facts.room == 0) {
        err = pbt__plugin_cell_open(slot, error);
    }
    return err == PBT_ERR_MEMORY ? pbt__fail_memory(error) : err;
}

static void plugin_slot_close(pbt__slot *slot)
{
    struct pbt__plugin_slot *own = slot->runner_data;
    if (own != NULL && is_isolated(slot->local)) {
        pbt__plugin_cell_close(own);
        pbt__program_slot_close(slot);
    } else if (own != NULL) {
        free(own->state);
    }
    free(own);
}

/* ---- filling the state ----------------------------------------------------------------------- */

static bool is_same(pbt_segment_id a, pbt_segment_id b)
{
    return a.member >= 0 && a.member == b.member && a.number == b.number;
}

/* Fill the state without a checkpoint; false if the checkpoint is needed. Progress is never in
 * memory, because its segment is not reported. */
static bool fill_from_memory(const pbt__slot *slot, const pbt__assignment *assignment)
{
    const struct pbt__plugin *plugin = slot->local->runner_data;
    const struct pbt__plugin_slot *own = slot->runner_data;
    if (is_same(own->held, assignment->load_from)) {
        return !plugin->facts.does_save || !plugin->reload_always;
    }
    return plugin->cache != NULL &&
           pbt__cache_get(plugin->cache, assignment->load_from, own->state);
}

static pbt_err read_bytes(pbt__slot *slot, const pbt__assignment *assignment)
{
    const struct pbt__plugin *plugin = slot->local->runner_data;
    const struct pbt__plugin_slot *own = slot->runner_data;
    pbt__desk *desk = slot->local->desk;
    const size_t size = plugin->facts.state_size;
    size_t length = 0;
    const pbt_err err = desk->ops->read(desk, assignment, own->state, size, &length, &slot->error);
    if (err == PBT_OK && length != size) {
        return pbt__fail(&slot->error, PBT_ERR_CHECKPOINT,
                         "the checkpoint has %zu bytes; the trainer's state has %zu", length, size);
    }
    return err;
}

/* Have what the segment starts from in the state, or, for a plugin that loads by itself, at the
 * path `brought->load`. */
static pbt_err load(pbt__slot *slot, const pbt__assignment *assignment, pbt__assignment *brought,
                    pbt__lesson *lesson)
{
    const struct pbt__plugin *plugin = slot->local->runner_data;
    pbt__desk *desk = slot->local->desk;
    if (!plugin->facts.does_save || assignment->load_kind == PBT__CHECKPOINT_INLINE) {
        const pbt_err err = read_bytes(slot, assignment);
        lesson->is_filled = err == PBT_OK;
        return err;
    }
    *brought = *assignment;
    const pbt_err err = desk->ops->bring(desk, brought, &slot->error);
    lesson->load = err == PBT_OK ? brought->load : NULL;
    return err;
}

/* Fill the state with what the segment starts from, or have the lesson do so. Returns false with
 * the outcome where that failed. */
static bool fill(pbt__slot *slot, const pbt__assignment *assignment, pbt__assignment *brought,
                 pbt__lesson *lesson, pbt__outcome *out)
{
    lesson->is_filled = !assignment->is_fresh && fill_from_memory(slot, assignment);
    if (assignment->is_fresh || lesson->is_filled) {
        return true;
    }
    if (!pbt__slot_enter(slot)) {
        return false;
    }
    const pbt_err err = load(slot, assignment, brought, lesson);
    pbt__slot_leave(slot);
    const bool is_bad = err == PBT_ERR_CHECKPOINT || err == PBT_ERR_LIMIT;
    if (is_bad) {
        pbt__outcome_fail(out, slot, "%s", slot->error.message);
    } else if (err != PBT_OK) {
        pbt__outcome_hinder(out, slot);
    }
    return err == PBT_OK;
}

/* Remove what was brought for a lesson alone. */
static void drop(pbt__slot *slot, const pbt__assignment *brought)
{
    pbt__desk *desk = slot->local->desk;
    if (pbt__slot_enter(slot)) {
        (void)desk->ops->drop(desk, brought); /* what is left is swept */
        pbt__slot_leave(slot);
    }
}

/* ---- one segment ----------------------------------------------------------------------------- */

/* Give the segment back with what there is of it; without, if it cannot be saved. */
static void release(pbt__slot *slot, const pbt__assignment *assignment, const pbt__lesson *lesson,
                    pbt__outcome *out)
{
    const struct pbt__plugin *plugin = slot->local->runner_data;
    const struct pbt__plugin_slot *own = slot->runner_data;
    bool is_saved = lesson->is_saved;
    if (lesson->has_progress) {
        pbt__slot_forget_stops(slot, assignment->segment.id.member);
    } else if (!pbt__plugin_forgives(slot, assignment->segment.id.member)) {
        pbt__outcome_fail(out, slot, "the trainer returned at step %" PRId64 " again and again",
                          lesson->step);
        return;
    }
    if (!plugin->facts.does_save && lesson->has_progress) {
        is_saved = pbt__file_write(assignment->save_to, own->state, plugin->facts.state_size,
                                   &slot->error) == PBT_OK;
    }
    out->ending = PBT__ENDING_RELEASE;
    out->step = is_saved ? lesson->step : assignment->resume_step;
    out->has_progress = is_saved;
}

static void finish(pbt__slot *slot, const pbt__lesson *lesson, pbt__outcome *out)
{
    const struct pbt__plugin *plugin = slot->local->runner_data;
    const struct pbt__plugin_slot *own = slot->runner_data;
    pbt__slot_forget_stops(slot, slot->beat.segment.member);
    if (!pbt__outcome_report(out, slot, lesson->step)) {
        return;
    }
    out->is_saved = lesson->is_saved;
    if (!plugin->facts.does_save) {
        out->bytes = own->state;
        out->byte_count = plugin->facts.state_size;
    }
}

static void judge(pbt__slot *slot, const pbt__assignment *assignment, const pbt__lesson *lesson,
                  pbt__outcome *out)
{
    switch (lesson->ending) {
    case PBT__LESSON_TRAINED:
        finish(slot, lesson, out);
        return;
    case PBT__LESSON_STOPPED:
        release(slot, assignment, lesson, out);
        return;
    case PBT__LESSON_FAILED:
        break;
    }
    if (lesson->stage != PBT__STAGE_OPEN) {
        pbt__outcome_fail(out, slot, "the trainer's %s returned %d", pbt__stage_name(lesson->stage),
                          lesson->status);
        return;
    }
    pbt__plugin_end_unopened(slot, "the trainer's open failed", out);
}

static void train_job(pbt__slot *slot, const pbt__assignment *assignment, const pbt_job *job,
                      pbt__outcome *out)
{
    struct pbt__plugin_slot *own = slot->runner_data;
    pbt__assignment brought;
    pbt__lesson lesson = {.save_to = assignment->save_to, .metric = slot->local->metric};
    const bool is_filled = fill(slot, assignment, &brought, &lesson, out);
    bool is_given = is_filled;
    own->held = PBT_NO_SEGMENT;
    if (is_filled && is_isolated(slot->local)) {
        is_given = pbt__plugin_cell_give(slot, &lesson, job, out);
    } else if (is_filled) {
        give_here(slot, &lesson, job);
    }
    if (lesson.load != NULL) {
        drop(slot, &brought);
    }
    if (is_given) {
        judge(slot, assignment, &lesson, out);
    }
}

static void plugin_train(pbt__slot *slot, const pbt__assignment *assignment, pbt__outcome *out)
{
    pbt_job *job = NULL;
    const bool has_trainer = !is_isolated(slot->local) || pbt__plugin_cell_have(slot, out);
    if (!has_trainer || !pbt__slot_enter(slot)) {
        return;
    }
    const pbt_err err = pbt__job_new(slot, assignment, &job);
    pbt__slot_leave(slot);
    if (err != PBT_OK) {
        (void)pbt__fail(&slot->error, err, "%s", pbt_err_message(err));
        pbt__outcome_hinder(out, slot);
        return;
    }
    train_job(slot, assignment, job, out);
    free(job);
}

static void plugin_recorded(pbt__slot *slot, pbt_segment_id id)
{
    const struct pbt__plugin *plugin = slot->local->runner_data;
    struct pbt__plugin_slot *own = slot->runner_data;
    own->held = id;
    if (plugin->cache != NULL) {
        pbt__cache_put(plugin->cache, id, own->state);
    }
}

#define PLUGIN                                                                                     \
    .open = plugin_open, .close = plugin_close, .slot_open = plugin_slot_open,                     \
    .slot_close = plugin_slot_close, .train = plugin_train, .recorded = plugin_recorded

const pbt__runner pbt__runner_plugin = {PLUGIN, .can_be_killed = true};
const pbt__runner pbt__runner_plugin_thread = {PLUGIN, .can_be_killed = false};
