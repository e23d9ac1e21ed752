/* gpus.c: lists of GPUs, given or found, and how many processors there are. */
#include "executor/gpus.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "executor/slots.h"

enum { GPUS_MAXIMUM = 1024 };

static const char DRIVER_FOLDER[] = "/proc/driver/nvidia/gpus";

void pbt__gpus_fini(pbt__gpus *gpus)
{
    free(gpus->names);
    free(gpus->text);
    *gpus = (pbt__gpus){0};
}

static bool is_name(const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr("-_:/.", *c) == NULL) {
            return false;
        }
    }
    return name[0] != '\0';
}

static pbt_err split(char *text, pbt__gpus *out, pbt_error *error)
{
    pbt__gpus gpus = {.text = text, .names = pbt__calloc(GPUS_MAXIMUM, sizeof *gpus.names)};
    if (gpus.names == NULL) {
        free(text);
        return pbt__fail_memory(error);
    }
    for (char *rest = text; rest != NULL;) {
        const char *name = strsep(&rest, ",");
        if (!is_name(name) || gpus.count == GPUS_MAXIMUM) {
            (void)pbt__fail(error, PBT_ERR_ARGUMENT, "'%s' is not a GPU name", name);
            pbt__error_hint(error, "a list such as 0,1 or of UUIDs");
            pbt__gpus_fini(&gpus);
            return PBT_ERR_ARGUMENT;
        }
        gpus.names[gpus.count++] = name;
    }
    *out = gpus;
    return PBT_OK;
}

static pbt__slurm read_slurm(void)
{
    return (pbt__slurm){
        .job_id = getenv("SLURM_JOB_ID"),
        .cpus_per_task = getenv("SLURM_CPUS_PER_TASK"),
        .cpus_on_node = getenv("SLURM_CPUS_ON_NODE"),
        .gpus_on_node = getenv("SLURM_GPUS_ON_NODE"),
    };
}

int32_t pbt__processors_find(void)
{
    pbt__slurm slurm = read_slurm();
    int32_t allotted = pbt__slurm_processors(&slurm);
    int32_t usable = pbt__slots_processors();
    return allotted > 0 && allotted < usable ? allotted : usable;
}

static int32_t count_driver(void)
{
    DIR *folder = opendir(DRIVER_FOLDER);
    int32_t count = 0;
    for (struct dirent *entry = folder != NULL ? readdir(folder) : NULL; entry != NULL;
         entry = readdir(folder)) {
        count += entry->d_name[0] != '.';
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

/* "0,1,..." for as many as Slurm or the driver counts; NULL if that is none. */
static char *list_counted(void)
{
    pbt__slurm slurm = read_slurm();
    int32_t allotted = pbt__slurm_gpus(&slurm);
    int32_t count = allotted > 0 ? allotted : count_driver();
    pbt__text text = pbt__text_init(16 * GPUS_MAXIMUM);
    for (int32_t i = 0; i < count && i < GPUS_MAXIMUM; i++) {
        pbt__text_format(&text, "%s%" PRId32, i == 0 ? "" : ",", i);
    }
    char *list = count > 0 ? pbt__text_take(&text) : NULL;
    pbt__text_fini(&text);
    return list;
}

/* What launchers write for a job without a GPU; CUDA treats unknown names the same way. */
static bool names_none(const char *list)
{
    return list[0] == '\0' || strcmp(list, "-1") == 0 || strcmp(list, "NoDevFiles") == 0;
}

pbt_err pbt__gpus_find(const char *list, pbt__gpus *out, pbt_error *error)
{
    static const char CUDA[] = "CUDA_VISIBLE_DEVICES", ROCR[] = "ROCR_VISIBLE_DEVICES";
    bool is_rocr = getenv(CUDA) == NULL && getenv(ROCR) != NULL;
    const char *variable = is_rocr ? ROCR : CUDA;
    const char *allotted = getenv(variable);
    const char *given = list != NULL ? list : allotted;
    *out = (pbt__gpus){.variable = variable};
    if (list == NULL && allotted != NULL && names_none(allotted)) {
        return PBT_OK;
    }
    char *text = given != NULL ? pbt__strdup(given) : list_counted();
    if (text == NULL) {
        return given != NULL ? pbt__fail_memory(error) : PBT_OK;
    }
    pbt_err err = split(text, out, error);
    out->variable = variable;
    out->is_given = list != NULL;
    return err;
}

pbt_err pbt__gpus_check(const pbt__gpus *gpus, const pbt_spec *spec, pbt_error *error)
{
    if (!gpus->is_given || spec->trainer.gpus > 0) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "--gpus is given, but trainer.gpus is 0");
    pbt__error_hint(error, "set it in the spec, such as trainer: {gpus: 1}");
    return PBT_ERR_ARGUMENT;
}

int32_t pbt__gpus_slots(const pbt__gpus *gpus, const pbt_spec *spec, int32_t wanted)
{
    int32_t offered =
        spec->trainer.gpus > 0 ? gpus->count / spec->trainer.gpus : pbt__processors_find();
    int32_t count = wanted > 0 ? wanted : offered > 0 ? offered : 1;
    return count < spec->search.population ? count : spec->search.population;
}
