/* budget.c: what a study took, and what went wrong on the way. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "render/format.h"
#include "report/report.h"
#include "study/json.h"

static int64_t failed_members(const json_t *members)
{
    int64_t count = 0;
    size_t i;
    const json_t *member;
    json_array_foreach(members, i, member)
    {
        count += strcmp(pbt__json_get_text(member, "state", ""), "failed") == 0;
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

/* A count of 0 is shown too. */
static void add_toll(pbt__table *table, const json_t *account)
{
    char cell[PBT__CELL_SIZE];
    pbt__format_seconds(pbt__json_get_real(account, "seconds", 0), cell);
    pbt__table_add(table, "from first to last event");
    pbt__table_add(table, cell);
    pbt__report_pair(table, "failed attempts", json_object_get(account, "failed"));
    pbt__report_pair(table, "of them lost leases", json_object_get(account, "lost"));
    pbt__report_pair(table, "segments given up", json_object_get(account, "given_up"));
    pbt__report_pair(table, "rescues", json_object_get(account, "rescues"));
    pbt__report_pair(table, "diverged reports", json_object_get(account, "diverged"));
}

void pbt__report_budget(pbt__report *this)
{
    pbt__table table = pbt__table_init(2);
    pbt__report_section(this, "The budget");
    pbt__report_pair(&table, "state", json_object_get(this->show, "state"));
    pbt__report_pair(&table, "members", json_object_get(this->show, "population"));
    add_count(&table, "of them failed", failed_members(this->members));
    pbt__report_pair(&table, "steps of all members", json_object_get(this->show, "steps_done"));
    pbt__report_pair(&table, "planned", json_object_get(this->show, "steps_total"));
    pbt__report_pair(&table, "segments", json_object_get(this->show, "segments"));
    pbt__report_pair(&table, "copies", json_object_get(this->show, "exploits"));
    pbt__report_pair(&table, "begun", json_object_get(this->show, "created_at"));
    add_toll(&table, this->account);
    pbt__report_table(this, &table, false);
}
