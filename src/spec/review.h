/* review.h: the parts of pbt__review_spec. Each is a pbt__look, and the reader keeps what is found.
 * Nothing outside src/spec includes it. */
#ifndef PBT_SPEC_REVIEW_H
#define PBT_SPEC_REVIEW_H

#include "spec/reader.h"

/* A metric's name that no report can carry. */
PBT_MUST_USE pbt_err pbt__review_metric(const pbt__reader *reader);

/* More members than one event has room for. */
PBT_MUST_USE pbt_err pbt__review_size(const pbt__reader *reader);

/* A loss that is maximized, or an accuracy that is minimized. */
PBT_MUST_USE pbt_err pbt__review_direction(const pbt__reader *reader);

/* Known names in forms that nothing fills in: "${lr}", "<lr>"; in a variable also "{lr}". */
PBT_MUST_USE pbt_err pbt__review_forms(const pbt__reader *reader);
PBT_MUST_USE pbt_err pbt__review_variables(const pbt__reader *reader);

/* What a command lacks. Runs after the two above, and does not repeat them. */
PBT_MUST_USE pbt_err pbt__review_silence(const pbt__reader *reader);

/* `~` that cannot be expanded, and variables, which nothing expands. */
PBT_MUST_USE pbt_err pbt__review_paths(const pbt__reader *reader);
PBT_MUST_USE pbt_err pbt__review_environment(const pbt__reader *reader);

/* Where an argument of the command stands. */
pbt__spot pbt__review_argument(const pbt__reader *reader, size_t index);

/* Say whether a shell reads an argument: "sh -c SCRIPT". */
bool pbt__review_is_script(char *const *command, size_t index);

#endif
