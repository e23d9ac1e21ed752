/* records.c: framing, appending, and finding the newest mark. */
#include "export/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "export/crc32c.h"
#include "export/proto.h"

enum {
    LENGTH_SIZE = 8,
    CHECKSUM_SIZE = 4,
    HEAD_SIZE = LENGTH_SIZE + CHECKSUM_SIZE,
    FILE_MAXIMUM = 1 << 30, /* Units: bytes */
};

static void put_little_endian(uint64_t value, char *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (char)(value >> (8 * i));
    }
}

static uint64_t get_little_endian(const char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)(uint8_t)bytes[i] << (8 * i);
    }
    return value;
}

void pbt__records_frame(pbt__text *out, pbt__text *record)
{
    const char *bytes = pbt__text_string(record);
    char head[HEAD_SIZE], tail[CHECKSUM_SIZE];
    put_little_endian(record->length, head, LENGTH_SIZE);
    put_little_endian(pbt__crc32c_masked(head, LENGTH_SIZE), head + LENGTH_SIZE, CHECKSUM_SIZE);
    put_little_endian(pbt__crc32c_masked(bytes, record->length), tail, CHECKSUM_SIZE);
    pbt__text_append(out, head, sizeof head);
    pbt__text_append(out, bytes, record->length);
    pbt__text_append(out, tail, sizeof tail);
    out->failed = out->failed || record->failed;
    pbt__text_fini(record);
}

/* Find the bytes of the record that `*at` begins with and step over it; false at the end, where a
 * torn record is one. */
static bool next_record(const char **at, const char *end, const char **bytes, size_t *length)
{
    const char *head = *at;
    const size_t left = (size_t)(end - head);
    if (left < HEAD_SIZE + CHECKSUM_SIZE) {
        return false;
    }
    const uint64_t size = get_little_endian(head, LENGTH_SIZE);
    const uint64_t head_sum = get_little_endian(head + LENGTH_SIZE, CHECKSUM_SIZE);
    if (head_sum != pbt__crc32c_masked(head, LENGTH_SIZE) ||
        size > left - HEAD_SIZE - CHECKSUM_SIZE) {
        return false;
    }
    *bytes = head + HEAD_SIZE;
    *length = (size_t)size;
    *at = *bytes + *length + CHECKSUM_SIZE;
    return get_little_endian(*bytes + *length, CHECKSUM_SIZE) ==
           pbt__crc32c_masked(*bytes, *length);
}

static void take_last_mark(const char *at, size_t length, char *mark)
{
    const char *end = at + length;
    const char *record = NULL, *text = NULL;
    size_t record_length = 0, text_length = 0;
    while (next_record(&at, end, &record, &record_length)) {
        bool has_mark =
            pbt__proto_find(record, record_length, PBT__MARK_FIELD, &text, &text_length);
        if (has_mark && text_length < PBT__MARK_SIZE) {
            memcpy(mark, text, text_length);
            mark[text_length] = '\0';
        }
    }
}

static pbt_err file_path(const char *folder, int number, char *out, pbt_error *error)
{
    char name[64];
    snprintf(name, sizeof name, "events.out.tfevents.%06d.pbt", number);
    return pbt__path_join(folder, name, out, error);
}

pbt_err pbt__records_scan(const char *folder, int *file_count, char *mark, pbt_error *error)
{
    char newest[PBT__MARK_SIZE] = "";
    int count = 0;
    for (;;) {
        char path[PBT__PATH_SIZE];
        char *bytes = NULL;
        size_t length = 0;
        pbt_error why = {0};
        pbt_err err = file_path(folder, count + 1, path, &why);
        if (err == PBT_OK) {
            err = pbt__file_read(path, FILE_MAXIMUM, &bytes, &length, &why);
        }
        if (err == PBT_ERR_NOT_FOUND) {
            break;
        }
        if (err != PBT_OK) {
            if (error != NULL) {
                *error = why;
            }
            return err;
        }
        take_last_mark(bytes, length, newest);
        free(bytes);
        count++;
    }
    *file_count = count;
    memcpy(mark, newest, sizeof newest);
    return PBT_OK;
}

pbt_err pbt__records_append(const char *folder, int number, const pbt__text *frames,
                            pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt_err err = file_path(folder, number, path, error);
    if (err == PBT_OK) {
        err = pbt__file_make_folder(folder, error);
    }
    return err == PBT_OK ? pbt__file_append(path, pbt__text_string(frames), frames->length, error)
                         : err;
}

pbt_err pbt__records_sync(const char *folder, int number, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt_err err = file_path(folder, number, path, error);
    if (err == PBT_OK) {
        err = pbt__file_sync(path, error);
    }
    return err == PBT_OK ? pbt__file_sync(folder, error) : err;
}
