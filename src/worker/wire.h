/*
 * wire.h: JSON as it travels between a worker and its server.
 *
 * Reading is strict (RFC 8259, whole UTF-8, no name twice, no NUL) and bounded in bytes, values and
 * depth. A document is one array of values in the order they are written; each knows where its last
 * descendant ends, so that siblings are found by skipping. Texts are unescaped in place.
 */
#ifndef PBT_WORKER_WIRE_H
#define PBT_WORKER_WIRE_H

#include <pbt/pbt.h>

#include "base/text.h"

enum {
    PBT__WIRE_BYTES_MAXIMUM = 4 * 1024 * 1024,
    PBT__WIRE_COUNT_MAXIMUM = 16384,
    PBT__WIRE_DEPTH_MAXIMUM = 32,
};

typedef enum pbt__wire_kind {
    PBT__WIRE_NULL,
    PBT__WIRE_BOOLEAN,
    PBT__WIRE_INTEGER, /* written as one, and fits */
    PBT__WIRE_REAL,
    PBT__WIRE_TEXT,
    PBT__WIRE_ARRAY,
    PBT__WIRE_OBJECT,
} pbt__wire_kind;

typedef struct pbt__wire_value {
    pbt__wire_kind kind;
    const char *name; /* in an object; NULL elsewhere */
    const char *text; /* PBT__WIRE_TEXT */
    int64_t integer;  /* PBT__WIRE_INTEGER; PBT__WIRE_BOOLEAN as 0 or 1 */
    double real;      /* PBT__WIRE_REAL and PBT__WIRE_INTEGER */
    size_t end;       /* index after its last descendant */
} pbt__wire_value;

/* A document. Owner: its values and texts live until pbt__wire_fini. */
typedef struct pbt__wire {
    char *bytes;
    pbt__wire_value *values; /* Shape: values[count]; the first is the whole */
    size_t count, capacity;
} pbt__wire;

/*
 * Read a document. The bytes are copied.
 * Errors: PBT_ERR_CORRUPT saying at which byte, PBT_ERR_LIMIT, PBT_ERR_MEMORY. Nullable: error.
 */
PBT_MUST_USE pbt_err pbt__wire_read(const char *bytes, size_t length, pbt__wire *out,
                                    pbt_error *error);
/* A document of nothing, and one freed, is all zeros. */
void pbt__wire_fini(pbt__wire *wire);

/* The whole document; a null where there is none. */
const pbt__wire_value *pbt__wire_root(const pbt__wire *wire);

/* A field of an object; NULL where there is none, or `value` is NULL or no object. */
const pbt__wire_value *pbt__wire_get(const pbt__wire *wire, const pbt__wire_value *value,
                                     const char *name);

/* The first item or field of a value, and the one after `item`; NULL at the end. */
const pbt__wire_value *pbt__wire_first(const pbt__wire *wire, const pbt__wire_value *value);
const pbt__wire_value *pbt__wire_after(const pbt__wire *wire, const pbt__wire_value *value,
                                       const pbt__wire_value *item);

/* A field as a text, a number, a boolean; `fallback` where it is absent or of another kind. */
const char *pbt__wire_text(const pbt__wire *wire, const pbt__wire_value *value, const char *name,
                           const char *fallback);
int64_t pbt__wire_integer(const pbt__wire *wire, const pbt__wire_value *value, const char *name,
                          int64_t fallback);
double pbt__wire_real(const pbt__wire *wire, const pbt__wire_value *value, const char *name,
                      double fallback);
bool pbt__wire_boolean(const pbt__wire *wire, const pbt__wire_value *value, const char *name,
                       bool fallback);

/* ---- writing ---- */

/* Append a text in quotes; bytes that are not UTF-8 become '?'. */
void pbt__wire_write_text(pbt__text *out, const char *text);
/* Append a number: in its shortest exact form, or "nan", "inf", "-inf" in quotes. */
void pbt__wire_write_real(pbt__text *out, double value);

#endif
