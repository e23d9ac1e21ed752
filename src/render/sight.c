/* sight.c: steps, values and ages inside a segment. */
#include "render/sight.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "render/format.h"

void pbt__sight_age(const json_t *time, int64_t now_us, char *out)
{
    const char *text = json_string_value(time);
    int64_t then_us = 0;
    char age[PBT__CELL_SIZE] = "-";
    if (text != NULL && pbt__clock_read(text, &then_us)) {
        /* Another machine's clock may be ahead of this one. */
        pbt__format_seconds(now_us > then_us ? (double)(now_us - then_us) / 1e6 : 0, age);
    }
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

static int add_texts(json_t *member, const json_t *training, int64_t now_us, int columns)
{
    char seen[PBT__SIGHT_SIZE], moved[PBT__SIGHT_SIZE], logged[PBT__SIGHT_SIZE];
    pbt__sight_age(json_object_get(training, "seen_at"), now_us, seen);
    pbt__sight_age(json_object_get(training, "moved_at"), now_us, moved);
    pbt__sight_logged(json_object_get(training, "metrics"), columns, logged);
    return json_object_set(member, "now", json_object_get(training, "step")) |
           json_object_set_new(member, "seen", json_string(seen)) |
           json_object_set_new(member, "moved", json_string(moved)) |
           json_object_set_new(member, "logged", json_string(logged));
}

bool pbt__sight_add(json_t *members, int64_t now_us, int logged_columns, pbt__sight *out)
{
    int failed = 0;
    pbt__sight sight = {.is_training = false};
    for (size_t i = 0; i < json_array_size(members); i++) {
        json_t *member = json_array_get(members, i);
        const json_t *training = json_object_get(member, "training");
        if (json_is_object(training)) {
            sight.is_training = true;
            sight.has_logged |= json_object_size(json_object_get(training, "metrics")) > 0;
            failed |= add_texts(member, training, now_us, logged_columns);
        }
    }
    *out = sight;
    return failed == 0;
}
