/* random.h: what nobody can guess: sessions, tokens, marks. Decisions never depend on it. */
#ifndef PBT_BASE_RANDOM_H
#define PBT_BASE_RANDOM_H

#include <pbt/pbt.h>

enum { PBT__RANDOM_MAXIMUM = 256 }; /* Units: bytes at once */

/* Fill in the system's random bytes, PBT__RANDOM_MAXIMUM at most. Errors: PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__random_fill(void *out, size_t size, pbt_error *error);

/* Write random characters and a NUL: hexadecimal digits where `bits` is 4, those of URL-safe base
 * 64 where it is 6, each with so many bits. Shape: out[size]. Errors: as above. */
PBT_MUST_USE pbt_err pbt__random_text(char *out, size_t size, unsigned bits, pbt_error *error);

#endif
