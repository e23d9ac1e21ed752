/* conclusion.c: the end of a run. */
#include "cli/conclusion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/plain.h"
#include "executor/log.h"
#include "render/facts.h"
#include "render/format.h"
#include "render/print.h"
#include "render/words.h"

enum {
    TEXT_MAXIMUM = 1 << 24, /* Units: bytes */
    LOG_END_MAXIMUM = 2000, /* Units: bytes */
};

/* ---- a study without a usable member ---- */

/* The newest failure in the log since the study was resumed, if it was. */
typedef struct last_failure {
    pbt_segment_id segment;
    char message[400];
} last_failure;

static pbt_err see_failure(void *context, const json_t *event)
{
    last_failure *last = context;
    const char *kind = json_string_value(json_object_get(event, "kind"));
    const char *segment = json_string_value(json_object_get(event, "segment"));
    const char *message = json_string_value(json_object_get(event, "message"));
    pbt_segment_id id;
    if (kind != NULL && strcmp(kind, "resumed") == 0) {
        last->segment = PBT_NO_SEGMENT;
    }
    if (kind != NULL && strcmp(kind, "failed") == 0 && segment != NULL &&
        pbt__id_read(segment, &id)) {
        last->segment = id;
        snprintf(last->message, sizeof last->message, "%s", message != NULL ? message : "");
    }
    return PBT_OK;
}

/* Read the end of a member's log. If it has none, read member 0's: it quotes what a worker wrote
 * before its first segment. */
static pbt_err read_log_end(const pbt__conclusion *outcome, int32_t member, char *path, char **end,
                            pbt_error *error)
{
    pbt_err err = pbt__log_path(outcome->log_folder, member, path, error);
    if (err == PBT_OK) {
        err = pbt__log_end(outcome->log_folder, member, LOG_END_MAXIMUM, end, error);
    }
    if (err == PBT_OK) {
        pbt__plain(*end, strlen(*end), true);
    }
    if (err != PBT_OK || (*end)[0] != '\0' || member == 0) {
        return err;
    }
    free(*end);
    return read_log_end(outcome, 0, path, end, error);
}

/* Print its newest part to standard error, each line indented. */
static void print_log_end(const pbt__conclusion *outcome, const char *path, const char *end)
{
    if (end[0] != '\0') {
        fflush(stdout);
        fprintf(stderr, "the end of %s:\n", pbt__path_below(outcome->place->here, path));
    }
    for (const char *line = pbt__log_newest(end); *line != '\0';) {
        size_t length = strcspn(line, "\n");
        fprintf(stderr, "    %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

static void tell_reason(const last_failure *last, bool is_broken, pbt_error *error)
{
    char id[PBT__ID_SIZE];
    if (last->segment.member >= 0) {
        pbt__id_write(last->segment, id);
        pbt__error_detail(error, "%s: %s", id, last->message);
    } else if (is_broken) {
        pbt__error_detail(error, "%s", PBT__WORDS_IDLE);
    }
}

/* Nothing failed: the first segments were too long for the time. What they saved is still there. */
static pbt_err tell_early(const pbt__conclusion *outcome, const pbt__summary *summary,
                          pbt_error *error)
{
    const char *name = pbt__study_name(outcome->study);
    (void)pbt__fail(error, PBT_ERR_NO_MEMBER,
                    "study '%s' has no result: its time was over before any segment was reported",
                    name);
    pbt__error_detail(error, "stop.seconds is %.15g", summary->seconds_total);
    pbt__error_hint(error, "'pbt amend %s stop.seconds=%.15g', then the same command goes on", name,
                    4 * summary->seconds_total);
    return PBT_ERR_NO_MEMBER;
}

static pbt_err print_failed(const pbt__conclusion *outcome, const pbt__summary *summary,
                            pbt_error *error)
{
    last_failure last = {.segment = PBT_NO_SEGMENT};
    char path[PBT__PATH_SIZE], option[PBT__PATH_SIZE];
    char *end = NULL;
    const char *name = pbt__study_name(outcome->study);
    const bool is_broken = summary->stop == PBT__STOP_BROKEN;
    pbt_err err = pbt__study_events(outcome->study, 0, see_failure, &last, error);
    if (err == PBT_OK) {
        int32_t member = last.segment.member > 0 ? last.segment.member : 0;
        err = read_log_end(outcome, member, path, &end, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    print_log_end(outcome, path, end);
    (void)pbt__fail(error, PBT_ERR_NO_MEMBER, "study '%s' ended without one usable member", name);
    tell_reason(&last, is_broken, error);
    pbt__place_option(outcome->place, option, sizeof option);
    if (is_broken) {
        const char *hint = pbt__log_hint(pbt__log_newest(end));
        pbt__error_hint(error, "%s; then run the same command again",
                        hint != NULL ? hint : "fix the trainer");
    } else if (summary->steps_done > 0) {
        pbt__error_hint(error,
                        "fix the cause, then 'pbt resume %s --members all%s', then the same "
                        "command goes on",
                        name, option);
    } else {
        pbt__error_hint(error, "'pbt delete %s --yes%s', then run it again", name, option);
    }
    free(end);
    return PBT_ERR_NO_MEMBER;
}

/* ---- a study with a result ---- */

static const char *ending(const pbt__conclusion *outcome, const pbt__summary *summary)
{
    if (outcome->is_interrupted && summary->state == PBT__RUNNING) {
        return "interrupted";
    }
    return pbt__study_state_name(summary->shown);
}

static void write_head(const pbt__conclusion *outcome, const pbt__summary *summary, pbt__text *out)
{
    char elapsed[PBT__CELL_SIZE], segments[PBT__CELL_SIZE], copies[PBT__CELL_SIZE];
    char progress[PBT__CELL_SIZE];
    pbt__format_progress(summary, progress);
    pbt__format_seconds(outcome->elapsed_seconds, elapsed);
    pbt__format_count(summary->report_count, "segment", segments);
    pbt__format_count(summary->exploit_count, "copy", copies);
    pbt__text_format(out, "%s %s: %s, %s, %s", pbt__study_name(outcome->study),
                     ending(outcome, summary), progress, segments, copies);
    if (summary->diverged_count > 0) {
        char diverged[PBT__CELL_SIZE];
        pbt__format_count(summary->diverged_count, "diverged report", diverged);
        pbt__text_format(out, ", %s", diverged);
    }
    if (outcome->elapsed_seconds >= 0) {
        pbt__text_format(out, ", %s", elapsed);
    }
    pbt__text_add(out, "\n");
}

static void write_next(const pbt__conclusion *outcome, const pbt__summary *summary, pbt__text *out)
{
    char option[PBT__PATH_SIZE];
    const char *name = pbt__study_name(outcome->study);
    pbt__place_option(outcome->place, option, sizeof option);
    pbt__text_add(out, "\ntry next\n");
    if (summary->state == PBT__RUNNING) {
        pbt__text_add(out, "  the same command goes on\n");
    }
    if (summary->state == PBT__STUDY_STOPPED) {
        pbt__text_format(out, "  pbt resume %s%s\n", name, option);
    }
    if (summary->has_best) {
        pbt__text_format(out, "  pbt plot %s%s --output %s.svg\n", name, option, name);
        pbt__text_format(out, "  pbt report %s%s --output %s.html\n", name, option, name);
        pbt__text_format(out, "  pbt best %s%s --export %s-best\n", name, option, name);
    }
    if (summary->state == PBT__FINISHED) {
        pbt__text_format(out, "  pbt verify %s%s\n", name, option);
    }
}

enum { RETURNING_SIZE = 256 };

/* Write "1,3", the members that can be brought back; "all" where they are too many, "" if there
 * are none. Shape: out[RETURNING_SIZE] */
static void list_returning(const json_t *show, char *out)
{
    const json_t *lacking = json_object_get(show, "short_members");
    size_t length = 0;
    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(lacking) && length + 16 < RETURNING_SIZE; i++) {
        const json_t *one = json_array_get(lacking, i);
        if (json_is_true(json_object_get(one, "may_return"))) {
            length += (size_t)snprintf(out + length, RETURNING_SIZE - length, "%s%d",
                                       length == 0 ? "" : ",",
                                       (int)json_integer_value(json_object_get(one, "member")));
        }
    }
    if (length + 16 >= RETURNING_SIZE) {
        snprintf(out, RETURNING_SIZE, "all");
    }
}

/* A study that has ended with untrained steps has a result, but is an error. */
static pbt_err tell_missing(const pbt__conclusion *outcome, const json_t *show, pbt_error *error)
{
    char option[PBT__PATH_SIZE], returning[RETURNING_SIZE];
    const char *name = pbt__study_name(outcome->study);
    pbt__text words = pbt__text_init(sizeof error->message);
    pbt_err err = PBT_OK;
    if (pbt__facts_missing(show, &words)) {
        err = pbt__fail(error, PBT_ERR_TRAINER, "%s", pbt__text_string(&words));
        pbt__place_option(outcome->place, option, sizeof option);
        list_returning(show, returning);
        if (returning[0] != '\0') {
            pbt__error_hint(error,
                            "fix the cause, then 'pbt resume %s --members %s%s' brings them back, "
                            "and the same command trains on",
                            name, returning, option);
        } else {
            pbt__error_hint(
                error,
                "segments lost in earlier rounds are not trained again; 'pbt segments %s%s' shows "
                "what was given up",
                name, option);
        }
    }
    pbt__text_fini(&words);
    return err;
}

/* What an interruption left within segments. */
static void write_kept(const json_t *show, pbt__text *out)
{
    if (json_array_size(json_object_get(show, "kept")) > 0) {
        pbt__text_add(out, "kept within segments: ");
        pbt__facts_kept(show, out);
        pbt__text_add(out, "\n");
    }
}

static pbt_err print_result(const pbt__conclusion *outcome, const pbt__summary *summary,
                            pbt_error *error)
{
    json_t *show = NULL;
    pbt__text text = pbt__text_init(TEXT_MAXIMUM);
    pbt_err err = pbt__study_show(outcome->study, &show, error);
    if (err != PBT_OK) {
        return err;
    }
    const json_t *best = json_object_get(show, "best");
    write_head(outcome, summary, &text);
    write_kept(show, &text);
    if (json_is_object(best)) {
        pbt__text_add(&text, "\n");
        pbt__facts_best(best, pbt__study_spec(outcome->study), &text);
    }
    if (outcome->place->file[0] != '\0') {
        write_next(outcome, summary, &text);
    }
    err = pbt__print_text(&text, error);
    if (err == PBT_OK && summary->state == PBT__FINISHED) {
        err = tell_missing(outcome, show, error);
    }
    json_decref(show);
    return err;
}

pbt_err pbt__conclusion_print(const pbt__conclusion *outcome, pbt_error *error)
{
    pbt__summary summary;
    pbt_err err = pbt__study_summary(outcome->study, &summary, error);
    if (err != PBT_OK) {
        return err;
    }
    if (summary.state == PBT__STUDY_FAILED) {
        const bool is_early = summary.stop == PBT__STOP_SECONDS && summary.steps_done == 0;
        return is_early ? tell_early(outcome, &summary, error)
                        : print_failed(outcome, &summary, error);
    }
    return print_result(outcome, &summary, error);
}
