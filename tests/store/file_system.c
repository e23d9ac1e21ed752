/* file_system.c: which file systems a store in a file is refused on, and that nothing is made
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "store/file_system.h"
#include "store/store.h"
#include "support.h"

enum { FUSE = 0x65735546 };

static void test_network_file_systems_have_names(void **state)
{
    static const struct {
        long magic;
        const char *type, *name;
    } CASES[] = {
        {0x6969, "nfs4", "NFS"},
        {0x517B, "smbfs", "SMB"},
        {0xFE534D42, "smb3", "SMB"},
        {0xFF534D42, "cifs", "CIFS"},
        {0x01021997, "9p", "9P"},
        {0x00C36400, "ceph", "Ceph"},
        {0x0BD00BD0, "lustre", "Lustre"},
        {0x47504653, "gpfs", "GPFS"},
        {0x5346414F, "afs", "AFS"},
        {FUSE, "fuse.sshfs", "sshfs"},
        {FUSE, "fuse.glusterfs", "glusterfs"},
        {FUSE, "fuse.ceph-fuse", "ceph-fuse"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const char *name = pbt__file_system_network(CASES[i].magic, CASES[i].type);
        assert_non_null(name);
        assert_string_equal(name, CASES[i].name);
    }
    /* As a machine of 32 bits sees f_type. */
    assert_string_equal(pbt__file_system_network((int32_t)0xFF534D42, ""), "CIFS");
}

static void test_local_file_systems_have_none(void **state)
{
    /* ext4, tmpfs, btrfs, xfs, overlayfs, zfs, f2fs, bcachefs, ecryptfs */
    static const long MAGICS[] = {0xEF53,     0x01021994, 0x9123683E, 0x58465342, 0x794C7630,
                                  0x2FC12FC1, 0xF2F52010, 0xCA451A4E, 0xF15F,     0};
    static const char *const TYPES[] = {
        "fuseblk", "fuse.fuse-overlayfs", "fuse.gocryptfs", "fuse.mergerfs", "virtiofs", "fuse",
        ""};
    (void)state;
    for (size_t i = 0; i < sizeof MAGICS / sizeof *MAGICS; i++) {
        assert_null(pbt__file_system_network(MAGICS[i], "fuse.sshfs"));
    }
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        assert_null(pbt__file_system_network(FUSE, TYPES[i]));
    }
}

static char asked[SUPPORT_URL_SIZE];

static long nfs(const char *path)
{
    (void)snprintf(asked, sizeof asked, "%s", path);
    return 0x6969;
}

static long fuse(const char *path)
{
    (void)path;
    return FUSE;
}

static void test_a_store_is_refused_there_and_nothing_is_made(void **state)
{
    char folder[SUPPORT_FOLDER_SIZE], url[SUPPORT_URL_SIZE];
    pbt_error error = {0};
    pbt__store *store = NULL;
    const pbt__store_options options[] = {
        {.url = url, .can_create = true, .file_system = nfs},
        {.url = url, .is_read_only = true, .file_system = nfs},
    };
    (void)state;
    support_folder(folder);
    support_url(folder, url);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pbt__store_open(&options[i], &store, &error), PBT_ERR_ARGUMENT);
        assert_non_null(strstr(error.message, "NFS"));
        assert_non_null(strstr(error.hint, "--store"));
        assert_non_null(strstr(error.hint, "--server"));
        assert_null(store);
        assert_string_equal(asked, folder);
        assert_int_not_equal(access(url + strlen("sqlite:"), F_OK), 0);
    }
    support_folder_remove(folder);
}

static void test_a_file_that_exists_is_looked_at_itself(void **state)
{
    char folder[SUPPORT_FOLDER_SIZE], url[SUPPORT_URL_SIZE];
    pbt_error error = {0};
    pbt__store *store = NULL;
    pbt__store_options options = {.url = url, .can_create = true};
    (void)state;
    support_folder(folder);
    support_url(folder, url);
    assert_int_equal(pbt__store_open(&options, &store, &error), PBT_OK);
    pbt__store_close(store);
    store = NULL;
    options.file_system = nfs;
    assert_int_equal(pbt__store_open(&options, &store, &error), PBT_ERR_ARGUMENT);
    assert_string_equal(asked, url + strlen("sqlite:"));
    support_folder_remove(folder);
}

static void test_what_is_no_file_or_not_known_passes(void **state)
{
    char folder[SUPPORT_FOLDER_SIZE], url[SUPPORT_URL_SIZE];
    pbt_error error = {0};
    pbt__store *store = NULL;
    pbt__store_options options = {.url = "memory:", .can_create = true, .file_system = nfs};
    (void)state;
    assert_int_equal(pbt__store_open(&options, &store, &error), PBT_OK);
    pbt__store_close(store);
    support_folder(folder);
    support_url(folder, url);
    options.url = url;
    options.file_system = fuse; /* which mountinfo says is something else */
    assert_int_equal(pbt__store_open(&options, &store, &error), PBT_OK);
    pbt__store_close(store);
    support_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network_file_systems_have_names),
        cmocka_unit_test(test_local_file_systems_have_none),
        cmocka_unit_test(test_a_store_is_refused_there_and_nothing_is_made),
        cmocka_unit_test(test_a_file_that_exists_is_looked_at_itself),
        cmocka_unit_test(test_what_is_no_file_or_not_known_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
