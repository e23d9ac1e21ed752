/* best.c: `pbt best`: what `show` holds as `best`, also as a folder to take away. */
#include <string.h>

#include "base/error.h"
#include "cli/asked.h"
#include "render/facts.h"
#include "render/print.h"

enum { FACTS_MAXIMUM = 1 << 24 }; /* Units: bytes */

static pbt_err print_best(const json_t *best, const pbt__arguments *arguments, const char *study,
                          const pbt_spec *spec, pbt_error *error)
{
    if (!json_is_object(best)) {
        (void)pbt__fail(error, PBT_ERR_NOT_FOUND, "study '%s' has no best segment yet", study);
        pbt__error_hint(error, "'pbt show %s' says how far it is", study);
        return PBT_ERR_NOT_FOUND;
    }
    if (arguments->has[PBT__OPTION_JSON]) {
        return pbt__print_json(best, error);
    }
    pbt__text text = pbt__text_init(FACTS_MAXIMUM);
    pbt__facts_best(best, spec, &text);
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

static pbt_err export_and_print(const pbt__arguments *arguments, const pbt__place *place,
                                pbt__study *study, pbt_error *error)
{
    (void)place;
    json_t *best = NULL;
    pbt_err err = export_best(study, arguments->values[PBT__OPTION_EXPORT], &best, error);
    if (err == PBT_OK) {
        err = print_best(best, arguments, pbt__study_name(study), pbt__study_spec(study), error);
    }
    json_decref(best);
    return err;
}

static pbt_err print_asked(const pbt__arguments *arguments, pbt__asked *asked, pbt_error *error)
{
    return print_best(json_object_get(asked->answer, "best"), arguments, asked->name, asked->spec,
                      error);
}

int pbt__command_best(const pbt__arguments *arguments)
{
    return arguments->values[PBT__OPTION_EXPORT] != NULL
               ? pbt__query(arguments, PBT__ACCESS_READ, export_and_print)
               : pbt__ask_to_show(arguments, "show", PBT_NO_SEGMENT, print_asked);
}
