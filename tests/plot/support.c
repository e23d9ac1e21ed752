/* support.c: made-up studies. */
#include "support.h"

#include "base/id.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const pbt_item WIDTHS[] = {{.type = PBT_ITEM_INT, .integer = 32},
                                  {.type = PBT_ITEM_INT, .integer = 64}};
static const pbt_parameter PARAMETERS[] = {
    {.name = "rate",
     .type = PBT_FLOAT,
     .scale = PBT_LOG,
     .min = {.real = 1e-4},
     .max = {.real = 1}},
    {.name = "momentum",
     .type = PBT_FLOAT,
     .scale = PBT_REVERSE_LOG,
     .min = {.real = 0},
     .max = {.real = 0.999}},
    {.name = "width", .type = PBT_ORDINAL, .items = WIDTHS, .item_count = 2},
};
const pbt_space fake_space = {PARAMETERS, 3};

fake_rows *fake_rows_new(void)
{
    fake_rows *rows = calloc(1, sizeof *rows);
    assert_non_null(rows);
    return rows;
}

void fake_segment(fake_rows *rows, int member, int number, const char *parent, int donor,
                  double score)
{
    pbt_segment_id parent_id = PBT_NO_SEGMENT;
    assert_true(parent == NULL || pbt__id_read(parent, &parent_id));
    rows->items = realloc(rows->items, (rows->count + 1) * sizeof *rows->items);
    assert_non_null(rows->items);
    rows->items[rows->count++] = (fake_row){
        .segment = {.id = {member, number},
                    .parent = parent_id,
                    .donor = donor,
                    .state = PBT_SEGMENT_REPORTED,
                    .start_step = number * 10,
                    .end_step = number * 10 + 10,
                    .start_age = number * 10,
                    .end_age = number * 10 + 10,
                    .score = score},
        .values = {{.real = 0.001 * (member + 1)}, {.real = 0.9}, {.integer = member % 2}},
    };
}

static unsigned draw(unsigned *state, unsigned bound)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % bound;
}

fake_rows *fake_study(unsigned seed, int members, int numbers)
{
    fake_rows *rows = fake_rows_new();
    for (int number = 0; number < numbers; number++) {
        for (int member = 0; member < members; member++) {
            char parent[32];
            const bool is_copy = number > 0 && draw(&seed, 4) == 0;
            const int donor = is_copy ? (int)draw(&seed, (unsigned)members) : member;
            const double score = draw(&seed, 50) == 0 ? (double)NAN : draw(&seed, 1000) / 1000.0;
            (void)snprintf(parent, sizeof parent, "m%ds%d", donor, number - 1);
            fake_segment(rows, member, number, number > 0 ? parent : NULL,
                         donor != member ? donor : -1, score);
        }
    }
    return rows;
}

pbt__trace fake_trace(fake_rows *rows, const char *best)
{
    pbt_segment_id id = PBT_NO_SEGMENT;
    pbt__trace trace = pbt__trace_begin(&fake_space);
    for (size_t i = 0; i < rows->count; i++) {
        rows->items[i].segment.values = rows->items[i].values;
        assert_int_equal(pbt__trace_add(&trace, &rows->items[i].segment, NULL), PBT_OK);
    }
    assert_true(best == NULL || pbt__id_read(best, &id));
    assert_int_equal(pbt__trace_link(&trace, id, NULL), PBT_OK);
    free(rows->items);
    free(rows);
    return trace;
}
