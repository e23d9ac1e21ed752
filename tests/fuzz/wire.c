/*
 * wire.c: what a worker is told, under libFuzzer: any bytes are read or refused, as JSON and as a
 * segment. A document that is read is a tree, and each text of it reads back after it is written.
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

static void check_text(const char *text)
{
    pbt__text out = pbt__text_init(8 * PBT__WIRE_BYTES_MAXIMUM);
    pbt__wire again = {.count = 0};
    pbt__wire_write_text(&out, text);
    const pbt_err err = pbt__wire_read(pbt__text_string(&out), out.length, &again, NULL);
    check(err == PBT_OK || err == PBT_ERR_LIMIT, "a text that was written is refused");
    check(err != PBT_OK || strcmp(again.values[0].text, text) == 0, "a text has changed");
    pbt__wire_fini(&again);
    pbt__text_fini(&out);
}

static void check_tree(const pbt__wire *wire)
{
    size_t count = 1;
    for (size_t i = 0; i < wire->count; i++) {
        const pbt__wire_value *value = &wire->values[i], *item = NULL;
        check(value->end > i && value->end <= wire->count, "a value ends nowhere");
        while ((item = pbt__wire_after(wire, value, item)) != NULL) {
            check((item->name != NULL) == (value->kind == PBT__WIRE_OBJECT), "a name too many");
            count++;
        }
        if (value->kind == PBT__WIRE_TEXT) {
            check_text(value->text);
        }
    }
    check(count == wire->count, "a value has no place");
}

/* Take it as a segment; the wire goes with it. */
static void check_segment(pbt__wire *wire)
{
    pbt__held held = {.hyperparameters = NULL};
    if (pbt__held_read(&held, wire, pbt__wire_root(wire), NULL) == PBT_OK) {
        check(held.segment.save_to[0] == '/', "a segment without a place");
        check(strpbrk(held.segment.id, "/.") == NULL, "an id that is a path");
    }
    pbt__held_fini(&held);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    pbt__wire wire = {.count = 0};
    pbt_error error;
    const pbt_err err = pbt__wire_read((const char *)bytes, length, &wire, &error);
    check(err == PBT_OK || err == PBT_ERR_CORRUPT || err == PBT_ERR_LIMIT,
          "neither read nor refused");
    if (err == PBT_OK) {
        check_tree(&wire);
        check_segment(&wire);
    }
    pbt__wire_fini(&wire);
    return 0;
}
