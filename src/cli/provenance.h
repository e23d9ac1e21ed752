/* provenance.h: where a study came from, recorded once when it is created. */
#ifndef PBT_CLI_PROVENANCE_H
#define PBT_CLI_PROVENANCE_H

#include <jansson.h>

#include "cli/command.h"
#include "spec/spec.h"

/*
 * Gather {command, version, host, kernel, processor, processors, trainer: {directory, commit,
 * clean}}. What cannot be found is null. `clean`: no tracked file differs, and the spec and the
 * files named in the trainer's command or library are tracked. Other files do not count, because
 * results are often written beside the trainer. New reference; NULL if there is no memory.
 * Nullable: file, the spec's.
 */
json_t *pbt__provenance_gather(const pbt__arguments *arguments, const pbt_spec *spec,
                               const char *file);

#endif
