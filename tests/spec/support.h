/* support.h: specs for tests: from files beside these tests, from short texts, and written
 * again. */
#ifndef PBT_TESTS_SPEC_SUPPORT_H
#define PBT_TESTS_SPEC_SUPPORT_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "spec/keys.h"
#include "spec/spec.h"

/* The shortest spec with one hyperparameter; what a test is about goes after it. */
#define SHORTEST                                                                                   \
    "version: 1\n"                                                                                 \
    "name: short\n"                                                                                \
    "population: 4\n"                                                                              \
    "ready: {every: 10}\n"                                                                         \
    "stop: {steps: 100}\n"                                                                         \
    "hyperparameters:\n"                                                                           \
    "  rate: {type: float, scale: log, min: 1.0e-4, max: 0.1}\n"

static inline pbt_spec *parse(const char *text)
{
    pbt_spec *spec = NULL;
    pbt_error error = {.code = PBT_OK};
    pbt_err err = pbt__spec_parse(text, "test.yaml", ".", &spec, &error);
    if (err != PBT_OK) {
        fail_msg("%s", error.message);
    }
    return spec;
}

static inline pbt_spec *read_spec(const char *path)
{
    pbt_spec *spec = NULL;
    pbt_error error = {.code = PBT_OK};
    if (pbt_spec_read(path, &spec, &error) != PBT_OK) {
        fail_msg("%s", error.message);
    }
    return spec;
}

static inline void assert_value(const pbt_spec *spec, const char *key, const char *expected)
{
    char *value = NULL;
    assert_int_equal(pbt__spec_value(spec, key, &value, NULL), PBT_OK);
    assert_string_equal(value, expected);
    free(value);
}

static inline void amend(pbt_spec *spec, const char *key, const char *value)
{
    pbt_error error = {.code = PBT_OK};
    if (pbt__spec_amend(spec, key, value, &error) != PBT_OK) {
        fail_msg("%s", error.message);
    }
}

/* Write a spec anew from the values of its keys. The caller frees. */
static inline char *rewrite(const pbt_spec *spec)
{
    pbt__text text = pbt__text_init(4 * PBT__SPEC_MAXIMUM);
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        const char *dot = strchr(key->path, '.');
        char *value = NULL;
        if (key->kind == PBT__KIND_MAP) {
            pbt__text_format(&text, "%s:\n", key->path);
        } else if (pbt__key_applies(spec, key)) {
            assert_int_equal(pbt__spec_value(spec, key->path, &value, NULL), PBT_OK);
            pbt__text_format(&text, "%s%s: %s\n", dot != NULL ? "  " : "",
                             dot != NULL ? dot + 1 : key->path, value);
        }
        free(value);
    }
    char *written = pbt__text_take(&text);
    assert_non_null(written);
    return written;
}

/* How long a place for names is that a text begins with; 0: none. Shape: out[PBT__ALLOWED_SIZE] */
static inline size_t names_at(const char *text, char *out)
{
    static const char *const RULES[] = {"exploit.rule", "explore.rule"};
    for (size_t i = 0; i < 2 && *text == '<'; i++) {
        const size_t length = strlen(RULES[i]);
        if (strncmp(text + 1, RULES[i], length) == 0 && text[length + 1] == '>') {
            pbt__key_allowed(pbt__key_find(RULES[i]), out);
            return length + 2;
        }
    }
    if (strncmp(text, "<type>", 6) == 0) {
        pbt__field_allowed(&pbt__prior_fields[0], out);
        return 6;
    }
    return 0;
}

/* Put the names that there are in place of "<exploit.rule>", "<explore.rule>" and "<type>". The
 * caller frees. */
static inline char *with_names(const char *words)
{
    pbt__text text = pbt__text_init(PBT__SPEC_MAXIMUM);
    while (*words != '\0') {
        char names[PBT__ALLOWED_SIZE] = {*words, '\0'};
        const size_t length = names_at(words, names);
        pbt__text_add(&text, names);
        words += length > 0 ? length : 1;
    }
    char *written = pbt__text_take(&text);
    assert_non_null(written);
    return written;
}

/* One test per file of a folder: its name is the file's, its state the file's path. */
struct folder_tests {
    struct CMUnitTest tests[512];
    char paths[512][PBT__PATH_SIZE];
    size_t count;
};

static inline int is_spec_file(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".yaml") == 0;
}

static inline void folder_tests_add(struct folder_tests *all, const char *folder,
                                    CMUnitTestFunction test)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_spec_file, alphasort);
    for (int i = 0; i < count && all->count < 512; i++) {
        char *path = all->paths[all->count];
        (void)snprintf(path, PBT__PATH_SIZE, "%s/%s", folder, entries[i]->d_name);
        all->tests[all->count++] = (struct CMUnitTest){
            .name = strrchr(path, '/') + 1,
            .test_func = test,
            .initial_state = path,
        };
        free(entries[i]);
    }
    free(entries);
}

static inline int folder_tests_run(struct folder_tests *all, const char *name)
{
    if (all->count == 0) {
        (void)fprintf(stderr, "no specs found\n");
        return 1;
    }
    return _cmocka_run_group_tests(name, all->tests, all->count, NULL, NULL);
}

#endif
