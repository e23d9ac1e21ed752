/*
 * review.c: probable mistakes in a spec.
 *
 * The parser refuses what is invalid. This finds what is valid but would waste hours: a
 * hyperparameter that the program never sees, weights that are never loaded, a loss that is
 * maximized. Certain mistakes are errors: they prevent a new study, while an existing one goes on.
 * The rest are warnings.
 */
#include <string.h>

#include "base/error.h"
#include "spec/placeholder.h"
#include "spec/review.h"

/* ---- hyperparameters' names ---- */

static pbt_err review_names(const pbt__reader *reader)
{
    pbt_err err = PBT_OK;
    const pbt_space *space = &reader->spec->search.space;
    for (size_t i = 0; err == PBT_OK && i < space->count; i++) {
        for (size_t j = 0; err == PBT_OK && j < PBT__PLACEHOLDER_COUNT; j++) {
            const bool is_late = pbt__placeholders[j].is_late; /* the others were refused before */
            if (!is_late || strcmp(space->parameters[i].name, pbt__placeholders[j].name) != 0) {
                continue;
            }
            err = pbt__refuse(reader, pbt__spec_origin(reader->spec)->parameters[i],
                              "hyperparameters: the name '%s' is reserved",
                              pbt__placeholders[j].name);
            pbt__error_hint(reader->error, "it means something else in commands");
            err = pbt__go_on(reader, err);
        }
    }
    return err;
}

/* ---- all ---- */

pbt_err pbt__review_spec(const pbt__reader *reader)
{
    static const pbt__look looks[] = {
        {pbt__review_size, {"population", "hyperparameters"}},
        {pbt__review_metric, {"objective.metric", "trainer.protocol"}},
        {pbt__review_direction, {"objective.metric", "objective.direction"}},
        {review_names, {NULL}},
        {pbt__review_forms, {NULL}},
        {pbt__review_variables, {"trainer.environment"}},
        {pbt__review_silence, {"trainer.command"}},
        {pbt__review_paths, {NULL}},
        {pbt__review_environment, {"trainer.environment"}},
    };
    return reader->findings != NULL ? pbt__look_at(reader, looks, sizeof looks / sizeof *looks)
                                    : PBT_OK;
}
