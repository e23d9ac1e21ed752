/* replay.c: runs a libFuzzer entry point over the files of the folders it is given, in every
 * build. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { INPUT_MAXIMUM = 4 * 1024 * 1024 };

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Run one file; false where it cannot be read. */
static bool replay(const char *folder, const char *name)
{
    char path[PBT__PATH_SIZE];
    char *bytes = NULL;
    size_t length = 0;
    pbt_error error;
    if (pbt__path_join(folder, name, path, &error) != PBT_OK ||
        pbt__file_read(path, INPUT_MAXIMUM, &bytes, &length, &error) != PBT_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        return false;
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)bytes, length);
    free(bytes);
    return true;
}

static bool replay_folder(const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_visible, alphasort);
    bool is_good = count > 0;
    for (int i = 0; i < count; i++) {
        is_good = replay(folder, entries[i]->d_name) && is_good;
        free(entries[i]);
    }
    free(entries);
    return is_good;
}

int main(int count, char **folders)
{
    bool is_good = count > 1;
    for (int i = 1; i < count; i++) {
        is_good = replay_folder(folders[i]) && is_good;
    }
    return is_good ? 0 : 1;
}
