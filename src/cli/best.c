/* best.c: `pbt best`: what `show` holds as `best`. */
#include "base/error.h"
#include "cli/facts.h"
#include "cli/print.h"
#include "cli/query.h"

enum { FACTS_MAXIMUM = 1 << 24 }; /* Units: bytes */

static pbt_err print_best(const json_t *best, const pbt__arguments *arguments, pbt__study *study,
                          pbt_error *error)
{
    if (!json_is_object(best)) {
        (void)pbt__fail(error, PBT_ERR_NOT_FOUND, "study '%s' has no best segment yet",
                        pbt__study_name(study));
        pbt__error_hint(error, "'pbt show %s' says how far it is", pbt__study_name(study));
        return PBT_ERR_NOT_FOUND;
    }
    if (arguments->has[PBT__OPTION_JSON]) {
        return pbt__print_json(best, error);
    }
    pbt__text text = pbt__text_init(FACTS_MAXIMUM);
    pbt__facts_best(best, pbt__study_spec(study), &text);
    return pbt__print_text(&text, error);
}

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    (void)place;
    json_t *show = NULL;
    const char *folder = arguments->values[PBT__OPTION_EXPORT];
    pbt_err err = folder != NULL ? pbt__study_export(study, folder, error) : PBT_OK;
    if (err == PBT_OK) {
        err = pbt__study_show(study, &show, error);
    }
    if (err == PBT_OK) {
        err = print_best(json_object_get(show, "best"), arguments, study, error);
    }
    json_decref(show);
    return err;
}

int pbt__command_best(const pbt__arguments *arguments)
{
    return pbt__query(arguments, PBT__ACCESS_READ, answer);
}
