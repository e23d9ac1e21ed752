/* show.c: lines, and the same as an object. */
#include "try/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "executor/log.h"
#include "executor/signals.h"
#include "render/format.h"
#include "render/print.h"
#include "study/json.h"

static const double START_LEAST = 0.05; /* Units: seconds; less is not worth a line */

enum { TAIL_SIZE = 1200, TEXT_MAXIMUM = 1 << 20, WORDS_WIDTH = 46, NAME_WIDTH = 17 };

static const char *const OPINIONS[] = {
    [PBT__OPINION_OK] = "ok",
    [PBT__OPINION_NO] = "no",
    [PBT__OPINION_UNSURE] = "?",
    [PBT__OPINION_SKIPPED] = "-",
};

/* ---- while it trains ---- */

void pbt__progress_title(const pbt__progress *progress, const pbt__trial *trial)
{
    if (!progress->is_quiet) {
        printf("%s: segments of %" PRId64 " step%s, where the study's have %" PRId64 "\n\n",
               trial->spec->name, trial->steps, trial->steps == 1 ? "" : "s",
               trial->spec->search.ready_every);
    }
}

void pbt__progress_begin(const pbt__progress *progress, const char *words)
{
    if (!progress->is_quiet) {
        printf("train %-*s", WORDS_WIDTH, words);
        (void)fflush(stdout);
    }
}

void pbt__progress_end(const pbt__progress *progress, const pbt__probed *probed)
{
    double seconds = 0;
    if (progress->is_quiet) {
        return;
    }
    for (int i = 0; probed != NULL && i < PBT__PROBE_MEMBERS * PBT__PROBE_SEGMENTS; i++) {
        seconds += probed->segments[i / PBT__PROBE_SEGMENTS][i % PBT__PROBE_SEGMENTS].seconds;
    }
    if (probed == NULL || probed->failure != PBT_OK) {
        printf("  %s\n", pbt__signals_count() > 0 ? "stopped" : "failed");
    } else {
        printf("%6.1f s\n", seconds);
    }
    (void)fflush(stdout);
}

/* ---- the end ---- */

/* Both numbers, and how to look at what lies behind them. */
static void write_evidence(const pbt__trial *trial, const pbt__evidence *evidence, pbt__text *out)
{
    pbt__text line = pbt__text_init(TEXT_MAXIMUM);
    pbt__evidence_write(trial, evidence, &line);
    if (line.length > 0) {
        pbt__text_format(out, "%*s%s\n", NAME_WIDTH + 4, "", pbt__text_string(&line));
    }
    pbt__text_fini(&line);
    line = pbt__text_init(TEXT_MAXIMUM);
    pbt__evidence_command(evidence, &line);
    if (line.length > 0) {
        pbt__text_format(out, "%*s%s\n", NAME_WIDTH + 4, "", pbt__text_string(&line));
    }
    pbt__text_fini(&line);
}

static void write_check(const pbt__trial *trial, const pbt__check *check, pbt__text *out)
{
    pbt__text_format(out, "%-3s %-*s%s\n", OPINIONS[check->opinion], NAME_WIDTH, check->name,
                     check->found);
    write_evidence(trial, &check->evidence, out);
    if (check->hint[0] != '\0') {
        pbt__text_format(out, "%*shint: %s\n", NAME_WIDTH + 4, "", check->hint);
    }
}

/* The end of the log that a failure left. */
static void write_log_end(const pbt__trial *trial, pbt__text *out)
{
    char *end = NULL;
    const pbt__probe_id failed = pbt__trial_failed(trial);
    const char *path = failed < PBT__PROBE_COUNT ? trial->probed[failed].log : "";
    if (path[0] == '\0' || !trial->probed[failed].log_says_more ||
        pbt__log_tail(path, TAIL_SIZE, &end, NULL) != PBT_OK) {
        return;
    }
    pbt__text_format(out, "\nthe end of %s:\n", path);
    for (const char *line = pbt__log_newest(end); *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        pbt__text_format(out, "    %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
    free(end);
}

/* What starting the program costs. */
static void write_start(const pbt__forecast *forecast, pbt__text *out)
{
    char start[PBT__CELL_SIZE], each[PBT__CELL_SIZE], worker[PBT__CELL_SIZE], whole[PBT__CELL_SIZE];
    (void)snprintf(start, sizeof start, "%.1f", forecast->start_seconds);
    (void)snprintf(each, sizeof each, "%.1f", forecast->segment_seconds);
    pbt__format_seconds(forecast->seconds, whole);
    pbt__format_seconds(forecast->worker_seconds, worker);
    if (forecast->start_seconds < START_LEAST) {
        return;
    }
    if (forecast->worker_seconds < 0) {
        pbt__text_format(out, "           starting the program takes %s s, once a slot\n", start);
        return;
    }
    pbt__text_format(out, "           of %s s a segment %s s are start-up", each, start);
    if (forecast->seconds - forecast->worker_seconds >= 1) {
        pbt__text_format(out, "; `protocol: worker` would take %s instead of %s", worker, whole);
    }
    pbt__text_add(out, "\n");
}

static void write_forecast(const pbt__trial *trial, pbt__text *out)
{
    char whole[PBT__CELL_SIZE], each[PBT__CELL_SIZE], one[PBT__CELL_SIZE], disk[PBT__CELL_SIZE];
    pbt__forecast forecast;
    if (!pbt__trial_forecast(trial, &forecast)) {
        return;
    }
    pbt__format_seconds(forecast.seconds, whole);
    if (forecast.seconds < 1) {
        (void)snprintf(whole, sizeof whole, "a second");
    }
    pbt__format_real(forecast.segment_seconds, each);
    pbt__format_bytes(forecast.checkpoint_bytes, one);
    pbt__format_bytes(forecast.disk_bytes, disk);
    pbt__text_format(out,
                     "\nthe study: about %s on %" PRId32 " slot%s (%" PRId64
                     " segments of about %s s), up to %s on disk (checkpoints of %s)\n",
                     whole, trial->slot_count, trial->slot_count == 1 ? "" : "s", forecast.segments,
                     each, disk, one);
    write_start(&forecast, out);
}

pbt_err pbt__verdicts_print(const pbt__verdicts *verdicts, pbt_error *error)
{
    pbt__text text = pbt__text_init(TEXT_MAXIMUM);
    pbt__text_add(&text, "\n");
    for (int i = 0; i < PBT__CHECK_COUNT; i++) {
        write_check(verdicts->trial, &verdicts->checks[i], &text);
    }
    write_forecast(verdicts->trial, &text);
    write_log_end(verdicts->trial, &text);
    if (verdicts->folder != NULL) {
        pbt__text_format(&text, "\nkept: %s\n", verdicts->folder);
    }
    return pbt__print_text(&text, error);
}

/* ---- JSON ---- */

static json_t *check_json(const pbt__trial *trial, const pbt__check *check)
{
    const bool is_skipped = check->opinion == PBT__OPINION_SKIPPED;
    return json_pack("{s:s, s:s, s:s, s:s?, s:o}", "check", check->name, "result",
                     is_skipped ? "skipped" : OPINIONS[check->opinion], "found", check->found,
                     "hint", check->hint[0] != '\0' ? check->hint : NULL, "evidence",
                     pbt__evidence_json(trial, &check->evidence));
}

static json_t *known_json(double seconds)
{
    return seconds >= 0 ? json_real(seconds) : json_null();
}

static json_t *forecast_json(const pbt__trial *trial)
{
    pbt__forecast forecast;
    if (!pbt__trial_forecast(trial, &forecast)) {
        return json_null();
    }
    return json_pack(
        "{s:f, s:f, s:o, s:o, s:I, s:i, s:I, s:I}", "seconds", forecast.seconds, "segment_seconds",
        forecast.segment_seconds, "start_seconds", known_json(forecast.start_seconds),
        "worker_seconds", known_json(forecast.worker_seconds), "segments",
        (json_int_t)forecast.segments, "slots", (int)trial->slot_count, "checkpoint_bytes",
        (json_int_t)forecast.checkpoint_bytes, "disk_bytes", (json_int_t)forecast.disk_bytes);
}

pbt_err pbt__verdicts_print_json(const pbt__verdicts *verdicts, pbt_error *error)
{
    json_t *checks = json_array();
    for (int i = 0; i < PBT__CHECK_COUNT; i++) {
        (void)json_array_append_new(checks, check_json(verdicts->trial, &verdicts->checks[i]));
    }
    json_t *json =
        json_pack("{s:s, s:I, s:o, s:o, s:o, s:s?}", "name", verdicts->trial->spec->name, "steps",
                  (json_int_t)verdicts->trial->steps, "checks", checks, "hyperparameters",
                  pbt__trial_variations_json(verdicts->trial), "forecast",
                  forecast_json(verdicts->trial), "folder", verdicts->folder);
    const pbt_err err = json != NULL ? pbt__print_json(json, error) : pbt__fail_memory(error);
    json_decref(json);
    return err;
}
