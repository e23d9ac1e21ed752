/* support.c: made-up studies. */
#include "support.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "study/json.h"

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

void fake_segment(json_t *rows, int member, int number, const char *parent, int donor, double score)
{
    char id[32];
    (void)snprintf(id, sizeof id, "m%ds%d", member, number);
    json_t *row =
        json_pack("{s:s, s:s, s:i, s:i, s:s?, s:o, s:i, s:i, s:i, s:i, s:o, s:{s:f, s:f, s:i}}",
                  "segment", id, "state", "reported", "member", member, "number", number, "parent",
                  parent, "donor", donor < 0 ? json_null() : json_integer(donor), "start_step",
                  number * 10, "end_step", number * 10 + 10, "start_age", number * 10, "end_age",
                  number * 10 + 10, "score", pbt__json_number(score), "hyperparameters", "rate",
                  0.001 * (member + 1), "momentum", 0.9, "width", member % 2 == 0 ? 32 : 64);
    (void)json_array_append_new(rows, row);
}

static unsigned draw(unsigned *state, unsigned bound)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % bound;
}

json_t *fake_study(unsigned seed, int members, int numbers)
{
    json_t *rows = json_array();
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

pbt__trace fake_trace(json_t *rows, const char *best)
{
    size_t i;
    const json_t *row;
    pbt_segment_id id = PBT_NO_SEGMENT;
    pbt__trace trace = pbt__trace_begin(&fake_space);
    json_array_foreach(rows, i, row)
    {
        assert_int_equal(pbt__trace_add(&trace, row, NULL), PBT_OK);
    }
    assert_true(best == NULL || pbt__id_read(best, &id));
    assert_int_equal(pbt__trace_link(&trace, id, NULL), PBT_OK);
    json_decref(rows);
    return trace;
}
