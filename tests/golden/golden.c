/*
 * golden.c: recorded studies (golden.h), read and decided again; and the recording of new ones.
 *
 * Each NAME.log in the folder of the environment's GOLDEN_LOGS is loaded into a store, verified by
 * the code of `pbt verify`, and asked what was asked when it was recorded. One that was played by
 * its spec's lines (play.c) under the newest rules is played once more: every event and every call
 * must be the one that is recorded. Computed numbers are compared to the last bit where this
 * machine's mathematics is that of the machine that recorded, else but for the last few bits.
 *
 *   golden --play SPEC.yaml > NAME.log          play and record a study
 *   golden --copy STORE.db STUDY > NAME.log     record one that some build has made
 *
 * A log holds its spec, so no other file is kept. Look at a new one before it is committed, and do
 * not touch one that is: when it turns red, the code is wrong.
 */
#include <dirent.h>
#include <inttypes.h>

#include "core/population.h"
#include "golden.h"
#include "study/json.h"

/* ---- comparing ---- */

/* What the functions that core uses say on the machine that recorded. */
static bool is_same_mathematics(void)
{
    static const char RECORDED[] = "d22dd7f553a854f720c374b8a5078f7b";
    enum { COUNT = 64 };
    char digest[PBT__DIGEST_TEXT_SIZE];
    double values[COUNT][5];
    for (int i = 0; i < COUNT; i++) {
        const double x = 0.013 + 0.37 * i;
        values[i][0] = exp(-x);
        values[i][1] = log(x);
        values[i][2] = log1p(x);
        values[i][3] = cos(x);
        values[i][4] = tgamma(x);
    }
    pbt__digest_write(pbt__digest_bytes(values, sizeof values), digest);
    return strcmp(digest, RECORDED) == 0;
}

static bool is_number_alike(double a, double b)
{
    static int is_exact = -1;
    is_exact = is_exact >= 0 ? is_exact : is_same_mathematics();
    return a == b || (!is_exact && fabs(a - b) <= 64 * 2.3e-16 * fmax(fabs(a), fabs(b)));
}

/* Which machine and where says nothing of what was decided, nor do words. */
static bool is_of_the_place(const char *key)
{
    static const char *const KEYS[] = {"folder", "provenance", "modified_ns", "inode", "message"};
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        if (strcmp(key, KEYS[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether all that is recorded is there; `now` may say more. */
static bool is_alike(const json_t *recorded, const json_t *now)
{
    const char *key = NULL;
    json_t *value = NULL;
    if (json_is_real(recorded) && json_is_real(now)) {
        return is_number_alike(json_real_value(recorded), json_real_value(now));
    }
    if (json_is_array(recorded)) {
        bool is_same = json_is_array(now) && json_array_size(recorded) == json_array_size(now);
        for (size_t i = 0; is_same && i < json_array_size(recorded); i++) {
            is_same = is_alike(json_array_get(recorded, i), json_array_get(now, i));
        }
        return is_same;
    }
    if (!json_is_object(recorded)) {
        return json_equal(recorded, now) == 1;
    }
    json_object_foreach((json_t *)(uintptr_t)recorded, key, value)
    {
        if (!is_of_the_place(key) && !is_alike(value, json_object_get(now, key))) {
            return false;
        }
    }
    return json_is_object(now);
}

static bool is_event_alike(const char *recorded, const char *now)
{
    const bool is_kind = golden_number(&recorded) == golden_number(&now);
    const bool is_time = golden_number(&recorded) == golden_number(&now);
    json_t *a = json_loads(strchr(recorded, '{'), 0, NULL);
    json_t *b = json_loads(strchr(now, '{'), 0, NULL);
    const bool is_same = is_kind && is_time && a != NULL && is_alike(a, b);
    json_decref(a);
    json_decref(b);
    return is_same;
}

static golden take_golden(pbt__text *text)
{
    char *bytes = pbt__text_take(text);
    assert_non_null(bytes);
    return golden_split(bytes);
}

static bool is_collection(const char *event)
{
    return golden_number(&event) == PBT__COLLECTED;
}

/* The next line of one word; collections are compared by themselves. */
static const char *next_of(const golden *self, size_t *at, const char *word)
{
    const bool is_event = strcmp(word, "event") == 0;
    while (*at < self->count) {
        const char *rest = golden_after(self->lines[(*at)++], word);
        if (rest != NULL && !(is_event && is_collection(rest))) {
            return rest;
        }
    }
    return NULL;
}

/* All lines of one word, in order. */
static void compare(const golden *recorded, const golden *now, const char *word)
{
    const bool is_event = strcmp(word, "event") == 0;
    size_t at = 0, at_now = 0;
    const char *a = NULL, *b = NULL;
    do {
        a = next_of(recorded, &at, word);
        b = next_of(now, &at_now, word);
        const bool is_same = a == NULL || b == NULL ? a == b
                             : is_event             ? is_event_alike(a, b)
                                                    : strcmp(a, b) == 0;
        if (!is_same) {
            fail_msg("recorded: %s %.900s\nnow:      %s %.900s", word, a != NULL ? a : "nothing",
                     word, b != NULL ? b : "nothing");
        }
    } while (a != NULL);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "gone TIME_US SEGMENT", sorted, of every checkpoint that was collected. */
static golden collected(const golden *self)
{
    pbt__text text = pbt__text_init(GOLDEN_MAXIMUM);
    pbt__text_add(&text, "\n");
    for (size_t i = 0; i < self->count; i++) {
        const char *rest = golden_after(self->lines[i], "event");
        if (rest == NULL || !is_collection(rest)) {
            continue;
        }
        json_t *body = json_loads(strchr(rest, '{'), 0, NULL);
        const json_t *ids = json_object_get(body, "checkpoints");
        (void)golden_number(&rest);
        const int64_t time_us = golden_number(&rest);
        for (size_t j = 0; j < json_array_size(ids); j++) {
            pbt__text_format(&text, "gone %" PRId64 " %s\n", time_us,
                             json_string_value(json_array_get(ids, j)));
        }
        json_decref(body);
    }
    golden sorted = take_golden(&text);
    qsort(sorted.lines, sorted.count, sizeof *sorted.lines, by_text);
    return sorted;
}

/* How many events of one transaction say it, and where among the others, is nobody's decision. */
static void compare_collected(const golden *recorded, const golden *now)
{
    golden a = collected(recorded), b = collected(now);
    compare(&a, &b, "gone");
    golden_free(&a);
    golden_free(&b);
}

/* ---- a bench ---- */

/* Nothing here is about durability. */
static bench *open_bench(const char *url)
{
    void *state = NULL;
    assert_int_equal(bench_make(&state), 0);
    bench *b = state;
    const pbt__store_options options = {
        .url = url, .can_create = true, .now_us = bench_now, .clock_context = b};
    assert_ok(pbt__store_open(&options, &b->store, &b->error));
    return b;
}

static void close_bench(bench *b)
{
    void *state = b;
    assert_int_equal(bench_remove(&state), 0);
}

static void observe(bench *b, const char *name)
{
    const pbt__study_options options = {
        .checkpoint_folder = b->folder, .is_observer = true, .relative_to = b->folder};
    pbt__study_close(b->study);
    b->study = NULL;
    if (pbt__study_open(b->store, name, &options, &b->study, &b->error) != PBT_OK) {
        fail_msg("%s: %s", b->error.message, b->error.detail);
    }
}

/* ---- the test ---- */

static golden read_golden(const char *path)
{
    char *text = NULL;
    size_t length = 0;
    assert_ok(pbt__file_read(path, GOLDEN_MAXIMUM, &text, &length, NULL));
    return golden_split(text);
}

/* The spec of a study that can be played again; NULL where it cannot. The caller frees. */
static char *playable(const golden *recorded)
{
    size_t at = 0;
    json_t *created = json_loads(strchr(next_of(recorded, &at, "event"), '{'), 0, NULL);
    const char *yaml = json_string_value(json_object_get(created, "spec"));
    const json_int_t rules = json_integer_value(json_object_get(created, "rules"));
    const bool can_play = strstr(yaml, "# play: ") != NULL && rules == PBT__RULES_NEWEST;
    char *copy = can_play ? strdup(yaml) : NULL;
    json_decref(created);
    return copy;
}

static void play_again(const golden *recorded)
{
    pbt__text text = pbt__text_init(GOLDEN_MAXIMUM);
    char *yaml = playable(recorded);
    if (yaml == NULL) {
        return;
    }
    bench *b = open_bench("memory:");
    golden_play(b, yaml, &text);
    golden_write_store(b, pbt__study_name(b->study), &text);
    golden now = take_golden(&text);
    compare(recorded, &now, "call");
    compare(recorded, &now, "event");
    compare_collected(recorded, &now);
    compare(recorded, &now, "blob");
    compare(recorded, &now, "file");
    golden_free(&now);
    free(yaml);
    close_bench(b);
}

static void read_again(const golden *recorded)
{
    pbt__text text = pbt__text_init(GOLDEN_MAXIMUM);
    bench *b = open_bench("memory:");
    char *name = golden_load(recorded, b);
    observe(b, name);
    golden_write_answers(b, &text);
    golden now = take_golden(&text);
    compare(recorded, &now, "verdict");
    compare(recorded, &now, "missing");
    compare(recorded, &now, "answer");
    golden_free(&now);
    free(name);
    close_bench(b);
}

static void a_recorded_study_is_read_and_decided_alike(void **state)
{
    golden recorded = read_golden(*state);
    read_again(&recorded);
    play_again(&recorded);
    golden_free(&recorded);
}

static int is_log(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');
    return end != NULL && strcmp(end, ".log") == 0;
}

static int test_all(const char *folder)
{
    enum { MINIMUM = 12 };
    struct dirent **files = NULL;
    const int count = scandir(folder, &files, is_log, alphasort);
    assert_true(count >= MINIMUM);
    struct CMUnitTest *tests = calloc((size_t)count, sizeof *tests);
    char(*paths)[PBT__PATH_SIZE] = calloc((size_t)count, sizeof *paths);
    assert_non_null(tests);
    assert_non_null(paths);
    for (int i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, files[i]->d_name);
        tests[i] = (struct CMUnitTest){.name = files[i]->d_name,
                                       .test_func = a_recorded_study_is_read_and_decided_alike,
                                       .initial_state = paths[i]};
    }
    int failed = _cmocka_run_group_tests("golden", tests, (size_t)count, NULL, NULL);
    for (int i = 0; i < count; i++) {
        free(files[i]);
    }
    free(files);
    free(paths);
    free(tests);
    return failed;
}

/* ---- recording ---- */

static void print_golden(bench *b, const char *name, pbt__text *text)
{
    golden_write_store(b, name, text);
    observe(b, name);
    golden_write_answers(b, text);
    assert_false(text->failed);
    (void)fputs(pbt__text_string(text), stdout);
    pbt__text_fini(text);
}

static int record_play(const char *path)
{
    pbt__text text = pbt__text_init(GOLDEN_MAXIMUM);
    char *yaml = NULL;
    char name[PBT__NAME_SIZE];
    size_t length = 0;
    bench *b = open_bench("memory:");
    assert_ok(pbt__file_read(path, GOLDEN_MAXIMUM, &yaml, &length, NULL));
    golden_play(b, yaml, &text);
    free(yaml);
    snprintf(name, sizeof name, "%s", pbt__study_name(b->study));
    print_golden(b, name, &text);
    close_bench(b);
    return 0;
}

static int record_copy(const char *store, const char *name)
{
    pbt__text text = pbt__text_init(GOLDEN_MAXIMUM);
    char *path = realpath(store, NULL);
    assert_non_null(path);
    bench *b = open_bench(path);
    assert_ok(pbt__file_remove(b->folder, NULL));
    snprintf(b->folder, sizeof b->folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    print_golden(b, name, &text);
    bench_close(b);
    free(b);
    free(path);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--play") == 0) {
        return record_play(argv[2]);
    }
    if (argc == 4 && strcmp(argv[1], "--copy") == 0) {
        return record_copy(argv[2], argv[3]);
    }
    const char *folder = getenv("GOLDEN_LOGS");
    return folder != NULL ? test_all(folder) : 77;
}
