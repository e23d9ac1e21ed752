/* provenance.h: where a study came from, recorded once when it is created. */
#ifndef PBT_CLI_PROVENANCE_H
#define PBT_CLI_PROVENANCE_H

#include <jansson.h>

#include "cli/command.h"
#include "spec/spec.h"

/*
 * Gather {command, version, host, kernel, processor, processors, trainer: {directory, commit,
 * clean}}. What cannot be found out is null. `clean` says that no tracked file differs and that the
 * spec, and the files that the trainer's command or library names, are tracked; others are not
 * asked for, since results are often written beside the trainer. New reference; NULL where there is
 * no memory. Nullable: file, the spec's.
 */
json_t *pbt__provenance_gather(const pbt__arguments *arguments, const pbt_spec *spec,
                               const char *file);

#endif
