/* yaml.c: places and ranges of nodes, and every text cut off at every byte. */
#include "support.h"

#include "spec/yaml.h"

static pbt__arena *arena;

static int make_arena(void **state)
{
    (void)state;
    arena = pbt__arena_new();
    return arena == NULL ? -1 : 0;
}

static int free_arena(void **state)
{
    (void)state;
    pbt__arena_free(arena);
    return 0;
}

static const pbt__node *parse_yaml(const char *text)
{
    const pbt__node *root = NULL;
    pbt__yaml_fault fault = {{0, 0}, ""};
    if (pbt__yaml_parse(text, arena, &root, &fault) != PBT_OK) {
        fail_msg("%d:%d: %s", fault.place.line, fault.place.column, fault.words);
    }
    return root;
}

static void assert_place(pbt__spot place, int line, int column)
{
    assert_int_equal(place.line, line);
    assert_int_equal(place.column, column);
}

/* The bytes of a range are the scalar as it was written. */
static void assert_range(const char *text, pbt__extent range, const char *expected)
{
    assert_int_equal(range.end - range.begin, strlen(expected));
    assert_memory_equal(text + range.begin, expected, strlen(expected));
}

static void nodes_know_their_places(void **state)
{
    (void)state;
    const char *text = "# c\na: 1\n\"b\": {ü: 'x', d: [1, 2.5]}\ne:\n  - f\n";
    const pbt__node *a = parse_yaml(text)->first;
    const pbt__node *b = a->next;
    const pbt__node *u = b->first;
    const pbt__node *d = u->next;
    const pbt__node *e = b->next;
    assert_place(a->name_place, 2, 1);
    assert_place(a->place, 2, 4);
    assert_place(b->name_place, 3, 1);
    assert_place(b->place, 3, 6);
    assert_place(u->place, 3, 10);
    assert_true(u->is_quoted);
    assert_place(d->place, 3, 18);
    assert_int_equal(d->count, 2);
    assert_place(d->first->next->place, 3, 22);
    assert_place(e->first->place, 5, 5);
    assert_range(text, a->range, "1");
    assert_range(text, u->range, "'x'");
    assert_range(text, d->first->next->range, "2.5");
}

static void empty_texts_are_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"", " ", "\n", "# c\n", "---\n", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const pbt__node *root = parse_yaml(texts[i]);
        assert_int_equal(root->kind, PBT__NODE_SCALAR);
        assert_string_equal(root->text, "");
    }
}

static void texts_are_read_exactly(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"'a''b'", "a'b"},
        {"'a''''b'", "a''b"},
        {"''''", "'"},
        {"''", ""},
        {"'''''x'", "''x"},
        {"'a\n  b'", "a b"},
        {"'a''\n  ''b'", "a' 'b"},
        {"\"a\n\n  b\"", "a\nb"},
        {"\"a\\\\\"", "a\\"},
        {"\"\\\"\\\"\"", "\"\""},
        {"|\n", ""},
        {"|\n  a\n", "a\n"},
        {"|+\n  a\n\n", "a\n\n"},
        {">\n  a\n  b\n", "a b\n"},
        {"|-\n  a\n", "a"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "a: %s", texts[i][0]);
        assert_string_equal(parse_yaml(text)->first->text, texts[i][1]);
    }
}

static void characters_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xc3(",
        "\xe0\x80\x80",
        "\xe2\x82",
        "\xe2(\xa1",
        "\xed\xa0\x80",
        "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x9f\x98",
        "\xff",
        "\x1b",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[16];
        const pbt__node *root = NULL;
        pbt__yaml_fault fault = {{0, 0}, ""};
        (void)snprintf(text, sizeof text, "é\n%s", bad[i]);
        assert_int_equal(pbt__yaml_parse(text, arena, &root, &fault), PBT_ERR_SPEC);
        assert_place(fault.place, 2, 1);
    }
    (void)parse_yaml("a: \xf0\x9f\x98\x80 \xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf");
}

static void every_prefix_is_read_or_refused(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length = 0;
    const char *path = SPEC_TESTS "/good/everything.yaml";
    assert_int_equal(pbt__file_read(path, PBT__SPEC_MAXIMUM, &text, &length, NULL), PBT_OK);
    for (size_t i = 0; i < length; i++) {
        char *prefix = malloc(i + 1); /* of its own size: reading beyond it is found */
        memcpy(prefix, text, i);
        prefix[i] = '\0';
        pbt_spec *spec = NULL;
        pbt_error error = {.code = PBT_OK};
        pbt_err err = pbt__spec_parse(prefix, "a", ".", &spec, &error);
        assert_true(err == PBT_OK || (err == PBT_ERR_SPEC && spec == NULL));
        pbt_spec_free(spec);
        free(prefix);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nodes_know_their_places, make_arena, free_arena),
        cmocka_unit_test_setup_teardown(empty_texts_are_nothing, make_arena, free_arena),
        cmocka_unit_test_setup_teardown(texts_are_read_exactly, make_arena, free_arena),
        cmocka_unit_test_setup_teardown(characters_are_checked, make_arena, free_arena),
        cmocka_unit_test(every_prefix_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
