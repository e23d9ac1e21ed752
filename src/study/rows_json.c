/* rows_json.c: a segment as JSON, in the words of `pbt segments --json`. */
#include "base/clock.h"
#include "spec/spec.h"
#include "study/rows.h"
#include "study/study.h"

const char *pbt__row_state(const pbt__segment_row *row)
{
    const bool is_claimed = row->segment.state == PBT_SEGMENT_OPEN && row->is_claimed;
    return is_claimed ? "claimed" : pbt_segment_state_name(row->segment.state);
}

static void add_integer(pbt__text *out, const char *key, int64_t value)
{
    pbt__text_add(out, key);
    pbt__json_write_integer(out, value);
}

/* Ids, states and times need no escapes. */
static void add_word(pbt__text *out, const char *key, const char *word)
{
    pbt__text_add(out, key);
    pbt__text_add(out, "\"");
    pbt__text_add(out, word);
    pbt__text_add(out, "\"");
}

static void add_id(pbt__text *out, const char *key, pbt_segment_id id)
{
    char name[PBT__ID_SIZE];
    if (id.member < 0) {
        pbt__text_add(out, key);
        pbt__text_add(out, "null");
        return;
    }
    pbt__id_write(id, name);
    add_word(out, key, name);
}

static void add_time(pbt__text *out, const char *key, int64_t time_us)
{
    char time[PBT__TIME_SIZE];
    pbt__clock_format(time_us, time);
    add_word(out, key, time);
}

static void add_donor(pbt__text *out, int32_t donor)
{
    if (donor < 0) {
        pbt__text_add(out, ",\"donor\":null");
    } else {
        add_integer(out, ",\"donor\":", donor);
    }
}

static void add_clocks(pbt__text *out, const pbt_segment *s)
{
    add_integer(out, ",\"start_step\":", s->start_step);
    add_integer(out, ",\"end_step\":", s->end_step);
    add_integer(out, ",\"start_age\":", s->start_age);
    add_integer(out, ",\"end_age\":", s->end_age);
}

static void add_course(pbt__text *out, const pbt_segment *s)
{
    add_id(out, "{\"segment\":", s->id);
    add_integer(out, ",\"member\":", s->id.member);
    add_integer(out, ",\"number\":", s->id.number);
    add_id(out, ",\"parent\":", s->parent);
    add_donor(out, s->donor);
    add_clocks(out, s);
}

static void add_metrics(pbt__text *out, const pbt__segment_note *note)
{
    for (size_t i = 0; i < note->metric_names->count; i++) {
        pbt__text_add(out, i == 0 ? "" : ",");
        pbt__json_write_text(out, note->metric_names->names[i]);
        pbt__text_add(out, ":");
        pbt__json_write_number(out, note->metrics[i]);
    }
}

static void add_samples(pbt__text *out, const pbt__segment_note *note)
{
    for (size_t i = 0; i < note->sample_count; i++) {
        const pbt__sample_list *list = &note->samples[i];
        pbt__text_add(out, i == 0 ? "" : ",");
        pbt__json_write_text(out, list->name);
        pbt__text_add(out, ":[");
        for (size_t at = 0; at < list->count; at++) {
            pbt__text_add(out, at == 0 ? "" : ",");
            pbt__json_write_number(out, list->values[at]);
        }
        pbt__text_add(out, "]");
    }
}

static void add_report(pbt__text *out, const pbt__segment_row *row)
{
    if (row->note.metric_names == NULL) {
        pbt__text_add(out, ",\"score\":null,\"metrics\":{},\"samples\":{}");
        return;
    }
    pbt__text_add(out, ",\"score\":");
    pbt__json_write_number(out, row->segment.score);
    pbt__text_add(out, ",\"metrics\":{");
    add_metrics(out, &row->note);
    pbt__text_add(out, "},\"samples\":{");
    add_samples(out, &row->note);
    pbt__text_add(out, "}");
}

static void add_checkpoint(pbt__text *out, const pbt__row_list *list, const pbt__segment_row *row)
{
    char text[PBT__PATH_SIZE + PBT__ID_SIZE];
    if (!pbt__row_checkpoint_path(list, row, text)) {
        pbt__text_add(out, ",\"checkpoint\":null");
        return;
    }
    pbt__text_add(out, ",\"checkpoint\":");
    pbt__json_write_text(out, text);
}

void pbt__row_write(const pbt__row_list *list, const pbt__segment_row *row, pbt__text *out)
{
    const pbt_segment *s = &row->segment;
    add_course(out, s);
    add_word(out, ",\"state\":", pbt__row_state(row));
    add_report(out, row);
    pbt__text_add(out, ",\"hyperparameters\":");
    pbt__json_write_values(out, list->space, s->values);
    pbt__text_add(out, ",\"changes\":");
    pbt__json_write_changes(out, list->space, s->changes, s->values);
    add_word(out, ",\"reason\":", pbt_reason_name(s->reason));
    add_checkpoint(out, list, row);
    add_integer(out, ",\"attempts\":", row->note.attempts);
    add_integer(out, ",\"sequence\":", row->note.sequence);
    add_time(out, ",\"created_at\":", row->note.created_us);
    if (row->note.reported_us > 0) {
        add_time(out, ",\"reported_at\":", row->note.reported_us);
    } else {
        pbt__text_add(out, ",\"reported_at\":null");
    }
    add_integer(out, ",\"seed\":", s->seed);
    pbt__text_add(out, ",\"compared\":");
    pbt__json_write_comparison(out, &row->note.compared);
    pbt__text_add(out, "}");
}

/* ---- a tree ---- */

static void add_node(pbt__text *out, const pbt__segment_row *row, const pbt_space *space)
{
    const pbt_segment *s = &row->segment;
    add_id(out, "{\"segment\":", s->id);
    add_integer(out, ",\"member\":", s->id.member);
    add_integer(out, ",\"number\":", s->id.number);
    add_id(out, ",\"parent\":", s->parent);
    add_donor(out, s->donor);
    add_word(out, ",\"reason\":", pbt_reason_name(s->reason));
    add_word(out, ",\"state\":", pbt__row_state(row));
    add_clocks(out, s);
    pbt__text_add(out, ",\"score\":");
    if (s->state == PBT_SEGMENT_REPORTED) {
        pbt__json_write_number(out, s->score);
    } else {
        pbt__text_add(out, "null");
    }
    pbt__text_add(out, ",\"hyperparameters\":");
    pbt__json_write_values(out, space, s->values);
    pbt__text_add(out, row->is_on_path ? ",\"on_path\":true}" : ",\"on_path\":false}");
}

void pbt__tree_write(const pbt__row_list *tree, const char *name, const pbt_spec *spec,
                     pbt__text *out)
{
    add_word(out, "{\"name\":", name);
    pbt__text_add(out, ",\"metric\":");
    pbt__json_write_text(out, spec->metric);
    add_word(out, ",\"direction\":", pbt_direction_name(spec->search.direction));
    add_id(out, ",\"best\":", tree->best);
    add_id(out, ",\"leaf\":", tree->leaf);
    pbt__text_add(out, ",\"segments\":[");
    for (size_t i = 0; i < tree->count; i++) {
        pbt__text_add(out, i > 0 ? "," : "");
        add_node(out, &tree->items[i], tree->space);
    }
    pbt__text_add(out, "]}");
}
