/* seeds.c: a range of seeds. */
#include "cli/seeds.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/command.h"

pbt_err pbt__seeds_read(const char *text, pbt__seeds *out, pbt_error *error)
{
    char first[32];
    pbt__seeds seeds;
    const char *dots = strstr(text, "..");
    const char *last = dots != NULL ? dots + 2 : text;
    int length = dots != NULL ? (int)(dots - text) : (int)strlen(text);
    snprintf(first, sizeof first, "%.*s", length, text);
    pbt_err err = pbt__arguments_integer("--seeds", first, 0, INT64_MAX, &seeds.first, error);
    if (err == PBT_OK) {
        err = pbt__arguments_integer("--seeds", last, 0, INT64_MAX, &seeds.last, error);
    }
    if (err != PBT_OK) {
        pbt__error_hint(error, "such as --seeds 1..3");
        return err;
    }
    if (seeds.last < seeds.first || seeds.last - seeds.first >= PBT__SEEDS_MAXIMUM) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "--seeds is '%s'", text);
        pbt__error_hint(error, "A..B with A at most B, and no more than %d seeds",
                        PBT__SEEDS_MAXIMUM);
        return PBT_ERR_ARGUMENT;
    }
    *out = seeds;
    return PBT_OK;
}
