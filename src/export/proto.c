/* proto.c: the wire format of protobuf: (number, type) pairs, base-128 integers, little-endian
 * reals. */
#include "export/proto.h"

#include <string.h>

enum {
    MESSAGE_MAXIMUM = 1 << 28, /* Units: bytes */
    TYPE_VARINT = 0,
    TYPE_FIXED_64 = 1,
    TYPE_BYTES = 2,
    TYPE_FIXED_32 = 5,
    VARINT_BITS_MAXIMUM = 64,
};

/* ---- writing ---- */

pbt__text pbt__proto_new(void)
{
    return pbt__text_init(MESSAGE_MAXIMUM);
}

static void add_varint(pbt__text *out, uint64_t value)
{
    char bytes[10];
    size_t length = 0;
    for (; value >= 128; value >>= 7) {
        bytes[length++] = (char)(value | 128);
    }
    bytes[length++] = (char)value;
    pbt__text_append(out, bytes, length);
}

static void add_key(pbt__text *out, uint32_t field, uint32_t type)
{
    add_varint(out, (uint64_t)field << 3 | type);
}

static void add_fixed(pbt__text *out, uint64_t bits, size_t size)
{
    char bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(bits >> (8 * i));
    }
    pbt__text_append(out, bytes, size);
}

static void add_bytes(pbt__text *out, uint32_t field, const char *bytes, size_t length)
{
    add_key(out, field, TYPE_BYTES);
    add_varint(out, length);
    pbt__text_append(out, bytes, length);
}

void pbt__proto_integer(pbt__text *out, uint32_t field, uint64_t value)
{
    add_key(out, field, TYPE_VARINT);
    add_varint(out, value);
}

void pbt__proto_double(pbt__text *out, uint32_t field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_key(out, field, TYPE_FIXED_64);
    add_fixed(out, bits, sizeof bits);
}

void pbt__proto_float(pbt__text *out, uint32_t field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_key(out, field, TYPE_FIXED_32);
    add_fixed(out, bits, sizeof bits);
}

void pbt__proto_string(pbt__text *out, uint32_t field, const char *value)
{
    add_bytes(out, field, value, strlen(value));
}

void pbt__proto_message(pbt__text *out, uint32_t field, pbt__text *message)
{
    add_bytes(out, field, pbt__text_string(message), message->length);
    out->failed = out->failed || message->failed;
    pbt__text_fini(message);
}

/* ---- reading ---- */

typedef struct proto_reader {
    const char *at, *end;
    bool is_broken;
} proto_reader;

static uint64_t read_varint(proto_reader *from)
{
    uint64_t value = 0;
    for (int shift = 0; shift < VARINT_BITS_MAXIMUM && from->at < from->end; shift += 7) {
        const uint8_t byte = (uint8_t)*from->at++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            return value;
        }
    }
    from->is_broken = true;
    return 0;
}

/* The length of what follows a key of `type`; a varint is skipped here, and its length is 0. */
static uint64_t read_length(proto_reader *from, uint64_t type)
{
    switch (type) {
    case TYPE_VARINT:
        (void)read_varint(from);
        return 0;
    case TYPE_FIXED_64:
        return 8;
    case TYPE_BYTES:
        return read_varint(from);
    case TYPE_FIXED_32:
        return 4;
    default:
        from->is_broken = true;
        return 0;
    }
}

bool pbt__proto_find(const char *bytes, size_t length, uint32_t field, const char **value,
                     size_t *value_length)
{
    proto_reader from = {.at = bytes, .end = bytes + length};
    while (from.at < from.end) {
        const uint64_t key = read_varint(&from);
        const uint64_t size = read_length(&from, key & 7);
        if (from.is_broken || size > (uint64_t)(from.end - from.at)) {
            return false;
        }
        if (key == ((uint64_t)field << 3 | TYPE_BYTES)) {
            *value = from.at;
            *value_length = (size_t)size;
            return true;
        }
        from.at += size;
    }
    return false;
}
