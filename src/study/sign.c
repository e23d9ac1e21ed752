/* sign.c: signs of life, kept beside the claims. */
#include "study/sign.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "study/json.h"

static pbt_segment_id place_of(const pbt__claim *claim)
{
    return (pbt_segment_id){claim->member, PBT__BLOB_SIGN};
}

/* Say whether a sign is of this claim's attempt, not of one before it. */
static bool is_of(const json_t *sign, const pbt__claim *claim)
{
    pbt_segment_id id;
    const char *segment = json_string_value(json_object_get(sign, "segment"));
    return segment != NULL && pbt__id_read(segment, &id) && id.member == claim->member &&
           id.number == claim->number &&
           json_integer_value(json_object_get(sign, "attempt")) == claim->attempt;
}

/* Parse a sign; NULL if it is none of this attempt. Errors: PBT_ERR_MEMORY. */
static pbt_err parse_sign(const void *bytes, size_t length, const pbt__claim *claim, json_t **out,
                          pbt_error *error)
{
    json_t *sign = NULL;
    const pbt_err err = pbt__json_read(bytes, length, &sign, error);
    if (err == PBT_OK && is_of(sign, claim)) {
        *out = sign;
    } else {
        json_decref(sign);
    }
    return err == PBT_ERR_MEMORY ? err : PBT_OK;
}

/* Read a sign; NULL if there is none of this attempt. */
static pbt_err read_sign(const pbt__study *study, const pbt__claim *claim, json_t **out,
                         pbt_error *error)
{
    void *bytes = NULL;
    size_t length = 0;
    *out = NULL;
    pbt_err err =
        pbt__store_blob_get(study->store, study->row.id, place_of(claim), &bytes, &length, error);
    if (err != PBT_OK) {
        return err == PBT_ERR_NOT_FOUND ? PBT_OK : err;
    }
    err = parse_sign(bytes, length, claim, out, error);
    free(bytes);
    return err;
}

/* The sign before, in a transaction: another operation of its group may have drafted one. */
static pbt_err find_before(pbt__study *study, const pbt__claim *claim, json_t **out,
                           pbt_error *error)
{
    size_t length = 0;
    const void *drafted = pbt__draft_blob(&study->draft, place_of(claim), &length);
    *out = NULL;
    if (drafted != NULL) {
        return parse_sign(drafted, length, claim, out, error);
    }
    const pbt_err err = read_sign(study, claim, out, error);
    study->is_torn = err != PBT_OK;
    return err;
}

json_t *pbt__sign_get(const pbt__study *study, const pbt__claim *claim)
{
    json_t *sign = NULL;
    return read_sign(study, claim, &sign, NULL) == PBT_OK ? sign : NULL;
}

/* ---- keeping --------------------------------------------------------------------------------- */

/* What a metric takes at most: each byte of its name may be escaped. */
static size_t size_of(const char *name)
{
    return 6 * strlen(name) + 40;
}

static int add_metrics(json_t *kept, const pbt__metric *metrics, size_t count)
{
    const char *name = NULL;
    json_t *value = NULL;
    size_t size = 200; /* all but the metrics */
    int failed = 0;
    json_object_foreach(kept, name, value)
    {
        size += size_of(name);
    }
    for (size_t i = 0; i < count; i++) {
        const bool is_new = json_object_get(kept, metrics[i].name) == NULL;
        const size_t more = is_new ? size_of(metrics[i].name) : 0;
        const bool is_full = is_new && json_object_size(kept) >= PBT__SIGN_METRICS_MAXIMUM;
        if (metrics[i].has_value && !is_full && size + more <= PBT__SIGN_BYTES_MAXIMUM) {
            size += more;
            failed |=
                json_object_set_new(kept, metrics[i].name, pbt__json_number(metrics[i].value));
        }
    }
    return failed;
}

static json_t *make_sign(const pbt__study *study, const pbt__claim *claim, const json_t *before,
                         const pbt__metric *metrics, size_t metric_count)
{
    json_t *kept = json_object_get(before, "metrics");
    kept = json_is_object(kept) ? json_incref(kept) : json_object();
    if (add_metrics(kept, metrics, metric_count) != 0) {
        json_decref(kept);
        return NULL;
    }
    return json_pack("{s:o, s:i, s:I, s:o}", "segment",
                     pbt__id_json((pbt_segment_id){claim->member, claim->number}), "attempt",
                     (int)claim->attempt, "seen_us", (json_int_t)study->transaction.now_us,
                     "metrics", kept);
}

pbt_err pbt__sign_put(pbt__study *study, const pbt__claim *claim, const pbt__metric *metrics,
                      size_t metric_count, pbt_error *error)
{
    json_t *before = NULL;
    pbt_err err = find_before(study, claim, &before, error);
    if (err != PBT_OK) {
        return err;
    }
    json_t *sign = make_sign(study, claim, before, metrics, metric_count);
    json_decref(before);
    char *text = sign != NULL ? pbt__json_write(sign) : NULL;
    json_decref(sign);
    if (text == NULL) {
        return pbt__fail_memory(error);
    }
    err = pbt__draft_blob_put(&study->draft, place_of(claim), text, strlen(text), error);
    free(text);
    return err;
}
