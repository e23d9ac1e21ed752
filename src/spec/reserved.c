/* reserved.c: what an entry of `start` has beside values; names that mean something else, and that
 * no hyperparameter may have. */
#include <string.h>

#include "spec/keys.h"
#include "spec/placeholder.h"
#include "spec/reader.h"

/* clang-format off */
const pbt__field pbt__start_fields[PBT__START_FIELDS] = {
    {"fixed", 0, false, "true, false", "false",
     "A baseline inside the population: it never copies and never changes; it may be copied."},
    {"checkpoint", 0, false, "a text that is not empty", "null",
     "A file or folder whose weights this member starts from."},
    {"schedule", 0, false, "a list of {until: AGE, NAME: VALUE ...}", "[]",
     "A schedule to follow: the values until the weights have that age, in steps; what a stage "
     "does not name stays as it was, and the last one holds to the end. The member is fixed. In "
     "a population of several, stages end at multiples of ready.every."},
};
/* clang-format on */

bool pbt__is_reserved(const char *name)
{
    bool means_more = false;
    for (size_t i = 0; i < PBT__START_FIELDS; i++) {
        means_more |= strcmp(pbt__start_fields[i].name, name) == 0;
    }
    for (size_t i = 0; i < PBT__PLACEHOLDER_COUNT; i++) {
        const pbt__placeholder *each = &pbt__placeholders[i];
        means_more |= !each->is_late && strcmp(each->name, name) == 0;
    }
    return means_more;
}
