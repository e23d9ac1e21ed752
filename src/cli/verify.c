/* verify.c: `pbt verify`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "cli/query.h"
#include "cli/remote.h"
#include "render/format.h"
#include "render/print.h"

typedef struct verification {
    const char *study;
    int64_t problem_count; /* of all studies so far */
    bool is_json;
    json_t *problems; /* of this study; NULL: printed as they are found */
} verification;

static void print_problem(void *context, const char *line)
{
    verification *these = context;
    if (these->problems == NULL) {
        printf("%s: %s\n", these->study, line);
    } else if (json_array_append_new(these->problems, json_string(line)) != 0) {
        these->problem_count++;
    }
}

static pbt_err print_verdict(verification *these, const pbt__verdict *verdict, pbt_error *error)
{
    if (!these->is_json) {
        char events[PBT__CELL_SIZE], decisions[PBT__CELL_SIZE];
        char checkpoints[PBT__CELL_SIZE], problems[PBT__CELL_SIZE];
        pbt__format_count(verdict->event_count, "event", events);
        pbt__format_count(verdict->decision_count, "decision", decisions);
        pbt__format_count(verdict->checkpoint_count, "checkpoint", checkpoints);
        pbt__format_count(verdict->problem_count, "problem", problems);
        printf("%s: %s, %s, %s checked: %s\n", these->study, events, decisions, checkpoints,
               problems);
        return PBT_OK;
    }
    json_t *object = json_pack("{s:s, s:I, s:I, s:I, s:O}", "name", these->study, "events",
                               (json_int_t)verdict->event_count, "decisions",
                               (json_int_t)verdict->decision_count, "checkpoints",
                               (json_int_t)verdict->checkpoint_count, "problems", these->problems);
    pbt_err err = object != NULL ? pbt__print_json(object, error) : pbt__fail_memory(error);
    json_decref(object);
    return err;
}

/* A log that cannot be opened counts as a problem; the command goes on. */
static void print_broken(verification *these, const pbt_error *error)
{
    char line[sizeof error->message + sizeof error->detail + 2];
    snprintf(line, sizeof line, "%s%s%s", error->message, error->detail[0] != '\0' ? ": " : "",
             error->detail);
    print_problem(these, line);
    these->problem_count++;
}

static pbt_err read_study(pbt__store *store, const pbt__place *place, verification *these,
                          pbt__verdict *out, pbt_error *error)
{
    pbt__study *study = NULL;
    const pbt__study_options options = {.checkpoint_folder = place->folder, .is_observer = true};
    if (store == NULL) {
        return pbt__remote_verify(place, these->study, print_problem, these, out, error);
    }
    pbt_err err = pbt__study_open(store, these->study, &options, &study, error);
    if (err == PBT_OK) {
        err = pbt__study_verify(study, print_problem, these, out, error);
    }
    pbt__study_close(study);
    return err;
}

static pbt_err verify_study(pbt__store *store, const pbt__place *place, verification *these,
                            pbt_error *error)
{
    pbt__verdict verdict = {0};
    these->problems = these->is_json ? json_array() : NULL;
    pbt_err err = read_study(store, place, these, &verdict, error);
    these->problem_count += verdict.problem_count;
    bool is_broken = err == PBT_ERR_CORRUPT;
    if (is_broken) {
        print_broken(these, error);
    }
    if (err == PBT_OK || (is_broken && these->is_json)) {
        err = print_verdict(these, &verdict, error);
    }
    json_decref(these->problems);
    these->problems = NULL;
    return is_broken ? PBT_OK : err;
}

static pbt_err verify_all(const pbt__arguments *arguments, const pbt__place *place,
                          pbt__store *store, verification *these, pbt_error *error)
{
    pbt__names names = {0};
    pbt_err err = PBT_OK;
    if (arguments->operand_count == 0) {
        err = pbt__names_list(place, store, &names, error);
    }
    for (int i = 0; i < arguments->operand_count && err == PBT_OK; i++) {
        these->study = arguments->operands[i];
        err = verify_study(store, place, these, error);
    }
    for (size_t i = 0; i < names.count && err == PBT_OK; i++) {
        these->study = names.names[i];
        err = verify_study(store, place, these, error);
    }
    free(names.names);
    return err;
}

int pbt__command_verify(const pbt__arguments *arguments)
{
    pbt_error error = {0};
    pbt__place place;
    pbt__store *store = NULL;
    verification these = {.is_json = arguments->has[PBT__OPTION_JSON]};
    pbt_err err = pbt__place_find(arguments, &place, &error);
    if (err == PBT_OK) {
        err = pbt__place_open(&place, PBT__ACCESS_READ, &store, &error);
    }
    if (err == PBT_OK) {
        err = verify_all(arguments, &place, store, &these, &error);
    }
    pbt__store_close(store);
    if (err != PBT_OK) {
        return pbt__print_error(&error);
    }
    return these.problem_count > 0 ? 1 : 0;
}
