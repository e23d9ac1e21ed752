/* replay.c: `pbt replay`: one model by a recorded schedule, run like any study. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "cli/query.h"
#include "cli/run.h"
#include "render/format.h"
#include "render/print.h"
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
    return pbt__fail(error, PBT_ERR_ARGUMENT, "--scale needs a number above 0, found '%s'", text);
}

/* --name, or else NAME-replay and a suffix for its options: "-m3", "-m3s12", "-x2". Shape:
 * out[size] */
static pbt_err write_name(const pbt__arguments *arguments, const char *study, double scale,
                          char *out, size_t size, pbt_error *error)
{
    const char *name = arguments->values[PBT__OPTION_NAME];
    const char *member = arguments->values[PBT__OPTION_MEMBER];
    const char *segment = arguments->values[PBT__OPTION_SEGMENT];
    char stretch[PBT__NUMBER_SIZE + 8] = "";
    if (scale != 1) {
        (void)snprintf(stretch, sizeof stretch, "-x%g", scale);
    }
    const int length =
        name != NULL ? snprintf(out, size, "%s", name)
                     : snprintf(out, size, "%s-replay%s%s%s%s%s", study, member != NULL ? "-m" : "",
                                member != NULL ? member : "", segment != NULL ? "-" : "",
                                segment != NULL ? segment : "", stretch);
    if (length >= 0 && (size_t)length < size) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_LIMIT, "'%s-replay' is too long for a study's name", study);
    pbt__error_hint(error, "use --name to choose another name");
    return PBT_ERR_LIMIT;
}

/* Refuse a name that a replay of another schedule has: the study may have gone on since. */
static pbt_err check_name(const pbt__subject *subject, const pbt_spec *spec, pbt_error *error)
{
    pbt__study_row row;
    pbt__study *other = NULL;
    pbt__alive alive = {.store = subject->store};
    if (pbt__store_find(subject->store, spec->name, &row, NULL) != PBT_OK) {
        return PBT_OK;
    }
    pbt_err err =
        pbt__query_open(&subject->place, &alive, spec->name, PBT__ACCESS_READ, &other, error);
    if (err == PBT_OK && pbt__spec_compare(spec, pbt__study_spec(other), NULL) != PBT_OK) {
        err = pbt__fail(error, PBT_ERR_EXISTS, "a different study named '%s' exists", spec->name);
        pbt__error_detail(error, "the schedule, or what else it follows, has changed since");
        pbt__error_hint(error, "use --name to choose another name, or 'pbt delete %s --yes'",
                        spec->name);
    }
    pbt__study_close(other);
    pbt__alive_fini(&alive);
    return err;
}

typedef struct original {
    char study[PBT__NAME_SIZE], replay[PBT__NAME_SIZE];
    char segment[PBT__ID_SIZE];
    char score[PBT__CELL_SIZE];
} original;

static pbt_err make_spec(const pbt__arguments *arguments, pbt__study *study, original *first,
                         pbt_spec **out, pbt_error *error)
{
    char *const name = first->replay;
    pbt__replay_options options = {.name = name};
    pbt_segment_id id = PBT_NO_SEGMENT;
    json_t *schedule = NULL;
    pbt_err err = read_scale(arguments, &options.scale, error);
    if (err == PBT_OK) {
        err = write_name(arguments, pbt__study_name(study), options.scale, name, PBT__NAME_SIZE,
                         error);
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
    if (err == PBT_OK) {
        snprintf(first->study, sizeof first->study, "%s", pbt__study_name(study));
        snprintf(first->segment, sizeof first->segment, "%s",
                 json_string_value(json_object_get(schedule, "segment")));
        pbt__format_json(json_object_get(schedule, "score"), first->score);
    }
    json_decref(schedule);
    return err;
}

/* Print both scores. Errors: PBT_ERR_TRAINER if the replay ended before the schedule's last age: it
 * diverged. */
static pbt_err compare(pbt__study *replay, const original *first, pbt_error *error)
{
    char end[PBT__CELL_SIZE], best[PBT__CELL_SIZE];
    const pbt_spec *spec = pbt__study_spec(replay);
    json_t *members = NULL;
    pbt__summary summary;
    pbt_err err = pbt__study_summary(replay, &summary, error);
    if (err != PBT_OK || summary.state != PBT__FINISHED || !summary.has_best) {
        return err;
    }
    err = pbt__study_members(replay, &members, error);
    if (err != PBT_OK) {
        return err;
    }
    const json_t *member = json_array_get(members, 0);
    const int64_t age = json_integer_value(json_object_get(member, "age"));
    pbt__format_json(json_object_get(member, "score"), end);
    pbt__format_real(summary.best.score, best);
    json_decref(members);
    printf("\n%s %s at the end of this replay, %s at its best; %s by %s of %s, which it followed\n",
           spec->metric, end, best, first->score, first->segment, first->study);
    if (age >= spec->search.stop_steps) {
        return PBT_OK;
    }
    err = pbt__fail(error, PBT_ERR_TRAINER,
                    "the replay diverged on the way: its weights have age %" PRId64
                    ", the schedule ends at %" PRId64,
                    age, spec->search.stop_steps);
    pbt__error_hint(error, "'pbt delete %s --yes' and try again, or another --scale", spec->name);
    return err;
}

static pbt_err tell(const pbt__arguments *arguments, const original *first, pbt_error *error)
{
    pbt__subject subject;
    pbt_err err =
        pbt__subject_open_study(&subject, arguments, first->replay, PBT__ACCESS_READ, error);
    if (err == PBT_OK) {
        err = compare(subject.study, first, error);
        pbt__subject_close(&subject);
    }
    return err;
}

int pbt__command_replay(const pbt__arguments *arguments)
{
    pbt_error error = {0};
    pbt__subject subject;
    pbt_spec *spec = NULL;
    original first;
    pbt_err err = pbt__subject_open(&subject, arguments, PBT__ACCESS_READ, &error);
    if (err == PBT_OK) {
        err = make_spec(arguments, subject.study, &first, &spec, &error);
        if (err == PBT_OK) {
            err = check_name(&subject, spec, &error);
        }
        pbt__subject_close(&subject);
    }
    if (err != PBT_OK) {
        pbt_spec_free(spec);
        return pbt__print_error(&error);
    }
    int status = pbt__run(arguments, spec, NULL);
    bool has_failed = status == 0 && tell(arguments, &first, &error) != PBT_OK;
    return has_failed ? pbt__print_error(&error) : status;
}
