/*
 * chain.c: the digest of an event and of all events before it.
 *
 * It covers, in this order: the digest before (16 bytes), sequence and time (8 bytes each,
 * little-endian), kind (4 bytes, little-endian), and the digest of the body. One altered byte
 * anywhere changes every digest after it.
 */
#include <string.h>

#include "study/event.h"

static void put(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

pbt__digest pbt__event_digest(pbt__digest before, const pbt__event *event)
{
    uint8_t head[52];
    pbt__digest body = pbt__digest_bytes(event->body, event->body_length);
    memcpy(head, before.bytes, 16);
    put(head + 16, (uint64_t)event->sequence, 8);
    put(head + 24, (uint64_t)event->time_us, 8);
    put(head + 32, (uint64_t)event->kind, 4);
    memcpy(head + 36, body.bytes, 16);
    return pbt__digest_bytes(head, sizeof head);
}
