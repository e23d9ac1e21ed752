/* budget.c: what a study took, and what went wrong on the way. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "render/format.h"
#include "report/report.h"
#include "study/json.h"

/* What the log holds beside results. */
typedef struct toll {
    int64_t failed_count;   /* attempts: of the trainer's own, and lost */
    int64_t lost_count;     /* of them, with a worker */
    int64_t given_up_count; /* segments */
    int64_t rescue_count;
    int64_t diverged_count; /* reports */
    int64_t first_us, last_us;
} toll;

static bool is_text(const json_t *object, const char *name, const char *text)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL && strcmp(value, text) == 0;
}

static pbt_err count_event(void *context, const json_t *event)
{
    toll *sum = context;
    double score = 0;
    const char *time = json_string_value(json_object_get(event, "time"));
    const bool has_score = pbt__json_number_read(json_object_get(event, "score"), &score);
    if (time != NULL && pbt__clock_read(time, &sum->last_us) && sum->first_us == 0) {
        sum->first_us = sum->last_us;
    }
    sum->failed_count += is_text(event, "kind", "failed");
    sum->lost_count += is_text(event, "cause", "lost");
    sum->given_up_count += json_is_true(json_object_get(event, "gave_up"));
    sum->rescue_count += is_text(event, "kind", "rescued");
    sum->diverged_count += has_score && !isfinite(score);
    return PBT_OK;
}

static int64_t failed_members(const json_t *members)
{
    int64_t count = 0;
    size_t i;
    const json_t *member;
    json_array_foreach(members, i, member)
    {
        count += is_text(member, "state", "failed");
    }
    return count;
}

static void add_count(pbt__table *table, const char *name, int64_t count)
{
    char cell[PBT__CELL_SIZE];
    (void)snprintf(cell, sizeof cell, "%" PRId64, count);
    pbt__table_add(table, name);
    pbt__table_add(table, cell);
}

/* A count is there where it is 0, too: that nothing failed is a result. */
static void add_toll(pbt__table *table, const toll *sum)
{
    char cell[PBT__CELL_SIZE];
    pbt__format_seconds((double)(sum->last_us - sum->first_us) / 1e6, cell);
    pbt__table_add(table, "from first to last event");
    pbt__table_add(table, cell);
    add_count(table, "failed attempts", sum->failed_count);
    add_count(table, "of them lost leases", sum->lost_count);
    add_count(table, "segments given up", sum->given_up_count);
    add_count(table, "rescues", sum->rescue_count);
    add_count(table, "diverged reports", sum->diverged_count);
}

pbt_err pbt__report_budget(pbt__report *this, pbt_error *error)
{
    toll sum = {0};
    pbt__table table = pbt__table_init(2);
    pbt_err err = pbt__study_events(this->study, 0, count_event, &sum, error);
    pbt__report_section(this, "The budget");
    pbt__report_pair(&table, "state", json_object_get(this->show, "state"));
    pbt__report_pair(&table, "members", json_object_get(this->show, "population"));
    add_count(&table, "of them failed", failed_members(this->members));
    pbt__report_pair(&table, "steps of all members", json_object_get(this->show, "steps_done"));
    pbt__report_pair(&table, "planned", json_object_get(this->show, "steps_total"));
    pbt__report_pair(&table, "segments", json_object_get(this->show, "segments"));
    pbt__report_pair(&table, "copies", json_object_get(this->show, "exploits"));
    pbt__report_pair(&table, "begun", json_object_get(this->show, "created_at"));
    add_toll(&table, &sum);
    pbt__report_table(this, &table, false);
    return err;
}
