/* event.c: bodies of events, by one table of fields. */
#include "study/event.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "study/study.h"

bool pbt__event_kind_is_known(pbt__event_kind kind)
{
    return kind >= PBT__CREATED && kind <= PBT__REVIVED;
}

const char *pbt__event_kind_name(pbt__event_kind kind)
{
    static const char *const NAMES[] = {
        [PBT__CREATED] = "created",   [PBT__REPORTED] = "reported", [PBT__FAILED] = "failed",
        [PBT__RELEASED] = "released", [PBT__RESCUED] = "rescued",   [PBT__AMENDED] = "amended",
        [PBT__SCALED] = "scaled",     [PBT__STOPPED] = "stopped",   [PBT__COLLECTED] = "collected",
        [PBT__RESUMED] = "resumed",   [PBT__TIMED] = "timed",       [PBT__REVIVED] = "revived",
    };
    return pbt__event_kind_is_known(kind) ? NAMES[kind] : "unknown";
}

/* ---- the table ---- */

typedef enum field_type {
    FIELD_ID,
    FIELD_INT32,
    FIELD_INT32_OR_ZERO,
    FIELD_INT64,
    FIELD_COUNT,
    FIELD_TEXT,
    FIELD_NUMBER,
    FIELD_BOOL,
    FIELD_CAUSE,
    FIELD_STOP,
    FIELD_JSON,
    FIELD_JSON_OR_NONE,
} field_type;

typedef struct field {
    const char *name;
    field_type type;
    size_t offset;
    unsigned kinds; /* bit 1 << kind */
} field;

#define IN(kind) (1u << (kind))
#define AT(member) offsetof(pbt__entry, member)
enum {
    ATTEMPTS = IN(PBT__REPORTED) | IN(PBT__FAILED) | IN(PBT__RELEASED),
    SAVES = IN(PBT__REPORTED) | IN(PBT__RELEASED),
    CREATES = IN(PBT__CREATED),
    DECIDES = IN(PBT__CREATED) | IN(PBT__REPORTED) | IN(PBT__FAILED) | IN(PBT__RESCUED) |
              IN(PBT__AMENDED) | IN(PBT__REVIVED),
};

static const field FIELDS[] = {
    {"name", FIELD_TEXT, AT(name), CREATES},
    {"seed", FIELD_INT64, AT(seed), CREATES},
    {"spec", FIELD_TEXT, AT(spec), CREATES},
    {"folder", FIELD_TEXT, AT(folder), CREATES},
    {"provenance", FIELD_JSON, AT(provenance), CREATES},
    {"segment", FIELD_ID, AT(segment), ATTEMPTS},
    {"attempt", FIELD_INT32, AT(attempt), ATTEMPTS},
    {"worker", FIELD_TEXT, AT(worker), ATTEMPTS},
    {"step", FIELD_COUNT, AT(step), SAVES},
    {"score", FIELD_NUMBER, AT(score), IN(PBT__REPORTED)},
    {"metrics", FIELD_JSON, AT(metrics), IN(PBT__REPORTED)},
    {"samples", FIELD_JSON_OR_NONE, AT(samples), IN(PBT__REPORTED)},
    {"cause", FIELD_CAUSE, AT(cause), IN(PBT__FAILED)},
    {"message", FIELD_TEXT, AT(message), IN(PBT__FAILED)},
    {"gave_up", FIELD_BOOL, AT(gave_up), IN(PBT__FAILED)},
    {"reason", FIELD_STOP, AT(reason), IN(PBT__STOPPED)},
    {"amendments", FIELD_JSON, AT(amendments), IN(PBT__AMENDED)},
    {"checkpoints", FIELD_JSON, AT(collected), IN(PBT__COLLECTED)},
    {"trained_us", FIELD_COUNT, AT(trained_us), IN(PBT__TIMED)},
    {"is_training", FIELD_BOOL, AT(is_training), IN(PBT__TIMED)},
    {"members", FIELD_JSON, AT(members), IN(PBT__REVIVED)},
    {"rules", FIELD_INT32_OR_ZERO, AT(rules), CREATES},
};
enum { FIELDS_COUNT = sizeof FIELDS / sizeof *FIELDS };

static bool has_field(const field *f, pbt__event_kind kind)
{
    return (f->kinds & IN(kind)) != 0;
}

/* ---- fields ---- */

/* Names, ids and digests of our own need no escapes. */
static void write_word(pbt__text *out, const char *word)
{
    pbt__text_add(out, "\"");
    pbt__text_add(out, word);
    pbt__text_add(out, "\"");
}

static void write_id(pbt__text *out, pbt_segment_id id)
{
    char name[PBT__ID_SIZE];
    if (id.member < 0) {
        pbt__text_add(out, "null");
        return;
    }
    pbt__id_write(id, name);
    write_word(out, name);
}

static void write_integer(pbt__text *out, const char *key, int64_t value)
{
    pbt__text_add(out, key);
    pbt__json_write_integer(out, value);
}

/* A number from 0 on, or null. */
static void write_place(pbt__text *out, const char *key, int32_t value)
{
    pbt__text_add(out, key);
    if (value < 0) {
        pbt__text_add(out, "null");
    } else {
        pbt__json_write_integer(out, value);
    }
}

static void write_field(pbt__text *out, const field *f, const pbt__entry *entry)
{
    const void *at = (const char *)entry + f->offset;
    switch (f->type) {
    case FIELD_ID:
        write_id(out, *(const pbt_segment_id *)at);
        break;
    case FIELD_INT32:
    case FIELD_INT32_OR_ZERO:
        pbt__json_write_integer(out, *(const int32_t *)at);
        break;
    case FIELD_INT64:
    case FIELD_COUNT:
        pbt__json_write_integer(out, *(const int64_t *)at);
        break;
    case FIELD_TEXT: {
        const char *text = *(const char *const *)at != NULL ? *(const char *const *)at : "";
        out->failed = out->failed || !pbt__utf8_is_valid(text);
        pbt__json_write_text(out, text);
        break;
    }
    case FIELD_NUMBER:
        pbt__json_write_number(out, *(const double *)at);
        break;
    case FIELD_BOOL:
        pbt__text_add(out, *(const bool *)at ? "true" : "false");
        break;
    case FIELD_CAUSE:
        write_word(out, pbt_cause_name(*(const pbt_cause *)at));
        break;
    case FIELD_STOP:
        write_word(out, pbt__stop_name(*(const pbt__stop_reason *)at));
        break;
    case FIELD_JSON:
    case FIELD_JSON_OR_NONE:
        pbt__json_append(out, *(json_t *const *)at);
        break;
    }
}

static bool cause_read(const json_t *json, pbt_cause *out)
{
    for (int i = PBT_CAUSE_TRAINER; json_is_string(json) && i <= PBT_CAUSE_UNLOADABLE; i++) {
        if (strcmp(json_string_value(json), pbt_cause_name((pbt_cause)i)) == 0) {
            *out = (pbt_cause)i;
            return true;
        }
    }
    return false;
}

static bool int32_read(const json_t *json, int32_t *out)
{
    json_int_t value = json_integer_value(json);
    *out = (int32_t)value;
    return json_is_integer(json) && value >= INT32_MIN && value <= INT32_MAX;
}

static bool int64_read(const json_t *json, int64_t *out)
{
    *out = json_integer_value(json);
    return json_is_integer(json);
}

/* Steps, ages and bytes: sums of a thousand of them do not overflow. */
static bool count_read(const json_t *json, int64_t *out)
{
    return int64_read(json, out) && *out >= 0 && *out <= INT64_C(1) << 53;
}

static bool field_read(const field *f, const json_t *json, pbt__entry *entry)
{
    void *at = (char *)entry + f->offset;
    switch (f->type) {
    case FIELD_ID:
        return json_is_string(json) && pbt__id_read(json_string_value(json), at);
    case FIELD_INT32:
        return int32_read(json, at);
    case FIELD_INT32_OR_ZERO:
        return json == NULL || int32_read(json, at);
    case FIELD_INT64:
        return int64_read(json, at);
    case FIELD_COUNT:
        return count_read(json, at);
    case FIELD_TEXT:
        *(const char **)at = json_string_value(json);
        return json_is_string(json);
    case FIELD_NUMBER:
        return pbt__json_number_read(json, at);
    case FIELD_BOOL:
        *(bool *)at = json_is_true(json);
        return json_is_boolean(json);
    case FIELD_CAUSE:
        return cause_read(json, at);
    case FIELD_STOP:
        return pbt__stop_read(json_string_value(json), at);
    case FIELD_JSON:
        *(json_t **)at = (json_t *)(uintptr_t)json;
        return json_is_object(json) || json_is_array(json);
    default:
        *(json_t **)at = json_is_object(json) ? (json_t *)(uintptr_t)json : NULL;
        return json_is_object(json) || json_is_null(json);
    }
}

/* ---- checkpoints ---- */

static const char *const CHECKPOINT_KINDS[] = {
    [PBT__CHECKPOINT_NONE] = "none",
    [PBT__CHECKPOINT_FILE] = "file",
    [PBT__CHECKPOINT_FOLDER] = "folder",
    [PBT__CHECKPOINT_INLINE] = "inline",
};
enum { CHECKPOINT_KIND_COUNT = sizeof CHECKPOINT_KINDS / sizeof *CHECKPOINT_KINDS };

static void write_checkpoint(pbt__text *out, const pbt__checkpoint *checkpoint)
{
    char digest[PBT__DIGEST_TEXT_SIZE];
    pbt__digest_write(checkpoint->digest, digest);
    pbt__text_add(out, "{\"kind\":");
    write_word(out, CHECKPOINT_KINDS[checkpoint->kind]);
    write_integer(out, ",\"size_bytes\":", checkpoint->size_bytes);
    write_integer(out, ",\"modified_ns\":", checkpoint->modified_ns);
    write_integer(out, ",\"inode\":", (int64_t)checkpoint->inode);
    pbt__text_add(out, ",\"digest\":");
    write_word(out, digest);
    pbt__text_add(out, "}");
}

/* What was written, as a value. */
static json_t *take_json(pbt__text *text)
{
    json_t *json = NULL;
    const bool is_whole = !text->failed && pbt__json_read(pbt__text_string(text), text->length,
                                                          &json, NULL) == PBT_OK;
    pbt__text_fini(text);
    return is_whole ? json : NULL;
}

json_t *pbt__checkpoint_json(const pbt__checkpoint *checkpoint)
{
    pbt__text text = pbt__text_init(PBT__BODY_MAXIMUM);
    write_checkpoint(&text, checkpoint);
    return take_json(&text);
}

static bool kind_read(const char *text, pbt__checkpoint_kind *out)
{
    for (int i = 0; text != NULL && i < CHECKPOINT_KIND_COUNT; i++) {
        if (strcmp(text, CHECKPOINT_KINDS[i]) == 0) {
            *out = (pbt__checkpoint_kind)i;
            return true;
        }
    }
    return false;
}

bool pbt__checkpoint_read(const json_t *json, pbt__checkpoint *out)
{
    int64_t inode = 0;
    const char *digest = json_string_value(json_object_get(json, "digest"));
    bool is_sound = kind_read(json_string_value(json_object_get(json, "kind")), &out->kind) &&
                    count_read(json_object_get(json, "size_bytes"), &out->size_bytes) &&
                    int64_read(json_object_get(json, "modified_ns"), &out->modified_ns) &&
                    int64_read(json_object_get(json, "inode"), &inode) && digest != NULL &&
                    pbt__digest_read(digest, &out->digest);
    out->inode = (uint64_t)inode;
    return is_sound;
}

/* ---- decisions ---- */

void pbt__json_write_comparison(pbt__text *out, const pbt__comparison *c)
{
    if (c->point == -1) {
        pbt__text_add(out, "null");
        return;
    }
    if (c->point < 0) {
        pbt__text_add(out, "{\"point\":\"latest\"");
    } else {
        write_integer(out, "{\"point\":", c->point);
    }
    write_integer(out, ",\"ranked\":", c->ranked);
    write_place(out, ",\"position\":", c->position);
    write_integer(out, ",\"eligible\":", c->eligible);
    pbt__text_add(out, ",\"score\":");
    pbt__json_write_number(out, c->score);
    pbt__text_add(out, ",\"donor_score\":");
    if (isnan(c->donor_score)) {
        pbt__text_add(out, "null");
    } else {
        pbt__json_write_number(out, c->donor_score);
    }
    pbt__text_add(out, "}");
}

static void write_decision(pbt__text *out, const pbt__decision *decision, const pbt_space *space)
{
    const pbt_segment *s = &decision->segment;
    pbt__text_add(out, "{\"segment\":");
    write_id(out, s->id);
    pbt__text_add(out, ",\"parent\":");
    write_id(out, s->parent);
    write_place(out, ",\"donor\":", s->donor);
    pbt__text_add(out, ",\"reason\":");
    write_word(out, pbt_reason_name(s->reason));
    write_integer(out, ",\"start_step\":", s->start_step);
    write_integer(out, ",\"end_step\":", s->end_step);
    write_integer(out, ",\"start_age\":", s->start_age);
    write_integer(out, ",\"end_age\":", s->end_age);
    write_integer(out, ",\"seed\":", s->seed);
    pbt__text_add(out, ",\"hyperparameters\":");
    pbt__json_write_values(out, space, s->values);
    pbt__text_add(out, ",\"changes\":");
    pbt__json_write_changes(out, space, s->changes, s->values);
    pbt__text_add(out, ",\"compared\":");
    pbt__json_write_comparison(out, &decision->compared);
    pbt__text_add(out, "}");
}

json_t *pbt__decision_json(const pbt__decision *decision, const pbt_space *space)
{
    pbt__text text = pbt__text_init(PBT__BODY_MAXIMUM);
    write_decision(&text, decision, space);
    return take_json(&text);
}

static bool reason_read(const char *text, pbt_reason *out)
{
    for (int i = PBT_INITIAL; i <= PBT_REPLAY; i++) {
        if (strcmp(text, pbt_reason_name((pbt_reason)i)) == 0) {
            *out = (pbt_reason)i;
            return true;
        }
    }
    return false;
}

static bool nullable_id_read(const json_t *json, pbt_segment_id *out)
{
    *out = PBT_NO_SEGMENT;
    return json_is_null(json) ||
           (json_is_string(json) && pbt__id_read(json_string_value(json), out));
}

static bool comparison_read(const json_t *json, pbt__comparison *out)
{
    *out = (pbt__comparison){.point = -1, .position = -1, .score = NAN, .donor_score = NAN};
    if (json_is_null(json)) {
        return true;
    }
    const json_t *point = json_object_get(json, "point");
    const json_t *position = json_object_get(json, "position");
    out->point = json_is_integer(point) ? (int32_t)json_integer_value(point) : -2;
    out->position = json_is_integer(position) ? (int32_t)json_integer_value(position) : -1;
    bool has_donor_score =
        json_is_null(json_object_get(json, "donor_score")) ||
        pbt__json_number_read(json_object_get(json, "donor_score"), &out->donor_score);
    return has_donor_score && int32_read(json_object_get(json, "ranked"), &out->ranked) &&
           int32_read(json_object_get(json, "eligible"), &out->eligible) &&
           pbt__json_number_read(json_object_get(json, "score"), &out->score);
}

static bool segment_read(const json_t *json, pbt_segment *s)
{
    int64_t seed = 0;
    const char *id = json_string_value(json_object_get(json, "segment"));
    const char *reason = json_string_value(json_object_get(json, "reason"));
    const json_t *donor = json_object_get(json, "donor");
    *s = (pbt_segment){.donor = -1, .state = PBT_SEGMENT_OPEN, .score = NAN};
    bool is_sound = id != NULL && pbt__id_read(id, &s->id) && reason != NULL &&
                    reason_read(reason, &s->reason) &&
                    nullable_id_read(json_object_get(json, "parent"), &s->parent) &&
                    (json_is_null(donor) || int32_read(donor, &s->donor)) &&
                    count_read(json_object_get(json, "start_step"), &s->start_step) &&
                    count_read(json_object_get(json, "end_step"), &s->end_step) &&
                    count_read(json_object_get(json, "start_age"), &s->start_age) &&
                    count_read(json_object_get(json, "end_age"), &s->end_age) &&
                    int64_read(json_object_get(json, "seed"), &seed) && seed >= 0 &&
                    seed <= UINT32_MAX;
    s->seed = (uint32_t)seed;
    return is_sound;
}

pbt_err pbt__decision_read(const json_t *json, const pbt_space *space, pbt__decision *out,
                           pbt_value *values, pbt_change *changes, pbt_error *error)
{
    if (!segment_read(json, &out->segment) ||
        !comparison_read(json_object_get(json, "compared"), &out->compared)) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "broken decision");
    }
    out->segment.values = values;
    out->segment.changes = changes;
    pbt_err err = pbt__values_read(space, json_object_get(json, "hyperparameters"), values, error);
    if (err != PBT_OK) {
        return err;
    }
    return pbt__changes_read(space, json_object_get(json, "changes"), changes, error);
}

static pbt_err decisions_read(const json_t *json, const pbt_space *space, pbt__reading *reading,
                              pbt_error *error)
{
    size_t count = json_array_size(json);
    size_t width = space->count > 0 ? space->count : 1;
    if (!json_is_array(json)) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "no field 'decisions'");
    }
    if (count == 0) {
        return PBT_OK;
    }
    reading->decisions = pbt__calloc(count, sizeof *reading->decisions);
    reading->values = pbt__calloc(count, width * sizeof *reading->values);
    reading->changes = pbt__calloc(count, width * sizeof *reading->changes);
    if (reading->decisions == NULL || reading->values == NULL || reading->changes == NULL) {
        return pbt__fail_memory(error);
    }
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < count; i++) {
        err = pbt__decision_read(json_array_get(json, i), space, &reading->decisions[i],
                                 reading->values + i * space->count,
                                 reading->changes + i * space->count, error);
    }
    reading->entry.decisions = reading->decisions;
    reading->entry.decision_count = count;
    return err;
}

/* ---- bodies ---- */

static void write_decisions(pbt__text *out, const pbt__entry *entry, const pbt_space *space)
{
    pbt__text_add(out, "[");
    for (size_t i = 0; i < entry->decision_count; i++) {
        pbt__text_add(out, i > 0 ? "," : "");
        write_decision(out, &entry->decisions[i], space);
    }
    pbt__text_add(out, "]");
}

static void begin_field(pbt__text *out, const char *name)
{
    pbt__text_add(out, out->length == 0 ? "{" : ",");
    write_word(out, name);
    pbt__text_add(out, ":");
}

void pbt__entry_write(pbt__text *out, const pbt__entry *entry, const pbt_space *space)
{
    for (size_t i = 0; i < FIELDS_COUNT; i++) {
        if (has_field(&FIELDS[i], entry->kind)) {
            begin_field(out, FIELDS[i].name);
            write_field(out, &FIELDS[i], entry);
        }
    }
    if ((SAVES & IN(entry->kind)) != 0) {
        begin_field(out, "checkpoint");
        if (entry->has_checkpoint) {
            write_checkpoint(out, &entry->checkpoint);
        } else {
            pbt__text_add(out, "null");
        }
    }
    if ((DECIDES & IN(entry->kind)) != 0) {
        begin_field(out, "decisions");
        write_decisions(out, entry, space);
    }
    pbt__text_add(out, out->length == 0 ? "{}" : "}");
}

void pbt__event_write(const pbt__event *event, pbt__text *out)
{
    char time[PBT__TIME_SIZE];
    pbt__clock_format(event->time_us, time);
    write_integer(out, "{\"sequence\":", event->sequence);
    pbt__text_add(out, ",\"time\":");
    pbt__json_write_text(out, time);
    pbt__text_add(out, ",\"kind\":");
    pbt__json_write_text(out, pbt__event_kind_name(event->kind));
    pbt__text_add(out, event->body_length > 2 ? "," : "");
    pbt__text_append(out, event->body + 1, event->body_length - 1);
}

static pbt_err fields_read(pbt__reading *reading, pbt_error *error)
{
    pbt__entry *entry = &reading->entry;
    for (size_t i = 0; i < FIELDS_COUNT; i++) {
        const field *f = &FIELDS[i];
        if (has_field(f, entry->kind) &&
            !field_read(f, json_object_get(reading->json, f->name), entry)) {
            return pbt__fail(error, PBT_ERR_CORRUPT, "broken field '%s'", f->name);
        }
    }
    const json_t *checkpoint = json_object_get(reading->json, "checkpoint");
    entry->has_checkpoint = (SAVES & IN(entry->kind)) != 0 && json_is_object(checkpoint);
    if (entry->has_checkpoint && !pbt__checkpoint_read(checkpoint, &entry->checkpoint)) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "broken field 'checkpoint'");
    }
    return PBT_OK;
}

static pbt_err samples_read(pbt__reading *reading, const char *metric, pbt_error *error)
{
    const json_t *list = json_object_get(reading->entry.samples, metric != NULL ? metric : "");
    size_t count = json_array_size(list);
    if (count == 0) {
        return PBT_OK;
    }
    reading->samples = pbt__calloc(count, sizeof *reading->samples);
    if (reading->samples == NULL) {
        return pbt__fail_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        if (!pbt__json_number_read(json_array_get(list, i), &reading->samples[i])) {
            return pbt__fail(error, PBT_ERR_CORRUPT, "broken field 'samples'");
        }
    }
    reading->sample_count = count;
    return PBT_OK;
}

pbt_err pbt__entry_read(const pbt__event *event, const pbt_space *space, const char *metric,
                        pbt__reading *out, pbt_error *error)
{
    pbt__reading reading = {.entry = {.kind = event->kind}};
    if (!pbt__event_kind_is_known(event->kind)) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "unknown event kind %d", (int)event->kind);
    }
    pbt_err err = pbt__json_read(event->body, event->body_length, &reading.json, error);
    if (err == PBT_OK) {
        err = fields_read(&reading, error);
    }
    if (err == PBT_OK) {
        err = samples_read(&reading, metric, error);
    }
    if (err == PBT_OK && space != NULL && (DECIDES & IN(event->kind)) != 0) {
        err = decisions_read(json_object_get(reading.json, "decisions"), space, &reading, error);
    }
    if (err != PBT_OK) {
        pbt__reading_fini(&reading);
        return err;
    }
    *out = reading;
    return PBT_OK;
}

void pbt__reading_fini(pbt__reading *reading)
{
    json_decref(reading->json);
    free(reading->decisions);
    free(reading->values);
    free(reading->changes);
    free(reading->samples);
    *reading = (pbt__reading){0};
}
