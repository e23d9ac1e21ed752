/* members.c: `pbt members`. */
#include "base/clock.h"
#include "base/error.h"
#include "cli/asked.h"
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

static pbt_err print_members(const pbt__arguments *arguments, pbt__asked *asked, pbt_error *error)
{
    return arguments->has[PBT__OPTION_JSON]
               ? pbt__rows_print(asked->answer, true, NULL, 0, NULL, error)
               : print_table(asked->answer, &asked->spec->search.space, error);
}

int pbt__command_members(const pbt__arguments *arguments)
{
    return pbt__ask_to_show(arguments, "members", PBT_NO_SEGMENT, print_members);
}
