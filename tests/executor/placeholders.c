/* placeholders.c: commands are filled in exactly, and nothing that is not understood is passed on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "executor/placeholders.h"

static const pbt_item sizes[] = {{.type = PBT_ITEM_INT, .integer = 32},
                                 {.type = PBT_ITEM_FLOAT, .real = 64.0}};
static const pbt_item kinds[] = {{.type = PBT_ITEM_TEXT, .text = "a b;$(c)"},
                                 {.type = PBT_ITEM_BOOL, .integer = 1}};
static pbt_parameter parameters[] = {
    {.name = "rate", .type = PBT_FLOAT},
    {.name = "batch", .type = PBT_INT},
    {.name = "size", .type = PBT_ORDINAL, .items = sizes, .item_count = 2},
    {.name = "kind", .type = PBT_CHOICE, .items = kinds, .item_count = 2},
};
static const pbt_space space = {.parameters = parameters, .count = 4};

static pbt_value values[4];
static pbt__assignment assignment;
static pbt_error error;

static int set_up(void **state)
{
    (void)state;
    values[0].real = 0.1;
    values[1].integer = 128;
    values[2].integer = 1;
    values[3].integer = 0;
    parameters[1].name = "batch";
    assignment = (pbt__assignment){
        .segment = {.id = {3, 12},
                    .start_step = 200,
                    .end_step = 400,
                    .start_age = 1000,
                    .end_age = 1200,
                    .seed = 4294967295U,
                    .values = values},
        .resume_step = 200,
        .stop_step = 4000,
        .load = "/vault/m1s11",
        .save_to = "/vault/.aside/m3s12.1",
    };
    return 0;
}

/* Fill in one argument; what it became is in `filled`. */
static char filled[256];

static pbt_err fill(const char *argument)
{
    char text[256];
    (void)snprintf(text, sizeof text, "%s", argument);
    char *command[] = {text, NULL};
    char **vector = NULL;
    const pbt_err err = pbt__placeholders_fill(command, &space, &assignment, &vector, &error);
    if (err == PBT_OK) {
        (void)snprintf(filled, sizeof filled, "%s", vector[0]);
    }
    free(vector);
    return err;
}

static void assert_filled(const char *argument, const char *expected)
{
    assert_int_equal(fill(argument), PBT_OK);
    assert_string_equal(filled, expected);
}

static void every_name_is_filled_in(void **state)
{
    (void)state;
    assert_filled("{rate}", "0.1");
    assert_filled("{batch}", "128");
    assert_filled("{size}", "64.0");
    assert_filled("{kind}", "a b;$(c)");
    assert_filled("{load}", "/vault/m1s11");
    assert_filled("{save_to}", "/vault/.aside/m3s12.1");
    assert_filled("{start_step}-{end_step}", "200-400");
    assert_filled("{start_age}:{end_age}", "1000:1200");
    assert_filled("{steps}/{stop_step}", "200/4000");
    assert_filled("{seed}", "4294967295");
    assert_filled("--member={member}.", "--member=3.");
}

static void numbers_keep_their_type_and_every_digit(void **state)
{
    (void)state;
    values[0].real = 16;
    assert_filled("{rate}", "16.0");
    values[0].real = 0.1 + 0.2;
    assert_filled("{rate}", "0.30000000000000004");
    values[1].integer = INT64_MIN;
    assert_filled("{batch}", "-9223372036854775808");
    values[2].integer = 0;
    assert_filled("{size}", "32");
    values[3].integer = 1;
    assert_filled("{kind}", "true");
}

static void nothing_to_load_is_an_empty_argument(void **state)
{
    (void)state;
    assignment.load[0] = '\0';
    assert_filled("{load}", "");
    assert_filled("--load={load}", "--load=");
}

static void progress_moves_the_start(void **state)
{
    (void)state;
    assignment.resume_step = 250;
    assert_filled("{start_step} {start_age} {end_step} {end_age}", "250 1050 400 1200");
    assert_filled("{steps} {stop_step}", "150 4000");
}

/* Its name was no placeholder's when its study was made. */
static void a_hyperparameter_comes_first(void **state)
{
    (void)state;
    parameters[1].name = "steps";
    assert_filled("{steps}", "128");
}

static void where_nothing_ends_is_an_empty_argument(void **state)
{
    (void)state;
    assignment.stop_step = 0;
    assert_filled("--of={stop_step}", "--of=");
}

static void braces_are_doubled(void **state)
{
    (void)state;
    assert_filled("{{", "{");
    assert_filled("{{rate}}", "{rate}");
    assert_filled("{{\"rate\": {rate}}}", "{\"rate\": 0.1}");
    assert_filled("a}b", "a}b");
    assert_filled("", "");
    assert_filled("awk '{{print}}'", "awk '{print}'");
}

static void what_is_not_understood_is_refused(void **state)
{
    (void)state;
    assert_int_equal(fill("{learning_rate}"), PBT_ERR_SPEC);
    assert_non_null(strstr(error.message, "'learning_rate'"));
    assert_int_equal(fill("{rat}"), PBT_ERR_SPEC);
    assert_int_equal(fill("{rates}"), PBT_ERR_SPEC);
    assert_int_equal(fill("{}"), PBT_ERR_SPEC);
    assert_int_equal(fill("--rate {rate"), PBT_ERR_SPEC);
    assert_non_null(strstr(error.message, "not closed"));
}

static void arguments_stay_apart(void **state)
{
    (void)state;
    char program[] = "./train.sh", kind[] = "{kind}", empty[] = "", step[] = "{end_step}";
    char *command[] = {program, kind, empty, step, NULL};
    char **vector = NULL;
    assert_int_equal(pbt__placeholders_fill(command, &space, &assignment, &vector, &error), PBT_OK);
    assert_string_equal(vector[0], "./train.sh");
    assert_string_equal(vector[1], "a b;$(c)");
    assert_string_equal(vector[2], "");
    assert_string_equal(vector[3], "400");
    assert_null(vector[4]);
    free(vector);
}

static void a_command_has_a_largest_length(void **state)
{
    (void)state;
    enum { LENGTH = PBT__ARGUMENTS_MAXIMUM };
    char *argument = malloc(LENGTH + 1);
    assert_non_null(argument);
    memset(argument, 'x', LENGTH);
    argument[LENGTH] = '\0';
    char *command[] = {argument, NULL};
    char **vector = NULL;
    assert_int_equal(pbt__placeholders_fill(command, &space, &assignment, &vector, &error),
                     PBT_ERR_LIMIT);
    argument[LENGTH - 1] = '\0';
    assert_int_equal(pbt__placeholders_fill(command, &space, &assignment, &vector, &error), PBT_OK);
    assert_int_equal(strlen(vector[0]), LENGTH - 1);
    free(vector);
    free(argument);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_name_is_filled_in, set_up),
        cmocka_unit_test_setup(numbers_keep_their_type_and_every_digit, set_up),
        cmocka_unit_test_setup(nothing_to_load_is_an_empty_argument, set_up),
        cmocka_unit_test_setup(progress_moves_the_start, set_up),
        cmocka_unit_test_setup(a_hyperparameter_comes_first, set_up),
        cmocka_unit_test_setup(where_nothing_ends_is_an_empty_argument, set_up),
        cmocka_unit_test_setup(braces_are_doubled, set_up),
        cmocka_unit_test_setup(what_is_not_understood_is_refused, set_up),
        cmocka_unit_test_setup(arguments_stay_apart, set_up),
        cmocka_unit_test_setup(a_command_has_a_largest_length, set_up),
    };
    return cmocka_run_group_tests_name("placeholders", tests, NULL, NULL);
}
