/* best.c: `pbt best`: what `show` holds as `best`, also as a folder to take away. */
#include <string.h>

#include "base/error.h"
#include "cli/query.h"
#include "render/facts.h"
#include "render/print.h"

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

/* What was taken, as a `best` object whose checkpoint is the one in the folder. */
static pbt_err export_best(pbt__study *study, const char *folder, json_t **out, pbt_error *error)
{
    json_t *origin = NULL;
    pbt_err err = pbt__study_export(study, folder, &origin, error);
    if (err != PBT_OK) {
        return err;
    }
    size_t length = strlen(folder);
    bool is_slashed = folder[length - 1] == '/';
    *out = json_pack(
        "{s:O, s:O, s:O, s:O, s:O, s:o, s:O}", "member", json_object_get(origin, "member"),
        "segment", json_object_get(origin, "segment"), "step", json_object_get(origin, "step"),
        "age", json_object_get(origin, "age"), "score", json_object_get(origin, "score"),
        "checkpoint", json_sprintf("%s%scheckpoint", folder, is_slashed ? "" : "/"),
        "hyperparameters", json_object_get(origin, "hyperparameters"));
    json_decref(origin);
    return *out != NULL ? PBT_OK : pbt__fail_memory(error);
}

static pbt_err find_best(pbt__study *study, json_t **out, pbt_error *error)
{
    json_t *show = NULL;
    pbt_err err = pbt__study_show(study, &show, error);
    if (err == PBT_OK) {
        *out = json_incref(json_object_get(show, "best"));
    }
    json_decref(show);
    return err;
}

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    (void)place;
    json_t *best = NULL;
    const char *folder = arguments->values[PBT__OPTION_EXPORT];
    pbt_err err =
        folder != NULL ? export_best(study, folder, &best, error) : find_best(study, &best, error);
    if (err == PBT_OK) {
        err = print_best(best, arguments, study, error);
    }
    json_decref(best);
    return err;
}

int pbt__command_best(const pbt__arguments *arguments)
{
    return pbt__query(arguments, PBT__ACCESS_READ, answer);
}
