/* answer.c: the questions that have names. */
#include <string.h>

#include "base/error.h"
#include "study/host.h"
#include "study/inside.h"

static pbt_err answer_show(pbt__study *study, pbt_segment_id id, json_t **out, pbt_error *error)
{
    (void)id;
    return pbt__study_show(study, out, error);
}

static pbt_err answer_members(pbt__study *study, pbt_segment_id id, json_t **out, pbt_error *error)
{
    (void)id;
    return pbt__study_members(study, out, error);
}

static pbt_err answer_lineage(pbt__study *study, pbt_segment_id id, json_t **out, pbt_error *error)
{
    return pbt__study_lineage(study, id.member, out, error);
}

static const struct {
    const char *name;
    pbt_err (*answer)(pbt__study *study, pbt_segment_id id, json_t **out, pbt_error *error);
} ANSWERS[] = {
    {"show", answer_show},       {"members", answer_members}, {"schedule", pbt__study_schedule},
    {"lineage", answer_lineage}, {"why", pbt__study_why},
};

pbt_err pbt__study_answer(pbt__study *study, const char *name, pbt_segment_id id, json_t **out,
                          pbt_error *error)
{
    for (size_t i = 0; i < sizeof ANSWERS / sizeof *ANSWERS; i++) {
        if (strcmp(ANSWERS[i].name, name) == 0) {
            return ANSWERS[i].answer(study, id, out, error);
        }
    }
    return pbt__fail(error, PBT_ERR_NOT_FOUND, "no answer '%.40s'", name);
}

const char *pbt__study_here(const pbt__study *study)
{
    return study->relative_to != NULL ? study->relative_to : "";
}
