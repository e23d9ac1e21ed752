/*
 * wire.c: what a worker is told, under libFuzzer: any bytes are read or refused, as JSON and as a
 * segment. What is read is written, and read again as the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "%s\n", what);
        abort();
    }
}

static void check_again(const json_t *json)
{
    json_t *again = NULL;
    char *text = pbt__json_write(json);
    if (text != NULL) { /* what is deeper than pbt writes is not written */
        check(pbt__json_read(text, strlen(text), &again, NULL) == PBT_OK, "it is not read again");
        check(json_equal(json, again) != 0, "it has changed");
    }
    json_decref(again);
    free(text);
}

/* Take it as a segment. */
static void check_segment(json_t *json)
{
    pbt__held held = {.hyperparameters = NULL};
    if (pbt__held_read(&held, json, NULL) == PBT_OK) {
        check(held.segment.save_to[0] == '/', "a segment without a place");
        check(strpbrk(held.segment.id, "/.") == NULL, "an id that is a path");
    }
    pbt__held_fini(&held);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    json_t *json = NULL;
    pbt_error error;
    const pbt__json_source source = {
        .text = (const char *)bytes, .length = length, .value_maximum = 16384};
    const pbt_err err = pbt__json_read_source(&source, &json, &error);
    check(err == PBT_OK || err == PBT_ERR_CORRUPT || err == PBT_ERR_LIMIT,
          "neither read nor refused");
    if (err == PBT_OK) {
        check_again(json);
        check_segment(json);
    }
    json_decref(json);
    return 0;
}
