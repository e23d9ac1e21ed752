/* run.h: running a study from its spec; what `pbt run` and `pbt replay` share. */
#ifndef PBT_CLI_RUN_H
#define PBT_CLI_RUN_H

#include "cli/command.h"
#include "spec/spec.h"

/* Run the study of a spec by a command line's options; prints what went wrong and returns the exit
 * status. Owner: takes `spec`. Nullable: file, where the spec was read from. */
int pbt__run(const pbt__arguments *arguments, pbt_spec *spec, const char *file);

#endif
