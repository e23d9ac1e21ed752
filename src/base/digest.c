/*
 * digest.c: XXH3-128 behind our own types, so that no other file includes xxhash.
 *
 * A hasher is an XXH3_state_t. It needs 64-byte alignment, which only xxhash's own allocator gives,
 * so faults of memory are injected here.
 */
#include "base/digest.h"

#include <string.h>
#include <xxhash.h>

#include "base/fault.h"

static pbt__digest from_hash(XXH128_hash_t hash)
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    pbt__digest digest;
    memcpy(digest.bytes, canonical.digest, sizeof digest.bytes);
    return digest;
}

pbt__digest pbt__digest_bytes(const void *bytes, size_t length)
{
    return from_hash(XXH3_128bits(bytes, length));
}

bool pbt__digest_equal(pbt__digest a, pbt__digest b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

void pbt__digest_write(pbt__digest digest, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof digest.bytes; i++) {
        *out++ = digits[digest.bytes[i] >> 4];
        *out++ = digits[digest.bytes[i] & 15];
    }
    *out = '\0';
}

/* The value of a hexadecimal digit, or -1. */
static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool pbt__digest_read(const char *text, pbt__digest *out)
{
    if (strlen(text) != PBT__DIGEST_TEXT_SIZE - 1) {
        return false;
    }
    pbt__digest digest;
    for (size_t i = 0; i < sizeof digest.bytes; i++) {
        const int high = digit_value(text[2 * i]);
        const int low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        digest.bytes[i] = (uint8_t)(high * 16 + low);
    }
    *out = digest;
    return true;
}

pbt__hasher *pbt__hasher_new(void)
{
    if (pbt__fault(PBT__FAULT_MEMORY)) {
        return NULL;
    }
    XXH3_state_t *state = XXH3_createState();
    if (state != NULL) {
        (void)XXH3_128bits_reset(state);
    }
    return (pbt__hasher *)state;
}

void pbt__hasher_free(pbt__hasher *hasher)
{
    (void)XXH3_freeState((XXH3_state_t *)hasher);
}

void pbt__hasher_add(pbt__hasher *hasher, const void *bytes, size_t length)
{
    if (length > 0) {
        (void)XXH3_128bits_update((XXH3_state_t *)hasher, bytes, length);
    }
}

pbt__digest pbt__hasher_digest(const pbt__hasher *hasher)
{
    return from_hash(XXH3_128bits_digest((const XXH3_state_t *)hasher));
}
