/*
 * plugin.c: training by a plugin's functions, on the slot's own thread.
 *
 * Each slot has one state. It is filled from the first of these that has the parent's weights: the
 * state as the slot's last segment left it, another member's state in memory, the checkpoint. A
 * plugin that saves and loads by itself may keep things in its state that a copy would share, so
 * between slots it always goes through its own files; within a slot it goes on in memory unless the
 * spec says `reload: always`.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "executor/cache.h"
#include "executor/job.h"

enum { ALIGNMENT = 64 };

/* local->runner_data. Invariant: `cache` is NULL where the plugin saves and loads by itself. */
struct plugin {
    void *handle;
    const pbt_trainer *table;
    size_t state_size; /* rounded up to ALIGNMENT; never 0 */
    bool reload_always;
    pbt__cache *cache;
    pthread_mutex_t mutex; /* of the two below */
    bool is_open;
    bool has_failed;
};

/* slot->runner_data. */
struct plugin_slot {
    void *state;
    pbt_segment_id
        held; /* the reported segment whose weights `state` holds; PBT_NO_SEGMENT: none */
};

/* ---- loading the library -----------------------------------------------------------------------
 */

static pbt_err check_table(const pbt_trainer *table, const char *path, pbt_error *error)
{
    if (table->version != PBT_TRAINER_VERSION) {
        (void)pbt__fail(error, PBT_ERR_TRAINER, "'%s' is made for version %u of trainer.h", path,
                        table->version);
        pbt__error_hint(error, "build it again with this pbt's trainer.h, version %d",
                        PBT_TRAINER_VERSION);
        return PBT_ERR_TRAINER;
    }
    if (table->init == NULL || table->train == NULL || table->evaluate == NULL ||
        (table->save == NULL) != (table->load == NULL)) {
        (void)pbt__fail(error, PBT_ERR_TRAINER, "the table of '%s' is not complete", path);
        pbt__error_hint(error, "init, train and evaluate are needed; save and load both or none");
        return PBT_ERR_TRAINER;
    }
    return PBT_OK;
}

static pbt_err load_table(struct plugin *plugin, const char *path, pbt_error *error)
{
    char file[PBT__PATH_SIZE + 2];
    /* Without a slash dlopen would look in the system's folders. */
    (void)snprintf(file, sizeof file, "%s%s", strchr(path, '/') == NULL ? "./" : "", path);
    plugin->handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    const pbt_trainer *table =
        plugin->handle != NULL ? dlsym(plugin->handle, "pbt_trainer_table") : NULL;
    if (table == NULL) {
        const char *words = dlerror();
        (void)pbt__fail(error, PBT_ERR_TRAINER, "cannot load the library '%s'", path);
        pbt__error_detail(error, "%s", words != NULL ? words : "it has no pbt_trainer_table");
        return PBT_ERR_TRAINER;
    }
    const pbt_err err = check_table(table, path, error);
    if (err != PBT_OK) {
        return err;
    }
    plugin->table = table;
    const size_t size = table->state_size > 0 ? table->state_size : 1;
    plugin->state_size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return PBT_OK;
}

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

static pbt_err plugin_open(pbt__local *local, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    struct plugin *plugin = pbt__calloc(1, sizeof *plugin);
    if (plugin == NULL) {
        return pbt__fail_memory(error);
    }
    local->runner_data = plugin;
    plugin->reload_always = local->spec->trainer.reload_always;
    pthread_mutex_init(&plugin->mutex, NULL);
    pbt_err err = pbt__local_path(local, local->spec->trainer.library, path, error);
    if (err == PBT_OK) {
        err = set_environment(local, error);
    }
    if (err == PBT_OK) {
        err = load_table(plugin, path, error);
    }
    if (err == PBT_OK && plugin->table->save == NULL) {
        err = pbt__cache_new(local->spec->search.population, plugin->table->state_size,
                             &plugin->cache);
    }
    return err == PBT_ERR_MEMORY ? pbt__fail_memory(error) : err;
}

static void plugin_close(pbt__local *local)
{
    struct plugin *plugin = local->runner_data;
    if (plugin == NULL) {
        return;
    }
    if (plugin->is_open && plugin->table->close != NULL) {
        plugin->table->close();
    }
    pbt__cache_free(plugin->cache);
    pthread_mutex_destroy(&plugin->mutex);
    if (plugin->handle != NULL) {
        (void)dlclose(plugin->handle);
    }
    free(plugin);
}

static pbt_err plugin_slot_open(pbt__slot *slot, pbt_error *error)
{
    const struct plugin *plugin = slot->local->runner_data;
    struct plugin_slot *own = pbt__calloc(1, sizeof *own);
    if (own == NULL) {
        return pbt__fail_memory(error);
    }
    slot->runner_data = own;
    own->held = PBT_NO_SEGMENT;
    own->state = aligned_alloc(ALIGNMENT, plugin->state_size);
    if (own->state == NULL) {
        (void)pbt__fail_memory(error);
        pbt__error_detail(error, "a state of this trainer has %zu bytes", plugin->state_size);
        return PBT_ERR_MEMORY;
    }
    memset(own->state, 0, plugin->state_size);
    return PBT_OK;
}

static void plugin_slot_close(pbt__slot *slot)
{
    struct plugin_slot *own = slot->runner_data;
    if (own != NULL) {
        free(own->state);
    }
    free(own);
}

/* ---- filling the state -------------------------------------------------------------------------
 */

static bool is_same(pbt_segment_id a, pbt_segment_id b)
{
    return a.member >= 0 && a.member == b.member && a.number == b.number;
}

/* Fill the state without a checkpoint; false where only the checkpoint will do. Progress is never
 * in memory: it is its own segment's, which nobody has reported. */
static bool fill_from_memory(const pbt__slot *slot, const pbt__assignment *assignment)
{
    const struct plugin *plugin = slot->local->runner_data;
    const struct plugin_slot *own = slot->runner_data;
    if (plugin->cache != NULL) {
        return is_same(own->held, assignment->load_from) ||
               pbt__cache_get(plugin->cache, assignment->load_from, own->state);
    }
    return is_same(own->held, assignment->load_from) && !plugin->reload_always;
}

static pbt_err take_bytes(pbt__slot *slot, const void *bytes, size_t length)
{
    const struct plugin *plugin = slot->local->runner_data;
    struct plugin_slot *own = slot->runner_data;
    if (bytes == NULL || length != plugin->table->state_size) {
        return pbt__fail(&slot->error, PBT_ERR_CHECKPOINT,
                         "the checkpoint has %zu bytes; the trainer's state has %zu", length,
                         plugin->table->state_size);
    }
    memcpy(own->state, bytes, length);
    return PBT_OK;
}

static pbt_err read_bytes(pbt__slot *slot, const pbt__assignment *assignment)
{
    const struct plugin *plugin = slot->local->runner_data;
    void *blob = NULL;
    char *bytes = NULL;
    size_t length = 0;
    pbt_err err = PBT_OK;
    if (assignment->load_kind == PBT__CHECKPOINT_INLINE) {
        err = pbt__study_blob(slot->local->study, assignment->load_from, &blob, &length,
                              &slot->error);
    } else {
        err = pbt__file_read(assignment->load, plugin->table->state_size, &bytes, &length,
                             &slot->error);
    }
    if (err == PBT_OK) {
        err = take_bytes(slot, blob != NULL ? blob : bytes, length);
    }
    free(blob);
    free(bytes);
    return err;
}

/* Fill the state from what the segment starts with. Returns false with the outcome where that
 * failed. */
static bool fill(pbt__slot *slot, const pbt__assignment *assignment, const pbt_job *job,
                 pbt__outcome *out)
{
    const struct plugin *plugin = slot->local->runner_data;
    struct plugin_slot *own = slot->runner_data;
    if (assignment->is_fresh) {
        memset(own->state, 0, plugin->state_size);
        const int status = plugin->table->init(own->state, job);
        if (status != 0) {
            pbt__outcome_fail(out, slot, "the trainer's init returned %d", status);
        }
        return status == 0;
    }
    if (fill_from_memory(slot, assignment)) {
        return true;
    }
    if (plugin->table->load != NULL && assignment->load_kind != PBT__CHECKPOINT_INLINE) {
        const int status = plugin->table->load(own->state, assignment->load);
        if (status != 0) {
            pbt__outcome_fail(out, slot, "the trainer's load returned %d", status);
        }
        return status == 0;
    }
    if (!pbt__slot_enter(slot)) {
        return false;
    }
    const pbt_err err = read_bytes(slot, assignment);
    pbt__slot_leave(slot);
    if (err != PBT_OK) {
        pbt__outcome_fail(out, slot, "%s", slot->error.message);
    }
    return err == PBT_OK;
}

/* ---- one segment -------------------------------------------------------------------------------
 */

/* Run `open` before the first segment of all. Returns false where it failed, now or before. */
static bool open_once(pbt__slot *slot, const pbt_job *job, pbt__outcome *out)
{
    struct plugin *plugin = slot->local->runner_data;
    pthread_mutex_lock(&plugin->mutex);
    if (!plugin->is_open && !plugin->has_failed) {
        const int status = plugin->table->open != NULL ? plugin->table->open(job) : 0;
        plugin->is_open = status == 0;
        plugin->has_failed = status != 0;
    }
    const bool is_open = plugin->is_open;
    pthread_mutex_unlock(&plugin->mutex);
    if (!is_open) {
        pbt__outcome_fail(out, slot, "the trainer's open failed");
        (void)pbt__fail(&slot->error, PBT_ERR_TRAINER, "%s", out->message);
        out->ending = PBT__ENDING_FATAL;
    }
    return is_open;
}

/* Write the state where a checkpoint goes. */
static bool save(pbt__slot *slot, const char *path, pbt__outcome *out)
{
    const struct plugin *plugin = slot->local->runner_data;
    const struct plugin_slot *own = slot->runner_data;
    if (plugin->table->save != NULL) {
        const int status = plugin->table->save(own->state, path);
        if (status != 0) {
            pbt__outcome_fail(out, slot, "the trainer's save returned %d", status);
        }
        return status == 0;
    }
    const pbt_err err = pbt__file_write(path, own->state, plugin->table->state_size, &slot->error);
    if (err != PBT_OK) {
        pbt__outcome_fail(out, slot, "%s: %s", slot->error.message, slot->error.detail);
    }
    return err == PBT_OK;
}

/* Give the segment back with what there is of it; without, where it cannot be saved. */
static void release(pbt__slot *slot, const pbt__assignment *assignment, int64_t step,
                    pbt__outcome *out)
{
    const bool has_more = step > assignment->resume_step && step < assignment->segment.end_step;
    const bool is_saved = has_more && atomic_load(&slot->order) != PBT__ORDER_LOST &&
                          save(slot, assignment->save_to, out);
    out->ending = PBT__ENDING_RELEASE;
    out->step = is_saved ? step : assignment->resume_step;
    out->has_progress = is_saved;
}

static void finish(pbt__slot *slot, const pbt__assignment *assignment, int64_t step,
                   pbt__outcome *out)
{
    const struct plugin *plugin = slot->local->runner_data;
    const struct plugin_slot *own = slot->runner_data;
    if (!pbt__outcome_report(out, slot, step)) {
        return;
    }
    if (plugin->table->save != NULL) {
        out->is_saved = save(slot, assignment->save_to, out);
        return;
    }
    out->bytes = own->state;
    out->byte_count = plugin->table->state_size;
}

static void train_job(pbt__slot *slot, const pbt__assignment *assignment, const pbt_job *job,
                      pbt__outcome *out)
{
    const pbt_trainer *table = ((const struct plugin *)slot->local->runner_data)->table;
    struct plugin_slot *own = slot->runner_data;
    int64_t step = job->start_step;
    if (!open_once(slot, job, out)) {
        return;
    }
    const bool is_filled = fill(slot, assignment, job, out);
    own->held = PBT_NO_SEGMENT;
    if (!is_filled) {
        return;
    }
    int status = table->train(own->state, job, &step);
    if (status != 0) {
        pbt__outcome_fail(out, slot, "the trainer's train returned %d", status);
        return;
    }
    if (step < job->end_step && pbt__slot_is_stopping(slot)) {
        release(slot, assignment, step, out);
        return;
    }
    status = table->evaluate(own->state, job);
    if (status != 0) {
        pbt__outcome_fail(out, slot, "the trainer's evaluate returned %d", status);
        return;
    }
    finish(slot, assignment, step, out);
}

static void plugin_train(pbt__slot *slot, const pbt__assignment *assignment, pbt__outcome *out)
{
    pbt_job *job = NULL;
    if (!pbt__slot_enter(slot)) {
        return;
    }
    const pbt_err err = pbt__job_new(slot, assignment, &job);
    pbt__slot_leave(slot);
    if (err != PBT_OK) {
        pbt__outcome_fail(out, slot, "%s", pbt_err_message(err));
        return;
    }
    train_job(slot, assignment, job, out);
    free(job);
}

static void plugin_recorded(pbt__slot *slot, pbt_segment_id id)
{
    const struct plugin *plugin = slot->local->runner_data;
    struct plugin_slot *own = slot->runner_data;
    own->held = id;
    if (plugin->cache != NULL) {
        pbt__cache_put(plugin->cache, id, own->state);
    }
}

const pbt__runner pbt__runner_plugin = {
    .open = plugin_open,
    .close = plugin_close,
    .slot_open = plugin_slot_open,
    .slot_close = plugin_slot_close,
    .train = plugin_train,
    .recorded = plugin_recorded,
    .can_be_killed = false,
};
