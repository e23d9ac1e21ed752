/* library.c: dlopen, and what a table must hold. */
#include "executor/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

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

static pbt_err find_table(pbt__library *library, const char *path, pbt_error *error)
{
    char file[PBT__PATH_SIZE + 2];
    /* Without a slash dlopen would look in the system's folders. */
    (void)snprintf(file, sizeof file, "%s%s", strchr(path, '/') == NULL ? "./" : "", path);
    library->handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    library->table = library->handle != NULL ? dlsym(library->handle, "pbt_trainer_table") : NULL;
    if (library->table == NULL) {
        const char *words = dlerror();
        (void)pbt__fail(error, PBT_ERR_TRAINER, "cannot load the library '%s'", path);
        pbt__error_detail(error, "%s", words != NULL ? words : "it has no pbt_trainer_table");
        return PBT_ERR_TRAINER;
    }
    return check_table(library->table, path, error);
}

pbt_err pbt__library_open(const char *path, pbt__library *out, pbt_error *error)
{
    pbt__library library = {0};
    const pbt_err err = find_table(&library, path, error);
    if (err != PBT_OK) {
        pbt__library_close(&library);
        return err;
    }
    *out = library;
    return PBT_OK;
}

void pbt__library_close(pbt__library *library)
{
    if (library->handle != NULL) {
        (void)dlclose(library->handle);
    }
    *library = (pbt__library){0};
}
