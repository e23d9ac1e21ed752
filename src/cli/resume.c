/* resume.c: `pbt resume`. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/control.h"

enum { MEMBERS_MAXIMUM = 1024, NUMBER_MAXIMUM = 1 << 20 };

/* "1,3", or "all", which is no number. Shape: out[MEMBERS_MAXIMUM] */
static pbt_err read_members(const char *text, int32_t *out, size_t *count, pbt_error *error)
{
    char number[16];
    *count = 0;
    if (strcmp(text, "all") == 0) {
        return PBT_OK;
    }
    for (const char *at = text;; at++) {
        const size_t length = strcspn(at, ",");
        int64_t value = 0;
        snprintf(number, sizeof number, "%.*s", length < 15 ? (int)length : 15, at);
        pbt_err err = pbt__arguments_integer("--members", number, 0, NUMBER_MAXIMUM, &value, error);
        if (err != PBT_OK) {
            return err;
        }
        if (*count == MEMBERS_MAXIMUM) {
            return pbt__fail(error, PBT_ERR_ARGUMENT, "--members takes at most %d numbers, or all",
                             MEMBERS_MAXIMUM);
        }
        out[(*count)++] = (int32_t)value;
        at += length;
        if (*at == '\0') {
            return PBT_OK;
        }
    }
}

static pbt_err revive(const char *list, pbt__control *control, pbt_error *error)
{
    int32_t members[MEMBERS_MAXIMUM];
    size_t count = 0;
    pbt_err err = read_members(list, members, &count, error);
    if (err == PBT_OK) {
        err = pbt__control_revive(control, members, count, error);
    }
    if (err == PBT_OK) {
        printf("brought back members of %s; 'pbt run' of its spec trains them\n", control->name);
    }
    return err;
}

static pbt_err change(const pbt__arguments *arguments, pbt__control *control, pbt_error *error)
{
    if (arguments->has[PBT__OPTION_MEMBERS]) {
        return revive(arguments->values[PBT__OPTION_MEMBERS], control, error);
    }
    pbt_err err = pbt__control_resume(control, error);
    if (err == PBT_OK) {
        printf("resumed %s; 'pbt run' of its spec trains it\n", control->name);
    }
    return err;
}

int pbt__command_resume(const pbt__arguments *arguments)
{
    return pbt__control_run(arguments, change);
}
