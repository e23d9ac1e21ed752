/* program.c: folders and environments of trainers' processes. */
#include "executor/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "executor/spawn.h"
#include "executor/warden.h"

extern char **environ;

enum { VARIABLE_SIZE = 512, VARIABLE_COUNT = 5 };

/* ---- before and after all ----------------------------------------------------------------------
 */

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
    pbt__program *program = pbt__calloc(1, sizeof *program);
    if (program == NULL) {
        return pbt__fail_memory(error);
    }
    local->runner_data = program;
    const pbt_err err = pbt__path_join(local->spec->folder, local->spec->trainer.directory,
                                       program->directory, error);
    return err == PBT_OK ? find_program(local, program, error) : err;
}

void pbt__program_close(pbt__local *local)
{
    free(local->runner_data);
}

/* ---- a slot's environment ----------------------------------------------------------------------
 */

bool pbt__program_gpus(const char *const *gpus, int32_t gpu_count, int32_t per_worker,
                       int32_t slot_index, char *out, size_t size)
{
    size_t length = 0;
    out[0] = '\0';
    for (int32_t i = 0; i < per_worker; i++) {
        const char *gpu = gpus[(slot_index * per_worker + i) % gpu_count];
        const int wanted = snprintf(out + length, size - length, "%s%s", i == 0 ? "" : ",", gpu);
        if (wanted < 0 || (size_t)wanted >= size - length) {
            return false;
        }
        length += (size_t)wanted;
    }
    return true;
}

/* What a slot's processes are told, as "NAME=value" texts. Shape: texts[VARIABLE_COUNT]; returns
 * how many, -1 where one does not fit. */
static int tell(const pbt__slot *slot, char texts[][VARIABLE_SIZE])
{
    const pbt__local *local = slot->local;
    const int32_t index = (int32_t)(slot - local->slots);
    int count = 0;
    bool fits = true;
    if (local->gpu_count > 0 && local->spec->trainer.gpus > 0) {
        static const char NAME[] = "CUDA_VISIBLE_DEVICES=";
        (void)snprintf(texts[count], VARIABLE_SIZE, NAME);
        fits = pbt__program_gpus((const char *const *)local->gpus, local->gpu_count,
                                 local->spec->trainer.gpus, index, texts[count] + sizeof NAME - 1,
                                 VARIABLE_SIZE - sizeof NAME + 1);
        count++;
    }
    const char *const pairs[][2] = {{"PBT_SERVER", local->server_url},
                                    {"PBT_TOKEN", local->token},
                                    {"PBT_STUDY", local->spec->name},
                                    {"PBT_WORKER", slot->worker}};
    for (size_t i = 0; local->server_url != NULL && i < sizeof pairs / sizeof *pairs; i++) {
        const int wanted =
            snprintf(texts[count++], VARIABLE_SIZE, "%s=%s", pairs[i][0], pairs[i][1]);
        fits = fits && wanted > 0 && wanted < VARIABLE_SIZE;
    }
    return fits ? count : -1;
}

static size_t count_of(char *const *list)
{
    size_t count = 0;
    while (list != NULL && list[count] != NULL) {
        count++;
    }
    return count;
}

/* pbt__environment_new borrows its texts, and ours must live as long as the list: one allocation.
 */
typedef struct told {
    char texts[VARIABLE_COUNT][VARIABLE_SIZE];
    char *changes[];
} told;

typedef struct slot_data {
    char **environment;
    told *told;
} slot_data;

static pbt_err build(pbt__slot *slot, slot_data *data, pbt_error *error)
{
    char *const *given = slot->local->spec->trainer.environment;
    const size_t given_count = count_of(given);
    data->told =
        pbt__calloc(1, sizeof *data->told + (given_count + VARIABLE_COUNT + 1) * sizeof(char *));
    if (data->told == NULL) {
        return pbt__fail_memory(error);
    }
    const int count = tell(slot, data->told->texts);
    if (count < 0) {
        return pbt__fail(error, PBT_ERR_LIMIT, "a variable for the trainer is too long");
    }
    for (size_t i = 0; i < given_count; i++) {
        data->told->changes[i] = given[i];
    }
    for (int i = 0; i < count; i++) {
        data->told->changes[given_count + (size_t)i] = data->told->texts[i];
    }
    data->environment =
        pbt__environment_new(environ, data->told->changes, slot->local->thread_count);
    return data->environment != NULL ? PBT_OK : pbt__fail_memory(error);
}

/* The warden is started with the first slot, when their number is known. */
pbt_err pbt__program_slot_open(pbt__slot *slot, pbt_error *error)
{
    pbt__local *local = slot->local;
    slot_data *data = pbt__calloc(1, sizeof *data);
    if (data == NULL) {
        return pbt__fail_memory(error);
    }
    slot->runner_data = data;
    const pbt_err err = build(slot, data, error);
    if (err != PBT_OK || local->warden >= 0) {
        return err;
    }
    return pbt__warden_open(local->slot_count, &local->warden, error);
}

void pbt__program_slot_close(pbt__slot *slot)
{
    slot_data *data = slot->runner_data;
    if (data != NULL) {
        free(data->environment);
        free(data->told);
    }
    free(data);
}

char *const *pbt__program_environment(const pbt__slot *slot)
{
    return ((const slot_data *)slot->runner_data)->environment;
}
