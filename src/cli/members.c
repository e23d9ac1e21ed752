/* members.c: `pbt members`. */
#include "cli/query.h"
#include "cli/rows.h"

static const pbt__row_column COLUMNS[] = {
    {"member", "member"}, {"state", "state"},     {"step", "step"},         {"age", "age"},
    {"score", "score"},   {"segment", "segment"}, {"failures", "failures"},
};

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    (void)place;
    json_t *rows = NULL;
    pbt_err err = pbt__study_members(study, &rows, error);
    if (err == PBT_OK) {
        err = pbt__rows_print(rows, arguments->has[PBT__OPTION_JSON], COLUMNS,
                              sizeof COLUMNS / sizeof COLUMNS[0],
                              &pbt__study_spec(study)->search.space, error);
    }
    json_decref(rows);
    return err;
}

int pbt__command_members(const pbt__arguments *arguments)
{
    return pbt__query(arguments, PBT__ACCESS_READ, answer);
}
