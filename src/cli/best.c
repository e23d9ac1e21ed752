/* best.c: `pbt best`: what `show` holds as `best`, also as a folder to take away. */
#include <string.h>

#include "base/error.h"
#include "cli/asked.h"
#include "cli/remote.h"
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

/* What was taken, as a `best` object whose checkpoint is the one in the folder. NULL: no memory. */
static json_t *best_of(const json_t *origin, const char *folder)
{
    const bool is_slashed = folder[strlen(folder) - 1] == '/';
    return json_pack(
        "{s:O, s:O, s:O, s:O, s:O, s:o, s:O}", "member", json_object_get(origin, "member"),
        "segment", json_object_get(origin, "segment"), "step", json_object_get(origin, "step"),
        "age", json_object_get(origin, "age"), "score", json_object_get(origin, "score"),
        "checkpoint", json_sprintf("%s%scheckpoint", folder, is_slashed ? "" : "/"),
        "hyperparameters", json_object_get(origin, "hyperparameters"));
}

static pbt_err pack(void *context, json_t **out, pbt_error *error)
{
    const pbt__asked *asked = context;
    pbt__told told;
    pbt_err err = pbt__remote_tell(&asked->subject.place, asked->told.name, "parts", PBT_NO_SEGMENT,
                                   &told, error);
    *out = err == PBT_OK ? json_incref(told.answer) : NULL;
    pbt__told_fini(&told);
    return err;
}

static pbt_err bring(void *context, pbt_segment_id id, const pbt__checkpoint *record,
                     const char *path, pbt_error *error)
{
    const pbt__asked *asked = context;
    return pbt__remote_fetch(&asked->subject.place, asked->told.name, id, record, path, error);
}

static pbt_err export_and_print(const pbt__arguments *arguments, pbt__asked *asked,
                                pbt_error *error)
{
    json_t *origin = NULL;
    const char *folder = arguments->values[PBT__OPTION_EXPORT];
    const pbt__packer from = {.pack = pack, .bring = bring, .context = asked};
    pbt__study *study = asked->subject.study;
    pbt_err err = study != NULL ? pbt__study_export(study, folder, &origin, error)
                                : pbt__parcel_make(&from, folder, &origin, error);
    if (err != PBT_OK) {
        return err;
    }
    json_t *best = best_of(origin, folder);
    json_decref(origin);
    err = best != NULL ? print_best(best, arguments, asked->told.name, asked->told.spec, error)
                       : pbt__fail_memory(error);
    json_decref(best);
    return err;
}

static pbt_err print_asked(const pbt__arguments *arguments, pbt__asked *asked, pbt_error *error)
{
    return arguments->values[PBT__OPTION_EXPORT] != NULL
               ? export_and_print(arguments, asked, error)
               : print_best(json_object_get(asked->told.answer, "best"), arguments,
                            asked->told.name, asked->told.spec, error);
}

int pbt__command_best(const pbt__arguments *arguments)
{
    return pbt__ask_to_show(arguments, "show", PBT_NO_SEGMENT, print_asked);
}
