/* slots.c: what a cgroup grants, from its texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <string.h>

#include "executor/slots.h"

static const char v1[] = "12:memory:/m\n"
                         "4:cpuset:/wrong\n"
                         "3:cpu,cpuacct:/docker/abc\n"
                         "1:name=systemd:/init.scope\n"
                         "0::/unified:with:colons\n";

static void a_group_is_found_by_its_controller(void **state)
{
    (void)state;
    char path[64] = "";
    assert_true(pbt__cgroup_path(v1, "cpu", path, sizeof path));
    assert_string_equal(path, "/docker/abc");
    assert_true(pbt__cgroup_path(v1, "cpuacct", path, sizeof path));
    assert_string_equal(path, "/docker/abc");
    assert_true(pbt__cgroup_path(v1, "", path, sizeof path));
    assert_string_equal(path, "/unified:with:colons");
    assert_true(pbt__cgroup_path("0::/", "", path, sizeof path));
    assert_string_equal(path, "/");
}

static void what_is_no_group_is_not_found(void **state)
{
    (void)state;
    char path[8] = "kept";
    assert_false(pbt__cgroup_path("", "", path, sizeof path));
    assert_false(pbt__cgroup_path("no colons\n::\n", "cpu", path, sizeof path));
    assert_false(pbt__cgroup_path("3:cpu", "cpu", path, sizeof path));
    assert_false(pbt__cgroup_path("3:cpuset:/a\n", "cpu", path, sizeof path));
    assert_false(pbt__cgroup_path("0::/too/long/for/it\n", "", path, sizeof path));
    assert_string_equal(path, "kept");
}

static void quotas_become_processors(void **state)
{
    (void)state;
    assert_true(pbt__cgroup_v2_processors("200000 100000\n") == 2);
    assert_true(pbt__cgroup_v2_processors("50000 100000") == 0.5);
    assert_true(pbt__cgroup_v2_processors("max 100000\n") == 0);
    assert_true(pbt__cgroup_v2_processors("") == 0);
    assert_true(pbt__cgroup_v2_processors("200000") == 0);
    assert_true(pbt__cgroup_v2_processors("200000 0") == 0);
    assert_true(pbt__cgroup_v1_processors("150000\n", "100000\n") == 1.5);
    assert_true(pbt__cgroup_v1_processors("-1\n", "100000\n") == 0);
    assert_true(pbt__cgroup_v1_processors("x", "y") == 0);
}

static void slurm_grants_within_a_job(void **state)
{
    (void)state;
    pbt__slurm slurm = {.cpus_per_task = "4", .cpus_on_node = "16", .gpus_on_node = "2"};
    assert_int_equal(pbt__slurm_processors(&slurm), 0);
    assert_int_equal(pbt__slurm_gpus(&slurm), 0);
    slurm.job_id = "77";
    assert_int_equal(pbt__slurm_processors(&slurm), 4);
    assert_int_equal(pbt__slurm_gpus(&slurm), 2);
    slurm.cpus_per_task = NULL;
    assert_int_equal(pbt__slurm_processors(&slurm), 16);
    const char *const odd[] = {NULL, "", "0", "-3", " 4", "4(x2)", "99999999999999999999"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        slurm.cpus_on_node = slurm.gpus_on_node = odd[i];
        assert_int_equal(pbt__slurm_processors(&slurm), 0);
        assert_int_equal(pbt__slurm_gpus(&slurm), 0);
    }
}

/* "/a/b" grants 3, "/a" grants 2, the root says nothing. */
static char asked[64];

static double grant(const char *group)
{
    (void)strcat(strcat(asked, group), ";");
    return strcmp(group, "/a/b") == 0 ? 3 : strcmp(group, "/a") == 0 ? 2 : 0;
}

static void the_least_of_all_groups_counts(void **state)
{
    (void)state;
    char below[] = "/a/b/c", same[] = "/a/b", root[] = "/", none[] = "";
    assert_true(pbt__cgroup_least(below, grant, 8) == 2);
    assert_string_equal(asked, "/a/b/c;/a/b;/a;;");
    assert_true(pbt__cgroup_least(same, grant, 1) == 1);
    assert_true(pbt__cgroup_least(root, grant, 8) == 8);
    assert_true(pbt__cgroup_least(none, grant, 8) == 8);
}

static void affinity_is_a_bound(void **state)
{
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    const int32_t all = pbt__slots_processors();
    assert_in_range(all, 1, CPU_COUNT(&before));
    size_t cpu = 0;
    while (!CPU_ISSET(cpu, &before)) {
        cpu++;
    }
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(pbt__slots_processors(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_is_found_by_its_controller),
        cmocka_unit_test(what_is_no_group_is_not_found),
        cmocka_unit_test(quotas_become_processors),
        cmocka_unit_test(slurm_grants_within_a_job),
        cmocka_unit_test(the_least_of_all_groups_counts),
        cmocka_unit_test(affinity_is_a_bound),
    };
    return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
