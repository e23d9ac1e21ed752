/* memory.c: the seam for allocations. A product that overflows is refused, never wrapped. */
#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

static bool is_refused(size_t count, size_t size)
{
    return (size > 0 && count > SIZE_MAX / size) || pbt__fault(PBT__FAULT_MEMORY);
}

void *pbt__calloc(size_t count, size_t size)
{
    return is_refused(count, size) ? NULL : calloc(count, size);
}

void *pbt__realloc(void *old, size_t count, size_t size)
{
    return is_refused(count, size) ? NULL : realloc(old, count * size);
}

bool pbt__array_room(void *array, size_t count, size_t *capacity, size_t size)
{
    enum { FIRST = 16 };
    void *items = NULL;
    if (count < *capacity) {
        return true;
    }
    const size_t wanted = *capacity > 0 ? 2 * *capacity : FIRST;
    memcpy(&items, array, sizeof items); /* a pointer of any type */
    items = pbt__realloc(items, wanted, size);
    if (items == NULL) {
        return false;
    }
    memcpy(array, &items, sizeof items);
    *capacity = wanted;
    return true;
}

char *pbt__strdup(const char *text)
{
    return pbt__strndup(text, strlen(text));
}

char *pbt__strndup(const char *text, size_t length)
{
    if (length == SIZE_MAX || pbt__fault(PBT__FAULT_MEMORY)) {
        return NULL;
    }
    char *copy = malloc(length + 1);
    if (copy != NULL) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}
