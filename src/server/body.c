/* body.c: fields of JSON bodies. */
#include "server/body.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "server/inside.h"
#include "study/json.h"

/* Larger bodies are parsed one at a time: as JSON they take some twenty times their size. */
enum { LARGE_SIZE = 64 * 1024 };

/* ---- parsing --------------------------------------------------------------------------------- */

static bool holds(const pbt__text *text, const char *word)
{
    return text->length > 0 && memmem(text->bytes, text->length, word, strlen(word)) != NULL;
}

static pbt_err fail_syntax(pbt__request *request, const pbt_error *why, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "the body is not JSON");
    pbt__error_detail(error, "%s: %s", why->message, why->detail);
    if (holds(&request->body, "NaN") || holds(&request->body, "Infinity")) {
        pbt__error_hint(error, "write numbers that are not finite as the strings \"nan\", \"inf\" "
                               "and \"-inf\"");
    }
    return PBT_ERR_ARGUMENT;
}

pbt__body pbt__body_init(pbt__request *request, pbt_error *error)
{
    pbt__body body = {.request = request, .error = error};
    pbt_error why = {.code = PBT_OK};
    if (request->body.length > LARGE_SIZE) {
        pthread_mutex_lock(&request->server->large);
    }
    body.err =
        pbt__json_read(pbt__text_string(&request->body), request->body.length, &body.json, &why);
    if (body.err == PBT_ERR_CORRUPT) {
        body.err = fail_syntax(request, &why, error);
    } else if (body.err != PBT_OK) {
        body.err = pbt__fail_memory(error);
    } else if (!json_is_object(body.json)) {
        body.err = pbt__fail(error, PBT_ERR_ARGUMENT, "the body is not a JSON object");
    }
    return body;
}

void pbt__body_fini(pbt__body *body)
{
    json_decref(body->json);
    if (body->request->body.length > LARGE_SIZE) {
        pthread_mutex_unlock(&body->request->server->large);
    }
}

/* ---- fields ---------------------------------------------------------------------------------- */

void pbt__body_fail(pbt__body *body, const char *key, const char *why)
{
    if (body->err == PBT_OK) {
        body->err = pbt__fail(body->error, PBT_ERR_ARGUMENT, "'%s' %s", key, why);
    }
}

/* A field's value; NULL if it is absent or null, and after a failure. */
static json_t *get(const pbt__body *body, const char *key)
{
    json_t *value = body->err == PBT_OK ? json_object_get(body->json, key) : NULL;
    return json_is_null(value) ? NULL : value;
}

bool pbt__body_has(const pbt__body *body, const char *key)
{
    return get(body, key) != NULL;
}

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

const char *pbt__body_text(pbt__body *body, const char *key, size_t maximum)
{
    const json_t *value = get(body, key);
    const size_t length = json_string_length(value);
    if (!json_is_string(value) || length == 0 || length > maximum) {
        pbt__body_fail(body, key, "is missing, empty or too long");
        return "";
    }
    if (!is_plain(json_string_value(value))) {
        pbt__body_fail(body, key, "holds control characters");
        return "";
    }
    return json_string_value(value);
}

int64_t pbt__body_integer(pbt__body *body, const char *key, int64_t minimum, int64_t maximum,
                          int64_t absent)
{
    const json_t *value = get(body, key);
    if (value == NULL && absent < minimum) {
        pbt__body_fail(body, key, "is missing");
    }
    if (value == NULL) {
        return absent;
    }
    const json_int_t integer = json_integer_value(value);
    if (!json_is_integer(value) || integer < minimum || integer > maximum) {
        pbt__body_fail(body, key, "is not an integer in its bounds");
    }
    return integer;
}

bool pbt__body_boolean(pbt__body *body, const char *key, bool absent)
{
    const json_t *value = get(body, key);
    if (value == NULL) {
        return absent;
    }
    if (!json_is_boolean(value)) {
        pbt__body_fail(body, key, "is neither true nor false");
    }
    return json_is_true(value);
}

int32_t pbt__body_attempt(pbt__body *body)
{
    return (int32_t)pbt__body_integer(body, "attempt", 1, INT32_MAX, 0);
}

bool pbt__body_checkpoint(pbt__body *body)
{
    const json_t *value = get(body, "checkpoint");
    const char *text = json_string_value(value);
    const bool is_known =
        text != NULL && (strcmp(text, "saved") == 0 || strcmp(text, "uploaded") == 0);
    if (value != NULL && !is_known) {
        pbt__body_fail(body, "checkpoint", "is neither \"saved\" nor \"uploaded\"");
    }
    return is_known;
}
