/* segments.c: `pbt segments`. */
#include "cli/query.h"
#include "render/print.h"
#include "render/rows.h"

static const pbt__row_column COLUMNS[] = {
    {"segment", "segment"}, {"state", "state"},       {"reason", "reason"}, {"parent", "parent"},
    {"donor", "donor"},     {"from", "start_step"},   {"to", "end_step"},   {"age", "end_age"},
    {"score", "score"},     {"attempts", "attempts"},
};

enum { COLUMN_COUNT = sizeof COLUMNS / sizeof COLUMNS[0], OUTPUT_MAXIMUM = 1 << 30 };

typedef struct listing {
    pbt__table table;
    const pbt_space *space;
    pbt_error *error;
} listing;

static pbt_err add_row(void *context, const json_t *segment)
{
    listing *this = context;
    pbt__rows_add(&this->table, segment, COLUMNS, COLUMN_COUNT, this->space);
    return PBT_OK;
}

static pbt_err print_line(void *context, const json_t *segment)
{
    return pbt__print_json(segment, ((listing *)context)->error);
}

static pbt_err print_table(pbt__study *study, listing *this, pbt_error *error)
{
    this->table = pbt__rows_begin(COLUMNS, COLUMN_COUNT, this->space);
    pbt__text text = pbt__text_init(OUTPUT_MAXIMUM);
    pbt_err err = pbt__study_segments_each(study, add_row, this, error);
    if (err == PBT_OK) {
        pbt__table_write(&this->table, &text);
    }
    pbt__table_fini(&this->table);
    return err == PBT_OK ? pbt__print_text(&text, error) : err;
}

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    (void)place;
    listing this = {.space = &pbt__study_spec(study)->search.space, .error = error};
    return arguments->has[PBT__OPTION_JSON]
               ? pbt__study_segments_each(study, print_line, &this, error)
               : print_table(study, &this, error);
}

int pbt__command_segments(const pbt__arguments *arguments)
{
    return pbt__query(arguments, PBT__ACCESS_READ, answer);
}
