/* said.c: bodies of reports, releases and heartbeats; the calls that say how an attempt ends. */
#include "worker/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { BODY_MAXIMUM = 2 * 1024 * 1024 };

json_t *pbt__said_json(const pbt__said *said)
{
    json_t *step = said->step >= 0 ? json_integer((json_int_t)said->step) : NULL;
    json_t *json = json_pack("{s:i, s:o*, s:s*}", "attempt", (int)said->attempt, "step", step,
                             "checkpoint", said->checkpoint);
    if (!pbt__metrics_put(said->metrics, said->metric_count, json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

pbt_err pbt__said_post(pbt__caller *caller, const char *id, const char *verb, json_t *body,
                       json_t **out, pbt_error *error)
{
    char path[96];
    pbt_err err = PBT_OK;
    char *text = pbt__json_write(body);
    json_decref(body);
    (void)snprintf(path, sizeof path, "/segments/%s/%s", id, verb);
    if (text == NULL) {
        err = pbt__fail_memory(error);
    } else if (strlen(text) > BODY_MAXIMUM) {
        err = pbt__fail(error, PBT_ERR_LIMIT, "a report has at most %d bytes", (int)BODY_MAXIMUM);
    } else {
        err = pbt__caller_call(caller, path, text, out, error);
    }
    free(text);
    return err;
}

static pbt_err report(pbt__caller *caller, const pbt__said *said, json_t **out, pbt_error *error)
{
    return pbt__said_post(caller, said->id, "report", pbt__said_json(said), out, error);
}

pbt_err pbt__said_report(pbt__caller *caller, pbt__said *said, const pbt__parcel *parcel,
                         json_t **out, pbt_error *error)
{
    const char *word = NULL;
    pbt_err err = pbt__checkpoint_send(caller, parcel, false, &word, error);
    if (err == PBT_OK) {
        said->checkpoint = word != NULL ? word : said->checkpoint;
        err = report(caller, said, out, error);
    }
    if (err == PBT_ERR_CHECKPOINT && word != NULL && parcel->is_shared) {
        err = pbt__checkpoint_send(caller, parcel, true, &said->checkpoint, error);
        err = err == PBT_OK ? report(caller, said, out, error) : err;
    }
    return err;
}
