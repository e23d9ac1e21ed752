/* tree.c: chains of segments, one row each. O(segments). */
#include "plot/tree.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

/* All arrays are of the length of the trace; -1: none. */
struct tree {
    const pbt__trace *trace;
    int32_t *first_child, *next_sibling;
    int32_t *heir;    /* the child that carries its parent's chain on */
    int32_t *waiting; /* a stack of the chains' first segments */
    int32_t waiting_count;
};

/* A chain continues with the winner's child, else the member's own, else the first. */
static bool is_better_heir(const pbt__trace *trace, int32_t parent, int32_t child, int32_t heir)
{
    const pbt__track *tracks = trace->tracks;
    if (heir < 0 || tracks[child].is_winning != tracks[heir].is_winning) {
        return heir < 0 || tracks[child].is_winning;
    }
    const int32_t member = tracks[parent].id.member;
    return tracks[child].id.member == member && tracks[heir].id.member != member;
}

static void hang_children(struct tree *tree)
{
    const pbt__trace *trace = tree->trace;
    for (int32_t i = 0; i < trace->count; i++) {
        tree->first_child[i] = tree->next_sibling[i] = tree->heir[i] = -1;
    }
    for (int32_t i = trace->count - 1; i >= 0; i--) {
        const int32_t parent = trace->tracks[i].parent;
        if (parent < 0) {
            tree->waiting[tree->waiting_count++] = i;
            continue;
        }
        tree->next_sibling[i] = tree->first_child[parent];
        tree->first_child[parent] = i;
    }
    for (int32_t i = 0; i < trace->count; i++) {
        const int32_t parent = trace->tracks[i].parent;
        if (parent >= 0 && is_better_heir(trace, parent, i, tree->heir[parent])) {
            tree->heir[parent] = i;
        }
    }
}

/* Lay a chain into a row; its branches wait, the latest on top. */
static void lay_chain(struct tree *tree, int32_t first, int32_t row, int32_t *rows)
{
    for (int32_t i = first; i >= 0; i = tree->heir[i]) {
        rows[i] = row;
        for (int32_t child = tree->first_child[i]; child >= 0; child = tree->next_sibling[child]) {
            if (child != tree->heir[i]) {
                tree->waiting[tree->waiting_count++] = child;
            }
        }
    }
}

pbt_err pbt__tree_rows(const pbt__trace *trace, int32_t *rows, int32_t *row_count, pbt_error *error)
{
    const size_t count = (size_t)trace->count;
    int32_t *links = pbt__calloc(4 * count, sizeof *links);
    if (links == NULL) {
        return pbt__fail_memory(error);
    }
    struct tree tree = {
        .trace = trace,
        .first_child = links,
        .next_sibling = links + count,
        .heir = links + 2 * count,
        .waiting = links + 3 * count,
    };
    int32_t row = 0;
    hang_children(&tree);
    while (tree.waiting_count > 0) {
        lay_chain(&tree, tree.waiting[--tree.waiting_count], row, rows);
        row++;
    }
    free(links);
    *row_count = row;
    return PBT_OK;
}
