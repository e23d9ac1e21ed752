/* id.c: the one notation of a segment's name. */
#include "base/id.h"

#include "base/text.h"

size_t pbt__id_write(pbt_segment_id id, char *out)
{
    char *at = out;
    *at++ = 'm';
    at += pbt__digits_write(id.member, at);
    *at++ = 's';
    at += pbt__digits_write(id.number, at);
    *at = '\0';
    return (size_t)(at - out);
}

const char *pbt__count_step(const char *text, int32_t *out)
{
    int64_t value = 0;
    const char *end = text;
    while (*end >= '0' && *end <= '9' && value <= INT32_MAX) {
        value = 10 * value + (*end++ - '0');
    }
    if (end == text || value > INT32_MAX || (*text == '0' && end > text + 1)) {
        return NULL;
    }
    *out = (int32_t)value;
    return end;
}

const char *pbt__id_step(const char *text, pbt_segment_id *out)
{
    pbt_segment_id id;
    const char *rest = *text == 'm' ? pbt__count_step(text + 1, &id.member) : NULL;
    rest = rest != NULL && *rest == 's' ? pbt__count_step(rest + 1, &id.number) : NULL;
    if (rest != NULL) {
        *out = id;
    }
    return rest;
}

bool pbt__id_read(const char *text, pbt_segment_id *out)
{
    pbt_segment_id id;
    const char *rest = pbt__id_step(text, &id);
    if (rest == NULL || *rest != '\0') {
        return false;
    }
    *out = id;
    return true;
}
