/* facts.c: a study in words. */
#include "render/facts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "render/format.h"
#include "render/sight.h"
#include "render/table.h"

enum { TRAINING_SHOWN = 8, FAILED_SHOWN = 16 };

static void add_fact(pbt__table *table, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add_fact(pbt__table *table, const char *name, const char *format, ...)
{
    char value[PBT__PATH_SIZE];
    va_list list;
    va_start(list, format);
    vsnprintf(value, sizeof value, format, list);
    va_end(list);
    pbt__table_add(table, name);
    pbt__table_add(table, value);
}

static int64_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "-";
}

static void add_best(pbt__table *table, const json_t *best, const pbt_spec *spec)
{
    char cell[PBT__CELL_SIZE];
    pbt__format_json(json_object_get(best, "score"), cell);
    add_fact(table, "best", "%s %s", spec->metric, cell);
    add_fact(table, "segment", "%s of member %" PRId64 ", step %" PRId64 ", age %" PRId64,
             string_of(best, "segment"), integer_of(best, "member"), integer_of(best, "step"),
             integer_of(best, "age"));
    add_fact(table, "checkpoint", "%s", string_of(best, "checkpoint"));
    const json_t *values = json_object_get(best, "hyperparameters");
    const pbt_space *space = &spec->search.space;
    for (size_t i = 0; i < space->count; i++) {
        pbt__format_json(json_object_get(values, space->parameters[i].name), cell);
        add_fact(table, space->parameters[i].name, "%s", cell);
    }
}

/* "m3s1, step 120 of 200, seen 0:03 ago, loss 0.31" */
static void add_one_training(pbt__table *table, const char *name, const pbt__training *one,
                             int64_t now_us)
{
    char id[PBT__ID_SIZE], seen[PBT__SIGHT_SIZE], logged[PBT__SIGHT_SIZE];
    const bool has_logged = json_object_size(one->metrics) > 0;
    pbt__id_write((pbt_segment_id){one->claim.member, one->claim.number}, id);
    pbt__sight_age(one->seen_us, now_us, seen);
    pbt__sight_logged(one->metrics, PBT__SIGHT_COLUMNS, logged);
    add_fact(table, name, "%s, step %" PRId64 " of %" PRId64 ", seen %s ago%s%s", id,
             one->claim.step, one->end_step, seen, has_logged ? ", " : "",
             has_logged ? logged : "");
}

/* Those at work, or those whose worker is gone: some of them, and how many more there are. */
static void add_training(pbt__table *table, const char *name, const json_t *list, bool is_at_work)
{
    const int64_t now_us = pbt__clock_now_us();
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        pbt__training one;
        if (!pbt__training_read(json_array_get(list, i), &one) || one.is_at_work != is_at_work) {
            continue;
        }
        if (count++ < TRAINING_SHOWN) {
            add_one_training(table, count == 1 ? name : "", &one, now_us);
        }
    }
    if (count > TRAINING_SHOWN) {
        add_fact(table, "", "and %zu more: pbt members", count - TRAINING_SHOWN);
    }
}

void pbt__facts_best(const json_t *best, const pbt_spec *spec, pbt__text *out)
{
    pbt__table table = pbt__table_init(2);
    add_best(&table, best, spec);
    pbt__table_write(&table, out);
    pbt__table_fini(&table);
}

void pbt__facts_kept(const json_t *show, pbt__text *out)
{
    const json_t *list = json_object_get(show, "kept");
    const size_t count = json_array_size(list);
    for (size_t i = 0; i < count && i < TRAINING_SHOWN; i++) {
        const json_t *one = json_array_get(list, i);
        pbt__text_format(out, "%s%s at step %" PRId64 " of %" PRId64, i > 0 ? ", " : "",
                         string_of(one, "segment"), integer_of(one, "step"),
                         integer_of(one, "end_step"));
    }
    if (count > TRAINING_SHOWN) {
        pbt__text_format(out, " and %zu more", count - TRAINING_SHOWN);
    }
}

static bool is_listed(const json_t *members, int64_t member)
{
    bool is_one = false;
    for (size_t i = 0; !is_one && i < json_array_size(members); i++) {
        is_one = json_integer_value(json_array_get(members, i)) == member;
    }
    return is_one;
}

/* Members that lost segments, but did not fail: a list of their numbers. NULL: no memory. */
static json_t *list_losers(const json_t *show)
{
    const json_t *lacking = json_object_get(show, "short_members");
    const json_t *failed = json_object_get(show, "failed_members");
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < json_array_size(lacking); i++) {
        const int64_t member = integer_of(json_array_get(lacking, i), "member");
        if (!is_listed(failed, member)) {
            (void)json_array_append_new(list, json_integer(member));
        }
    }
    return list;
}

/* "2 of 4 members failed (m1, m3)", and so on for what else became of some. */
static void add_members(const json_t *show, const json_t *members, const char *what, pbt__text *out)
{
    const size_t count = json_array_size(members);
    const int64_t population = integer_of(show, "population");
    if (count == 0) {
        return;
    }
    pbt__text_format(out, "%s%zu of %" PRId64 " member%s %s (", out->length > 0 ? ", " : "", count,
                     population, population == 1 ? "" : "s", what);
    for (size_t i = 0; i < count && i < FAILED_SHOWN; i++) {
        pbt__text_format(out, "%sm%" PRId64, i == 0 ? "" : ", ",
                         (int64_t)json_integer_value(json_array_get(members, i)));
    }
    pbt__text_add(out, count > FAILED_SHOWN ? ", ...)" : ")");
}

bool pbt__facts_missing(const json_t *show, pbt__text *out)
{
    json_t *losers = list_losers(show);
    add_members(show, json_object_get(show, "failed_members"), "failed", out);
    add_members(show, losers, "lost segments", out);
    json_decref(losers);
    if (out->length == 0) {
        return false;
    }
    if (json_is_integer(json_object_get(show, "steps_total"))) {
        pbt__text_format(out, ": %" PRId64 " of %" PRId64 " steps were not trained",
                         integer_of(show, "steps_missing"), integer_of(show, "steps_total"));
    }
    return true;
}

static void add_missing(pbt__table *table, const json_t *show)
{
    pbt__text words = pbt__text_init(PBT__PATH_SIZE);
    if (pbt__facts_missing(show, &words)) {
        add_fact(table, "missing", "%s", pbt__text_string(&words));
    }
    pbt__text_fini(&words);
}

static void add_kept(pbt__table *table, const json_t *show)
{
    pbt__text words = pbt__text_init(PBT__PATH_SIZE);
    pbt__facts_kept(show, &words);
    if (words.length > 0) {
        add_fact(table, "kept", "%s", pbt__text_string(&words));
    }
    pbt__text_fini(&words);
}

/* Segments are made when they are decided, and trained later. */
static void add_segments(pbt__table *table, const json_t *show)
{
    const int64_t made = integer_of(show, "segments");
    const int64_t reported = integer_of(show, "segments_reported");
    if (made == reported || json_object_get(show, "segments_reported") == NULL) {
        add_fact(table, "segments", "%" PRId64, made);
    } else {
        add_fact(table, "segments", "%" PRId64 " reported of %" PRId64 " made", reported, made);
    }
}

/* "m0 and m3 failed alike: it broke; next try at 2026-11-30T12:00:05Z". */
static void add_paused(pbt__table *table, const json_t *paused)
{
    const char *message = json_string_value(json_object_get(paused, "message"));
    const char *detail = json_string_value(json_object_get(paused, "detail"));
    const char *next = json_string_value(json_object_get(paused, "next_at"));
    if (message != NULL && detail != NULL) {
        add_fact(table, "paused", "%s%s%s; %s%s", message, detail[0] != '\0' ? ": " : "", detail,
                 next != NULL ? "next try at " : "tried again now", next != NULL ? next : "");
    }
}

void pbt__facts_show(const json_t *show, const pbt_spec *spec, pbt__text *out)
{
    pbt__table table = pbt__table_init(2);
    add_fact(&table, "study", "%s", string_of(show, "name"));
    add_fact(&table, "state", "%s", string_of(show, "state"));
    add_paused(&table, json_object_get(show, "paused"));
    add_fact(&table, "members", "%" PRId64 ", %s", integer_of(show, "population"),
             string_of(show, "mode"));
    add_missing(&table, show);
    int64_t done = integer_of(show, "steps_done"), total = integer_of(show, "steps_total");
    double share = total > 0 ? 100.0 * (double)done / (double)total : 0;
    if (total > 0) {
        add_fact(&table, "steps", "%" PRId64 " of %" PRId64 " (%.3g %%)", done, total, share);
    } else {
        add_fact(&table, "steps", "%" PRId64, done);
    }
    if (json_is_number(json_object_get(show, "seconds_total"))) {
        const double spent = json_number_value(json_object_get(show, "seconds_done"));
        const double limit = json_number_value(json_object_get(show, "seconds_total"));
        add_fact(&table, "seconds", "%.1f of %.15g of training", spent, limit);
    }
    add_segments(&table, show);
    add_fact(&table, "copies", "%" PRId64, integer_of(show, "exploits"));
    if (integer_of(show, "diverged") > 0) {
        add_fact(&table, "diverged", "%" PRId64 " reports", integer_of(show, "diverged"));
    }
    add_fact(&table, "workers", "%" PRId64, integer_of(show, "workers"));
    add_training(&table, "training", json_object_get(show, "training"), true);
    add_training(&table, "left", json_object_get(show, "training"), false);
    add_kept(&table, show);
    add_fact(&table, "created", "%s", string_of(show, "created_at"));
    if (json_is_object(json_object_get(show, "best"))) {
        add_best(&table, json_object_get(show, "best"), spec);
    }
    if (spec->notes != NULL && spec->notes[0] != '\0') {
        add_fact(&table, "notes", "%s", spec->notes);
    }
    pbt__table_write(&table, out);
    pbt__table_fini(&table);
}
