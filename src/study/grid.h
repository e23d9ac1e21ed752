/*
 * grid.h: one item for each segment, by member and number.
 *
 * Items lie in chunks of a fixed count of numbers, for all members. A chunk is made when one of its
 * numbers is first reached, and never moves: a pointer to an item is good as long as the grid, and
 * the journal may hold it.
 */
#ifndef PBT_STUDY_GRID_H
#define PBT_STUDY_GRID_H

#include <pbt/pbt.h>

/* Owner: `chunks` is its own; pbt__grid_fini frees it. All zero but the sizes to begin with. */
typedef struct pbt__grid {
    int32_t member_count;
    size_t item_size; /* Units: bytes */
    void **chunks;    /* Shape: [chunk_count] of [numbers][member_count] */
    int32_t chunk_count;
} pbt__grid;

/* Find an item; NULL if its number was not reached, or there is no such place. */
void *pbt__grid_at(const pbt__grid *grid, pbt_segment_id id);

/* Find an item, zeroed where it is new; NULL if there is no memory, or no such member. */
void *pbt__grid_reach(pbt__grid *grid, pbt_segment_id id);

void pbt__grid_fini(pbt__grid *grid);

#endif
