/* metrics_read.c: a command's last line of output. What Python's json module prints for numbers
 * that are not finite is read as well. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "executor/metrics.h"

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

static pbt_err read_object(const char *line, size_t length, json_t **out, char *message)
{
    pbt_error found = {.code = PBT_OK};
    const pbt__json_source source = {.text = line, .length = length, .is_lenient = true};
    const pbt_err err = pbt__json_read_source(&source, out, &found);
    if (err == PBT_ERR_MEMORY || (err == PBT_OK && json_is_object(*out))) {
        return err;
    }
    (void)snprintf(message, sizeof((pbt_error *)0)->message,
                   "the last line of its output is not a JSON object%s%.64s",
                   err != PBT_OK ? ": " : "", err != PBT_OK ? found.detail : "");
    return PBT_ERR_TRAINER;
}

pbt_err pbt__metrics_read(pbt__metrics *metrics, const char *line, size_t length,
                          const char *objective, pbt_error *error)
{
    char message[sizeof error->message] = "out of memory";
    json_t *object = NULL;
    double ignored;
    pbt__metrics_clear(metrics);
    pbt_err err = read_object(line, length, &object, message);
    if (err == PBT_OK) {
        gather(metrics, object);
        err = metrics->failure;
        (void)snprintf(message, sizeof message, "the last line of its output: %s",
                       pbt_err_message(err));
    }
    if (err == PBT_OK && !pbt__metrics_value(metrics, objective, &ignored)) {
        err = PBT_ERR_TRAINER;
        (void)snprintf(message, sizeof message, "the last line of its output has no number '%s'",
                       objective);
    }
    json_decref(object);
    return err == PBT_OK ? PBT_OK : fail_with_line(error, err, message, line, length);
}
