/* stop.c: the names of reasons to stop. */
#include "base/stop.h"

#include <stddef.h>
#include <string.h>

static const char *const NAMES[] = {
    [PBT__STOP_NONE] = "",
    [PBT__STOP_USER] = "user",
    [PBT__STOP_SCORE] = "score",
    [PBT__STOP_SECONDS] = "seconds",
    [PBT__STOP_BROKEN] = "broken",
    [PBT__STOP_FINISHED] = "finished",
    [PBT__STOP_INTERRUPTED] = "interrupted",
};
enum { COUNT = sizeof NAMES / sizeof *NAMES };

const char *pbt__stop_name(pbt__stop_reason reason)
{
    return NAMES[reason];
}

bool pbt__stop_read(const char *text, pbt__stop_reason *out)
{
    for (int i = 0; text != NULL && i < COUNT; i++) {
        if (strcmp(text, NAMES[i]) == 0) {
            *out = (pbt__stop_reason)i;
            return true;
        }
    }
    return false;
}
