/* crc32c.c: four bits at a time. A record has a few hundred bytes, so a larger table would gain
 * nothing. */
#include "export/crc32c.h"

static const uint32_t STEPS[16] = {
    0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
    0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
};

uint32_t pbt__crc32c(const void *bytes, size_t length)
{
    const uint8_t *byte = bytes;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < length; i++) {
        crc ^= byte[i];
        crc = (crc >> 4) ^ STEPS[crc & 15];
        crc = (crc >> 4) ^ STEPS[crc & 15];
    }
    return ~crc;
}

uint32_t pbt__crc32c_masked(const void *bytes, size_t length)
{
    static const uint32_t OFFSET = 0xA282EAD8;
    const uint32_t crc = pbt__crc32c(bytes, length);
    return ((crc >> 15) | (crc << 17)) + OFFSET;
}
