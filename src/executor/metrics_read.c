/*
 * metrics_read.c: a command's last line of output.
 *
 * Jansson reads strict JSON only, so the three words that Python's json module prints for numbers
 * that are not finite are first turned into the strings that pbt writes for them. Whatever else is
 * wrong with the line stays wrong and is Jansson's to report.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "executor/metrics.h"
#include "study/json.h"

static const struct {
    const char *word, *json;
} words[] = {{"NaN", "\"nan\""}, {"Infinity", "\"inf\""}, {"-Infinity", "\"-inf\""}};

/* The index of the word at `at`, or -1. */
static int find_word(const char *at, const char *end)
{
    for (int i = 0; i < 3; i++) {
        const size_t length = strlen(words[i].word);
        if ((size_t)(end - at) >= length && memcmp(at, words[i].word, length) == 0) {
            return i;
        }
    }
    return -1;
}

/* Copy a line with the words replaced, those within strings left as they are. */
static void make_strict(pbt__text *text, const char *line, size_t length)
{
    const char *end = line + length;
    bool is_string = false;
    for (const char *at = line; at < end; at++) {
        const int word = is_string ? -1 : find_word(at, end);
        if (word >= 0) {
            pbt__text_add(text, words[word].json);
            at += strlen(words[word].word) - 1;
            continue;
        }
        pbt__text_append(text, at, 1);
        if (is_string && *at == '\\' && at + 1 < end) {
            pbt__text_append(text, ++at, 1);
        } else if (*at == '"') {
            is_string = !is_string;
        }
    }
}

static bool are_numbers(const json_t *list)
{
    double ignored;
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!pbt__json_number_read(json_array_get(list, i), &ignored)) {
            return false;
        }
    }
    return true;
}

static void gather(pbt__metrics *metrics, json_t *object)
{
    const char *name;
    json_t *value;
    double number;
    json_object_foreach(object, name, value)
    {
        if (pbt__json_number_read(value, &number)) {
            pbt__metrics_set(metrics, name, number);
        } else if (json_is_array(value) && are_numbers(value)) {
            for (size_t i = 0; i < json_array_size(value); i++) {
                (void)pbt__json_number_read(json_array_get(value, i), &number);
                pbt__metrics_add(metrics, name, number);
            }
        }
    }
}

static pbt_err fail_with_line(pbt_error *error, pbt_err code, const char *message, const char *line,
                              size_t length)
{
    (void)pbt__fail(error, code, "%s", message);
    pbt__error_detail(error, "the line is '%.*s'", length < 300 ? (int)length : 300, line);
    pbt__error_hint(error, "end the output with one line such as {\"accuracy\": 0.91}");
    return code;
}

static pbt_err read_object(const pbt__text *text, json_t **out, char *message)
{
    json_error_t found;
    json_t *json = text->failed
                       ? NULL
                       : json_loadb(pbt__text_string(text), text->length,
                                    JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &found);
    if (json_is_object(json)) {
        *out = json;
        return PBT_OK;
    }
    json_decref(json);
    if (text->failed) {
        return PBT_ERR_MEMORY;
    }
    (void)snprintf(message, sizeof((pbt_error *)0)->message,
                   "the last line of its output is not a JSON object%s%s", json == NULL ? ": " : "",
                   json == NULL ? found.text : "");
    return PBT_ERR_TRAINER;
}

pbt_err pbt__metrics_read(pbt__metrics *metrics, const char *line, size_t length,
                          const char *objective, pbt_error *error)
{
    char message[sizeof error->message] = "out of memory";
    json_t *object = NULL;
    double ignored;
    pbt__metrics_clear(metrics);
    pbt__text text = pbt__text_init(3 * length);
    make_strict(&text, line, length);
    pbt_err err = read_object(&text, &object, message);
    pbt__text_fini(&text);
    if (err == PBT_OK) {
        gather(metrics, object);
        json_decref(object);
        err = metrics->failure;
        (void)snprintf(message, sizeof message, "the last line of its output: %s",
                       pbt_err_message(err));
    }
    if (err == PBT_OK && !pbt__metrics_value(metrics, objective, &ignored)) {
        err = PBT_ERR_TRAINER;
        (void)snprintf(message, sizeof message, "the last line of its output has no number '%s'",
                       objective);
    }
    return err == PBT_OK ? PBT_OK : fail_with_line(error, err, message, line, length);
}
