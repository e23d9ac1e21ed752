/* utf8.c: characters of more than one byte (RFC 3629). */
#include "base/utf8.h"

#include <string.h>

size_t pbt__utf8_step(const char *text, size_t left)
{
    static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text;
    if (left == 0 || at[0] < 0x80) {
        return left == 0 ? 0 : 1;
    }
    const size_t length = at[0] < 0xc0 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (length == 1 || length > left || at[0] > 0xf4) {
        return 0;
    }
    uint32_t code = at[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (at[i] & 0x3fu);
    }
    const bool is_surrogate = code >= 0xd800 && code < 0xe000;
    return code >= LEAST[length] && code <= 0x10ffff && !is_surrogate ? length : 0;
}

bool pbt__utf8_is_valid(const char *text)
{
    size_t left = strlen(text);
    for (size_t step = 1; left > 0 && step > 0; left -= step) {
        step = pbt__utf8_step(text, left);
        text += step;
    }
    return left == 0;
}

size_t pbt__utf8_write(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    const size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(0xf00u >> length | code);
    return length;
}

void pbt__utf8_mend(char *text)
{
    for (size_t step = 0; *text != '\0'; text += step > 0 ? step : 1) {
        step = pbt__utf8_step(text, PBT__UTF8_MAXIMUM);
        *text = step > 0 ? *text : '?';
    }
}
