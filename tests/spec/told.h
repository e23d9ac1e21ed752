/* told.h: what is said of a spec's text, for tests to compare. */
#ifndef PBT_TESTS_SPEC_TOLD_H
#define PBT_TESTS_SPEC_TOLD_H

#include "support.h"

#include "spec/reader.h"

enum { TOLD_SIZE = 32 * 1024 };

/* Read a text and write all that is said of it, a line each: "LINE:COLUMN error: ... (hint)".
 * Returns the spec, or NULL where there is none. Shape: told[TOLD_SIZE] */
static inline pbt_spec *read_text(const char *text, const char *home, pbt__findings *findings,
                                  char *told)
{
    static pbt__complaints complaints;
    pbt_spec *spec = NULL;
    pbt_error error = {.code = PBT_OK};
    memset(&complaints, 0, sizeof complaints);
    *findings = (pbt__findings){.complaints = &complaints, .home = home};
    pbt_err err = pbt__spec_make(text, "f", ".", findings, &spec, &error);
    assert_true(err == PBT_OK || err == PBT_ERR_SPEC);
    assert_int_equal(err == PBT_OK, spec != NULL);
    *told = '\0';
    for (int32_t i = 0; i < complaints.count; i++) {
        const pbt__complaint *each = &complaints.items[i];
        char place[32];
        int length = snprintf(place, sizeof place, "f:%d:%d: ", each->line, each->column);
        assert_int_equal(strncmp(each->error.message, place, (size_t)length), 0);
        (void)snprintf(told + strlen(told), TOLD_SIZE - strlen(told), "%d:%d %s: %s (%s)\n",
                       each->line, each->column, each->is_warning ? "warning" : "error",
                       each->error.message + length, each->error.hint);
    }
    return spec;
}

/* Names in `words` stand as in with_names. */
static inline void assert_told_at(int line, const char *text, const char *words)
{
    static char told[TOLD_SIZE];
    pbt__findings findings;
    char *expected = with_names(words);
    pbt_spec *spec = read_text(text, "/home/me", &findings, told);
    if (strcmp(told, expected) != 0) {
        fail_msg("line %d:\n%s\nfound:\n%sexpected:\n%s", line, text, told, expected);
    }
    pbt_spec_free(spec);
    free(expected);
}

#define assert_told(text, expected) assert_told_at(__LINE__, text, expected)

/* A spec whose other parts are above suspicion: seven lines, then `rest`. */
#define WITH(rest) SHORTEST rest

#endif
