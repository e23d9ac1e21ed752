/* query.c: open, answer, close. */
#include "cli/query.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/remote.h"
#include "render/print.h"

static pbt_err add(pbt__names *names, const char *name)
{
    char(*grown)[PBT__NAME_SIZE] = pbt__realloc(names->names, names->count + 1, sizeof *grown);
    if (grown == NULL) {
        return PBT_ERR_MEMORY;
    }
    names->names = grown;
    snprintf(grown[names->count++], PBT__NAME_SIZE, "%s", name);
    return PBT_OK;
}

static pbt_err add_row(void *context, const pbt__study_row *row)
{
    return add(context, row->name);
}

static pbt_err list_served(const pbt__place *place, pbt__names *names, pbt_error *error)
{
    json_t *studies = NULL;
    pbt_err err = pbt__remote_studies(place, &studies, error);
    for (size_t i = 0; err == PBT_OK && i < json_array_size(studies); i++) {
        err = add(names, pbt__json_get_text(json_array_get(studies, i), "name", ""));
    }
    json_decref(studies);
    return err;
}

pbt_err pbt__names_list(const pbt__place *place, pbt__store *store, pbt__names *out,
                        pbt_error *error)
{
    pbt__names names = {0};
    pbt_err err = store != NULL ? pbt__store_list(store, add_row, &names, error)
                                : list_served(place, &names, error);
    if (err != PBT_OK) {
        free(names.names);
        return err == PBT_ERR_MEMORY ? pbt__fail_memory(error) : err;
    }
    *out = names;
    return PBT_OK;
}

pbt_err pbt__query_only(const pbt__place *place, pbt__store *store, char *out, pbt_error *error)
{
    pbt__names names = {0};
    pbt_err err = pbt__names_list(place, store, &names, error);
    if (err != PBT_OK) {
        return err;
    }
    if (names.count == 1) {
        snprintf(out, PBT__NAME_SIZE, "%s", names.names[0]);
    } else if (names.count == 0) {
        err = pbt__fail(error, PBT_ERR_NOT_FOUND, "the store holds no study");
        pbt__error_hint(error, "'pbt run SPEC' creates one");
    } else {
        err = pbt__fail(error, PBT_ERR_ARGUMENT, "the store holds %zu studies: name one",
                        names.count);
        pbt__error_hint(error, "see 'pbt list'");
    }
    free(names.names);
    return err;
}

pbt_err pbt__query_open(const pbt__place *place, pbt__alive *alive, const char *name,
                        pbt__access access, pbt__study **out, pbt_error *error)
{
    const pbt__study_options options = {
        .checkpoint_folder = place->folder,
        .is_observer = access == PBT__ACCESS_READ,
        .relative_to = place->here,
        .lives = pbt__is_alive,
        .lives_context = alive,
    };
    return pbt__study_open(alive->store, name, &options, out, error);
}

const char *pbt__query_operand(const pbt__arguments *arguments)
{
    bool is_named = arguments->operand_count >= arguments->command->operand_maximum;
    return is_named ? pbt__arguments_operand(arguments, 0) : NULL;
}

pbt_err pbt__subject_open(pbt__subject *subject, const pbt__arguments *arguments,
                          pbt__access access, pbt_error *error)
{
    return pbt__subject_open_study(subject, arguments, pbt__query_operand(arguments), access,
                                   error);
}

pbt_err pbt__subject_open_study(pbt__subject *subject, const pbt__arguments *arguments,
                                const char *study, pbt__access access, pbt_error *error)
{
    char name[PBT__NAME_SIZE];
    *subject = (pbt__subject){0};
    pbt_err err = pbt__place_find(arguments, &subject->place, error);
    if (err == PBT_OK) {
        err = pbt__place_open(&subject->place, access, &subject->store, error);
    }
    if (err == PBT_OK && study == NULL) {
        err = pbt__query_only(&subject->place, subject->store, name, error);
        study = name;
    }
    if (err == PBT_OK) {
        subject->alive.store = subject->store;
        err = pbt__query_open(&subject->place, &subject->alive, study, access, &subject->study,
                              error);
    }
    if (err != PBT_OK) {
        pbt__subject_close(subject);
    }
    return err;
}

void pbt__subject_close(pbt__subject *subject)
{
    pbt__study_close(subject->study);
    pbt__store_close(subject->store);
    pbt__alive_fini(&subject->alive);
    subject->study = NULL;
    subject->store = NULL;
}

int pbt__query(const pbt__arguments *arguments, pbt__access access, pbt__answer answer)
{
    pbt_error error = {0};
    pbt__subject subject;
    pbt_err err = pbt__subject_open(&subject, arguments, access, &error);
    if (err == PBT_OK) {
        err = answer(arguments, &subject.place, subject.study, &error);
        pbt__subject_close(&subject);
    }
    return err != PBT_OK ? pbt__print_error(&error) : 0;
}
