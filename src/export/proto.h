/*
 * proto.h: protobuf messages, written by hand: a field after another onto a text.
 *
 * An inner message is written first and then added as a field, which ends it. If it lacked memory,
 * the outer one fails too, so callers check only the outermost.
 */
#ifndef PBT_EXPORT_PROTO_H
#define PBT_EXPORT_PROTO_H

#include "base/text.h"

/* An empty message. */
pbt__text pbt__proto_new(void);

void pbt__proto_integer(pbt__text *out, uint32_t field, uint64_t value);
void pbt__proto_double(pbt__text *out, uint32_t field, double value);
void pbt__proto_float(pbt__text *out, uint32_t field, float value);
void pbt__proto_string(pbt__text *out, uint32_t field, const char *value);
/* Add a message as a field and free it. */
void pbt__proto_message(pbt__text *out, uint32_t field, pbt__text *message);

/* Find the first field of that number that holds bytes. Returns false if there is none, or the
 * message is broken. Owner: `*value` points into `bytes`. */
bool pbt__proto_find(const char *bytes, size_t length, uint32_t field, const char **value,
                     size_t *value_length);

#endif
