/* replay.c: `pbt replay`: one model by a recorded schedule, run like any study. */
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "cli/print.h"
#include "cli/query.h"
#include "cli/run.h"
#include "study/replay.h"

static pbt_err read_scale(const pbt__arguments *arguments, double *out, pbt_error *error)
{
    const char *text = arguments->values[PBT__OPTION_SCALE];
    *out = 1;
    if (text == NULL) {
        return PBT_OK;
    }
    if (pbt__number_read(text, out) && *out > 0 && isfinite(*out)) {
        return PBT_OK;
    }
    return pbt__fail(error, PBT_ERR_ARGUMENT, "--scale takes a number above 0, found '%s'", text);
}

/* NAME-replay, and what makes this replay another one: "-m3", "-m3s12", "-x2". Shape: out[size] */
static pbt_err write_name(const pbt__arguments *arguments, const char *study, char *out,
                          size_t size, pbt_error *error)
{
    const char *member = arguments->values[PBT__OPTION_MEMBER];
    const char *segment = arguments->values[PBT__OPTION_SEGMENT];
    const char *scale = arguments->values[PBT__OPTION_SCALE];
    const int length = snprintf(out, size, "%s-replay%s%s%s%s%s%s", study,
                                member != NULL ? "-m" : "", member != NULL ? member : "",
                                segment != NULL ? "-" : "", segment != NULL ? segment : "",
                                scale != NULL ? "-x" : "", scale != NULL ? scale : "");
    return length >= 0 && (size_t)length < size
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_LIMIT, "'%s-replay' is too long for a study's name",
                           study);
}

static pbt_err make_spec(const pbt__arguments *arguments, pbt__study *study, pbt_spec **out,
                         pbt_error *error)
{
    char name[PBT__NAME_SIZE];
    pbt__replay_options options = {.name = name};
    pbt_segment_id id = PBT_NO_SEGMENT;
    json_t *schedule = NULL;
    pbt_err err = read_scale(arguments, &options.scale, error);
    if (err == PBT_OK) {
        err = write_name(arguments, pbt__study_name(study), name, sizeof name, error);
    }
    if (err == PBT_OK) {
        err = pbt__arguments_lineage(arguments, &id, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_schedule(study, id, &schedule, error);
    }
    if (err == PBT_OK) {
        err = pbt__replay_spec(pbt__study_spec(study), schedule, &options, out, error);
    }
    json_decref(schedule);
    return err;
}

int pbt__command_replay(const pbt__arguments *arguments)
{
    pbt_error error = {0};
    pbt__subject subject;
    pbt_spec *spec = NULL;
    pbt_err err = pbt__subject_open(&subject, arguments, PBT__ACCESS_READ, &error);
    if (err == PBT_OK) {
        err = make_spec(arguments, subject.study, &spec, &error);
        pbt__subject_close(&subject);
    }
    return err == PBT_OK ? pbt__run(arguments, spec, NULL) : pbt__print_error(&error);
}
