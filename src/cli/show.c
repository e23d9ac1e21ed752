/* show.c: `pbt show`. */
#include <string.h>

#include "cli/asked.h"
#include "render/facts.h"
#include "render/print.h"
#include "study/json.h"

enum { FACTS_MAXIMUM = 1 << 24 }; /* Units: bytes */

/* A pause is not in the log: only the process that waits knows it. A server's answer already has
 * it. */
static void ask_for_pause(pbt__asked *asked, json_t *show)
{
    const json_t *said =
        pbt__alive_ask(&asked->subject.alive, pbt__study_name(asked->subject.study));
    if (said != NULL) {
        (void)json_object_set(show, "paused", json_object_get(said, "paused"));
    }
}

static bool is_running(const json_t *show)
{
    return strcmp(pbt__json_get_text(show, "state", ""), "running") == 0;
}

static pbt_err print_show(const pbt__arguments *arguments, pbt__asked *asked, pbt_error *error)
{
    json_t *show = asked->told.answer;
    if (is_running(show) && asked->subject.study != NULL) {
        ask_for_pause(asked, show);
    }
    if (arguments->has[PBT__OPTION_JSON]) {
        return pbt__print_json(show, error);
    }
    pbt__text text = pbt__text_init(FACTS_MAXIMUM);
    pbt__facts_show(show, asked->told.spec, &text);
    return pbt__print_text(&text, error);
}

int pbt__command_show(const pbt__arguments *arguments)
{
    return pbt__ask_to_show(arguments, "show", PBT_NO_SEGMENT, print_show);
}
