/* bad.c: each spec of the folder bad is refused in the words of its first line, "# LINE:COLUMN:
 * ..."; a second line "# hint: ..." is the hint. */
#include "support.h"

/* Copy the comment that is line `number` (0, 1) of a text, without its "# "; "" where it is
 * none. */
static void comment_of(const char *text, int number, char *out, size_t size)
{
    for (int i = 0; i < number && text != NULL; i++) {
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    *out = '\0';
    if (text != NULL && strncmp(text, "# ", 2) == 0) {
        (void)snprintf(out, size, "%.*s", (int)strcspn(text + 2, "\n"), text + 2);
    }
}

static void is_refused_in_these_words(void **state)
{
    const char *path = *state;
    char *text = NULL;
    size_t length = 0;
    assert_int_equal(pbt__file_read(path, PBT__SPEC_MAXIMUM, &text, &length, NULL), PBT_OK);
    char message[512];
    char hint[512];
    comment_of(text, 0, message, sizeof message);
    comment_of(text, 1, hint, sizeof hint);

    pbt_error error;
    memset(&error, 'x', sizeof error);
    pbt_spec *spec = NULL;
    assert_int_equal(pbt__spec_parse(text, "a.yaml", ".", &spec, &error), PBT_ERR_SPEC);
    assert_null(spec);
    assert_int_equal(error.code, PBT_ERR_SPEC);
    assert_int_equal(strncmp(error.message, "a.yaml:", 7), 0);
    char *expected = with_names(message);
    assert_string_equal(error.message + 7, expected);
    assert_string_equal(error.hint, strncmp(hint, "hint: ", 6) == 0 ? hint + 6 : "");
    assert_int_equal(pbt__spec_parse(text, "a.yaml", ".", &spec, NULL), PBT_ERR_SPEC);
    assert_null(spec);
    free(expected);
    free(text);
}

int main(void)
{
    static struct folder_tests all;
    folder_tests_add(&all, SPEC_TESTS "/bad", is_refused_in_these_words);
    return folder_tests_run(&all, "bad");
}
