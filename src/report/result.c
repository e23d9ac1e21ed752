/* result.c: what a study found: the winner, its schedule, the population. */
#include "core/type.h"
#include "plot/picture.h"
#include "render/format.h"
#include "report/report.h"

static void write_winner(pbt__report *this)
{
    const json_t *best = json_object_get(this->show, "best");
    const json_t *values = json_object_get(best, "hyperparameters");
    const pbt_space *space = &this->spec->search.space;
    pbt__report_section(this, "The winner");
    if (!json_is_object(best)) {
        pbt__text_add(this->page, "<p>No segment was reported that holds its checkpoint.</p>\n");
        return;
    }
    pbt__table table = pbt__table_init(2);
    pbt__report_pair(&table, this->spec->metric, json_object_get(best, "score"));
    pbt__report_pair(&table, "segment", json_object_get(best, "segment"));
    pbt__report_pair(&table, "steps in its weights (age)", json_object_get(best, "age"));
    pbt__report_pair(&table, "step of its member", json_object_get(best, "step"));
    pbt__report_pair(&table, "checkpoint", json_object_get(best, "checkpoint"));
    for (size_t i = 0; i < space->count; i++) {
        pbt__report_pair(&table, space->parameters[i].name,
                         json_object_get(values, space->parameters[i].name));
    }
    pbt__report_table(this, &table, false);
}

/* Rows of the schedule, those with the same values as one. New reference; NULL: no memory. */
static json_t *merge_rows(const json_t *rows)
{
    size_t i;
    json_t *row;
    json_t *merged = json_array();
    json_array_foreach((json_t *)(uintptr_t)rows, i, row)
    {
        json_t *last = json_array_get(merged, json_array_size(merged) - 1);
        const bool is_same = json_equal(json_object_get(last, "hyperparameters"),
                                        json_object_get(row, "hyperparameters")) == 1;
        const int failed = is_same
                               ? json_object_set(last, "end_age", json_object_get(row, "end_age"))
                               : json_array_append_new(merged, json_copy(row));
        if (failed != 0) {
            json_decref(merged);
            return NULL;
        }
    }
    return merged;
}

static void write_schedule(pbt__report *this)
{
    const pbt_space *space = &this->spec->search.space;
    json_t *rows = merge_rows(json_object_get(this->schedule, "rows"));
    const json_t *row;
    size_t i;
    pbt__report_section(this, "Its schedule");
    pbt__text_add(this->page, "<p>The hyperparameters that trained the winner's weights, by age. "
                              "<code>pbt replay</code> trains one model by them.</p>\n");
    pbt__table table = pbt__table_init(2 + space->count);
    pbt__table_add(&table, "from age");
    pbt__table_add(&table, "to age");
    for (size_t p = 0; p < space->count; p++) {
        pbt__table_add(&table, space->parameters[p].name);
    }
    json_array_foreach(rows, i, row)
    {
        char cell[PBT__CELL_SIZE];
        pbt__format_json(json_object_get(row, "start_age"), cell);
        pbt__table_add(&table, cell);
        pbt__format_json(json_object_get(row, "end_age"), cell);
        pbt__table_add(&table, cell);
        for (size_t p = 0; p < space->count; p++) {
            const json_t *values = json_object_get(row, "hyperparameters");
            pbt__format_json(json_object_get(values, space->parameters[p].name), cell);
            pbt__table_add(&table, cell);
        }
    }
    this->page->failed = this->page->failed || rows == NULL;
    pbt__report_table(this, &table, true);
    json_decref(rows);
}

/* ---- pictures ---- */

static pbt_err draw_kind(pbt__report *this, const pbt__picture *picture, pbt__picture_kind kind,
                         pbt_error *error)
{
    int width = 0, height = 0;
    pbt__text script = pbt__text_init(PBT__SCRIPT_MAXIMUM);
    pbt_err err = pbt__picture_write(picture, kind, &script, &width, &height, error);
    if (err == PBT_OK) {
        err = pbt__report_drawing(this, &script, width, height, pbt__picture_name(kind), error);
    }
    pbt__text_fini(&script);
    return err;
}

static bool has_schedules(const pbt_space *space)
{
    for (size_t i = 0; i < space->count; i++) {
        if (pbt__is_varied(&space->parameters[i])) {
            return true;
        }
    }
    return false;
}

static pbt_err write_pictures(pbt__report *this, pbt_error *error)
{
    static const pbt__picture_kind kinds[] = {PBT__PICTURE_SCORES, PBT__PICTURE_SCHEDULES,
                                              PBT__PICTURE_LINEAGE};
    pbt__picture picture = {
        .trace = &this->trace,
        .metric = this->spec->metric,
        .direction = this->spec->search.direction,
    };
    pbt__report_section(this, "The population");
    if (this->trace.count == 0) {
        pbt__text_add(this->page, "<p>Nothing was reported yet: there is nothing to draw.</p>\n");
        return PBT_OK;
    }
    pbt_err err = PBT_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && err == PBT_OK; i++) {
        if (kinds[i] != PBT__PICTURE_SCHEDULES || has_schedules(&this->spec->search.space)) {
            err = draw_kind(this, &picture, kinds[i], error);
        }
    }
    return err;
}

pbt_err pbt__report_result(pbt__report *this, pbt_error *error)
{
    write_winner(this);
    if (this->schedule != NULL) {
        write_schedule(this);
    }
    return write_pictures(this, error);
}
