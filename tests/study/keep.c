/* keep.c: which checkpoints stay, and whose weights a copier is handed. */
#include "support.h"

#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char ALWAYS_COPY[] = "exploit: {rule: best}\nexplore: {rule: none}\n"
                                  "checkpoints: {keep_best: 0}";

static double by_member(const pbt_segment *s)
{
    return s->id.member + 0.001 * s->id.number;
}

/* The checkpoints in a folder of the study's. */
static int count_in(const bench *b, const char *name)
{
    char folder[PBT__PATH_SIZE + 32];
    snprintf(folder, sizeof folder, "%s/%s", b->folder, name);
    DIR *open = opendir(folder);
    assert_non_null(open);
    int count = 0;
    for (struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
        count += entry->d_name[0] == 'm' ? 1 : 0;
    }
    closedir(open);
    return count;
}

static int count_files(const bench *b)
{
    return count_in(b, "bench.checkpoints");
}

static int count_asides(const bench *b)
{
    return count_in(b, "bench.checkpoints/.aside");
}

/* Two members report; the worse one copies. Returns the copier's claim, by worker "a". */
static pbt__action copy_once(bench *b)
{
    pbt__action worse = bench_claim(b, "a");
    pbt__action better = bench_claim(b, "b");
    pbt__reply reply;
    assert_ok(bench_report_file(b, "b", &better, 2, &reply));
    assert_ok(bench_report_file(b, "a", &worse, 1, &reply));
    assert_int_equal(reply.decision.donor, 1);
    return reply.action;
}

static void behaviour_6_a_donor_trains_on_and_its_weights_stay(void **state)
{
    bench *b = *state;
    bench_create(b, 2, ALWAYS_COPY);
    pbt__action copier = copy_once(b);
    assert_int_equal(copier.train.segment.id.member, 0);
    assert_int_equal(copier.train.segment.start_age, 10);
    /* The donor goes on for three segments while the copier has not even loaded. */
    pbt__action donor = bench_claim(b, "b");
    for (int i = 0; i < 3; i++) {
        pbt__reply reply;
        assert_int_equal(donor.train.segment.id.member, 1);
        assert_ok(bench_report_file(b, "b", &donor, 3 + i, &reply));
        donor = reply.action;
    }
    assert_string_equal(bench_loaded(b, &copier), "m1s0.1");
    assert_int_equal(bench_problems(b), 0);
    /* Only the copier's next report lets it go. */
    pbt__reply reply;
    assert_ok(bench_report_file(b, "a", &copier, 1, &reply));
    assert_int_not_equal(access(copier.train.load, F_OK), 0);
    assert_int_equal(bench_problems(b), 0);
}

static void behaviour_7_a_copier_forgets_its_own_newer_checkpoint(void **state)
{
    bench *b = *state;
    bench_create(b, 2, ALWAYS_COPY);
    pbt__action copier = copy_once(b);
    assert_string_equal(bench_loaded(b, &copier), "m1s0.1");
    assert_true(copier.train.segment.parent.member == 1);
    json_t *members = NULL;
    assert_ok(pbt__study_members(b->study, &members, &b->error));
    json_t *values = json_object_get(json_array_get(members, 0), "hyperparameters");
    json_t *donors = json_object_get(json_array_get(members, 1), "hyperparameters");
    assert_true(json_equal(values, donors));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(members, 0), "age")), 10);
    json_decref(members);
}

static void behaviour_8_a_donor_that_dies_is_copied_all_the_same(void **state)
{
    bench *b = *state;
    bench_create(b, 2,
                 "exploit: {rule: best}\nexplore: {rule: none}\nfailure: {retries: 0}\n"
                 "checkpoints: {keep_best: 0}");
    pbt__action copier = copy_once(b);
    pbt__action donor = bench_claim(b, "b");
    assert_int_equal(donor.train.segment.id.member, 1);
    assert_ok(bench_fail(b, "b", &donor, true));
    assert_int_equal(bench_count(b, "rescued"), 0);
    bench_reopen(b);
    assert_string_equal(bench_loaded(b, &copier), "m1s0.1");
    /* And the copier, once it has reported, is who rescues the donor. */
    pbt__reply reply;
    assert_ok(bench_report_file(b, "a", &copier, 1, &reply));
    assert_int_equal(bench_count(b, "rescued"), 1);
    assert_int_equal(bench_problems(b), 0);
}

static void disk_stays_bounded(void **state)
{
    bench *b = *state;
    bench_create(b, 4, "checkpoints: {keep_best: 2}\nstop: {steps: 200}");
    pbt__action action = bench_claim(b, "a");
    while (action.verb == PBT__TRAIN) {
        pbt__reply reply;
        assert_ok(bench_report_file(b, "a", &action, by_member(&action.train.segment), &reply));
        action = reply.action;
        assert_true(count_files(b) <= 4 + 4 + 2);
    }
    assert_true(count_files(b) <= 4 + 2);
    assert_true(bench_count(b, "collected") > 10);
    assert_int_equal(bench_problems(b), 0);
}

static void the_best_one_is_always_kept(void **state)
{
    bench *b = *state;
    bench_create(b, 1, "exploit: {rule: none}\ncheckpoints: {keep_best: 0}");
    pbt__action action = bench_claim(b, "a");
    for (int i = 0; i < 5; i++) {
        pbt__reply reply;
        assert_ok(bench_report_file(b, "a", &action, i == 1 ? 9 : 1, &reply));
        action = reply.action;
    }
    json_t *show = NULL;
    assert_ok(pbt__study_show(b->study, &show, &b->error));
    json_t *best = json_object_get(show, "best");
    assert_string_equal(json_string_value(json_object_get(best, "segment")), "m0s1");
    assert_int_equal(access(json_string_value(json_object_get(best, "checkpoint")), F_OK), 0);
    json_decref(show);
}

static void what_nobody_recorded_is_swept_when_a_study_opens(void **state)
{
    bench *b = *state;
    char stray[PBT__PATH_SIZE + 64];
    bench_create(b, 2, "");
    pbt__action action = bench_claim(b, "a");
    snprintf(stray, sizeof stray, "%s/bench.checkpoints/m1s0", b->folder);
    FILE *file = fopen(stray, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    pbt__reply reply;
    assert_ok(bench_report_file(b, "a", &action, 1, &reply));
    bench_reopen(b);
    assert_int_not_equal(access(stray, F_OK), 0);
    assert_int_equal(count_files(b), 1);
    assert_int_equal(bench_problems(b), 0);
}

static void a_checkpoint_that_was_written_to_is_never_loaded(void **state)
{
    bench *b = *state;
    char path[PBT__PATH_SIZE + 64];
    const pbt__claimant who = {.worker = "z", .session = "z"};
    bench_create(b, 1, "lease: {seconds: 1}\nfailure: {lost: 9}");
    pbt__action action = bench_claim(b, "a");
    pbt__reply reply;
    assert_ok(bench_report_file(b, "a", &action, 1, &reply));
    snprintf(path, sizeof path, "%s/bench.checkpoints/m0s0", b->folder);
    FILE *file = fopen(path, "ae");
    assert_non_null(file);
    assert_true(fputs("!", file) >= 0);
    assert_int_equal(fclose(file), 0);
    b->now_us += 2000000;
    /* The segment that would start from it is given up, and the study goes on. */
    assert_ok(pbt__study_claim(b->study, &who, &action, &b->error));
    assert_int_equal(bench_count(b, "rescued"), 1);
    assert_true(action.train.is_fresh);
    assert_int_equal(action.train.segment.start_step, 10);
    json_t *failed = bench_last(b, "failed");
    assert_string_equal(json_string_value(json_object_get(failed, "cause")), "unloadable");
    json_decref(failed);
    assert_int_equal(bench_problems(b), 1);
}

/* ---- checkpoints without bytes ---- */

static pbt_err report_empty(bench *b, const pbt__action *action, bool is_folder, pbt__reply *out)
{
    char path[PBT__PATH_SIZE + 8];
    snprintf(path, sizeof path, "%s%s", action->train.save_to, is_folder ? "/w" : "");
    assert_true(!is_folder || mkdir(action->train.save_to, 0700) == 0);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    return bench_report_saved(b, "a", action, 1, out);
}

static void an_empty_checkpoint_is_refused_where_others_had_bytes(void **state)
{
    bench *b = *state;
    pbt__reply reply;
    const pbt__claimant who = {.worker = "a", .session = "a"};
    bench_create(b, 1, "failure: {retries: 9}");
    pbt__action action = bench_claim(b, "a");
    assert_ok(bench_report_file(b, "a", &action, 1, &reply));
    for (int is_folder = 0; is_folder < 2; is_folder++) {
        action = bench_claim(b, "a");
        assert_int_equal(report_empty(b, &action, is_folder, &reply), PBT_ERR_CHECKPOINT);
        assert_string_equal(b->error.message, "the checkpoint is empty; is the disk full?");
        assert_int_equal(pbt__study_release(b->study, &who, action.train.segment.id,
                                            action.train.attempt, 15, true, &b->error),
                         PBT_ERR_CHECKPOINT);
        assert_ok(bench_fail(b, "a", &action, true));
    }
    assert_int_equal(bench_count(b, "reported"), 1);
    assert_int_equal(bench_problems(b), 0);
}

/* Some trainers keep nothing: theirs are empty from the first one on. */
static void who_saves_no_bytes_may_go_on_so(void **state)
{
    bench *b = *state;
    pbt__reply reply;
    bench_create(b, 2, "");
    for (int i = 0; i < 6; i++) {
        pbt__action action = bench_claim(b, "a");
        assert_ok(report_empty(b, &action, i % 2 == 1, &reply));
    }
    assert_int_equal(bench_problems(b), 0);
}

/* In a process of its own, whose checkpoints lie on a small file system. Returns what went wrong: 0
 * nothing, 77 nothing can be mounted. */
static int report_on_a_full_disk(bench *b)
{
    pbt__reply reply;
    char folder[PBT__PATH_SIZE + 32], path[PBT__PATH_SIZE + 64];
    snprintf(folder, sizeof folder, "%s/bench.checkpoints", b->folder);
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mkdir(folder, 0700) != 0 || mount("tmpfs", folder, "tmpfs", 0, "size=64k") != 0) {
        return 77;
    }
    bench_create(b, 2, "");
    pbt__action action = bench_claim(b, "a");
    snprintf(path, sizeof path, "%s/ballast", folder);
    FILE *ballast = fopen(path, "we");
    while (ballast != NULL && fputc('x', ballast) != EOF && fflush(ballast) == 0) {
    }
    if (report_empty(b, &action, false, &reply) != PBT_ERR_IO ||
        strstr(b->error.message, "is full") == NULL || unlink(path) != 0) {
        return 1;
    }
    (void)fclose(ballast);
    return bench_report_saved(b, "a", &action, 1, &reply) == PBT_OK ? 0 : 2;
}

static void on_a_full_disk_an_empty_checkpoint_is_an_outage(void **state)
{
    bench *b = *state;
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        _exit(report_on_a_full_disk(b));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- what is left aside ---- */

static void leave_aside(const pbt__action *action)
{
    FILE *file = fopen(action->train.save_to, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static void what_failed_attempts_left_is_removed(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "failure: {retries: 2, lost: 2}\nlease: {seconds: 30}");
    pbt__action good = bench_claim(b, "b");
    pbt__action bad = bench_claim(b, "a");
    (void)bench_report(b, "b", &good, 1);
    for (int i = 0; i < 3; i++) {
        leave_aside(&bad);
        assert_int_equal(count_asides(b), 1);
        assert_ok(bench_fail(b, "a", &bad, true));
        assert_int_equal(count_asides(b), 0);
        bad = bench_claim(b, "a");
    }
    /* What a lost one left may still be reported, until somebody begins anew. */
    leave_aside(&bad);
    b->now_us += 31000000;
    pbt__action again = bench_claim(b, "c");
    assert_int_equal(again.train.segment.id.member, bad.train.segment.id.member);
    assert_int_equal(count_asides(b), 0);
}

static void one_folder_serves_one_study(void **state)
{
    bench *b = *state;
    void *made = NULL;
    pbt__reply reply;
    bench_create(b, 2, "");
    pbt__action action = bench_claim(b, "a");
    assert_ok(bench_report_file(b, "a", &action, 1, &reply));
    assert_int_equal(bench_make(&made), 0);
    bench *twin = made;
    char own[PBT__PATH_SIZE];
    snprintf(own, sizeof own, "%s", twin->folder);
    snprintf(twin->folder, sizeof twin->folder, "%s", b->folder);
    assert_int_equal(bench_try_create(twin, 2, ""), PBT_ERR_EXISTS);
    assert_non_null(strstr(twin->error.message, "belongs to another study"));
    twin->study = NULL;
    snprintf(twin->folder, sizeof twin->folder, "%s", own);
    assert_int_equal(bench_remove(&made), 0);
    bench_reopen(b);
    assert_int_equal(bench_problems(b), 0);
    assert_int_equal(count_files(b), 1);
}

static void behaviour_24_ages_span_exactly_the_segment(void **state)
{
    bench *b = *state;
    bench_create(b, 2, ALWAYS_COPY);
    pbt__action copier = copy_once(b);
    for (int i = 0; i < 4; i++) {
        const pbt_segment *s = &copier.train.segment;
        pbt__reply reply;
        assert_int_equal(s->end_age - s->start_age, s->end_step - s->start_step);
        assert_ok(bench_report_file(b, "a", &copier, i, &reply));
        copier = reply.action;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(behaviour_6_a_donor_trains_on_and_its_weights_stay),
        TEST(behaviour_7_a_copier_forgets_its_own_newer_checkpoint),
        TEST(behaviour_8_a_donor_that_dies_is_copied_all_the_same),
        TEST(disk_stays_bounded),
        TEST(the_best_one_is_always_kept),
        TEST(what_nobody_recorded_is_swept_when_a_study_opens),
        TEST(a_checkpoint_that_was_written_to_is_never_loaded),
        TEST(an_empty_checkpoint_is_refused_where_others_had_bytes),
        TEST(who_saves_no_bytes_may_go_on_so),
        TEST(on_a_full_disk_an_empty_checkpoint_is_an_outage),
        TEST(what_failed_attempts_left_is_removed),
        TEST(one_folder_serves_one_study),
        TEST(behaviour_24_ages_span_exactly_the_segment),
    };
    return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
