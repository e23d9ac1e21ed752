/* reserved.c: names that mean something else, and that no hyperparameter may have. */
#include <string.h>

#include "spec/placeholder.h"
#include "spec/reader.h"

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
