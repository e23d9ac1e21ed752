/* program.c: folders and environments of trainers' processes. */
#include "executor/program.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "executor/spawn.h"
#include "executor/warden.h"

extern char **environ;

enum { VARIABLE_SIZE = 512, VARIABLE_COUNT = 7 };

/* ---- before and after all -------------------------------------------------------------------- */

static pbt_err find_program(const pbt__local *local, const pbt__program *program, pbt_error *error)
{
    const char *name = local->spec->trainer.command[0];
    char **environment =
        pbt__environment_new(environ, local->spec->trainer.environment, local->thread_count);
    if (environment == NULL) {
        return pbt__fail_memory(error);
    }
    const bool is_there =
        strchr(name, '{') != NULL ||
        pbt__spawn_can_find(name, program->directory, pbt__environment_get(environment, "PATH"));
    free(environment);
    if (is_there) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_TRAINER, "there is no program '%s' that can be run", name);
    pbt__error_detail(error, "looked from the folder '%s'", program->directory);
    pbt__error_hint(error, "is it there, and is it executable (chmod +x)?");
    return PBT_ERR_TRAINER;
}

pbt_err pbt__program_open(pbt__local *local, pbt_error *error)
{
    char number[17];
    pbt__program *program = pbt__calloc(1, sizeof *program);
    if (program == NULL) {
        return pbt__fail_memory(error);
    }
    local->program = program;
    pbt_err err = pbt__random_text(number, sizeof number, 4, error);
    if (err != PBT_OK) {
        return err;
    }
    (void)snprintf(program->mark, sizeof program->mark, "PBT_SLOT=%s-", number);
    err = pbt__path_join(local->spec->folder, local->spec->trainer.directory, program->directory,
                         error);
    const bool is_plugin = local->spec->trainer.protocol == PBT__PROTOCOL_LIBRARY;
    return err == PBT_OK && !is_plugin ? find_program(local, program, error) : err;
}

void pbt__program_close(pbt__local *local)
{
    free(local->program);
    local->program = NULL;
}

/* ---- a slot's environment -------------------------------------------------------------------- */

/* pbt__environment_new borrows its texts, so list and texts are one allocation. */
typedef struct variables {
    int count; /* of texts */
    bool has_failed;
    char texts[VARIABLE_COUNT][VARIABLE_SIZE]; /* "NAME=value"; the first is the slot's mark */
    char *changes[];
} variables;

/* Add a variable; one that does not fit is remembered as a failure. */
static void tell(variables *own, const char *name, const char *value)
{
    const int wanted = snprintf(own->texts[own->count], VARIABLE_SIZE, "%s=%s", name, value);
    own->has_failed = own->has_failed || wanted < 0 || wanted >= VARIABLE_SIZE;
    own->count++;
}

/* List the GPUs of a slot as CUDA_VISIBLE_DEVICES names them. False: they do not fit. */
static bool list_gpus(const pbt__local *local, int32_t slot, char *out, size_t size)
{
    size_t length = 0;
    out[0] = '\0';
    for (int32_t i = 0; i < local->gpu_count; i++) {
        if (local->gpu_owners[i] != slot) {
            continue;
        }
        const char *comma = length == 0 ? "" : ",";
        const int wanted = snprintf(out + length, size - length, "%s%s", comma, local->gpus[i]);
        if (wanted < 0 || (size_t)wanted >= size - length) {
            return false;
        }
        length += (size_t)wanted;
    }
    return true;
}

static void tell_gpus(variables *own, const pbt__slot *slot)
{
    char list[VARIABLE_SIZE];
    const pbt__local *local = slot->local;
    if (local->gpu_count == 0 || local->spec->trainer.gpus == 0) {
        return;
    }
    const bool fits = list_gpus(local, (int32_t)(slot - local->slots), list, sizeof list);
    own->has_failed = own->has_failed || !fits;
    tell(own, local->gpu_variable, list);
}

/* The slot's number has one width, so that no mark begins with another one. */
static void tell_mark(variables *own, const pbt__slot *slot)
{
    const pbt__program *program = slot->local->program;
    const int index = (int)(slot - slot->local->slots);
    (void)snprintf(own->texts[own->count++], VARIABLE_SIZE, "%s%08x", program->mark,
                   (unsigned)index);
}

static void tell_all(variables *own, const pbt__slot *slot)
{
    const pbt__local *local = slot->local;
    const char *const pairs[][2] = {{"PBT_SERVER", local->server_url},
                                    {"PBT_TOKEN", local->token},
                                    {"PBT_STUDY", local->spec->name},
                                    {"PBT_WORKER", slot->worker},
                                    {"PBT_LEASE", "kept"}}; /* worker.c renews it */
    const bool is_plugin = local->spec->trainer.protocol == PBT__PROTOCOL_LIBRARY;
    const bool is_told = local->server_url != NULL && !is_plugin;
    tell_mark(own, slot);
    tell_gpus(own, slot);
    for (size_t i = 0; is_told && i < sizeof pairs / sizeof *pairs; i++) {
        tell(own, pairs[i][0], pairs[i][1]);
    }
}

static size_t count_of(char *const *list)
{
    size_t count = 0;
    while (list != NULL && list[count] != NULL) {
        count++;
    }
    return count;
}

typedef struct slot_data {
    char **environment;
    variables *own;
} slot_data;

static pbt_err build(pbt__slot *slot, slot_data *data, pbt_error *error)
{
    char *const *given = slot->local->spec->trainer.environment;
    const size_t given_count = count_of(given);
    data->own =
        pbt__calloc(1, sizeof *data->own + (given_count + VARIABLE_COUNT + 1) * sizeof(char *));
    if (data->own == NULL) {
        return pbt__fail_memory(error);
    }
    tell_all(data->own, slot);
    if (data->own->has_failed) {
        return pbt__fail(error, PBT_ERR_LIMIT, "a variable for the trainer is too long");
    }
    for (size_t i = 0; i < given_count; i++) {
        data->own->changes[i] = given[i];
    }
    for (int i = 0; i < data->own->count; i++) {
        data->own->changes[given_count + (size_t)i] = data->own->texts[i];
    }
    data->environment =
        pbt__environment_new(environ, data->own->changes, slot->local->thread_count);
    return data->environment != NULL ? PBT_OK : pbt__fail_memory(error);
}

/* The warden is started with the first slot. */
pbt_err pbt__program_slot_open(pbt__slot *slot, pbt_error *error)
{
    pbt__local *local = slot->local;
    slot_data *data = pbt__calloc(1, sizeof *data);
    if (data == NULL) {
        return pbt__fail_memory(error);
    }
    slot->program = data;
    const pbt_err err = build(slot, data, error);
    if (err != PBT_OK || local->warden >= 0) {
        return err;
    }
    const pbt__program *program = local->program;
    return pbt__warden_open(local->slot_count, program->mark, &local->warden, error);
}

void pbt__program_slot_close(pbt__slot *slot)
{
    slot_data *data = slot->program;
    if (data != NULL) {
        free(data->environment);
        free(data->own);
    }
    free(data);
    slot->program = NULL;
}

char *const *pbt__program_environment(const pbt__slot *slot)
{
    return ((const slot_data *)slot->program)->environment;
}

const char *pbt__program_mark(const pbt__slot *slot)
{
    return ((const slot_data *)slot->program)->own->texts[0];
}
