/* spec.c: defaults, types and places of what is read, and files that cannot be. */
#include "support.h"

#include <math.h>
#include <unistd.h>

#include "spec/reader.h"

/* As far as a study can go, and no total to show. */
static void time_may_end_it_alone(void **state)
{
    (void)state;
    pbt_error error;
    pbt_spec *spec = parse("version: 1\nname: a\npopulation: 4\nready: {every: 10}\n"
                           "stop: {seconds: 60}\nhyperparameters: {a: {type: float, min: 0, "
                           "max: 1}}\n");
    assert_true(spec->is_open_ended);
    assert_value(spec, "stop.steps", "null");
    assert_int_equal(spec->search.stop_steps, 10 * ((INT64_C(1) << 24) - 1));
    assert_int_equal(pbt__spec_amend(spec, "ready.every", "1000000000000", &error), PBT_OK);
    assert_int_equal(spec->search.stop_steps, INT64_C(1) << 51);
    assert_int_equal(pbt__spec_amend(spec, "stop.steps", "500", &error), PBT_OK);
    assert_false(spec->is_open_ended);
    assert_int_equal(spec->search.stop_steps, 500);
    assert_int_equal(pbt__spec_amend(spec, "stop.steps", "null", &error), PBT_OK);
    assert_true(spec->is_open_ended);
    assert_int_equal(pbt__spec_amend(spec, "stop.seconds", "0", &error), PBT_ERR_SPEC);
    pbt_spec_free(spec);
}

static void defaults_are_those_of_a_search(void **state)
{
    (void)state;
    pbt_spec *spec = parse(SHORTEST);
    pbt_search expected = pbt_search_default();
    const pbt_search *search = pbt_spec_search(spec);
    assert_int_equal(search->size, sizeof *search);
    assert_memory_equal(&search->exploit, &expected.exploit, sizeof expected.exploit);
    assert_memory_equal(&search->explore, &expected.explore, sizeof expected.explore);
    assert_true(isnan(search->stop_score));
    assert_int_equal(search->retries, expected.retries);
    assert_int_equal(search->lost, expected.lost);
    assert_int_equal(search->window, expected.window);
    pbt_spec_free(spec);
}

static void reload_follows_the_mode(void **state)
{
    (void)state;
    pbt_spec *asynchronous = parse(SHORTEST);
    pbt_spec *generational = parse(SHORTEST "mode: generational\n");
    pbt_spec *given = parse(SHORTEST "mode: generational\ntrainer: {reload: needed}\n");
    assert_false(asynchronous->trainer.reload_always);
    assert_true(generational->trainer.reload_always);
    assert_false(given->trainer.reload_always);
    pbt_spec_free(asynchronous);
    pbt_spec_free(generational);
    pbt_spec_free(given);
}

static void everything_is_read(void **state)
{
    (void)state;
    pbt_spec *spec = read_spec(SPEC_TESTS "/good/everything.yaml");
    const pbt_search *search = pbt_spec_search(spec);
    assert_string_equal(spec->name, "fashion-mnist");
    assert_string_equal(spec->metric, "accuracy");
    assert_string_equal(spec->folder, SPEC_TESTS "/good");
    assert_int_equal(search->seed, 7);
    assert_int_equal(search->ready_after, 400);
    assert_int_equal(search->space.count, 7);
    assert_string_equal(search->space.parameters[4].name, "width");
    assert_true(search->space.parameters[4].inherit);
    assert_int_equal(search->start_count, 2);
    assert_true(search->starts[1].fixed);
    assert_false(search->starts[1].given[1]);
    assert_true(search->starts[0].values[1].real == 0.9);
    assert_string_equal(spec->trainer.command[1], "train.py");
    assert_null(spec->trainer.command[2]);
    assert_string_equal(spec->trainer.environment[0], "OMP_NUM_THREADS=1");
    assert_string_equal(spec->checkpoint_folder, "fashion-mnist.checkpoints");
    assert_true(spec->max_bytes == 50 * INT64_C(1024) * 1024 * 1024);
    pbt_spec_free(spec);
}

static void types_survive(void **state)
{
    (void)state;
    static const pbt_item_type types[] = {
        PBT_ITEM_INT,   PBT_ITEM_FLOAT, PBT_ITEM_BOOL, PBT_ITEM_TEXT,  PBT_ITEM_TEXT, PBT_ITEM_TEXT,
        PBT_ITEM_FLOAT, PBT_ITEM_TEXT,  PBT_ITEM_TEXT, PBT_ITEM_FLOAT, PBT_ITEM_INT,  PBT_ITEM_TEXT,
    };
    pbt_spec *spec = read_spec(SPEC_TESTS "/good/types.yaml");
    const pbt_search *search = pbt_spec_search(spec);
    const pbt_parameter *mixed = &search->space.parameters[2];
    assert_int_equal(mixed->item_count, sizeof types / sizeof *types);
    for (int32_t i = 0; i < mixed->item_count; i++) {
        assert_int_equal(mixed->items[i].type, types[i]);
    }
    assert_int_equal(mixed->items[10].integer, 16);
    assert_true(mixed->items[9].real == 0.5);
    assert_string_equal(search->space.parameters[4].items[0].text, "null");
    assert_int_equal(search->space.parameters[5].items[0].type, PBT_ITEM_BOOL);
    assert_int_equal(search->starts[0].values[2].integer, 1); /* 2 is the 2.0 of the list */
    assert_int_equal(search->starts[1].values[2].integer, 3); /* "1" is a text, not 1 */
    assert_true(search->starts[0].values[0].real == 1.0);     /* an integer is a float's value */
    pbt_spec_free(spec);
}

/* A stage keeps what it does not name, and is written as it was given. */
static void schedules_are_read(void **state)
{
    (void)state;
    pbt_spec *spec = read_spec(SPEC_TESTS "/good/schedule.yaml");
    const pbt_start *start = &pbt_spec_search(spec)->starts[0];
    const double rates[] = {0.1, 0.01, 0.001};
    const int64_t optimizers[] = {-1, 1, 1};
    const int64_t ends[] = {20, 50, 60};
    assert_int_equal(start->stage_count, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(start->stages[i].end_age, ends[i]);
        assert_true(start->stages[i].given[0] && start->stages[i].values[0].real == rates[i]);
        assert_int_equal(start->stages[i].given[1], i > 0);
        assert_true(i == 0 || start->stages[i].values[1].integer == optimizers[i]);
    }
    assert_value(spec, "start",
                 "[{optimizer: sgd, checkpoint: pretrained.pt, schedule: [{until: 20, rate: 0.1}, "
                 "{until: 50, rate: 0.01, optimizer: adam}, {until: 60, rate: 0.001}]}]");
    pbt_spec_free(spec);
}

static void folders(void **state)
{
    (void)state;
    char folder[] = "/tmp/pbt-test-XXXXXX";
    char path[64];
    pbt_spec *spec = NULL;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/a.yaml", folder);
    assert_int_equal(pbt__file_write(path, SHORTEST, strlen(SHORTEST), NULL), PBT_OK);
    spec = read_spec(path);
    assert_string_equal(spec->folder, folder);
    assert_string_equal(spec->source, SHORTEST);
    pbt_spec_free(spec);
    assert_int_equal(chdir(folder), 0);
    spec = read_spec("a.yaml");
    assert_string_equal(spec->folder, ".");
    pbt_spec_free(spec);
    assert_int_equal(pbt__file_remove(folder, NULL), PBT_OK);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    char path[] = "/tmp/pbt-test-XXXXXX";
    pbt_spec *spec = NULL;
    pbt_error error = {.code = PBT_OK};
    assert_int_equal(pbt_spec_read("/nowhere/a.yaml", &spec, &error), PBT_ERR_IO);
    assert_int_equal(error.code, PBT_ERR_IO);
    assert_non_null(strstr(error.message, "/nowhere/a.yaml"));
    assert_int_equal(pbt_spec_read("/nowhere/a.yaml", &spec, NULL), PBT_ERR_IO);

    char *large = calloc(1, PBT__SPEC_MAXIMUM + 2);
    memset(large, '#', PBT__SPEC_MAXIMUM + 1);
    int file = mkstemp(path);
    assert_true(file >= 0);
    (void)close(file);
    assert_int_equal(pbt__spec_parse(large, "a", ".", &spec, &error), PBT_ERR_SPEC);
    assert_int_equal(pbt__file_write(path, large, PBT__SPEC_MAXIMUM + 1, NULL), PBT_OK);
    assert_int_equal(pbt_spec_read(path, &spec, &error), PBT_ERR_SPEC);
    assert_non_null(strstr(error.message, ":1:1: more than 1048576 bytes"));
    assert_int_equal(pbt__file_write(path, "a: \0b", 5, NULL), PBT_OK);
    assert_int_equal(pbt_spec_read(path, &spec, &error), PBT_ERR_SPEC);
    assert_non_null(strstr(error.message, "NUL"));
    assert_null(spec);
    assert_int_equal(unlink(path), 0);
    free(large);
}

/* A long file name is cut at its beginning: the end, the place and the words stay. */
static void long_file_names_leave_room(void **state)
{
    (void)state;
    char file[400];
    memset(file, 'f', sizeof file);
    memcpy(file + sizeof file - 6, ".yaml", 6);
    pbt_spec *spec = NULL;
    pbt_error error = {.code = PBT_OK};
    assert_int_equal(pbt__spec_parse(SHORTEST "seed: -1\n", file, ".", &spec, &error),
                     PBT_ERR_SPEC);
    assert_int_equal(strncmp(error.message, "...fff", 6), 0);
    assert_non_null(strstr(error.message, "f.yaml:8:7: seed: found the integer -1; allowed: "));
}

static void nothing_is_freed_without_complaint(void **state)
{
    (void)state;
    pbt_spec_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_may_end_it_alone),
        cmocka_unit_test(defaults_are_those_of_a_search),
        cmocka_unit_test(reload_follows_the_mode),
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(types_survive),
        cmocka_unit_test(schedules_are_read),
        cmocka_unit_test(folders),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(long_file_names_leave_room),
        cmocka_unit_test(nothing_is_freed_without_complaint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
