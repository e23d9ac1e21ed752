/* account.c: what the log holds beside results: what went wrong, how long it took, what was
 * amended. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "study/inside.h"

typedef struct account {
    json_int_t failed_count;   /* attempts: of the trainer's own, and lost */
    json_int_t lost_count;     /* of them, with a worker */
    json_int_t given_up_count; /* segments */
    json_int_t rescue_count;
    json_int_t diverged_count; /* reports */
    int64_t first_us, last_us;
    json_t *amendments;
} account;

static bool is_text(const json_t *object, const char *name, const char *text)
{
    return strcmp(pbt__json_get_text(object, name, ""), text) == 0;
}

static pbt_err add_amendments(json_t *list, const json_t *event)
{
    const json_t *amendment;
    size_t i;
    json_array_foreach(json_object_get(event, "amendments"), i, amendment)
    {
        json_t *row = json_pack("{s:O, s:O}", "sequence", json_object_get(event, "sequence"),
                                "time", json_object_get(event, "time"));
        const bool is_whole =
            row != NULL && json_object_update(row, (json_t *)(uintptr_t)amendment) == 0;
        if (json_array_append_new(list, row) != 0 || !is_whole) {
            return PBT_ERR_MEMORY;
        }
    }
    return PBT_OK;
}

static pbt_err take_event(void *context, const json_t *event)
{
    account *sum = context;
    double score = 0;
    const char *time = pbt__json_get_text(event, "time", "");
    const bool has_score = pbt__json_number_read(json_object_get(event, "score"), &score);
    if (pbt__clock_read(time, &sum->last_us) && sum->first_us == 0) {
        sum->first_us = sum->last_us;
    }
    sum->failed_count += is_text(event, "kind", "failed");
    sum->lost_count += is_text(event, "cause", "lost");
    sum->given_up_count += json_is_true(json_object_get(event, "gave_up"));
    sum->rescue_count += is_text(event, "kind", "rescued");
    sum->diverged_count += has_score && !isfinite(score);
    return add_amendments(sum->amendments, event);
}

pbt_err pbt__study_account(pbt__study *study, json_t **out, pbt_error *error)
{
    account sum = {.amendments = json_array()};
    pbt_err err = sum.amendments != NULL ? pbt__study_events(study, 0, take_event, &sum, error)
                                         : PBT_ERR_MEMORY;
    if (err != PBT_OK) {
        json_decref(sum.amendments);
        return err == PBT_ERR_MEMORY ? pbt__fail_memory(error) : err;
    }
    return pbt__study_give(json_pack("{s:f, s:I, s:I, s:I, s:I, s:I, s:o}", "seconds",
                                     (double)(sum.last_us - sum.first_us) / 1e6, "failed",
                                     sum.failed_count, "lost", sum.lost_count, "given_up",
                                     sum.given_up_count, "rescues", sum.rescue_count, "diverged",
                                     sum.diverged_count, "amendments", sum.amendments),
                           out, error);
}
