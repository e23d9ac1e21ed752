/* all_segments.h: every segment of a study as JSON, which a short study of a test can afford; and
 * its tree. */
#ifndef PBT_TESTS_STUDY_ALL_SEGMENTS_H
#define PBT_TESTS_STUDY_ALL_SEGMENTS_H

#include "base/error.h"
#include "study/json.h"
#include "study/rows.h"
#include "study/study.h"

/* As an array of objects; the caller decrefs. NULL: no memory. */
static inline json_t *rows_json(const pbt__row_list *list)
{
    json_t *rows = json_array();
    for (size_t i = 0; rows != NULL && i < list->count; i++) {
        json_t *row = NULL;
        pbt__text line = pbt__text_init(PBT__ROW_MAXIMUM);
        pbt__row_write(list, &list->items[i], &line);
        pbt_err err = pbt__json_read(pbt__text_string(&line), line.length, &row, NULL);
        bool is_whole = !line.failed && err == PBT_OK && json_array_append_new(rows, row) == 0;
        pbt__text_fini(&line);
        if (!is_whole) {
            json_decref(rows);
            return NULL;
        }
    }
    return rows;
}

static inline pbt_err all_segments(pbt__study *study, json_t **out, pbt_error *error)
{
    pbt__row_list list;
    pbt_err err = pbt__study_rows(study, PBT__ROWS_ALL, &list, error);
    json_t *rows = err == PBT_OK ? rows_json(&list) : NULL;
    pbt__row_list_fini(&list);
    if (rows == NULL) {
        return err != PBT_OK ? err : pbt__fail_memory(error);
    }
    *out = rows;
    return PBT_OK;
}

/* As one object (pbt__tree_write). */
static inline pbt_err tree_json(pbt__study *study, int32_t member, json_t **out, pbt_error *error)
{
    pbt__row_list tree;
    pbt__text text = pbt__text_init(PBT__ROW_MAXIMUM);
    pbt_err err = pbt__study_tree(study, member, &tree, error);
    if (err == PBT_OK) {
        pbt__tree_write(&tree, pbt__study_name(study), pbt__study_spec(study), &text);
        err = pbt__json_read(pbt__text_string(&text), text.length, out, error);
    }
    pbt__row_list_fini(&tree);
    pbt__text_fini(&text);
    return err;
}

#endif
