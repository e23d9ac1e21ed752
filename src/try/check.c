/* check.c: how one check is concluded. */
#include <stdarg.h>
#include <stdio.h>

#include "try/trial.h"

void pbt__check_conclude(pbt__check *check, pbt__opinion opinion, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    check->opinion = opinion;
    (void)vsnprintf(check->found, sizeof check->found, format, arguments);
    va_end(arguments);
    check->hint[0] = '\0';
    check->evidence = (pbt__evidence){0};
}

void pbt__check_advise(pbt__check *check, const char *hint)
{
    (void)snprintf(check->hint, sizeof check->hint, "%s", hint);
}

void pbt__check_show(pbt__check *check, const pbt__trained *a, const char *a_name,
                     const pbt__trained *b, const char *b_name)
{
    if (a != NULL && b != NULL && a->is_there && b->is_there) {
        check->evidence = (pbt__evidence){.sides = {a, b}, .names = {a_name, b_name}};
    }
}

pbt__probe_id pbt__trial_failed(const pbt__trial *trial)
{
    int id = 0;
    while (id < PBT__PROBE_PINNED_MEMORY && trial->probed[id].failure == PBT_OK) {
        id++;
    }
    return id < PBT__PROBE_PINNED_MEMORY ? (pbt__probe_id)id : PBT__PROBE_COUNT;
}
