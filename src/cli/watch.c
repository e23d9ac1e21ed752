/*
 * watch.c: the main thread of `pbt run`.
 *
 * It looks at signals, the store and the checkpoints ten times a second, and shows the study when
 * it changes. It trains and decides nothing.
 */
#include "cli/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/stop.h"
#include "cli/alive.h"
#include "executor/signals.h"
#include "render/format.h"
#include "render/live.h"
#include "render/print.h"
#include "render/screen.h"
#include "render/words.h"

enum {
    PACE_US = 5000, /* changes that follow upon each other are shown at once */
    FRAME_US = 200 * 1000,
    LINES_US = 20 * 1000,
    LOOK_US = 100 * 1000,
    HEAD_US = 1000 * 1000,
    LINES_MAXIMUM = 1 << 26, /* Units: bytes between two looks */
};

static const double SIGNAL_SECONDS = 0.1;

static const char *const NOTICES[] = {
    "Ctrl-C stops; the same command goes on",
    "stopping: waiting for the trainers, 30 s at most; Ctrl-C ends them at once",
    "stopping at once",
};

/* How a study is shown: a live table, lines, or not at all. */
typedef struct view {
    pbt__study *study;
    pbt__live *live; /* NULL: lines */
    const char *log_folder;
    bool is_quiet;
    int64_t sequence; /* lines: the newest event printed, */
    bool has_failed;  /* and whether any of them was a failure */
    int64_t due_us;   /* when to show next, */
    bool is_paused;   /* said already, */
    int32_t withheld; /* and who waits alone; -1: nobody */
    int64_t look_us;  /* and when to look around, */
    int64_t head_us;  /* and to leave how far the log has come */
    bool is_stopped;  /* by a user's `pbt stop`; already obeyed */
    int signal_count; /* already obeyed */
    char notice[600]; /* of a pause */
} view;

/* Lines for the events after `sequence`, which moves along with them. */
typedef struct event_lines {
    pbt__text text;
    int64_t sequence;
    const char *log_folder;
    bool has_failed; /* an attempt of this run */
} event_lines;

/* A failure names its log. A worker that reports its own failure does not know the log's path, so
 * add it. */
static void name_log(event_lines *lines, const json_t *event)
{
    const char *message = json_string_value(json_object_get(event, "message"));
    const char *segment = json_string_value(json_object_get(event, "segment"));
    pbt_segment_id id;
    bool is_named = message == NULL || strstr(message, "its log is ") != NULL;
    if (!is_named && segment != NULL && pbt__id_read(segment, &id) && lines->text.length > 0) {
        lines->text.length--; /* the line feed */
        pbt__text_format(&lines->text, "; its log is %s/m%" PRId32 ".log\n", lines->log_folder,
                         id.member);
    }
}

/* A study broken without any failure has a trainer that never asked for a segment. */
static bool is_idle(const event_lines *lines, const json_t *event)
{
    const char *reason = json_string_value(json_object_get(event, "reason"));
    return !lines->has_failed && reason != NULL &&
           strcmp(reason, pbt__stop_name(PBT__STOP_BROKEN)) == 0;
}

static void add_words(event_lines *lines, const json_t *event)
{
    json_t *idle = is_idle(lines, event) ? json_copy((json_t *)(uintptr_t)event) : NULL;
    if (idle != NULL) {
        (void)json_object_set_new(idle, "reason", json_string(PBT__WORDS_IDLE));
    }
    pbt__words_event(idle != NULL ? idle : event, &lines->text);
    json_decref(idle);
}

static pbt_err add_line(void *context, const json_t *event)
{
    event_lines *lines = context;
    const char *kind = json_string_value(json_object_get(event, "kind"));
    add_words(lines, event);
    if (kind != NULL && strcmp(kind, "failed") == 0) {
        lines->has_failed = true;
        name_log(lines, event);
    }
    lines->sequence = json_integer_value(json_object_get(event, "sequence"));
    return PBT_OK;
}

static pbt_err print_lines(view *shown, pbt_error *error)
{
    event_lines lines = {pbt__text_init(LINES_MAXIMUM), shown->sequence, shown->log_folder,
                         shown->has_failed};
    pbt_err err = pbt__study_events(shown->study, shown->sequence, add_line, &lines, error);
    if (err != PBT_OK) {
        pbt__text_fini(&lines.text);
        return err;
    }
    shown->sequence = lines.sequence;
    shown->has_failed = lines.has_failed;
    err = pbt__print_text(&lines.text, error);
    fflush(stdout);
    return err;
}

static const char *notice_of(int signal_count)
{
    return NOTICES[signal_count < 2 ? signal_count : 2];
}

static pbt_err show(view *shown, const char *notice, pbt_error *error)
{
    if (shown->live != NULL) {
        return pbt__live_draw(shown->live, notice, error);
    }
    return shown->is_quiet ? PBT_OK : print_lines(shown, error);
}

static pbt_err show_when_due(view *shown, pbt_error *error)
{
    int64_t now = pbt__clock_monotonic_us();
    if (now < shown->due_us) {
        return PBT_OK;
    }
    shown->due_us = now + (shown->live != NULL ? FRAME_US : LINES_US);
    bool is_notable = shown->is_paused && shown->signal_count == 0;
    return show(shown, is_notable ? shown->notice : notice_of(shown->signal_count), error);
}

/* Pass new signals on to the slots, and print a notice if there is no live table. */
static void obey_signals(const pbt__watch *watch, view *shown)
{
    int count = pbt__signals_count();
    if (count == shown->signal_count) {
        return;
    }
    shown->signal_count = count;
    shown->due_us = 0;
    pbt__server_drain(watch->server);
    watch->executor->ops->stop(watch->executor, count > 1);
    pbt__study_wake(watch->study);
    if (shown->live == NULL) {
        fprintf(stderr, "pbt: %s\n", notice_of(count));
    }
}

/* Only a warning: only the user knows whether the trainer hangs. */
static void tell_still(const pbt__watch *watch, view *shown)
{
    pbt__still still;
    while (shown->signal_count == 0 &&
           pbt__study_find_still(watch->study, pbt__clock_now_us(), &still)) {
        char id[PBT__ID_SIZE], time[PBT__CELL_SIZE];
        pbt__id_write(still.segment, id);
        pbt__format_seconds(still.seconds, time);
        if (shown->live != NULL) {
            pbt__live_clear(shown->live);
        }
        fprintf(stderr,
                "pbt: warning: %s: no sign of progress for %s; its log is %s/m%" PRId32
                ".log; lease.stall_seconds ends such attempts\n",
                id, time, watch->log_folder, still.segment.member);
    }
}

/* Look at what other processes wrote to the store, so that waiting slots find new segments, and a
 * user's stop takes effect at once and not with the next heartbeat. */
static pbt_err look_around(const pbt__watch *watch, view *shown, pbt_error *error)
{
    int64_t now = pbt__clock_monotonic_us();
    if (now < shown->look_us) {
        return PBT_OK;
    }
    pbt__summary summary;
    shown->look_us = now + LOOK_US;
    pbt_err err = pbt__study_check_ground(watch->study, error);
    if (err == PBT_OK && now >= shown->head_us) {
        shown->head_us = now + HEAD_US;
        pbt__study_mark_head(watch->study);
        tell_still(watch, shown);
        err = pbt__study_end_dead(watch->study, pbt__is_dead, pbt__study_store(watch->study),
                                  pbt__spec_is_in_process(pbt__study_spec(watch->study)), error);
        err = err == PBT_OK ? pbt__study_end_stalled(watch->study, error) : err;
        err = err == PBT_OK ? pbt__study_summary(watch->study, &summary, error) : err;
    }
    pbt__study_glance(watch->study, &summary);
    if (err == PBT_OK && summary.state == PBT__STUDY_STOPPED && !shown->is_stopped) {
        shown->is_stopped = true;
        watch->executor->ops->stop(watch->executor, false);
    }
    return err;
}

/* Say once that the study waits, and once that it goes on. */
static void tell_pause(view *shown, const pbt__pause *pause)
{
    if (pause->is_paused != shown->is_paused && shown->live == NULL && !shown->is_quiet) {
        printf("%s%s%s%s\n", pause->is_paused ? "paused: " : "goes on",
               pause->is_paused ? pause->why.message : "",
               pause->is_paused && pause->why.detail[0] != '\0' ? ": " : "",
               pause->is_paused ? pause->why.detail : "");
        fflush(stdout);
    }
    shown->is_paused = pause->is_paused;
    snprintf(shown->notice, sizeof shown->notice, "paused: %s; tries again by itself",
             pause->why.message);
}

/* Say once that a member waits while others go on. */
static void tell_withheld(view *shown, const pbt__pause *pause)
{
    bool is_new = pause->withheld >= 0 && pause->withheld != shown->withheld && !pause->is_paused;
    if (is_new && shown->live == NULL && !shown->is_quiet) {
        printf("m%d waits: %s%s%s\n", (int)pause->withheld, pause->why.message,
               pause->why.detail[0] != '\0' ? ": " : "", pause->why.detail);
        fflush(stdout);
    }
    shown->withheld = pause->withheld;
}

/* An outage that lasts too long ends the run only; its segments were given back. */
static pbt_err see_pause(const pbt__watch *watch, view *shown, pbt_error *error)
{
    pbt__pause pause;
    pbt__study_pause(watch->study, &pause);
    tell_pause(shown, &pause);
    tell_withheld(shown, &pause);
    if (!pause.is_over) {
        return PBT_OK;
    }
    *error = pause.why;
    if (pause.is_own && error->hint[0] == '\0') {
        pbt__error_hint(error, "fix it, then run the same command again; no attempt was counted");
    }
    if (!pause.is_own) {
        const char *name = pbt__study_name(watch->study);
        const bool is_trainer = error->code == PBT_ERR_TRAINER;
        pbt__error_hint(error,
                        "nothing was counted as a failure of these members: fix the cause, then "
                        "the same command goes on%s%s%s",
                        is_trainer ? ". If their hyperparameters are the cause: 'pbt amend " : "",
                        is_trainer ? name : "", is_trainer ? " failure.patience=0' first" : "");
    }
    return error->code;
}

static pbt_err begin_view(const pbt__watch *watch, view *shown, pbt_error *error)
{
    *shown = (view){
        .study = watch->study,
        .log_folder = watch->log_folder,
        .is_quiet = watch->is_quiet,
        .sequence = watch->sequence,
        .withheld = -1,
    };
    if (!watch->is_quiet && pbt__screen_is_usable(STDOUT_FILENO)) {
        return pbt__live_new(watch->study, watch->title, STDOUT_FILENO, &shown->live, error);
    }
    if (!watch->is_quiet) {
        printf("%s\n", watch->title);
    }
    return PBT_OK;
}

pbt_err pbt__watch_run(const pbt__watch *watch, pbt_error *error)
{
    view shown;
    pbt_err err = begin_view(watch, &shown, error);
    while (err == PBT_OK && !watch->executor->ops->is_done(watch->executor)) {
        uint64_t seen = pbt__study_changes(watch->study);
        obey_signals(watch, &shown);
        err = look_around(watch, &shown, error);
        if (err == PBT_OK) {
            err = see_pause(watch, &shown, error);
        }
        if (err == PBT_OK) {
            err = show_when_due(&shown, error);
        }
        pbt__study_wait(watch->study, seen, SIGNAL_SECONDS);
        (void)usleep(PACE_US);
    }
    if (err == PBT_OK) {
        err = show(&shown, "", error);
    } else {
        watch->executor->ops->stop(watch->executor, false);
    }
    pbt__live_free(shown.live);
    return err;
}
