/* digest.h: XXH3-128 digests. They find damage; they are not a signature. */
#ifndef PBT_BASE_DIGEST_H
#define PBT_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Shape: bytes[16], big-endian (XXH128_canonical_t). */
typedef struct pbt__digest {
    uint8_t bytes[16];
} pbt__digest;

enum { PBT__DIGEST_TEXT_SIZE = 33 };

typedef struct pbt__hasher pbt__hasher;

/* Digest bytes at once. */
pbt__digest pbt__digest_bytes(const void *bytes, size_t length);
bool pbt__digest_equal(pbt__digest a, pbt__digest b);
/* Write as 32 lower-case hexadecimal digits. Shape: out[PBT__DIGEST_TEXT_SIZE] */
void pbt__digest_write(pbt__digest digest, char *out);
/* Read 32 hexadecimal digits; false if the text is anything else. */
bool pbt__digest_read(const char *text, pbt__digest *out);

/* Digest a stream. NULL if there is no memory. */
pbt__hasher *pbt__hasher_new(void);
void pbt__hasher_free(pbt__hasher *hasher);
void pbt__hasher_add(pbt__hasher *hasher, const void *bytes, size_t length);
pbt__digest pbt__hasher_digest(const pbt__hasher *hasher);

#endif
