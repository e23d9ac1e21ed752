/*
 * answers.c: what queries say of a study, cut down to what scripts rely on (docs/json.md).
 *
 * Few lines are written in full, for whoever looks for what has changed; of segments, lineages and
 * reasons, which are long, a digest is.
 */
#include "../study/all_segments.h"
#include "golden.h"
#include "study/json.h"
#include "study/told.h"

/* Fields that never change their meaning. Those of the second list hold a user's names. */
static const char *const FIELDS[] = {
    "name",
    "state",
    "population",
    "mode",
    "steps_done",
    "steps_total",
    "segments",
    "exploits",
    "best",
    "diverged",
    "workers",
    "created_at",
    "stop_reason",
    "metric",
    "failed_members",
    "short_members",
    "steps_missing",
    "steps",
    "may_return",
    "seconds_total",
    "member",
    "segment",
    "step",
    "age",
    "score",
    "checkpoint",
    "failures",
    "number",
    "parent",
    "donor",
    "start_step",
    "end_step",
    "start_age",
    "end_age",
    "reason",
    "attempts",
    "sequence",
    "reported_at",
    "seed",
    "compared",
    "point",
    "ranked",
    "position",
    "eligible",
    "donor_score",
    "start",
    "rows",
    "direction",
    "leaf",
    "on_path",
    "occasion",
    "verdict",
    "rules",
    "exploit",
    "copy",
    "explore",
    "when",
    "ready_after",
    "before",
    "judged_step",
    "taken",
    "quorum",
    "needed",
    "reported",
    "k",
    "draw",
    "purpose",
    "value",
    "below",
    "standings",
    "candidate",
    "agrees",
    "event",
    "decided_at",
    "key",
    "from",
    "to",
    "time",
};
static const char *const MAPS[] = {"hyperparameters", "metrics", "samples", "changes"};

static json_t *cut(const json_t *json)
{
    if (json_is_array(json)) {
        json_t *list = json_array();
        for (size_t i = 0; i < json_array_size(json); i++) {
            json_array_append_new(list, cut(json_array_get(json, i)));
        }
        return list;
    }
    if (!json_is_object(json)) {
        return json_incref((json_t *)(uintptr_t)json);
    }
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++) {
        const json_t *value = json_object_get(json, FIELDS[i]);
        if (value != NULL) {
            json_object_set_new(object, FIELDS[i], cut(value));
        }
    }
    for (size_t i = 0; i < sizeof MAPS / sizeof *MAPS; i++) {
        json_t *value = json_object_get(json, MAPS[i]);
        if (value != NULL) {
            json_object_set(object, MAPS[i], value);
        }
    }
    return object;
}

static void write_whole(const char *what, const json_t *json, pbt__text *out)
{
    json_t *part = cut(json);
    char *text = pbt__json_write(part);
    assert_non_null(text);
    pbt__text_format(out, "answer %s %s\n", what, text);
    free(text);
    json_decref(part);
}

/* With GOLDEN_WHOLE set, what is digested is printed, too. */
static void write_digest(const char *what, const char *of, const json_t *json, pbt__text *out)
{
    char digest[PBT__DIGEST_TEXT_SIZE];
    json_t *part = cut(json);
    char *text = pbt__json_write(part);
    assert_non_null(text);
    pbt__digest_write(pbt__digest_bytes(text, strlen(text)), digest);
    pbt__text_format(out, "answer %s %s %.16s\n", what, of, digest);
    if (getenv("GOLDEN_WHOLE") != NULL) {
        print_message("# %s %s %s\n", what, of, text);
    }
    free(text);
    json_decref(part);
}

/* ---- queries ---- */

/* A checkpoint may have been lost while the study was recorded. All else is an error. */
static void write_problem(void *context, const char *line)
{
    char id[PBT__ID_SIZE];
    if (sscanf(line, "checkpoint of %31[ms0-9]:", id) != 1) {
        fail_msg("%s", line);
    }
    pbt__text_format(context, "missing %s\n", id);
}

static void write_verdict(bench *b, pbt__text *out)
{
    pbt__verdict verdict;
    assert_ok(pbt__study_verify(b->study, write_problem, out, &verdict, &b->error));
    pbt__text_format(out, "verdict %lld %lld %lld\n", (long long)verdict.event_count,
                     (long long)verdict.decision_count, (long long)verdict.checkpoint_count);
}

static void write_schedule(bench *b, pbt_segment_id id, const char *of, pbt__text *out)
{
    json_t *json = NULL;
    if (pbt__study_schedule(b->study, id, &json, &b->error) == PBT_OK) {
        write_digest("schedule", of, json, out);
        json_decref(json);
    }
}

static void write_lineage(bench *b, int32_t member, const char *of, pbt__text *out)
{
    json_t *json = NULL;
    if (tree_json(b->study, member, &json, &b->error) == PBT_OK) {
        write_digest("lineage", of, json, out);
        json_decref(json);
    }
}

/* Making a decision again reads the log up to it, so it is done for some. */
static void write_why(bench *b, const json_t *segments, pbt__text *out)
{
    enum { EVERY = 4 };
    for (size_t i = 0; i < json_array_size(segments); i += EVERY) {
        json_t *json = NULL;
        pbt_segment_id id;
        const char *name =
            json_string_value(json_object_get(json_array_get(segments, i), "segment"));
        assert_true(pbt__id_read(name, &id));
        assert_ok(pbt__study_why(b->study, id, &json, &b->error));
        write_digest("why", name, json, out);
        json_decref(json);
    }
}

/* ---- by wire ---- */

static void assert_same_summary(const pbt__summary *told, const pbt__summary *own)
{
    assert_int_equal(told->shown, own->shown);
    assert_int_equal(told->steps_done, own->steps_done);
    assert_int_equal(told->steps_total, own->steps_total);
    assert_int_equal(told->segment_count, own->segment_count);
    assert_int_equal(told->exploit_count, own->exploit_count);
    assert_int_equal(told->diverged_count, own->diverged_count);
    assert_int_equal(told->member_count, own->member_count);
    assert_int_equal(told->failed_count, own->failed_count);
    assert_int_equal(told->has_best, own->has_best);
    assert_int_equal(told->best.id.number, own->has_best ? own->best.id.number : 0);
    assert_int_equal(told->best.end_age, own->has_best ? own->best.end_age : 0);
    assert_true(told->best.score == (own->has_best ? own->best.score : 0));
    assert_true(told->seconds_total == own->seconds_total);
}

static void assert_same_row(const pbt__told *told, const pbt__told *own, size_t i)
{
    pbt__text a = pbt__text_init(PBT__ROW_MAXIMUM), b = pbt__text_init(PBT__ROW_MAXIMUM);
    pbt__row_write(&told->rows, &told->rows.items[i], &a);
    pbt__row_write(&own->rows, &own->rows.items[i], &b);
    assert_string_equal(pbt__text_string(&a), pbt__text_string(&b));
    pbt__text_fini(&a);
    pbt__text_fini(&b);
}

/* What a study tells is the same once it was written and read. */
static void assert_told_alike(bench *b)
{
    bool has_rows = false;
    pbt__told own, told;
    pbt__summary summary;
    const pbt__summary own_summary = bench_summary(b);
    pbt__text text = pbt__text_init(GOLDEN_MAXIMUM);
    assert_ok(pbt__told_ask(b->study, "show,segments", PBT_NO_SEGMENT, &own, &b->error));
    assert_ok(pbt__told_write(b->study, &own, &has_rows, &text, &b->error));
    assert_true(has_rows);
    assert_ok(pbt__told_read(&text, own.name, pbt__study_here(b->study), &told, &b->error));
    assert_int_equal(told.rows.count, own.rows.count);
    for (size_t i = 0; i < own.rows.count; i++) {
        assert_same_row(&told, &own, i);
    }
    assert_ok(pbt__summary_read(json_object_get(told.answer, "show"), &summary, &b->error));
    assert_same_summary(&summary, &own_summary);
    pbt__text_fini(&text);
    pbt__told_fini(&own);
    pbt__told_fini(&told);
}

void golden_write_answers(bench *b, pbt__text *out)
{
    json_t *json = NULL;
    char of[32];
    assert_told_alike(b);
    write_verdict(b, out);
    assert_ok(pbt__study_show(b->study, &json, &b->error));
    write_whole("show", json, out);
    json_decref(json);
    assert_ok(pbt__study_members(b->study, &json, &b->error));
    const int32_t count = (int32_t)json_array_size(json);
    for (int32_t m = 0; m < count; m++) {
        write_whole("member", json_array_get(json, (size_t)m), out);
    }
    json_decref(json);
    assert_ok(pbt__study_account(b->study, &json, &b->error));
    write_whole("amendments", json_object_get(json, "amendments"), out);
    json_decref(json);
    write_schedule(b, PBT_NO_SEGMENT, "best", out);
    write_lineage(b, -1, "all", out);
    for (int32_t m = 0; m < count; m++) {
        snprintf(of, sizeof of, "m%d", (int)m);
        write_schedule(b, (pbt_segment_id){m, -1}, of, out);
        write_lineage(b, m, of, out);
    }
    assert_ok(all_segments(b->study, &json, &b->error));
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *segment = json_array_get(json, i);
        write_digest("segment", json_string_value(json_object_get(segment, "segment")), segment,
                     out);
    }
    write_why(b, json, out);
    json_decref(json);
}
