/* executor.c: finding an executor in the table. */
#include "executor/executor.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

static pbt_err fail_unknown(const char *name, pbt_error *error)
{
    pbt__text names = pbt__text_init(sizeof error->hint);
    for (size_t i = 0; pbt__executors[i] != NULL; i++) {
        pbt__text_format(&names, "%s%s", i > 0 ? ", " : "", pbt__executors[i]->name);
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "no executor '%s'", name);
    pbt__error_hint(error, "executors: %s", pbt__text_string(&names));
    pbt__text_fini(&names);
    return PBT_ERR_ARGUMENT;
}

pbt_err pbt__executor_find(const char *name, const pbt__executor_ops **out, pbt_error *error)
{
    size_t i = 0;
    while (name != NULL && pbt__executors[i] != NULL &&
           strcmp(pbt__executors[i]->name, name) != 0) {
        i++;
    }
    if (pbt__executors[i] == NULL) {
        return fail_unknown(name, error);
    }
    *out = pbt__executors[i];
    return PBT_OK;
}
