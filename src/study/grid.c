/* grid.c: items by member and number, in chunks. */
#include "study/grid.h"

#include <stdlib.h>

#include "base/memory.h"

enum { CHUNK = 64 };

void *pbt__grid_at(const pbt__grid *grid, pbt_segment_id id)
{
    if (id.member < 0 || id.member >= grid->member_count || id.number < 0 ||
        id.number / CHUNK >= grid->chunk_count) {
        return NULL;
    }
    const size_t row = (size_t)(id.number % CHUNK);
    const size_t index = row * (size_t)grid->member_count + (size_t)id.member;
    return (char *)grid->chunks[id.number / CHUNK] + index * grid->item_size;
}

static bool add_chunk(pbt__grid *grid)
{
    void **chunks = pbt__realloc(grid->chunks, (size_t)grid->chunk_count + 1, sizeof(void *));
    if (chunks == NULL) {
        return false;
    }
    grid->chunks = chunks;
    void *chunk = pbt__calloc((size_t)grid->member_count * CHUNK, grid->item_size);
    if (chunk != NULL) {
        grid->chunks[grid->chunk_count++] = chunk;
    }
    return chunk != NULL;
}

void *pbt__grid_reach(pbt__grid *grid, pbt_segment_id id)
{
    while (id.number / CHUNK >= grid->chunk_count) {
        if (!add_chunk(grid)) {
            return NULL;
        }
    }
    return pbt__grid_at(grid, id);
}

void pbt__grid_fini(pbt__grid *grid)
{
    for (int32_t i = 0; i < grid->chunk_count; i++) {
        free(grid->chunks[i]);
    }
    free(grid->chunks);
}
