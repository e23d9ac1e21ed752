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
    pbt__row_list tree;
    pbt__text text = pbt__text_init(PBT__ROW_MAXIMUM);
    pbt_err err = pbt__study_tree(study, id.member, &tree, error);
    if (err == PBT_OK) {
        pbt__tree_write(&tree, study->row.name, pbt__study_spec(study), &text);
        err = text.failed ? pbt__fail_memory(error)
                          : pbt__json_read(pbt__text_string(&text), text.length, out, error);
    }
    pbt__row_list_fini(&tree);
    pbt__text_fini(&text);
    return err;
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
