/*
 * file_system.c: the table of network file systems.
 *
 * Numbers are those of linux/magic.h and of the file systems' own sources. Shared disks (GFS2,
 * OCFS2) and parallel file systems (Lustre, GPFS) synchronise pages but have the same problem: the
 * log's index is mapped, and each machine has its own copy. All FUSE file systems share one number,
 * so their type decides; unlisted ones count as local, as most are. virtiofs is accepted: it is one
 * machine and its guest, as in many containers.
 */
#include "store/file_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/file.h"

enum { MOUNTS_MAXIMUM = 4 * 1024 * 1024, TYPE_SIZE = 64 };

static const long FUSE_MAGIC = 0x65735546;

static const struct {
    long magic;
    const char *name;
} KINDS[] = {
    {0x6969, "NFS"},       {0x517B, "SMB"},        {0xFE534D42, "SMB"},      {0xFF534D42, "CIFS"},
    {0x564C, "NCP"},       {0x73757245, "Coda"},   {0x5346414F, "AFS"},      {0x6B414653, "AFS"},
    {0x01021997, "9P"},    {0x00C36400, "Ceph"},   {0x0BD00BD0, "Lustre"},   {0x47504653, "GPFS"},
    {0x01161970, "GFS2"},  {0x7461636F, "OCFS2"},  {0x20030528, "OrangeFS"}, {0x19830326, "BeeGFS"},
    {0xAAD7AAEA, "PanFS"}, {0x786F4256, "vboxsf"},
};

/* Types of FUSE, after "fuse.". */
static const char *const FUSE_TYPES[] = {
    "alluxio-fuse", "blobfuse", "blobfuse2", "ceph",        "ceph-fuse", "curlftpfs", "davfs",
    "fuse-nfs",     "fuse_dfs", "gcsfuse",   "glusterfs",   "goofys",    "juicefs",   "lizardfs",
    "mfs",          "moosefs",  "mount-s3",  "objectivefs", "quobyte",   "rclone",    "s3fs",
    "seaweedfs",    "smbnetfs", "sshfs",     "weed",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *fuse_network(const char *type)
{
    const char *name = strncmp(type, "fuse.", 5) == 0 ? type + 5 : type;
    for (size_t i = 0; i < COUNT(FUSE_TYPES); i++) {
        if (strcmp(FUSE_TYPES[i], name) == 0) {
            return FUSE_TYPES[i];
        }
    }
    return NULL;
}

const char *pbt__file_system_network(long magic, const char *type)
{
    /* On machines of 32 bits f_type is signed. */
    const unsigned long number = (unsigned long)magic & 0xFFFFFFFFUL;
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        if ((unsigned long)KINDS[i].magic == number) {
            return KINDS[i].name;
        }
    }
    return number == (unsigned long)FUSE_MAGIC ? fuse_network(type) : NULL;
}

/* ---- the file system of a path ---- */

/* The file, or if it is not there the folder that will hold it. Shape: out[PBT__PATH_SIZE] */
static void find_existing(const char *path, char *out)
{
    struct stat status;
    snprintf(out, PBT__PATH_SIZE, "%s", path);
    if (stat(out, &status) == 0) {
        return;
    }
    char *slash = strrchr(out, '/');
    if (slash == NULL) {
        snprintf(out, PBT__PATH_SIZE, ".");
    } else {
        slash[slash == out ? 1 : 0] = '\0';
    }
}

static long statfs_magic(const char *path)
{
    struct statfs status;
    return statfs(path, &status) == 0 ? (long)status.f_type : 0;
}

/* The type in a line of mountinfo, "ID PARENT DEVICE ROOT ... - TYPE SOURCE OPTIONS", where it is
 * of that device, "MAJOR:MINOR". Shape: out[TYPE_SIZE] */
static bool read_mount(const char *line, const char *device, char *out)
{
    const char *second = strchr(line, ' ');
    const char *third = second != NULL ? strchr(second + 1, ' ') : NULL;
    const char *dash = strstr(line, " - ");
    size_t length = strlen(device);
    if (third == NULL || dash == NULL || strncmp(third + 1, device, length) != 0 ||
        third[1 + length] != ' ') {
        return false;
    }
    snprintf(out, TYPE_SIZE, "%.*s", (int)strcspn(dash + 3, " "), dash + 3);
    return true;
}

/* How mountinfo names a path's type; "" if it does not. Shape: out[TYPE_SIZE] */
static void find_type(const char *path, char *out)
{
    char *text = NULL;
    char *rest = NULL;
    char device[32];
    size_t length = 0;
    struct stat status;
    out[0] = '\0';
    if (stat(path, &status) != 0 ||
        pbt__file_read("/proc/self/mountinfo", MOUNTS_MAXIMUM, &text, &length, NULL) != PBT_OK) {
        return;
    }
    snprintf(device, sizeof device, "%u:%u", major(status.st_dev), minor(status.st_dev));
    for (const char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (read_mount(line, device, out)) {
            break;
        }
    }
    free(text);
}

pbt_err pbt__file_system_check(const char *path, long (*magic_of)(const char *path),
                               pbt_error *error)
{
    char place[PBT__PATH_SIZE], type[TYPE_SIZE] = "";
    find_existing(path, place);
    const long magic = magic_of != NULL ? magic_of(place) : statfs_magic(place);
    if (magic == FUSE_MAGIC) {
        find_type(place, type);
    }
    const char *name = pbt__file_system_network(magic, type);
    if (name == NULL) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "'%.150s' would lie on a network file system, %s",
                    path, name);
    pbt__error_detail(error, "a store in a file needs locks and memory that machines do not share");
    pbt__error_hint(error, "name a local disk, such as --store sqlite:/var/tmp/pbt.db "
                           "(checkpoints.directory may be shared), or a --server");
    return PBT_ERR_ARGUMENT;
}
