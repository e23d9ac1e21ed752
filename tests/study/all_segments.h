/* all_segments.h: every segment of a study at once, which a short study of a test can afford. */
#ifndef PBT_TESTS_STUDY_ALL_SEGMENTS_H
#define PBT_TESTS_STUDY_ALL_SEGMENTS_H

#include "study/study.h"

static inline pbt_err append_segment(void *context, const json_t *segment)
{
    return json_array_append(context, (json_t *)(uintptr_t)segment) == 0 ? PBT_OK : PBT_ERR_MEMORY;
}

/* As an array of what pbt__study_segments_each gives; the caller decrefs. */
static inline pbt_err all_segments(pbt__study *study, json_t **out, pbt_error *error)
{
    json_t *rows = json_array();
    pbt_err err = rows == NULL ? PBT_ERR_MEMORY
                               : pbt__study_segments_each(study, append_segment, rows, error);
    if (err != PBT_OK) {
        json_decref(rows);
        return err;
    }
    *out = rows;
    return PBT_OK;
}

#endif
