/* crc32c.h: the checksum of TensorBoard's record files (Castagnoli's polynomial, reflected). */
#ifndef PBT_EXPORT_CRC32C_H
#define PBT_EXPORT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t pbt__crc32c(const void *bytes, size_t length);

/* The same, rotated and shifted as in the record format: a checksum of data with checksums is weak.
 */
uint32_t pbt__crc32c_masked(const void *bytes, size_t length);

#endif
