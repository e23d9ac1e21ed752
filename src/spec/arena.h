/* arena.h: memory that is freed at once: a spec's values, and the tree of a YAML text while it
 * is read. */
#ifndef PBT_SPEC_ARENA_H
#define PBT_SPEC_ARENA_H

#include <stddef.h>

typedef struct pbt__arena pbt__arena;

/* Begin an empty arena; NULL if there is no memory. */
pbt__arena *pbt__arena_new(void) __attribute__((warn_unused_result));
void pbt__arena_free(pbt__arena *arena);

/* Take `count` zeroed items of `size` bytes, aligned for any type; NULL if there is no
 * memory. */
void *pbt__arena_take(pbt__arena *arena, size_t count, size_t size)
    __attribute__((warn_unused_result));

/* Copy `length` bytes and end them with a NUL; NULL if there is no memory. */
char *pbt__arena_copy(pbt__arena *arena, const char *bytes, size_t length)
    __attribute__((warn_unused_result));

#endif
