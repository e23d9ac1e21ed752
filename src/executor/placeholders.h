/* placeholders.h: a command with its placeholders filled in (design.md section 5.4). */
#ifndef PBT_EXECUTOR_PLACEHOLDERS_H
#define PBT_EXECUTOR_PLACEHOLDERS_H

#include "base/text.h"
#include "desk/desk.h"

enum { PBT__ARGUMENTS_MAXIMUM = 1024 * 1024 }; /* Units: bytes of all arguments */

/*
 * Fill in a command for an assignment. Known are every hyperparameter's name and
 * pbt__placeholders; where an earlier attempt left progress, the start is where that ended. "{{"
 * and "}}" are braces. Shape: command is NULL-terminated, and so is `*out`. Owner: the caller frees
 * `*out`, one allocation. Errors: PBT_ERR_SPEC (no such name, a brace that is not closed),
 * PBT_ERR_LIMIT, PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__placeholders_fill(char *const *command, const pbt_space *space,
                                            const pbt__assignment *assignment, char ***out,
                                            pbt_error *error);

/* Append a value as a command or a log shows it: numbers in their shortest exact form. */
void pbt__value_append(pbt__text *text, const pbt_parameter *parameter, pbt_value value);

#endif
