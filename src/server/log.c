/*
 * log.c: a study's log and claims as the store keeps them, for readers elsewhere.
 *
 * Whoever has these has the study: what it says is computed from them, and the chain of digests
 * shows that none is missing or altered. A page ends where it has been asked to, or is long enough.
 */
#include "base/error.h"
#include "server/answer.h"
#include "server/inside.h"
#include "study/host.h"

enum { PAGE_BYTES = 1024 * 1024 }; /* of bodies; a page holds one event at least */

typedef struct page {
    json_t *events;
    size_t limit, byte_count;
    pbt_error *error;
} page;

static pbt_err add_event(void *context, const pbt__event *event)
{
    page *this = context;
    char digest[PBT__DIGEST_TEXT_SIZE];
    pbt__digest_write(event->digest, digest);
    json_t *body = json_stringn(event->body, event->body_length);
    if (body == NULL) {
        return pbt__fail(this->error, PBT_ERR_CORRUPT, "event %lld is not text",
                         (long long)event->sequence);
    }
    json_t *line = json_pack("{s:I, s:I, s:i, s:o, s:s}", "sequence", (json_int_t)event->sequence,
                             "time_us", (json_int_t)event->time_us, "kind", (int)event->kind,
                             "body", body, "digest", digest);
    if (json_array_append_new(this->events, line) != 0) {
        return pbt__fail_memory(this->error);
    }
    this->byte_count += event->body_length;
    bool is_full = json_array_size(this->events) >= this->limit || this->byte_count >= PAGE_BYTES;
    return is_full ? PBT_ERR_LIMIT : PBT_OK;
}

static pbt_err answer_log(pbt__request *request, pbt_error *error)
{
    page this = {.events = json_array(), .limit = (size_t)request->limit, .error = error};
    const int64_t after = request->after >= 0 ? request->after : 0;
    pbt_err err = pbt__study_read(request->hosted->study, after, add_event, &this, error);
    if (err == PBT_OK || err == PBT_ERR_LIMIT) {
        return pbt__answer_json(request, this.events, error);
    }
    json_decref(this.events);
    return err;
}

pbt_err pbt__serve_log(pbt__request *request, pbt_error *error)
{
    const pbt_err err = pbt__page_settle(request, error);
    return err == PBT_OK ? pbt__serve_long(request, answer_log, error) : err;
}

/* ---- claims ---------------------------------------------------------------------------------- */

/* Sessions are their workers' own, and left out. */
static pbt_err add_claim(void *context, const pbt__claim *claim)
{
    json_t *line =
        json_pack("{s:i, s:i, s:i, s:I, s:I, s:I, s:s}", "member", (int)claim->member, "number",
                  (int)claim->number, "attempt", (int)claim->attempt, "lease_until_us",
                  (json_int_t)claim->lease_until_us, "step", (json_int_t)claim->step,
                  "step_changed_us", (json_int_t)claim->step_changed_us, "worker", claim->worker);
    return json_array_append_new(context, line) == 0 ? PBT_OK : PBT_ERR_MEMORY;
}

static int32_t integer_of(const json_t *line, const char *key)
{
    return (int32_t)json_integer_value(json_object_get(line, key));
}

/* Add what the trainers last said to the claims, which were listed before: a listing's callback
 * asks the store nothing. */
static void add_signs(const pbt__study *study, const json_t *claims)
{
    for (size_t i = 0; i < json_array_size(claims); i++) {
        json_t *line = json_array_get(claims, i);
        const pbt__claim claim = {.member = integer_of(line, "member"),
                                  .number = integer_of(line, "number"),
                                  .attempt = integer_of(line, "attempt")};
        json_t *sign = pbt__study_sign(study, &claim);
        if (sign != NULL) {
            (void)!json_object_set_new(line, "sign", sign); /* without it the claim says enough */
        }
    }
}

static pbt_err answer_claims(pbt__request *request, pbt_error *error)
{
    pbt__study *study = request->hosted->study;
    json_t *claims = json_array();
    pbt_err err = pbt__study_claims(study, add_claim, claims, error);
    if (err != PBT_OK) {
        json_decref(claims);
        return err == PBT_ERR_MEMORY ? pbt__fail_memory(error) : err;
    }
    add_signs(study, claims);
    json_t *json = json_pack("{s:s, s:o}", "folder", pbt__study_folder(study), "claims", claims);
    return pbt__answer_json(request, json, error);
}

pbt_err pbt__serve_claims(pbt__request *request, pbt_error *error)
{
    return pbt__serve_long(request, answer_claims, error);
}
