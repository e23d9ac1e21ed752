/* proto.c: each kind of field byte for byte, and finding one among others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "export/proto.h"

static void expect(const pbt__text *message, const char *bytes, size_t length)
{
    assert_false(message->failed);
    assert_int_equal(message->length, length);
    assert_memory_equal(message->bytes, bytes, length);
}

static void fields_are_written_as_the_format_says(void **state)
{
    (void)state;
    pbt__text out = pbt__proto_new();
    pbt__proto_integer(&out, 1, 150);
    expect(&out, "\x08\x96\x01", 3);
    pbt__text_fini(&out);

    pbt__proto_integer(&out, 2, UINT64_MAX);
    expect(&out, "\x10\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11);
    pbt__text_fini(&out);

    pbt__proto_double(&out, 1, 1.0);
    pbt__proto_float(&out, 2, -2.0F);
    expect(&out, "\x09\0\0\0\0\0\0\xF0\x3F\x15\0\0\0\xC0", 14);
    pbt__text_fini(&out);

    pbt__proto_string(&out, 2, "testing");
    expect(&out, "\x12\x07testing", 9);
    pbt__text_fini(&out);

    pbt__proto_string(&out, 1000, "");
    expect(&out, "\xC2\x3E\x00", 3);
    pbt__text_fini(&out);
}

static void a_message_lies_in_another(void **state)
{
    (void)state;
    pbt__text inner = pbt__proto_new(), outer = pbt__proto_new();
    pbt__proto_integer(&inner, 1, 150);
    pbt__proto_message(&outer, 3, &inner);
    expect(&outer, "\x1A\x03\x08\x96\x01", 5);
    assert_null(inner.bytes);
    pbt__text_fini(&outer);
}

static void a_failure_reaches_the_outer_message(void **state)
{
    (void)state;
    pbt__text inner = pbt__text_init(1), outer = pbt__proto_new();
    pbt__proto_integer(&inner, 1, 150);
    pbt__proto_message(&outer, 3, &inner);
    assert_true(outer.failed);
    pbt__text_fini(&outer);
}

static void a_field_is_found_behind_all_others(void **state)
{
    (void)state;
    const char *value = NULL;
    size_t length = 0;
    pbt__text out = pbt__proto_new();
    pbt__proto_integer(&out, 1000, 7);
    pbt__proto_double(&out, 1, 0.5);
    pbt__proto_float(&out, 2, 0.5F);
    pbt__proto_string(&out, 5, "other");
    assert_false(pbt__proto_find(out.bytes, out.length, 1000, &value, &length));
    pbt__proto_string(&out, 1000, "mark");
    assert_true(pbt__proto_find(out.bytes, out.length, 1000, &value, &length));
    assert_int_equal(length, 4);
    assert_memory_equal(value, "mark", 4);
    pbt__text_fini(&out);
}

/* A prefix of a message holds the field or not, and nothing is read beyond it. */
static void broken_messages_are_survived(void **state)
{
    (void)state;
    const char *value = NULL;
    size_t length = 0;
    pbt__text out = pbt__proto_new();
    pbt__proto_double(&out, 1, 0.5);
    pbt__proto_string(&out, 1000, "mark");
    for (size_t cut = 0; cut < out.length; cut++) {
        pbt__text part = pbt__proto_new();
        pbt__text_append(&part, out.bytes, cut);
        assert_false(pbt__proto_find(pbt__text_string(&part), part.length, 1000, &value, &length));
        pbt__text_fini(&part);
    }
    assert_false(
        pbt__proto_find("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 11, 1, &value, &length));
    assert_false(pbt__proto_find("\x0F", 1, 1, &value, &length));
    pbt__text_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_written_as_the_format_says),
        cmocka_unit_test(a_message_lies_in_another),
        cmocka_unit_test(a_failure_reaches_the_outer_message),
        cmocka_unit_test(a_field_is_found_behind_all_others),
        cmocka_unit_test(broken_messages_are_survived),
    };
    return cmocka_run_group_tests_name("proto", tests, NULL, NULL);
}
