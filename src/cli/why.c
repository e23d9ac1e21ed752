/* why.c: `pbt why`: how one decision came about. */
#include "cli/asked.h"
#include "render/print.h"
#include "render/reasons.h"

enum { REASONS_MAXIMUM = 1 << 24 }; /* Units: bytes */

static pbt_err print_why(const pbt__arguments *arguments, pbt__asked *asked, pbt_error *error)
{
    if (arguments->has[PBT__OPTION_JSON]) {
        return pbt__print_json(asked->told.answer, error);
    }
    pbt__text text = pbt__text_init(REASONS_MAXIMUM);
    pbt__reasons_write(asked->told.answer, &text);
    return pbt__print_text(&text, error);
}

int pbt__command_why(const pbt__arguments *arguments)
{
    pbt_error error = {0};
    pbt_segment_id id = PBT_NO_SEGMENT;
    const char *segment = arguments->operands[arguments->operand_count - 1];
    return pbt__arguments_segment(segment, &id, &error) == PBT_OK
               ? pbt__ask_to_show(arguments, "why", id, print_why)
               : pbt__print_error(&error);
}
