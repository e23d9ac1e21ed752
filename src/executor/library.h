/*
 * library.h: a plugin's file, loaded into this process.
 *
 * Loading runs the library's own code, so an isolated plugin is loaded only in the process that
 * runs it.
 */
#ifndef PBT_EXECUTOR_LIBRARY_H
#define PBT_EXECUTOR_LIBRARY_H

#include <pbt/pbt.h>
#include <pbt/trainer.h>

typedef struct pbt__library {
    void *handle; /* NULL: nothing is loaded */
    const pbt_trainer *table;
} pbt__library;

/* Load a library and check its table. Errors: PBT_ERR_TRAINER (the detail or the hint says why),
 * with nothing loaded. */
PBT_MUST_USE pbt_err pbt__library_open(const char *path, pbt__library *out, pbt_error *error);
void pbt__library_close(pbt__library *library);

#endif
