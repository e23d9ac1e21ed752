/* provenance.h: where a study came from, recorded once when it is created. */
#ifndef PBT_CLI_PROVENANCE_H
#define PBT_CLI_PROVENANCE_H

#include <jansson.h>

#include "cli/command.h"
#include "spec/spec.h"

/*
 * Gather {command, version, host, kernel, processor, processors, trainer: {directory, commit,
 * clean}}. What cannot be found out is null; `clean` counts tracked files only, since results are
 * often written beside the trainer. New reference; NULL where there is no memory.
 */
json_t *pbt__provenance_gather(const pbt__arguments *arguments, const pbt_spec *spec);

#endif
