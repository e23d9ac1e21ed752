/* told.c: the questions that have names, and their answers by wire. */
#include "study/told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
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

static pbt_err answer_account(pbt__study *study, pbt_segment_id id, json_t **out, pbt_error *error)
{
    (void)id;
    return pbt__study_account(study, out, error);
}

static pbt_err answer_parts(pbt__study *study, pbt_segment_id id, json_t **out, pbt_error *error)
{
    (void)id;
    return pbt__study_parts(study, out, error);
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

/* No JSON: their answer is rows. */
static const char ROWS[] = "segments", TREE[] = "tree";

typedef struct answerer {
    const char *name;
    pbt_err (*answer)(pbt__study *study, pbt_segment_id id, json_t **out, pbt_error *error);
} answerer;

static const answerer ANSWERS[] = {
    {"show", answer_show},       {"members", answer_members}, {"schedule", pbt__study_schedule},
    {"lineage", answer_lineage}, {"why", pbt__study_why},     {"account", answer_account},
    {"parts", answer_parts},
};

static pbt_err find_answer(const char *name, const answerer **out, pbt_error *error)
{
    for (size_t i = 0; i < sizeof ANSWERS / sizeof *ANSWERS; i++) {
        if (strcmp(ANSWERS[i].name, name) == 0) {
            *out = &ANSWERS[i];
            return PBT_OK;
        }
    }
    return pbt__fail(error, PBT_ERR_NOT_FOUND, "no answer '%.40s'", name);
}

/* What is not there has no place in the object. */
static pbt_err add_answer(pbt__study *study, const char *name, pbt_segment_id id, json_t *object,
                          pbt_error *error)
{
    const answerer *of = NULL;
    json_t *answer = NULL;
    pbt_error why = {.code = PBT_OK};
    if (strcmp(name, ROWS) == 0) {
        return PBT_OK;
    }
    pbt_err err = find_answer(name, &of, error);
    if (err != PBT_OK) {
        return err;
    }
    err = of->answer(study, id, &answer, &why);
    if (err == PBT_OK) {
        return json_object_set_new(object, name, answer) == 0 ? PBT_OK : pbt__fail_memory(error);
    }
    if (err != PBT_ERR_NOT_FOUND && error != NULL) {
        *error = why;
    }
    return err == PBT_ERR_NOT_FOUND ? PBT_OK : err;
}

/* An object of several answers. */
static pbt_err answer_several(pbt__study *study, const char *names, pbt_segment_id id, json_t **out,
                              pbt_error *error)
{
    char each[PBT__ANSWERS_SIZE];
    char *rest = NULL;
    *out = json_object();
    pbt_err err = *out != NULL ? PBT_OK : pbt__fail_memory(error);
    (void)snprintf(each, sizeof each, "%s", names);
    for (char *name = strtok_r(each, ",", &rest); name != NULL && err == PBT_OK;
         name = strtok_r(NULL, ",", &rest)) {
        err = add_answer(study, name, id, *out, error);
    }
    return err;
}

pbt_err pbt__told_ask(pbt__study *study, const char *names, pbt_segment_id id, pbt__told *out,
                      pbt_error *error)
{
    const answerer *of = NULL;
    *out = (pbt__told){.spec = pbt__study_spec(study)};
    (void)snprintf(out->name, sizeof out->name, "%s", study->row.name);
    if (strcmp(names, TREE) == 0) {
        out->answer = json_null();
        return pbt__study_tree(study, id.member, &out->rows, error);
    }
    if (strchr(names, ',') == NULL && strcmp(names, ROWS) != 0) {
        const pbt_err err = find_answer(names, &of, error);
        return err == PBT_OK ? of->answer(study, id, &out->answer, error) : err;
    }
    const pbt_err err = answer_several(study, names, id, &out->answer, error);
    return err == PBT_OK && strstr(names, ROWS) != NULL
               ? pbt__study_rows(study, PBT__ROWS_ALL, &out->rows, error)
               : err;
}

void pbt__told_fini(pbt__told *told)
{
    json_decref(told->answer);
    pbt__row_list_fini(&told->rows);
    pbt_spec_free(told->own_spec);
    *told = (pbt__told){.answer = NULL};
}

/* ---- by wire ---- */

/* The spec is written under the study's lock, for it may be amended meanwhile. */
static pbt_err write_spec(pbt__study *study, char **out, pbt_error *error)
{
    pbt_err err = pbt__study_look(study, error);
    if (err == PBT_OK) {
        err = pbt__spec_write(study->view.facts.spec, out, error);
        pthread_mutex_unlock(&study->view_lock);
    }
    return err;
}

pbt_err pbt__told_write(pbt__study *study, const pbt__told *told, bool *has_rows, pbt__text *out,
                        pbt_error *error)
{
    char *spec = NULL;
    const pbt_err err = write_spec(study, &spec, error);
    if (err != PBT_OK) {
        return err;
    }
    *has_rows = told->rows.items != NULL;
    json_t *rows = *has_rows ? pbt__row_list_json(&told->rows) : NULL;
    json_t *head =
        json_pack("{s:O, s:s, s:s, s:s, s:o*}", "answer", told->answer, "spec", spec, "folder",
                  told->spec->folder, "here", pbt__study_here(study), "rows", rows);
    out->failed = out->failed || head == NULL || (*has_rows && rows == NULL);
    pbt__json_append(out, head);
    for (size_t i = 0; i < told->rows.count; i++) {
        pbt__text_add(out, "\n");
        pbt__row_write(&told->rows, &told->rows.items[i], out);
    }
    json_decref(head);
    free(spec);
    return out->failed ? pbt__fail_memory(error) : PBT_OK;
}

/* Show a path from `relative_to`, which is told from `here`. Shape: path[PBT__PATH_SIZE], changed
 */
static pbt_err show_path(char *path, const char *here, const char *relative_to, pbt_error *error)
{
    char whole[PBT__PATH_SIZE];
    const pbt_err err = pbt__path_join(here, path, whole, error);
    return err == PBT_OK ? pbt__path_join("", pbt__path_below(relative_to, whole), path, error)
                         : err;
}

pbt_err pbt__told_show_best(json_t *best, const char *here, const char *relative_to,
                            pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    const char *told = pbt__json_get_text(best, "checkpoint", "store:");
    if (strncmp(told, "store:", 6) == 0) {
        return PBT_OK;
    }
    pbt_err err = pbt__path_join("", told, path, error);
    if (err == PBT_OK) {
        err = show_path(path, here, relative_to, error);
    }
    if (err == PBT_OK && json_object_set_new(best, "checkpoint", json_string(path)) != 0) {
        err = pbt__fail_memory(error);
    }
    return err;
}

static pbt_err fail_strange(const char *name, pbt_error *error)
{
    return pbt__fail(error, PBT_ERR_CORRUPT, "what is told of study '%s' is no answer", name);
}

/* What the first line says. */
static pbt_err read_head(const json_t *head, const char *relative_to, pbt__told *out,
                         pbt_error *error)
{
    const char *spec = pbt__json_get_text(head, "spec", NULL);
    const char *folder = pbt__json_get_text(head, "folder", NULL);
    json_t *answer = json_object_get(head, "answer");
    if (spec == NULL || folder == NULL || answer == NULL) {
        return fail_strange(out->name, error);
    }
    const pbt_err err = pbt__spec_parse(spec, "spec", folder, &out->own_spec, error);
    if (err != PBT_OK) {
        return err == PBT_ERR_SPEC ? PBT_ERR_VERSION : err;
    }
    out->spec = out->own_spec;
    out->answer = json_incref(answer);
    const json_t *show = json_object_get(answer, "show");
    return pbt__told_show_best(json_object_get(show != NULL ? show : answer, "best"),
                               pbt__json_get_text(head, "here", ""), relative_to, error);
}

/* The lines behind the first, in order; `head` is that one. */
static pbt_err read_rows(const json_t *head, const char *text, const char *relative_to,
                         pbt__told *out, pbt_error *error)
{
    const json_t *rows = json_object_get(head, "rows");
    const char *here = pbt__json_get_text(head, "here", "");
    if (rows == NULL) {
        return PBT_OK;
    }
    if (!pbt__row_list_begin(&out->rows, &out->spec->search.space, rows)) {
        return fail_strange(out->name, error);
    }
    pbt_err err =
        out->rows.has_folder ? show_path(out->rows.folder, here, relative_to, error) : PBT_OK;
    while (err == PBT_OK && *text == '\n') {
        const size_t length = strcspn(++text, "\n");
        err = pbt__row_read(&out->rows, text, length, error);
        text += length;
    }
    if (err == PBT_OK && !pbt__tree_is_sound(&out->rows, out->spec->search.population)) {
        return fail_strange(out->name, error);
    }
    pbt__tree_mark(&out->rows);
    return err;
}

pbt_err pbt__told_read(const pbt__text *text, const char *name, const char *relative_to,
                       pbt__told *out, pbt_error *error)
{
    json_t *head = NULL;
    const char *bytes = pbt__text_string(text);
    const size_t length = strcspn(bytes, "\n");
    *out = (pbt__told){.answer = NULL};
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    pbt_err err = pbt__json_read(bytes, length, &head, error);
    if (err == PBT_OK) {
        err = read_head(head, relative_to, out, error);
    }
    if (err == PBT_OK) {
        err = read_rows(head, bytes + length, relative_to, out, error);
    }
    json_decref(head);
    return err;
}
