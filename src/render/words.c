/* words.c: events and decisions, by one table of kinds. */
#include "render/words.h"

#include <inttypes.h>
#include <string.h>

#include "base/plain.h"
#include "base/stop.h"
#include "render/format.h"
#include "study/study.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "-";
}

static int64_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void add_json(pbt__text *out, const json_t *value)
{
    char cell[PBT__CELL_SIZE];
    pbt__format_json(value, cell);
    pbt__text_add(out, cell);
}

/* ---- decisions ---- */

static const struct {
    const char *reason;
    const char *with_parent;    /* followed by the parent */
    const char *without_parent; /* alone */
} REASONS[] = {
    {"initial", "starts", "starts"},
    {"continue", "continues", "continues"},
    {"exploit", "copies ", "starts afresh"},
    {"explore", "explores", "explores"},
    {"rescue", "is rescued with ", "starts afresh"},
    {"replay", "replays", "replays"},
};

/* Say whether a decision copied hyperparameters alone: its weights are not the donor's. */
static bool keeps_weights(const json_t *decision)
{
    pbt_segment_id parent;
    const json_t *donor = json_object_get(decision, "donor");
    return json_is_integer(donor) && pbt__id_read(text_of(decision, "parent"), &parent) &&
           parent.member != json_integer_value(donor);
}

void pbt__words_decision(const json_t *decision, pbt__text *out)
{
    const char *reason = text_of(decision, "reason");
    const char *parent = json_string_value(json_object_get(decision, "parent"));
    if (keeps_weights(decision)) {
        pbt__text_format(out, "copies hyperparameters of m%" PRId64, integer_of(decision, "donor"));
        return;
    }
    for (size_t i = 0; i < sizeof REASONS / sizeof REASONS[0]; i++) {
        if (strcmp(reason, REASONS[i].reason) == 0) {
            const char *words = parent != NULL ? REASONS[i].with_parent : REASONS[i].without_parent;
            const bool wants_parent = words[strlen(words) - 1] == ' ';
            pbt__text_add(out, words);
            pbt__text_add(out, wants_parent && parent != NULL ? parent : "");
            return;
        }
    }
    pbt__text_add(out, reason);
}

/* ": learning_rate 0.008 (x0.8), momentum 0.9 (resample)" */
static void add_changes(const json_t *decision, pbt__text *out)
{
    json_t *changes = json_object_get(decision, "changes");
    const char *name;
    json_t *change;
    const char *gap = ": ";
    json_object_foreach(changes, name, change)
    {
        pbt__text_format(out, "%s%s ", gap, name);
        add_json(out, json_object_get(change, "to"));
        pbt__text_format(out, " (%s)", text_of(change, "operation"));
        gap = ", ";
    }
}

/* The decision of the event's own member first; of the others only those with a change. */
static void add_decisions(const json_t *event, pbt__text *out)
{
    const json_t *decisions = json_object_get(event, "decisions");
    pbt_segment_id own = PBT_NO_SEGMENT, id;
    (void)pbt__id_read(text_of(event, "segment"), &own);
    for (size_t i = 0; i < json_array_size(decisions); i++) {
        const json_t *decision = json_array_get(decisions, i);
        bool is_plain = strcmp(text_of(decision, "reason"), "continue") == 0;
        if (!pbt__id_read(text_of(decision, "segment"), &id) ||
            (is_plain && id.member != own.member)) {
            continue;
        }
        pbt__text_format(out, "; m%" PRId32 " ", id.member);
        pbt__words_decision(decision, out);
        add_changes(decision, out);
    }
}

/* ---- kinds ---- */

static void add_created(const json_t *event, pbt__text *out)
{
    const json_t *decisions = json_object_get(event, "decisions");
    char members[PBT__CELL_SIZE];
    pbt__format_count((int64_t)json_array_size(decisions), "member", members);
    pbt__text_format(out, "created with %s, seed %" PRId64, members, integer_of(event, "seed"));
}

static void add_reported(const json_t *event, pbt__text *out)
{
    pbt__text_format(out, "%s reported ", text_of(event, "segment"));
    add_json(out, json_object_get(event, "score"));
    pbt__text_format(out, " at step %" PRId64, integer_of(event, "step"));
    add_decisions(event, out);
}

static void add_failed(const json_t *event, pbt__text *out)
{
    pbt__text_format(out, "%s attempt %" PRId64 " failed: %s", text_of(event, "segment"),
                     integer_of(event, "attempt"), text_of(event, "message"));
    pbt__text_add(out, json_is_true(json_object_get(event, "gave_up")) ? "; given up" : "");
    add_decisions(event, out);
}

static void add_released(const json_t *event, pbt__text *out)
{
    pbt__text_format(out, "%s given back at step %" PRId64, text_of(event, "segment"),
                     integer_of(event, "step"));
}

static void add_rescued(const json_t *event, pbt__text *out)
{
    pbt__text_add(out, "rescue");
    add_decisions(event, out);
}

static void add_amended(const json_t *event, pbt__text *out)
{
    const json_t *amendments = json_object_get(event, "amendments");
    const char *gap = "amended ";
    for (size_t i = 0; i < json_array_size(amendments); i++) {
        const json_t *one = json_array_get(amendments, i);
        pbt__text_format(out, "%s%s ", gap, text_of(one, "key"));
        add_json(out, json_object_get(one, "from"));
        pbt__text_add(out, " -> ");
        add_json(out, json_object_get(one, "to"));
        gap = ", ";
    }
    add_decisions(event, out);
}

static void add_stopped(const json_t *event, pbt__text *out)
{
    const char *reason = text_of(event, "reason");
    bool is_broken = strcmp(reason, pbt__stop_name(PBT__STOP_BROKEN)) == 0;
    pbt__text_format(out, "stopped: %s",
                     is_broken ? "every member's first attempt has failed" : reason);
}

static void add_collected(const json_t *event, pbt__text *out)
{
    const json_t *ids = json_object_get(event, "checkpoints");
    pbt__text_add(out, "removed the checkpoints of");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        pbt__text_add(out, " ");
        add_json(out, json_array_get(ids, i));
    }
}

static void add_timed(const json_t *event, pbt__text *out)
{
    const double seconds = (double)integer_of(event, "trained_us") / 1e6;
    const bool is_training = json_is_true(json_object_get(event, "is_training"));
    pbt__text_format(out, "%s; %.1f s trained so far",
                     is_training ? "training goes on" : "nobody trains", seconds);
}

static void add_revived(const json_t *event, pbt__text *out)
{
    const json_t *members = json_object_get(event, "members");
    pbt__text_add(out, "brought back");
    for (size_t i = 0; i < json_array_size(members); i++) {
        pbt__text_format(out, " m%" PRId64,
                         (int64_t)json_integer_value(json_array_get(members, i)));
    }
    add_decisions(event, out);
}

static const struct {
    const char *kind;
    void (*add)(const json_t *event, pbt__text *out);
} KINDS[] = {
    {"created", add_created},   {"reported", add_reported},   {"failed", add_failed},
    {"released", add_released}, {"rescued", add_rescued},     {"amended", add_amended},
    {"stopped", add_stopped},   {"collected", add_collected}, {"timed", add_timed},
    {"revived", add_revived},
};

void pbt__words_event(const json_t *event, pbt__text *out)
{
    size_t start = out->length;
    const char *kind = text_of(event, "kind");
    pbt__text_format(out, "%.19sZ  ", text_of(event, "time"));
    void (*add)(const json_t *, pbt__text *) = NULL;
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        add = strcmp(kind, KINDS[i].kind) == 0 ? KINDS[i].add : add;
    }
    if (add != NULL) {
        add(event, out);
    } else {
        pbt__text_add(out, kind);
    }
    pbt__plain_since(out, start, false);
    pbt__text_add(out, "\n");
}
