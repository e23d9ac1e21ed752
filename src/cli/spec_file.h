/* spec_file.h: the spec that a command line names, with its errors and warnings. */
#ifndef PBT_CLI_SPEC_FILE_H
#define PBT_CLI_SPEC_FILE_H

#include <jansson.h>

#include "cli/command.h"
#include "spec/spec.h"

/* Owner: pbt__spec_file_fini, but for a `spec` that was taken and set to NULL. */
typedef struct pbt__spec_file {
    pbt_spec *spec; /* NULL if it is refused */
    pbt__complaints complaints;
    pbt_error error; /* the first error; or about the file itself, if there is no complaint */
} pbt__spec_file;

/* What `~` stands for: the environment's HOME; NULL if that is no absolute path. */
const char *pbt__spec_file_home(void);

/* Read a spec by pbt__spec_load, with the environment's HOME; prints nothing. */
void pbt__spec_file_read(const char *path, pbt__spec_file *out);
void pbt__spec_file_fini(pbt__spec_file *file);

/* Say whether it has errors; then no new study is made of it. */
bool pbt__spec_file_is_refused(const pbt__spec_file *file);

/* Print all errors and warnings on standard error, with their number if there are several. Returns
 * the exit status: 0 if there are only warnings. */
int pbt__spec_file_print(const pbt__spec_file *file, const char *path);

/* The same for a study that exists already: errors are printed as warnings. */
void pbt__spec_file_warn(const pbt__spec_file *file, const char *path);

/* The complaints of one kind as a list of objects, or NULL without memory. Owner: the caller. */
json_t *pbt__spec_file_list(const pbt__spec_file *file, bool is_warning);

#endif
