/* tensorboard.h: `pbt run --tensorboard DIR`: TensorBoard runs that grow as reports come. */
#ifndef PBT_CLI_TENSORBOARD_H
#define PBT_CLI_TENSORBOARD_H

#include "cli/follow.h"

typedef struct pbt__tensorboard pbt__tensorboard;

/* Write a study's runs to FOLDER/NAME, from where they were left on. The study is borrowed. What
 * goes wrong later is a warning. Errors: PBT_ERR_MEMORY, PBT_ERR_LIMIT, PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__tensorboard_start(pbt__study *study, const char *folder,
                                            pbt__tensorboard **out, pbt_error *error);

/* Write the rest and free. NULL is none. */
void pbt__tensorboard_finish(pbt__tensorboard *tensorboard);

#endif
