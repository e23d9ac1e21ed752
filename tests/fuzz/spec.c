/*
 * spec.c: the spec parser under libFuzzer: any bytes are read or refused. A spec that is read
 * means the same when it is written anew, and takes each of its values back.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "spec/keys.h"
#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses some KiB for a quoted scalar of more than some sixty escapes. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so\n";
}

static void check(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "%s\n", what);
        abort();
    }
}

static char *value_of(const pbt_spec *spec, const pbt__key *key)
{
    char *value = NULL;
    check(pbt__spec_value(spec, key->path, &value, NULL) == PBT_OK, "a key has no value");
    return value;
}

static char *rewrite(const pbt_spec *spec)
{
    pbt__text text = pbt__text_init(16 * PBT__SPEC_MAXIMUM);
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        const char *dot = strchr(key->path, '.');
        if (key->kind == PBT__KIND_MAP) {
            pbt__text_format(&text, "%s:\n", key->path);
        } else if (pbt__key_applies(spec, key)) {
            char *value = value_of(spec, key);
            pbt__text_format(&text, "%s%s: %s\n", dot != NULL ? "  " : "",
                             dot != NULL ? dot + 1 : key->path, value);
            free(value);
        }
    }
    return pbt__text_take(&text);
}

static void amend_all(pbt_spec *spec)
{
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        bool is_amendable = key->flags & PBT__KEY_AMENDABLE && key->kind != PBT__KIND_MAP;
        if (is_amendable && pbt__key_applies(spec, key)) {
            char *value = value_of(spec, key);
            check(pbt__spec_amend(spec, key->path, value, NULL) == PBT_OK, "a value is refused");
            free(value);
        }
    }
}

static void describe(const pbt_spec *spec)
{
    char *text = NULL;
    check(pbt__spec_describe(spec, &text, NULL) == PBT_OK, "a spec cannot be described");
    free(text);
    check(pbt__spec_describe_json(spec, &text, NULL) == PBT_OK, "a spec cannot be described");
    free(text);
}

static void reseed(const pbt_spec *spec)
{
    pbt_spec *copy = NULL;
    pbt_err err = pbt__spec_with_seed(spec, "another", 5, &copy, NULL);
    check(err == PBT_OK || err == PBT_ERR_SPEC, "a seed cannot be put in");
    check(err != PBT_OK || copy->search.seed == 5, "the seed is not the one put in");
    pbt_spec_free(copy);
}

/* Escapes make a text longer, and one of the largest specs too long. */
static void compare(pbt_spec *spec, const char *text)
{
    pbt_spec *again = NULL;
    if (strlen(text) > PBT__SPEC_MAXIMUM) {
        return;
    }
    check(pbt__spec_parse(text, "again", ".", &again, NULL) == PBT_OK, "a spec is refused");
    check(pbt__spec_compare(spec, again, NULL) == PBT_OK, "a spec differs from itself");
    amend_all(spec);
    check(pbt__spec_compare(spec, again, NULL) == PBT_OK, "a spec differs from itself amended");
    pbt_spec_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    pbt_spec *spec = NULL;
    pbt_error error;
    char *text = malloc(length + 1);
    check(text != NULL, "out of memory");
    if (length > 0) {
        memcpy(text, bytes, length);
    }
    text[length] = '\0';
    pbt_err err = pbt__spec_parse(text, "fuzz", ".", &spec, &error);
    check(err == PBT_OK || err == PBT_ERR_SPEC, "neither read nor refused");
    if (err == PBT_OK) {
        char *written = rewrite(spec);
        describe(spec);
        reseed(spec);
        compare(spec, written);
        free(written);
        pbt_spec_free(spec);
    } else {
        check(strncmp(error.message, "fuzz:", 5) == 0, "a refusal without a place");
    }
    free(text);
    return 0;
}
