/* asked.c: one question, one request. */
#include "cli/asked.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "cli/remote.h"
#include "render/print.h"

/* ---- of an operand ---- */

static pbt_err ask_server(pbt__subject *subject, const char *study, const char *names,
                          pbt_segment_id id, pbt__told *out, pbt_error *error)
{
    char only[PBT__NAME_SIZE];
    pbt_err err = PBT_OK;
    if (study == NULL) {
        err = pbt__query_only(&subject->place, NULL, only, error);
        study = only;
    }
    return err == PBT_OK ? pbt__remote_tell(&subject->place, study, names, id, out, error) : err;
}

pbt_err pbt__ask(const pbt__arguments *arguments, const char *names, pbt_segment_id id,
                 pbt__asked *out, pbt_error *error)
{
    const char *study = pbt__query_operand(arguments);
    *out = (pbt__asked){.told = {.answer = NULL}};
    pbt_err err = pbt__place_find(arguments, &out->subject.place, error);
    if (err != PBT_OK) {
        return err;
    }
    if (out->subject.place.server != NULL) {
        err = ask_server(&out->subject, study, names, id, &out->told, error);
    } else {
        err = pbt__subject_open(&out->subject, arguments, PBT__ACCESS_READ, error);
        if (err == PBT_OK) {
            err = pbt__told_ask(out->subject.study, names, id, &out->told, error);
        }
    }
    if (err != PBT_OK) {
        pbt__asked_fini(out);
    }
    return err;
}

void pbt__asked_fini(pbt__asked *asked)
{
    pbt__told_fini(&asked->told);
    pbt__subject_close(&asked->subject);
}

int pbt__ask_to_show(const pbt__arguments *arguments, const char *names, pbt_segment_id id,
                     pbt__shower show)
{
    pbt_error error = {0};
    pbt__asked asked;
    pbt_err err = pbt__ask(arguments, names, id, &asked, &error);
    if (err == PBT_OK) {
        err = show(arguments, &asked, &error);
        pbt__asked_fini(&asked);
    }
    return err != PBT_OK ? pbt__print_error(&error) : 0;
}

/* ---- of groups ---- */

typedef struct source {
    const pbt__place *place;
    pbt__alive alive;
} source;

static pbt_err read_course(void *context, const char *name, pbt__course *out, pbt_error *error)
{
    source *from = context;
    pbt__told told = {.answer = NULL};
    pbt__study *study = NULL;
    pbt_err err = PBT_OK;
    if (from->alive.store == NULL) {
        err = pbt__remote_tell(from->place, name, PBT__COURSE_ASKS, PBT_NO_SEGMENT, &told, error);
    } else {
        err = pbt__query_open(from->place, &from->alive, name, PBT__ACCESS_READ, &study, error);
        if (err == PBT_OK) {
            err = pbt__told_ask(study, PBT__COURSE_ASKS, PBT_NO_SEGMENT, &told, error);
        }
    }
    if (err == PBT_OK) {
        err = pbt__course_read(&told, out, error);
    }
    pbt__told_fini(&told);
    pbt__study_close(study);
    return err;
}

pbt_err pbt__ask_groups(const pbt__arguments *arguments, const pbt__place *place, pbt__store *store,
                        pbt__groups *out, pbt_error *error)
{
    source from = {.place = place, .alive = {.store = store}};
    pbt__names names = {0};
    pbt_err err = pbt__names_list(place, store, &names, error);
    if (err == PBT_OK) {
        const pbt__shelf shelf = {
            .names = names.names,
            .count = names.count,
            .read = read_course,
            .context = &from,
        };
        err = pbt__groups_read(&shelf, arguments->operands, arguments->operand_count, out, error);
    }
    free(names.names);
    pbt__alive_fini(&from.alive);
    return err;
}
