/* sight.c: members' cells; steps, values and ages inside a segment. */
#include "render/sight.h"

#include <inttypes.h>
#include <stdio.h>

void pbt__sight_age(int64_t then_us, int64_t now_us, char *out)
{
    char age[PBT__CELL_SIZE];
    /* Another machine's clock may be ahead of this one. */
    pbt__format_seconds(now_us > then_us ? (double)(now_us - then_us) / 1e6 : 0, age);
    (void)snprintf(out, PBT__SIGHT_SIZE, "%.*s", PBT__SIGHT_SIZE - 1, age);
}

void pbt__sight_logged(const json_t *metrics, int columns, char *out)
{
    const char *name = NULL;
    json_t *value = NULL;
    int length = 0;
    (void)snprintf(out, PBT__SIGHT_SIZE, "-");
    json_object_foreach((json_t *)(uintptr_t)metrics, name, value)
    {
        char number[PBT__CELL_SIZE], part[2 * PBT__CELL_SIZE];
        pbt__format_json(value, number);
        const int size =
            snprintf(part, sizeof part, "%s%.64s %.24s", length > 0 ? ", " : "", name, number);
        if (length + size > columns) {
            (void)snprintf(out + length, (size_t)(PBT__SIGHT_SIZE - length), "%s...",
                           length > 0 ? ", " : "");
            return;
        }
        length += snprintf(out + length, (size_t)(PBT__SIGHT_SIZE - length), "%s", part);
    }
}

pbt__sight pbt__sight_of(const pbt__member_list *members)
{
    pbt__sight sight = {.is_training = false};
    for (size_t i = 0; i < members->count; i++) {
        const pbt__training *training = &members->items[i].training;
        sight.is_training |= training->claim.attempt > 0;
        sight.has_logged |= json_object_size(training->metrics) > 0;
    }
    return sight;
}

/* ---- cells ---- */

const char *pbt__member_header(pbt__member_column column)
{
    static const char *const HEADERS[] = {"member", "state", "step",   "age",     "score",   "now",
                                          "seen",   "moved", "logged", "segment", "failures"};
    return HEADERS[column];
}

static void write_integer(int64_t value, char *out)
{
    (void)snprintf(out, PBT__CELL_SIZE, "%" PRId64, value);
}

static void write_training(const pbt__training *training, pbt__member_column column, int64_t now_us,
                           int logged_columns, char *out)
{
    if (training->claim.attempt == 0) {
        (void)snprintf(out, PBT__CELL_SIZE, "-");
    } else if (column == PBT__MEMBER_NOW) {
        write_integer(training->claim.step, out);
    } else if (column == PBT__MEMBER_LOGGED) {
        pbt__sight_logged(training->metrics, logged_columns, out);
    } else {
        const bool is_seen = column == PBT__MEMBER_SEEN;
        pbt__sight_age(is_seen ? training->seen_us : training->claim.step_changed_us, now_us, out);
    }
}

void pbt__member_cell(const pbt__member_row *row, pbt__member_column column, int64_t now_us,
                      int logged_columns, char *out)
{
    (void)snprintf(out, PBT__CELL_SIZE, "-");
    switch (column) {
    case PBT__MEMBER:
        write_integer(row->member, out);
        break;
    case PBT__MEMBER_STATE:
        (void)snprintf(out, PBT__CELL_SIZE, "%s", row->state);
        break;
    case PBT__MEMBER_STEP:
        write_integer(row->step, out);
        break;
    case PBT__MEMBER_AGE:
        write_integer(row->age, out);
        break;
    case PBT__MEMBER_FAILURES:
        write_integer(row->failures, out);
        break;
    case PBT__MEMBER_SCORE:
        if (row->has_score) {
            pbt__format_real(row->score, out);
        }
        break;
    case PBT__MEMBER_SEGMENT:
        if (row->segment.member >= 0) {
            pbt__id_write(row->segment, out);
        }
        break;
    default:
        write_training(&row->training, column, now_us, logged_columns, out);
    }
}
