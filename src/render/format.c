/* format.c: short numbers. */
#include "render/format.h"
#include "core/type.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const double WHOLE_MAXIMUM = 1e7; /* whole numbers below it are written whole */

void pbt__format_real(double value, char *out)
{
    if (isnan(value)) {
        snprintf(out, PBT__CELL_SIZE, "nan");
    } else if (value == floor(value) && fabs(value) < WHOLE_MAXIMUM) {
        snprintf(out, PBT__CELL_SIZE, "%.0f", value + 0.0);
    } else {
        snprintf(out, PBT__CELL_SIZE, "%.4g", value);
    }
}

void pbt__format_json(const json_t *value, char *out)
{
    if (json_is_real(value)) {
        pbt__format_real(json_real_value(value), out);
    } else if (json_is_integer(value)) {
        snprintf(out, PBT__CELL_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_string(value)) {
        snprintf(out, PBT__CELL_SIZE, "%s", json_string_value(value));
    } else if (json_is_boolean(value)) {
        snprintf(out, PBT__CELL_SIZE, "%s", json_is_true(value) ? "true" : "false");
    } else {
        snprintf(out, PBT__CELL_SIZE, "-");
    }
}

void pbt__format_value(const pbt_parameter *parameter, pbt_value value, char *out)
{
    const pbt_item item = pbt__value_item(parameter, value);
    if (item.type == PBT_ITEM_FLOAT) {
        pbt__format_real(item.real, out);
    } else if (item.type == PBT_ITEM_INT) {
        snprintf(out, PBT__CELL_SIZE, "%" PRId64, item.integer);
    } else {
        const char *truth = item.integer != 0 ? "true" : "false";
        snprintf(out, PBT__CELL_SIZE, "%s", item.type == PBT_ITEM_BOOL ? truth : item.text);
    }
}

void pbt__format_seconds(double seconds, char *out)
{
    if (!(seconds >= 0) || seconds > 1e12) {
        snprintf(out, PBT__CELL_SIZE, "-");
        return;
    }
    int64_t whole = (int64_t)(seconds + 0.5);
    int64_t days = whole / 86400, hours = whole / 3600 % 24;
    int minutes = (int)(whole / 60 % 60), rest = (int)(whole % 60);
    if (days > 0) {
        snprintf(out, PBT__CELL_SIZE, "%" PRId64 " day%s %" PRId64 ":%02d:%02d", days,
                 days == 1 ? "" : "s", hours, minutes, rest);
    } else if (hours > 0) {
        snprintf(out, PBT__CELL_SIZE, "%" PRId64 ":%02d:%02d", hours, minutes, rest);
    } else {
        snprintf(out, PBT__CELL_SIZE, "%d:%02d", minutes, rest);
    }
}

void pbt__format_count(int64_t count, const char *noun, char *out)
{
    const size_t length = strlen(noun);
    const bool has_y = length > 0 && noun[length - 1] == 'y';
    const int stem = (int)(count != 1 && has_y ? length - 1 : length);
    const char *ending = count == 1 ? "" : has_y ? "ies" : "s";
    (void)snprintf(out, PBT__CELL_SIZE, "%" PRId64 " %.*s%s", count, stem, noun, ending);
}

void pbt__format_progress(const pbt__summary *summary, char *out)
{
    char done[PBT__CELL_SIZE], total[PBT__CELL_SIZE];
    if (summary->steps_total > 0) {
        (void)snprintf(out, PBT__CELL_SIZE, "%" PRId64 " of %" PRId64 " steps", summary->steps_done,
                       summary->steps_total);
        return;
    }
    pbt__format_seconds(summary->seconds_done, done);
    pbt__format_seconds(summary->seconds_total, total);
    (void)snprintf(out, PBT__CELL_SIZE, "%" PRId64 " step%s, %.24s of %.24s", summary->steps_done,
                   summary->steps_done == 1 ? "" : "s", done, total);
}

void pbt__format_bytes(int64_t bytes, char *out)
{
    static const char *const UNITS[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    char number[PBT__CELL_SIZE];
    double amount = (double)bytes;
    size_t unit = 0;
    while (amount >= 1024 && unit + 1 < sizeof UNITS / sizeof *UNITS) {
        amount /= 1024;
        unit++;
    }
    (void)snprintf(number, sizeof number, "%.*f", unit == 0 || amount >= 100 ? 0 : 1, amount);
    (void)snprintf(out, PBT__CELL_SIZE, "%.20s %s", number, UNITS[unit]);
}
