/* list.c: `pbt list`. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "cli/query.h"
#include "cli/remote.h"
#include "render/format.h"
#include "render/print.h"
#include "render/rows.h"

static const pbt__row_column COLUMNS[] = {
    {"study", "name"},       {"state", "state"},     {"members", "population"},
    {"steps", "steps_done"}, {"of", "steps_total"},  {"segments", "segments"},
    {"copies", "exploits"},  {"best", "best_score"}, {"created", "created_at"},
};

static pbt_err add_study(const pbt__place *place, pbt__alive *alive, const char *name, json_t *rows,
                         pbt_error *error)
{
    json_t *show = NULL;
    pbt__study *study = NULL;
    pbt_err err = pbt__query_open(place, alive, name, PBT__ACCESS_READ, &study, error);
    if (err == PBT_OK) {
        err = pbt__study_show(study, &show, error);
    }
    pbt__study_close(study);
    if (err == PBT_OK && json_array_append_new(rows, show) != 0) {
        err = pbt__fail_memory(error);
    }
    return err;
}

/* Each study as `show` says it. */
static pbt_err list_studies(const pbt__place *place, pbt__store *store, json_t **out,
                            pbt_error *error)
{
    pbt__names names = {0};
    pbt__alive alive = {.store = store};
    if (store == NULL) {
        return pbt__remote_studies(place, out, error);
    }
    *out = json_array();
    pbt_err err = pbt__names_list(place, store, &names, error);
    for (size_t i = 0; i < names.count && err == PBT_OK; i++) {
        err = add_study(place, &alive, names.names[i], *out, error);
    }
    free(names.names);
    pbt__alive_fini(&alive);
    return err;
}

/* A table wants the best score beside the other fields. */
static bool add_scores(json_t *rows)
{
    size_t i;
    json_t *show;
    bool is_whole = true;
    json_array_foreach(rows, i, show)
    {
        json_t *score = json_object_get(json_object_get(show, "best"), "score");
        is_whole = is_whole && (score == NULL || json_object_set(show, "best_score", score) == 0);
    }
    return is_whole;
}

static pbt_err list(const pbt__arguments *arguments, const pbt__place *place, pbt__store *store,
                    pbt_error *error)
{
    const bool as_json = arguments->has[PBT__OPTION_JSON];
    json_t *rows = NULL;
    pbt_err err = list_studies(place, store, &rows, error);
    if (err == PBT_OK && !as_json && !add_scores(rows)) {
        err = pbt__fail_memory(error);
    }
    if (err == PBT_OK) {
        err = pbt__rows_print(rows, as_json, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0], NULL,
                              error);
    }
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
