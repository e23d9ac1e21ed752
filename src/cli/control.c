/* control.c: the three ways to a study. */
#include "cli/control.h"

#include <stdlib.h>

#include "base/error.h"
#include "cli/owner.h"
#include "cli/query.h"
#include "cli/remote.h"
#include "render/print.h"
#include "server/server.h"
#include "study/json.h"

static const double CALL_SECONDS = 60;

/* ---- the way ---- */

static pbt_err find_way(pbt__control *this, const pbt__arguments *arguments, pbt_error *error)
{
    pbt__owner owner;
    pbt_err err = pbt__place_find(arguments, &this->place, error);
    if (err != PBT_OK) {
        return err;
    }
    this->name = arguments->operands[0];
    if (this->place.server != NULL) {
        this->way = PBT__BY_SERVER;
        return pbt__remote_reach(&this->place, this->name, &this->http, error);
    }
    err = pbt__place_open(&this->place, PBT__ACCESS_CHANGE, &this->store, error);
    const bool is_owned = err == PBT_OK && pbt__owner_reach(this->store, this->name, &owner,
                                                            &this->http, NULL) == PBT_OK;
    this->way = is_owned ? PBT__BY_OWNER : PBT__BY_STORE;
    return err;
}

static void let_go(pbt__control *this)
{
    pbt__http_fini(&this->http);
    pbt__study_close(this->study);
    pbt__store_close(this->store);
    pbt__alive_fini(&this->alive);
}

int pbt__control_run(const pbt__arguments *arguments, pbt__change change)
{
    pbt_error error = {0};
    pbt__control control = {.way = PBT__BY_STORE};
    pbt_err err = find_way(&control, arguments, &error);
    if (err == PBT_OK) {
        err = change(arguments, &control, &error);
    }
    let_go(&control);
    return err != PBT_OK ? pbt__print_error(&error) : 0;
}

/* Make a call of whoever answers for the study. `*is_done` false: nobody does, and the study is
 * open. */
static pbt_err call(pbt__control *this, const char *path, const char *body, bool *is_done,
                    pbt_error *error)
{
    pbt__http_answer answer = {.status = 0};
    pbt_err err = PBT_ERR_BUSY;
    *is_done = true;
    if (this->way != PBT__BY_STORE) {
        err = pbt__http_call(&this->http, path, body, CALL_SECONDS, &answer, error);
        json_decref(answer.json);
    }
    if (this->way == PBT__BY_SERVER || err != PBT_ERR_BUSY) {
        return err;
    }
    *is_done = false;
    this->alive.store = this->store;
    return pbt__query_open(&this->place, &this->alive, this->name, PBT__ACCESS_CHANGE, &this->study,
                           error);
}

/* ---- the changes ---- */

pbt_err pbt__control_stop(pbt__control *this, pbt_error *error)
{
    bool is_done = false;
    pbt_err err = call(this, "/stop", "{}", &is_done, error);
    return err == PBT_OK && !is_done ? pbt__study_stop(this->study, error) : err;
}

pbt_err pbt__control_resume(pbt__control *this, pbt_error *error)
{
    bool is_done = false;
    pbt_err err = call(this, "/resume", "{}", &is_done, error);
    return err == PBT_OK && !is_done ? pbt__study_resume(this->study, error) : err;
}

/* "all", or a list of numbers. NULL: no memory. */
static char *write_members(const int32_t *members, size_t count)
{
    json_t *list = count > 0 ? json_array() : json_string("all");
    bool is_whole = list != NULL;
    for (size_t i = 0; i < count && is_whole; i++) {
        is_whole = json_array_append_new(list, json_integer(members[i])) == 0;
    }
    json_t *body = json_pack("{s:o}", "members", list);
    char *text = is_whole && body != NULL ? pbt__json_write(body) : NULL;
    json_decref(body);
    return text;
}

pbt_err pbt__control_revive(pbt__control *this, const int32_t *members, size_t count,
                            pbt_error *error)
{
    bool is_done = false;
    char *body = write_members(members, count);
    if (body == NULL) {
        return pbt__fail_memory(error);
    }
    pbt_err err = call(this, "/resume", body, &is_done, error);
    free(body);
    return err == PBT_OK && !is_done ? pbt__study_revive(this->study, members, count, error) : err;
}

static char *write_amendments(const char *const *keys, const char *const *values, size_t count)
{
    json_t *list = json_array();
    bool is_whole = list != NULL;
    for (size_t i = 0; i < count && is_whole; i++) {
        json_t *item = json_pack("{s:s, s:s}", "key", keys[i], "value", values[i]);
        is_whole = json_array_append_new(list, item) == 0;
    }
    json_t *body = json_pack("{s:o}", "amendments", list);
    char *text = is_whole && body != NULL ? pbt__json_write(body) : NULL;
    json_decref(body);
    return text;
}

pbt_err pbt__control_amend(pbt__control *this, const char *const *keys, const char *const *values,
                           size_t count, pbt_error *error)
{
    bool is_done = false;
    for (size_t i = 0; i < count; i++) {
        bool needs_store = this->way == PBT__BY_OWNER && !pbt__server_may_amend(keys[i]);
        this->way = needs_store ? PBT__BY_STORE : this->way;
    }
    char *body = write_amendments(keys, values, count);
    if (body == NULL) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "the amendment is not UTF-8");
    }
    pbt_err err = call(this, "/amend", body, &is_done, error);
    free(body);
    return err == PBT_OK && !is_done ? pbt__study_amend(this->study, keys, values, count, error)
                                     : err;
}
