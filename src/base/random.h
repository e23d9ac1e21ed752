/* random.h: random numbers of the system, for sessions, tokens and marks. Decisions never use them.
 */
#ifndef PBT_BASE_RANDOM_H
#define PBT_BASE_RANDOM_H

#include <pbt/pbt.h>

enum { PBT__RANDOM_MAXIMUM = 256 }; /* Units: bytes at once */

/* Fill in the system's random bytes, PBT__RANDOM_MAXIMUM at most. Errors: PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__random_fill(void *out, size_t size, pbt_error *error);

/* Write random characters and a NUL: hexadecimal digits if `bits` is 4, URL-safe base 64 if it is
 * 6; each has so many bits. Shape: out[size]. Errors: as above. */
PBT_MUST_USE pbt_err pbt__random_text(char *out, size_t size, unsigned bits, pbt_error *error);

#endif
