/* records.c: frames byte for byte, and how far a folder came, whole and torn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "export/proto.h"
#include "export/records.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/pbt-records-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return pbt__file_remove(folder, NULL) == PBT_OK ? 0 : -1;
}

static void add_mark(pbt__text *frames, const char *mark)
{
    pbt__text record = pbt__proto_new();
    pbt__proto_double(&record, 1, 1.5);
    pbt__proto_string(&record, PBT__MARK_FIELD, mark);
    pbt__records_frame(frames, &record);
}

static void append(int number, const char *mark)
{
    pbt__text frames = pbt__text_init(1 << 20);
    add_mark(&frames, mark);
    assert_int_equal(pbt__records_append(folder, number, &frames, NULL), PBT_OK);
    pbt__text_fini(&frames);
}

static void expect_scan(int file_count, const char *mark)
{
    char found[PBT__MARK_SIZE] = "?";
    int count = -1;
    assert_int_equal(pbt__records_scan(folder, &count, found, NULL), PBT_OK);
    assert_int_equal(count, file_count);
    assert_string_equal(found, mark);
}

/* What every event file of version 2 begins with, at time 0. */
static void a_frame_is_as_tensorflow_writes_it(void **state)
{
    (void)state;
    static const char EXPECTED[] = "\x18\0\0\0\0\0\0\0\xA3\x7FK\"\x09\0\0\0\0\0\0\0\0"
                                   "\x1A\x0D"
                                   "brain.Event:2";
    pbt__text frame = pbt__text_init(1000), record = pbt__proto_new();
    pbt__proto_double(&record, 1, 0);
    pbt__proto_string(&record, 3, "brain.Event:2");
    pbt__records_frame(&frame, &record);
    assert_int_equal(frame.length, 12 + 24 + 4);
    assert_memory_equal(frame.bytes, EXPECTED, 12 + 24);
    pbt__text_fini(&frame);
}

static void no_folder_has_no_mark(void **state)
{
    (void)state;
    char mark[PBT__MARK_SIZE] = "?";
    int count = -1;
    assert_int_equal(pbt__records_scan("/tmp/pbt-no-such-folder", &count, mark, NULL), PBT_OK);
    assert_int_equal(count, 0);
    assert_string_equal(mark, "");
}

static void the_newest_mark_counts(void **state)
{
    (void)state;
    expect_scan(0, "");
    append(1, "a");
    append(1, "b");
    expect_scan(1, "b");
    append(2, "c");
    expect_scan(2, "c");
    pbt__text head = pbt__proto_new(), frames = pbt__text_init(1000);
    pbt__proto_string(&head, 3, "brain.Event:2");
    pbt__records_frame(&frames, &head);
    assert_int_equal(pbt__records_append(folder, 3, &frames, NULL), PBT_OK);
    pbt__text_fini(&frames);
    expect_scan(3, "c");
}

static void write_prefix(const pbt__text *frames, size_t length)
{
    char path[PBT__PATH_SIZE];
    assert_int_equal(pbt__path_join(folder, "events.out.tfevents.000001.pbt", path, NULL), PBT_OK);
    assert_int_equal(pbt__file_write(path, frames->bytes, length, NULL), PBT_OK);
}

static void a_torn_record_is_none(void **state)
{
    (void)state;
    pbt__text frames = pbt__text_init(1000);
    add_mark(&frames, "whole");
    size_t whole = frames.length;
    add_mark(&frames, "torn");
    for (size_t length = whole; length < frames.length; length++) {
        write_prefix(&frames, length);
        expect_scan(1, "whole");
    }
    write_prefix(&frames, frames.length);
    expect_scan(1, "torn");
    pbt__text_fini(&frames);
}

static void a_damaged_record_ends_the_file(void **state)
{
    (void)state;
    pbt__text frames = pbt__text_init(1000);
    add_mark(&frames, "whole");
    size_t whole = frames.length;
    add_mark(&frames, "damaged");
    for (size_t at = whole; at < frames.length; at++) {
        frames.bytes[at] ^= 1;
        write_prefix(&frames, frames.length);
        expect_scan(1, "whole");
        frames.bytes[at] ^= 1;
    }
    pbt__text_fini(&frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_as_tensorflow_writes_it),
        cmocka_unit_test(no_folder_has_no_mark),
        cmocka_unit_test_setup_teardown(the_newest_mark_counts, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_torn_record_is_none, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_damaged_record_ends_the_file, make_folder, remove_folder),
    };
    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
