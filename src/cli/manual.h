/* manual.h: manual pages from the tables of commands and of a spec's keys. */
#ifndef PBT_CLI_MANUAL_H
#define PBT_CLI_MANUAL_H

#include "base/text.h"
#include "cli/command.h"

/* Write a command's page; for pbt__root_command that of `pbt` itself. */
void pbt__manual_command(pbt__text *page, const pbt__command *command);

/* Write pbt-spec(5). */
void pbt__manual_spec(pbt__text *page);

/* Write a command's name as its page has it: "pbt-run". Shape: out[size] */
void pbt__manual_name(const pbt__command *command, char *out, size_t size);

#endif
