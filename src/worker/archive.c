/*
 * archive.c: tar, as much of it as a checkpoint needs.
 *
 * An archive is a header of 512 bytes for each entry, its content padded to as much, and two empty
 * blocks. A header of type 'x' before another brings what does not fit there: a long name, a large
 * size.
 */
#include "worker/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

enum { BLOCK_SIZE = 512, PAX_MAXIMUM = 64 * 1024 };

static const int64_t OCTAL_MAXIMUM = 077777777777; /* eleven digits */

/* ustar; numbers are octal digits. */
typedef struct header {
    char name[100], mode[8], owner[8], group[8], size[12], time[12], checksum[8], type;
    char target[100], magic[6], version[2], rest[247];
} header;

_Static_assert(sizeof(header) == BLOCK_SIZE, "a header is one block");

static pbt_err refuse(const char *name, const char *why, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_CHECKPOINT, "'%s' in a checkpoint: %s", name, why);
    pbt__error_hint(error, "a checkpoint may contain only files and folders");
    return PBT_ERR_CHECKPOINT;
}

static unsigned checksum_of(const header *block)
{
    const unsigned char *bytes = (const unsigned char *)block;
    const size_t at = offsetof(header, checksum);
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK_SIZE; i++) {
        sum += i >= at && i < at + sizeof block->checksum ? ' ' : bytes[i];
    }
    return sum;
}

static int64_t padding_of(int64_t size)
{
    return (BLOCK_SIZE - size % BLOCK_SIZE) % BLOCK_SIZE;
}

/* ---- packing --------------------------------------------------------------------------------- */

typedef struct packer {
    FILE *file;
    size_t root_length; /* of the folder's own path and a '/' */
    int depth;
    char path[PBT__PATH_SIZE];
    pbt_error *error;
} packer;

static pbt_err write_bytes(packer *out, const void *bytes, size_t length)
{
    return fwrite(bytes, 1, length, out->file) == length
               ? PBT_OK
               : pbt__fail_errno(out->error, "cannot write an archive");
}

static pbt_err write_padding(packer *out, int64_t size)
{
    static const char ZEROS[BLOCK_SIZE];
    return write_bytes(out, ZEROS, (size_t)padding_of(size));
}

static pbt_err write_header(packer *out, const char *name, char type, int64_t size)
{
    header block = {.type = type, .magic = "ustar", .version = {'0', '0'}};
    const size_t length = strnlen(name, sizeof block.name);
    memcpy(block.name, name, length);
    (void)snprintf(block.mode, sizeof block.mode, "%07o", type == '5' ? 0755 : 0644);
    (void)snprintf(block.size, sizeof block.size, "%011" PRIo64,
                   size <= OCTAL_MAXIMUM ? (uint64_t)size : 0);
    (void)snprintf(block.time, sizeof block.time, "%011o", 0);
    (void)snprintf(block.checksum, sizeof block.checksum, "%06o", checksum_of(&block));
    block.checksum[7] = ' ';
    return write_bytes(out, &block, sizeof block);
}

/* Append a record "LENGTH KEY=VALUE\n", whose length counts its own digits. Returns the new end. */
static char *put_record(char *end, const char *key, const char *value)
{
    const size_t content = strlen(key) + strlen(value) + 3;
    size_t total = content + 1;
    for (size_t digits = 1, limit = 10; total >= limit; digits++, limit *= 10) {
        total = content + digits + 1;
    }
    return end + sprintf(end, "%zu %s=%s\n", total, key, value);
}

static pbt_err write_pax(packer *out, const char *name, int64_t size)
{
    char records[PBT__PATH_SIZE + 128], number[32];
    char *end = records;
    (void)snprintf(number, sizeof number, "%" PRId64, size);
    end = put_record(end, "path", name);
    end = put_record(end, "size", number);
    pbt_err err = write_header(out, "pax", 'x', end - records);
    if (err == PBT_OK) {
        err = write_bytes(out, records, (size_t)(end - records));
    }
    return err == PBT_OK ? write_padding(out, end - records) : err;
}

static pbt_err write_entry(packer *out, char type, int64_t size)
{
    const char *name = out->path + out->root_length;
    pbt_err err = PBT_OK;
    if (strlen(name) > sizeof((header *)NULL)->name || size > OCTAL_MAXIMUM) {
        err = write_pax(out, name, size);
    }
    return err == PBT_OK ? write_header(out, name, type, size) : err;
}

static pbt_err pack_bytes(packer *out, int file, int64_t size)
{
    char piece[16 * 1024];
    int64_t left = size;
    while (left > 0) {
        const ssize_t count = read(file, piece, sizeof piece);
        if (count < 0 && errno != EINTR) {
            return pbt__fail_errno(out->error, "cannot read '%s'", out->path);
        }
        if (count == 0 || count > left) {
            return refuse(out->path, "it changed while it was read", out->error);
        }
        if (count > 0 && write_bytes(out, piece, (size_t)count) != PBT_OK) {
            return PBT_ERR_IO;
        }
        left -= count > 0 ? count : 0;
    }
    return write_padding(out, size);
}

static pbt_err pack_file(packer *out)
{
    struct stat status;
    const int file = open(out->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) {
        return pbt__fail_errno(out->error, "cannot open '%s'", out->path);
    }
    pbt_err err = PBT_OK;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        err = refuse(out->path, "neither a file nor a folder", out->error);
    } else {
        err = write_entry(out, '0', status.st_size);
    }
    if (err == PBT_OK) {
        err = pack_bytes(out, file, status.st_size);
    }
    (void)close(file);
    return err;
}

static pbt_err pack_folder(packer *out);

static pbt_err pack_entry(packer *out, const char *name)
{
    struct stat status;
    const size_t length = strlen(out->path), added = strlen(name);
    if (length + added + 2 > sizeof out->path || out->depth >= PBT__ARCHIVE_DEPTH_MAXIMUM) {
        return pbt__fail(out->error, PBT_ERR_LIMIT, "'%s' lies too deep", out->path);
    }
    out->path[length] = '/';
    memcpy(out->path + length + 1, name, added + 1);
    pbt_err err = PBT_OK;
    if (lstat(out->path, &status) != 0) {
        err = pbt__fail_errno(out->error, "cannot look at '%s'", out->path);
    } else if (S_ISDIR(status.st_mode)) {
        err = write_entry(out, '5', 0);
        err = err == PBT_OK ? pack_folder(out) : err;
    } else if (S_ISREG(status.st_mode)) {
        err = pack_file(out);
    } else {
        err = refuse(out->path, "neither a file nor a folder", out->error);
    }
    out->path[length] = '\0';
    return err;
}

static pbt_err pack_folder(packer *out)
{
    DIR *stream = opendir(out->path);
    if (stream == NULL) {
        return pbt__fail_errno(out->error, "cannot list '%s'", out->path);
    }
    pbt_err err = PBT_OK;
    const struct dirent *entry = NULL;
    out->depth++;
    while (err == PBT_OK && (entry = readdir(stream)) != NULL) {
        const bool is_dot = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        err = is_dot ? PBT_OK : pack_entry(out, entry->d_name);
    }
    out->depth--;
    (void)closedir(stream);
    return err;
}

pbt_err pbt__archive_pack(const char *folder, FILE *file, pbt_error *error)
{
    static const char END[2 * BLOCK_SIZE];
    packer out = {.file = file, .root_length = strlen(folder) + 1, .error = error};
    pbt_err err = pbt__path_join("", folder, out.path, error);
    if (err != PBT_OK) {
        return err;
    }
    rewind(file);
    err = pack_folder(&out);
    if (err == PBT_OK) {
        err = write_bytes(&out, END, sizeof END);
    }
    if (err == PBT_OK && fflush(file) != 0) {
        err = pbt__fail_errno(error, "cannot write an archive");
    }
    return err;
}

/* ---- unpacking ------------------------------------------------------------------------------- */

typedef struct unpacker {
    FILE *file;
    const char *folder;
    header block;
    char name[PBT__PATH_SIZE];
    int64_t size;
    bool has_name, has_size; /* from a pax header, for the next entry */
    pbt_error *error;
} unpacker;

static pbt_err fail_archive(const unpacker *in, const char *why)
{
    return pbt__fail(in->error, PBT_ERR_CHECKPOINT, "a checkpoint's archive %s", why);
}

/* Read an octal number that a blank or a NUL ends, or the field; -1 where it is none. */
static int64_t read_octal(const char *field, size_t size)
{
    int64_t value = 0;
    size_t i = 0;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++) {
        value = value << 3 | (field[i] - '0');
    }
    return i > 0 && (i == size || field[i] == '\0' || field[i] == ' ') ? value : -1;
}

static pbt_err set_name(unpacker *in, const char *name, size_t length)
{
    if (length == 0 || length >= sizeof in->name || memchr(name, '\0', length) != NULL) {
        return fail_archive(in, "holds a name that cannot be used");
    }
    memcpy(in->name, name, length);
    in->name[length] = '\0';
    return PBT_OK;
}

/* Take one pax record's "KEY=VALUE". */
static pbt_err take_record(unpacker *in, const char *record, size_t length)
{
    if (length > 5 && memcmp(record, "path=", 5) == 0) {
        in->has_name = true;
        return set_name(in, record + 5, length - 5);
    }
    if (length > 5 && memcmp(record, "size=", 5) == 0) {
        char *end = NULL;
        errno = 0;
        in->size = strtoll(record + 5, &end, 10);
        in->has_size = errno == 0 && in->size >= 0 && end == record + length;
        return in->has_size ? PBT_OK : fail_archive(in, "holds a size that is none");
    }
    return PBT_OK;
}

static pbt_err take_records(unpacker *in, const char *records, size_t length)
{
    const char *end = records + length;
    while (records < end) {
        char *content = NULL;
        const long total = strtol(records, &content, 10);
        if (total <= 0 || total > end - records || content >= records + total - 1 ||
            *content != ' ' || records[total - 1] != '\n') {
            return fail_archive(in, "holds a broken header");
        }
        const pbt_err err = take_record(in, content + 1, (size_t)(records + total - 2 - content));
        if (err != PBT_OK) {
            return err;
        }
        records += total;
    }
    return PBT_OK;
}

static pbt_err skip(unpacker *in, int64_t length)
{
    return fseeko(in->file, (off_t)length, SEEK_CUR) == 0
               ? PBT_OK
               : pbt__fail_errno(in->error, "cannot read an archive");
}

static pbt_err read_pax(unpacker *in, int64_t size)
{
    if (size < 0 || size > PAX_MAXIMUM) {
        return fail_archive(in, "holds a broken header");
    }
    char *records = calloc(1, (size_t)size + 1);
    if (records == NULL) {
        return pbt__fail_memory(in->error);
    }
    pbt_err err = fread(records, 1, (size_t)size, in->file) == (size_t)size
                      ? take_records(in, records, (size_t)size)
                      : fail_archive(in, "breaks off");
    free(records);
    return err == PBT_OK ? skip(in, padding_of(size)) : err;
}

static pbt_err unpack_bytes(unpacker *in, FILE *out, const char *path)
{
    char piece[16 * 1024];
    int64_t left = in->size;
    while (left > 0) {
        const size_t wanted = left < (int64_t)sizeof piece ? (size_t)left : sizeof piece;
        if (fread(piece, 1, wanted, in->file) != wanted) {
            return fail_archive(in, "breaks off");
        }
        if (fwrite(piece, 1, wanted, out) != wanted) {
            return pbt__fail_errno(in->error, "cannot write '%s'", path);
        }
        left -= (int64_t)wanted;
    }
    return skip(in, padding_of(in->size));
}

static pbt_err unpack_file(unpacker *in, const char *path)
{
    FILE *out = fopen(path, "wbxe");
    if (out == NULL) {
        return pbt__fail_errno(in->error, "cannot make '%s'", path);
    }
    const pbt_err err = unpack_bytes(in, out, path);
    if (fclose(out) != 0 && err == PBT_OK) {
        return pbt__fail_errno(in->error, "cannot write '%s'", path);
    }
    return err;
}

/* Say whether a name stays below the folder: no part of it is "..", and it is no path from the top.
 * */
static bool stays_below(const char *name)
{
    if (*name == '/') {
        return false;
    }
    for (const char *part = name; *part != '\0';) {
        const size_t length = strcspn(part, "/");
        if (length == 2 && memcmp(part, "..", 2) == 0) {
            return false;
        }
        part += length + (part[length] == '/');
    }
    return true;
}

/* Make the folder that `path` lies in. */
static pbt_err make_above(unpacker *in, const char *path)
{
    char above[PBT__PATH_SIZE];
    memcpy(above, path, strlen(path) + 1);
    *strrchr(above, '/') = '\0';
    return pbt__file_make_folder(above, in->error);
}

static pbt_err unpack_entry(unpacker *in)
{
    char path[PBT__PATH_SIZE];
    if (!stays_below(in->name)) {
        return refuse(in->name, "its name leads elsewhere", in->error);
    }
    const pbt_err err = pbt__path_join(in->folder, in->name, path, in->error);
    if (err != PBT_OK) {
        return err;
    }
    switch (in->block.type) {
    case '5':
        return pbt__file_make_folder(path, in->error);
    case '0':
    case '\0':
        return make_above(in, path) == PBT_OK ? unpack_file(in, path) : PBT_ERR_IO;
    default:
        return refuse(in->name, "neither a file nor a folder", in->error);
    }
}

/* Take the header that was read, and what it is of. */
static pbt_err take_block(unpacker *in)
{
    const header *block = &in->block;
    const int64_t size = read_octal(block->size, sizeof block->size);
    if (read_octal(block->checksum, sizeof block->checksum) != (int64_t)checksum_of(block)) {
        return fail_archive(in, "is none, or damaged");
    }
    if (block->type == 'x' || block->type == 'g') {
        return read_pax(in, size);
    }
    if (!in->has_size) {
        in->size = size;
    }
    if (in->size < 0) {
        return fail_archive(in, "holds a size that is none");
    }
    pbt_err err = PBT_OK;
    if (!in->has_name) {
        char name[sizeof block->name + 160] = "";
        const int prefix = (int)strnlen(block->rest + 80, 155);
        (void)snprintf(name, sizeof name, "%.*s%s%.*s", prefix, block->rest + 80,
                       prefix > 0 ? "/" : "", (int)sizeof block->name, block->name);
        err = set_name(in, name, strlen(name));
    }
    err = err == PBT_OK ? unpack_entry(in) : err;
    in->has_name = in->has_size = false;
    return err;
}

pbt_err pbt__archive_unpack(FILE *file, const char *folder, pbt_error *error)
{
    static const header END;
    unpacker in = {.file = file, .folder = folder, .error = error};
    pbt_err err = pbt__file_make_folder(folder, error);
    rewind(file);
    while (err == PBT_OK) {
        if (fread(&in.block, 1, BLOCK_SIZE, file) != BLOCK_SIZE) {
            return fail_archive(&in, "breaks off");
        }
        if (memcmp(&in.block, &END, BLOCK_SIZE) == 0) {
            return PBT_OK;
        }
        err = take_block(&in);
    }
    return err;
}
