/* plain.c: finding control characters in UTF-8; bytes that are not UTF-8 stay. */
#include "base/plain.h"

#include <string.h>

size_t pbt__plain_step(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    if (length >= 1 && (at[0] < 0x20 || at[0] == 0x7f)) {
        return 1;
    }
    if (length >= 2 && at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) {
        return 2;
    }
    if (length < 3 || at[0] != 0xe2) {
        return 0;
    }
    const bool is_embedding = at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae;
    const bool is_isolate = at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9;
    return is_embedding || is_isolate ? 3 : 0;
}

void pbt__plain(char *text, size_t length, bool keeps_lines)
{
    for (size_t i = 0; i < length;) {
        const bool is_kept = keeps_lines && (text[i] == '\n' || text[i] == '\t');
        const size_t step = is_kept ? 0 : pbt__plain_step(text + i, length - i);
        if (step > 0) {
            memset(text + i, '?', step);
        }
        i += step > 0 ? step : 1;
    }
}

void pbt__plain_since(pbt__text *text, size_t start, bool keeps_lines)
{
    if (start < text->length) {
        pbt__plain(text->bytes + start, text->length - start, keeps_lines);
    }
}
