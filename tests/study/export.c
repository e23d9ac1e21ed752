/* export.c: the best as a folder to take away: whole, or not there. */
#include "support.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>

#include "study/json.h"

/* A path in the bench's folder. Valid until four more were asked for. */
static const char *in(const bench *b, const char *name)
{
    static char paths[4][PBT__PATH_SIZE];
    static size_t next;
    char *path = paths[next++ % 4];
    assert_ok(pbt__path_join(b->folder, name, path, NULL));
    return path;
}

static char *read_text(const bench *b, const char *name)
{
    char *bytes = NULL;
    size_t length = 0;
    assert_ok(pbt__file_read(in(b, name), 1 << 20, &bytes, &length, NULL));
    return bytes;
}

static void assert_text(const bench *b, const char *name, const char *expected)
{
    char *text = read_text(b, name);
    assert_string_equal(text, expected);
    free(text);
}

static json_t *read_json(const bench *b, const char *name)
{
    char *text = read_text(b, name);
    json_t *json = NULL;
    assert_ok(pbt__json_read(text, strlen(text), &json, NULL));
    free(text);
    return json;
}

/* Whether anything in the bench's folder begins so. */
static bool has_name(const bench *b, const char *prefix)
{
    bool has = false;
    DIR *stream = opendir(b->folder);
    assert_non_null(stream);
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        has = has || strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    }
    assert_int_equal(closedir(stream), 0);
    return has;
}

static void assert_refused(bench *b, const char *name, pbt_err err)
{
    assert_int_equal(pbt__study_export(b->study, in(b, name), NULL, &b->error), err);
    assert_false(has_name(b, "out.partial"));
}

/* ---- what is in it ---- */

/* The best is m1s0, kept in the store. */
static void report_two(bench *b)
{
    bench_create(b, 2, "start: [{x: 0.25}, {x: 0.75}]\n");
    for (int32_t m = 0; m < 2; m++) {
        pbt__action action = bench_claim_member(b, m, "a");
        (void)bench_report(b, "a", &action, m);
    }
}

static void a_folder_with_everything(void **state)
{
    bench *b = *state;
    report_two(b);
    assert_ok(pbt__study_export(b->study, in(b, "out/"), NULL, &b->error));
    assert_text(b, "out/checkpoint", "m1s0.1");
    assert_text(b, "out/schedule.csv", "start_age,end_age,segment,x\n0,10,m1s0,0.75\n");
    assert_text(b, "out/spec.yaml", pbt__study_spec(b->study)->source);
    json_t *expected = NULL;
    assert_ok(pbt__study_schedule(b->study, PBT_NO_SEGMENT, &expected, &b->error));
    json_t *schedule = read_json(b, "out/schedule.json");
    assert_true(json_equal(schedule, expected));
    json_t *origin = read_json(b, "out/provenance.json");
    assert_string_equal(json_string_value(json_object_get(origin, "segment")), "m1s0");
    assert_string_equal(json_string_value(json_object_get(origin, "study")), "bench");
    json_t *checkpoint = json_object_get(origin, "checkpoint");
    assert_int_equal(json_integer_value(json_object_get(checkpoint, "size_bytes")), 6);
    char *readme = read_text(b, "out/README.txt");
    assert_non_null(
        strstr(readme, "The best of study 'bench': segment m1s0, score 1.0, at age 10"));
    assert_false(has_name(b, "out.partial"));
    free(readme);
    json_decref(expected);
    json_decref(schedule);
    json_decref(origin);
}

static void the_spec_is_the_one_in_force(void **state)
{
    bench *b = *state;
    const char *keys[] = {"stop.steps", "exploit.fraction"};
    const char *values[] = {"50", "0.5"};
    pbt_spec *spec = NULL;
    report_two(b);
    assert_ok(pbt__study_amend(b->study, keys, values, 2, &b->error));
    assert_ok(pbt__study_export(b->study, in(b, "out"), NULL, &b->error));
    assert_ok(pbt_spec_read(in(b, "out/spec.yaml"), &spec, &b->error));
    assert_ok(pbt__spec_compare(spec, pbt__study_spec(b->study), &b->error));
    assert_int_equal(spec->search.stop_steps, 50);
    pbt_spec_free(spec);
}

static void a_file_of_the_vault_is_copied(void **state)
{
    bench *b = *state;
    struct stat status;
    pbt__reply reply;
    bench_create(b, 2, "");
    pbt__action action = bench_claim_member(b, 1, "a");
    assert_ok(bench_report_file(b, "a", &action, 1, &reply));
    assert_ok(pbt__study_export(b->study, in(b, "out"), NULL, &b->error));
    assert_text(b, "out/checkpoint", "m1s0.1");
    assert_int_equal(stat(in(b, "bench.checkpoints/m1s0"), &status), 0);
    assert_int_equal(status.st_nlink, 1);
}

/* ---- what is refused ---- */

static void what_exists_is_left_alone(void **state)
{
    bench *b = *state;
    report_two(b);
    assert_int_equal(mkdir(in(b, "out"), 0777), 0);
    assert_refused(b, "out", PBT_ERR_EXISTS);
    assert_refused(b, "out/", PBT_ERR_EXISTS);
    assert_false(has_name(b, "out/checkpoint"));
    assert_int_equal(rmdir(in(b, "out")), 0);
    assert_int_equal(symlink("nowhere", in(b, "out")), 0);
    assert_refused(b, "out", PBT_ERR_EXISTS);
    assert_refused(b, "none/out", PBT_ERR_IO);
    assert_int_equal(pbt__study_export(b->study, "", NULL, &b->error), PBT_ERR_ARGUMENT);
}

static void nothing_to_take(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "");
    assert_refused(b, "out", PBT_ERR_NOT_FOUND);
    assert_false(has_name(b, "out"));
}

static void a_damaged_checkpoint_is_not_taken(void **state)
{
    bench *b = *state;
    pbt__reply reply;
    bench_create(b, 2, "");
    pbt__action action = bench_claim_member(b, 1, "a");
    assert_ok(bench_report_file(b, "a", &action, 1, &reply));
    assert_ok(pbt__file_write(in(b, "bench.checkpoints/m1s0"), "m1s0.2", 6, NULL));
    assert_refused(b, "out", PBT_ERR_CHECKPOINT);
    assert_false(has_name(b, "out"));
    assert_ok(pbt__file_remove(in(b, "bench.checkpoints/m1s0"), NULL));
    assert_refused(b, "out", PBT_ERR_CHECKPOINT);
    assert_non_null(strstr(b->error.message, "is missing"));
    assert_false(has_name(b, "out"));
}

/* ---- while it runs ---- */

/* Every report is a new best, and the one before is soon collected. */
static void *train_on(void *argument)
{
    bench *b = argument;
    pbt__action action = bench_claim(b, "a");
    double score = 0;
    while (action.verb == PBT__TRAIN) {
        pbt__reply reply;
        pbt_error error;
        const pbt__claimant who = {.worker = "a", .session = "a"};
        const pbt__metric metric = {.name = "score", .value = score++, .has_value = true};
        const pbt__result result = {.segment = action.train.segment.id,
                                    .attempt = action.train.attempt,
                                    .step = action.train.segment.end_step,
                                    .metrics = &metric,
                                    .metric_count = 1,
                                    .checkpoint = PBT__SAVED};
        char id[PBT__ID_SIZE];
        pbt__id_write(action.train.segment.id, id);
        if (pbt__file_write(action.train.save_to, id, strlen(id), NULL) != PBT_OK ||
            pbt__study_report(b->study, &who, &result, &reply, &error) != PBT_OK) {
            return "it failed";
        }
        action = reply.action;
    }
    return NULL;
}

/* An observer of its own, as the command is. */
static void exports_of_a_running_study_are_whole(void **state)
{
    bench *b = *state;
    pthread_t trainer;
    void *failure = NULL;
    pbt__store *store = NULL;
    pbt__study *study = NULL;
    bool has_ended = false;
    bench_create(b, 2, "stop: {steps: 1500}\ncheckpoints: {keep_best: 1}\n");
    const pbt__store_options store_options = {.url = b->url, .is_read_only = true};
    const pbt__study_options options = {.checkpoint_folder = b->folder, .is_observer = true};
    assert_ok(pbt__store_open(&store_options, &store, &b->error));
    assert_ok(pbt__study_open(store, "bench", &options, &study, &b->error));
    assert_int_equal(pthread_create(&trainer, NULL, train_on, b), 0);
    for (int i = 0; !has_ended; i++) {
        pbt_error error = {.code = PBT_OK};
        has_ended = pthread_tryjoin_np(trainer, &failure) == 0;
        pbt_err err = pbt__study_export(study, in(b, "out"), NULL, &error);
        if (err == PBT_ERR_NOT_FOUND) { /* no report yet */
            continue;
        }
        if (err != PBT_OK) {
            fail_msg("%s: %s", error.message, error.detail);
        }
        json_t *origin = read_json(b, "out/provenance.json");
        assert_text(b, "out/checkpoint", json_string_value(json_object_get(origin, "segment")));
        json_decref(origin);
        assert_ok(pbt__file_remove(in(b, "out"), NULL));
    }
    assert_null(failure);
    pbt__study_close(study);
    pbt__store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_folder_with_everything),
        TEST(the_spec_is_the_one_in_force),
        TEST(a_file_of_the_vault_is_copied),
        TEST(what_exists_is_left_alone),
        TEST(nothing_to_take),
        TEST(a_damaged_checkpoint_is_not_taken),
        TEST(exports_of_a_running_study_are_whole),
    };
    return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
