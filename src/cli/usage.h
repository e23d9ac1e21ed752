/* usage.h: what --help prints, and the nearest name to a mistyped one. */
#ifndef PBT_CLI_USAGE_H
#define PBT_CLI_USAGE_H

#include <stdio.h>

#include "cli/command.h"

/* Print a command's whole help; for pbt__root_command the list of commands. */
void pbt__usage_print(const pbt__command *command, FILE *out);

/* Write one line: "pbt show [STUDY] [--store URL] [--json]". Shape: out[size]; cut where too
 * long. */
void pbt__usage_line(const pbt__command *command, char *out, size_t size);

/* Find the command nearest to `name`; NULL if none is near. */
const char *pbt__usage_nearest_command(const char *name);

/* Find the option of `command` nearest to `name` (without dashes); NULL if none is near. */
const char *pbt__usage_nearest_option(const pbt__command *command, const char *name);

#endif
