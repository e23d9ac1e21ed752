/*
 * home.h: `~` in a spec's paths.
 *
 * It is expanded in the text before a study is made, so that a study's record means the same in
 * every environment. Nothing outside src/spec includes it.
 */
#ifndef PBT_SPEC_HOME_H
#define PBT_SPEC_HOME_H

#include "spec/reader.h"

/* Called with a node that holds a path and the key's name. Returning not PBT_OK ends the walk. */
typedef pbt_err pbt__home_visit(void *context, const char *path, const pbt__node *node);

/* Visit every path of the text that is read: the folders, the library, the program, checkpoints to
 * start from, and arguments that begin with "~/", except those that a shell reads. */
PBT_MUST_USE pbt_err pbt__home_walk(const pbt__reader *reader, pbt__home_visit *visit,
                                    void *context);

/* Say whether a path is "~" or begins with "~/". */
bool pbt__home_is_own(const char *path);

/* Put findings->home into the text: findings->expanded, NULL if there is nothing to expand.
 * Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__home_expand(const pbt__reader *reader, const char *text);

#endif
