/* gpus.c: lists of GPUs, given or found. */
#include "cli/gpus.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "executor/local.h"

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
            (void)pbt__fail(error, PBT_ERR_ARGUMENT, "'%s' is no GPU's name", name);
            pbt__error_hint(error, "a list such as 0,1 or of UUIDs");
            pbt__gpus_fini(&gpus);
            return PBT_ERR_ARGUMENT;
        }
        gpus.names[gpus.count++] = name;
    }
    *out = gpus;
    return PBT_OK;
}

/* "0,1,..." for as many as the driver shows; NULL where it shows none. */
static char *list_driver(void)
{
    DIR *folder = opendir(DRIVER_FOLDER);
    int count = 0;
    pbt__text text = pbt__text_init(16 * GPUS_MAXIMUM);
    for (struct dirent *entry = folder != NULL ? readdir(folder) : NULL; entry != NULL;
         entry = readdir(folder)) {
        if (entry->d_name[0] != '.') {
            pbt__text_format(&text, "%s%d", count == 0 ? "" : ",", count);
            count++;
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    char *list = count > 0 ? pbt__text_take(&text) : NULL;
    pbt__text_fini(&text);
    return list;
}

pbt_err pbt__gpus_find(const char *list, pbt__gpus *out, pbt_error *error)
{
    const char *allotted = getenv("CUDA_VISIBLE_DEVICES");
    const char *given = list != NULL ? list : allotted;
    *out = (pbt__gpus){0};
    if (list == NULL && allotted != NULL && allotted[0] == '\0') {
        return PBT_OK;
    }
    char *text = given != NULL ? pbt__strdup(given) : list_driver();
    if (text == NULL) {
        return given != NULL ? pbt__fail_memory(error) : PBT_OK;
    }
    return split(text, out, error);
}

int32_t pbt__gpus_slots(const pbt__gpus *gpus, const pbt_spec *spec, int32_t wanted)
{
    int32_t offered = spec->trainer.gpus > 0 && gpus->count > 0 ? gpus->count / spec->trainer.gpus
                                                                : pbt__slots_processors();
    int32_t count = wanted > 0 ? wanted : offered > 0 ? offered : 1;
    return count < spec->search.population ? count : spec->search.population;
}
