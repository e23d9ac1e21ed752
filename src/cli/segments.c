/* segments.c: `pbt segments`. */
#include "cli/query.h"
#include "cli/rows.h"

static const pbt__row_column COLUMNS[] = {
    {"segment", "segment"}, {"state", "state"},       {"reason", "reason"}, {"parent", "parent"},
    {"donor", "donor"},     {"from", "start_step"},   {"to", "end_step"},   {"age", "end_age"},
    {"score", "score"},     {"attempts", "attempts"},
};

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    (void)place;
    json_t *rows = NULL;
    pbt_err err = pbt__study_segments(study, &rows, error);
    if (err == PBT_OK) {
        err = pbt__rows_print(rows, arguments->has[PBT__OPTION_JSON], COLUMNS,
                              sizeof COLUMNS / sizeof COLUMNS[0],
                              &pbt__study_spec(study)->search.space, error);
    }
    json_decref(rows);
    return err;
}

int pbt__command_segments(const pbt__arguments *arguments)
{
    return pbt__query(arguments, PBT__ACCESS_READ, answer);
}
