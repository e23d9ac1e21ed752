/* why.c: `pbt why`: how one decision came about. */
#include "cli/query.h"
#include "render/print.h"
#include "render/reasons.h"

enum { REASONS_MAXIMUM = 1 << 24 }; /* Units: bytes */

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    (void)place;
    json_t *why = NULL;
    pbt_segment_id id = PBT_NO_SEGMENT;
    const char *segment = arguments->operands[arguments->operand_count - 1];
    pbt_err err = pbt__arguments_segment(segment, &id, error);
    if (err == PBT_OK) {
        err = pbt__study_why(study, id, &why, error);
    }
    if (err == PBT_OK && arguments->has[PBT__OPTION_JSON]) {
        err = pbt__print_json(why, error);
    } else if (err == PBT_OK) {
        pbt__text text = pbt__text_init(REASONS_MAXIMUM);
        pbt__reasons_write(why, &text);
        err = pbt__print_text(&text, error);
    }
    json_decref(why);
    return err;
}

int pbt__command_why(const pbt__arguments *arguments)
{
    return pbt__query(arguments, PBT__ACCESS_READ, answer);
}
