/* spec_file.h: the spec that a command line names, and all that is said of it. */
#ifndef PBT_CLI_SPEC_FILE_H
#define PBT_CLI_SPEC_FILE_H

#include <jansson.h>

#include "cli/command.h"
#include "spec/spec.h"

/* Owner: pbt__spec_file_fini, but for a `spec` that was taken and set to NULL. */
typedef struct pbt__spec_file {
    pbt_spec *spec; /* NULL where it is refused */
    pbt__complaints complaints;
    pbt_error error; /* the first error; or about the file itself, where there is no complaint */
} pbt__spec_file;

/* What `~` stands for: the environment's HOME; NULL where that is no absolute path. */
const char *pbt__spec_file_home(void);

/* Read a spec by pbt__spec_load, with the environment's HOME; prints nothing. */
void pbt__spec_file_read(const char *path, pbt__spec_file *out);
void pbt__spec_file_fini(pbt__spec_file *file);

/* Say whether something is wrong with it for which no new study is made of it. */
bool pbt__spec_file_is_refused(const pbt__spec_file *file);

/* Print all that is wrong with a spec, on standard error, and how much that is where there are
 * several. Returns the exit status: 0 where there are only warnings. */
int pbt__spec_file_print(const pbt__spec_file *file, const char *path);

/* The same for a study that exists already: errors that would keep it from being made are
 * warnings. */
void pbt__spec_file_warn(const pbt__spec_file *file, const char *path);

/* The complaints of one kind as a list of objects, or NULL without memory. Owner: the caller. */
json_t *pbt__spec_file_list(const pbt__spec_file *file, bool is_warning);

#endif
