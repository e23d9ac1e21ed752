/* members.c: `pbt members`. */
#include "base/clock.h"
#include "base/error.h"
#include "cli/query.h"
#include "render/rows.h"
#include "render/sight.h"

static const pbt__row_column COLUMNS[] = {
    {"member", "member"}, {"state", "state"},     {"step", "step"},         {"age", "age"},
    {"score", "score"},   {"segment", "segment"}, {"failures", "failures"},
};
/* As those, where some are trained now. */
static const pbt__row_column TRAINING[] = {
    {"member", "member"}, {"state", "state"},     {"step", "step"},         {"age", "age"},
    {"score", "score"},   {"now", "now"},         {"seen", "seen"},         {"moved", "moved"},
    {"logged", "logged"}, {"segment", "segment"}, {"failures", "failures"},
};

static pbt_err print_table(json_t *rows, const pbt_space *space, pbt_error *error)
{
    pbt__sight sight;
    if (!pbt__sight_add(rows, pbt__clock_now_us(), PBT__SIGHT_COLUMNS, &sight)) {

        return pbt__fail_memory(error);
    }
    const bool any = sight.is_training;
    const size_t count =
        any ? sizeof TRAINING / sizeof *TRAINING : sizeof COLUMNS / sizeof *COLUMNS;
    return pbt__rows_print(rows, false, any ? TRAINING : COLUMNS, count, space, error);
}

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    (void)place;
    json_t *rows = NULL;
    pbt_err err = pbt__study_members(study, &rows, error);
    if (err == PBT_OK) {
        err = arguments->has[PBT__OPTION_JSON]
                  ? pbt__rows_print(rows, true, NULL, 0, NULL, error)
                  : print_table(rows, &pbt__study_spec(study)->search.space, error);
    }
    json_decref(rows);
    return err;
}

int pbt__command_members(const pbt__arguments *arguments)
{
    return pbt__query(arguments, PBT__ACCESS_READ, answer);
}
