/* show.c: `pbt show`. */
#include "cli/facts.h"
#include "cli/print.h"
#include "cli/query.h"

enum { FACTS_MAXIMUM = 1 << 24 }; /* Units: bytes */

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    (void)place;
    json_t *show = NULL;
    pbt_err err = pbt__study_show(study, &show, error);
    if (err == PBT_OK && arguments->has[PBT__OPTION_JSON]) {
        err = pbt__print_json(show, error);
    } else if (err == PBT_OK) {
        pbt__text text = pbt__text_init(FACTS_MAXIMUM);
        pbt__facts_show(show, pbt__study_spec(study), &text);
        err = pbt__print_text(&text, error);
    }
    json_decref(show);
    return err;
}

int pbt__command_show(const pbt__arguments *arguments)
{
    return pbt__query(arguments, PBT__ACCESS_READ, answer);
}
