/* show.c: `pbt show`. */
#include <string.h>

#include "cli/owner.h"
#include "cli/query.h"
#include "cli/remote.h"
#include "render/facts.h"
#include "render/print.h"
#include "study/json.h"

enum { FACTS_MAXIMUM = 1 << 24 }; /* Units: bytes */

static const double ASK_SECONDS = 5;

static pbt_err reach(const pbt__place *place, pbt__study *study, pbt__http *out)
{
    pbt__owner owner;
    const char *name = pbt__study_name(study);
    return place->server != NULL
               ? pbt__remote_reach(place, name, out, NULL)
               : pbt__owner_reach(pbt__study_store(study), name, &owner, out, NULL);
}

/* A pause is no event: only the process that waits knows it. One that cannot be asked has none. */
static void ask_for_pause(const pbt__place *place, pbt__study *study, json_t *show)
{
    pbt__text text = pbt__text_init(FACTS_MAXIMUM);
    pbt__http http;
    json_t *said = NULL;
    if (reach(place, study, &http) == PBT_OK &&
        pbt__http_fetch(&http, "", NULL, ASK_SECONDS, &text, NULL) == PBT_OK &&
        pbt__json_read(pbt__text_string(&text), text.length, &said, NULL) == PBT_OK) {
        (void)json_object_set(show, "paused", json_object_get(said, "paused"));
    }
    json_decref(said);
    pbt__http_fini(&http);
    pbt__text_fini(&text);
}

static bool is_running(const json_t *show)
{
    return strcmp(json_string_value(json_object_get(show, "state")), "running") == 0;
}

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    json_t *show = NULL;
    pbt_err err = pbt__study_show(study, &show, error);
    if (err == PBT_OK && is_running(show)) {
        ask_for_pause(place, study, show);
    }
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
