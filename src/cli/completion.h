/* completion.h: shell completion from the tables of commands and of a spec's keys. */
#ifndef PBT_CLI_COMPLETION_H
#define PBT_CLI_COMPLETION_H

#include "base/text.h"
#include "cli/operand.h"

void pbt__completion_bash(pbt__text *script);
void pbt__completion_zsh(pbt__text *script);
void pbt__completion_fish(pbt__text *script);

/* ---- what the three share ---- */

/* Add the names of options that take an argument, "--store --slots", with `between` between them:
 * those of one command, or of all for NULL. */
void pbt__completion_valued(pbt__text *script, const pbt__command *command, const char *between);

/* Add the keys that may be amended, "stop.steps= stop.score=". */
void pbt__completion_keys(pbt__text *script);

/* Add what an option's argument may be, or the endings of its file, with `between` between them. */
void pbt__completion_values(pbt__text *script, const pbt__option *option, const char *between);

/* Add the command whose words name a store, `pbt list`'s row in the table. */
const pbt__command *pbt__completion_lister(void);

/* Add a text with `escape` before each character of `special`. */
void pbt__completion_escaped(pbt__text *script, const char *text, const char *special,
                             const char *escape);

#endif
