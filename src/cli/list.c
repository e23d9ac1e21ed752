/* list.c: `pbt list`. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "cli/asked.h"
#include "render/format.h"
#include "render/print.h"
#include "render/rows.h"

static const pbt__row_column COLUMNS[] = {
    {"study", "name"},       {"state", "state"},     {"members", "population"},
    {"steps", "steps_done"}, {"of", "steps_total"},  {"segments", "segments"},
    {"copies", "exploits"},  {"best", "best_score"}, {"created", "created_at"},
};

static pbt_err show_study(pbt__store *store, const pbt__place *place, const char *name,
                          json_t **out, pbt_error *error)
{
    pbt__study *study = NULL;
    pbt__asked asked;
    if (place->server != NULL) {
        pbt_err err = pbt__ask_server(place, name, "show", PBT_NO_SEGMENT, &asked, error);
        if (err == PBT_OK) {
            *out = json_incref(asked.answer);
            pbt__asked_fini(&asked);
        }
        return err;
    }
    pbt_err err = pbt__query_open(place, store, name, PBT__ACCESS_READ, &study, error);
    if (err == PBT_OK) {
        err = pbt__study_show(study, out, error);
    }
    pbt__study_close(study);
    return err;
}

/* Add one study's `show` object; a table also wants the best score beside the other fields. */
static pbt_err add_study(pbt__store *store, const pbt__place *place, const char *name, json_t *rows,
                         bool as_json, pbt_error *error)
{
    json_t *show = NULL;
    pbt_err err = show_study(store, place, name, &show, error);
    if (err != PBT_OK) {
        return err;
    }
    json_t *score = json_object_get(json_object_get(show, "best"), "score");
    if (!as_json && score != NULL && json_object_set(show, "best_score", score) != 0) {
        json_decref(show);
        return pbt__fail_memory(error);
    }
    return json_array_append_new(rows, show) == 0 ? PBT_OK : pbt__fail_memory(error);
}

static pbt_err list(const pbt__arguments *arguments, const pbt__place *place, pbt__store *store,
                    pbt_error *error)
{
    bool as_json = arguments->has[PBT__OPTION_JSON];
    pbt__names names = {0};
    json_t *rows = json_array();
    pbt_err err = rows == NULL ? pbt__fail_memory(error) : pbt__names_list(store, &names, error);
    for (size_t i = 0; i < names.count && err == PBT_OK; i++) {
        err = add_study(store, place, names.names[i], rows, as_json, error);
    }
    if (err == PBT_OK) {
        err = pbt__rows_print(rows, as_json, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0], NULL,
                              error);
    }
    free(names.names);
    json_decref(rows);
    return err;
}

int pbt__command_list(const pbt__arguments *arguments)
{
    pbt_error error = {0};
    pbt__place place;
    pbt__store *store = NULL;
    pbt_err err = pbt__place_find(arguments, &place, &error);
    if (err == PBT_OK) {
        err = pbt__place_open(&place, PBT__ACCESS_READ, &store, &error);
    }
    if (err == PBT_OK) {
        err = list(arguments, &place, store, &error);
    }
    pbt__store_close(store);
    return err != PBT_OK ? pbt__print_error(&error) : 0;
}
