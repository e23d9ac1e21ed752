/*
 * memory.h: the seam for allocations.
 *
 * Every allocation outside core goes through here, so that a test can make the N-th one fail
 * (base/fault.h). `free` is the C library's.
 */
#ifndef PBT_BASE_MEMORY_H
#define PBT_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Allocate `count` zeroed items of `size` bytes; NULL if there is no memory or it overflows. */
void *pbt__calloc(size_t count, size_t size) __attribute__((warn_unused_result));

/* Resize as realloc does, for `count` items of `size` bytes; NULL as above, `old` untouched. */
void *pbt__realloc(void *old, size_t count, size_t size) __attribute__((warn_unused_result));

/*
 * Make room for one more in an array of `count` items of `size` bytes, doubling where it is full.
 * `array` is where the pointer to the items lies. False: no memory, and nothing has changed.
 */
bool pbt__array_room(void *array, size_t count, size_t *capacity, size_t size)
    __attribute__((warn_unused_result));

/* Duplicate a NUL-terminated text; NULL if there is no memory. */
char *pbt__strdup(const char *text) __attribute__((warn_unused_result));

/* Duplicate `length` bytes and end them with a NUL; NULL if there is no memory. */
char *pbt__strndup(const char *text, size_t length) __attribute__((warn_unused_result));

#endif
