/*
 * arena.c: a list of blocks, the newest first.
 *
 * A spec has some forty small values with the same lifetime. With an arena no error path has to
 * know which of them exist. Larger requests get their own block.
 */
#include "spec/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { BLOCK_SIZE = 4096 };

typedef struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
} arena_block;

struct pbt__arena {
    arena_block *newest;
};

pbt__arena *pbt__arena_new(void)
{
    return pbt__calloc(1, sizeof(pbt__arena));
}

void pbt__arena_free(pbt__arena *arena)
{
    if (arena == NULL) {
        return;
    }
    for (arena_block *each = arena->newest; each != NULL;) {
        arena_block *next = each->next;
        free(each);
        each = next;
    }
    free(arena);
}

static arena_block *add_block(pbt__arena *arena, size_t size)
{
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    arena_block *added = pbt__calloc(1, sizeof *added + room);
    if (added != NULL) {
        added->size = room;
        added->next = arena->newest;
        arena->newest = added;
    }
    return added;
}

void *pbt__arena_take(pbt__arena *arena, size_t count, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size != 0 && count > (SIZE_MAX / 2) / size) {
        return NULL;
    }
    size_t wanted = (count * size + unit) / unit * unit;
    arena_block *from = arena->newest;
    if (from == NULL || from->size - from->used < wanted) {
        from = add_block(arena, wanted);
    }
    if (from == NULL) {
        return NULL;
    }
    void *taken = from->bytes + from->used;
    from->used += wanted;
    return taken;
}

char *pbt__arena_copy(pbt__arena *arena, const char *bytes, size_t length)
{
    char *copy = pbt__arena_take(arena, length + 1, 1);
    if (copy != NULL && length != 0) {
        memcpy(copy, bytes, length);
    }
    return copy;
}
