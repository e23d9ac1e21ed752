/*
 * points.h: the segments of a study as points of a chart, kept small.
 *
 * Any segment may become part of the best lineage later, so all are kept: of each where its weights
 * came from, and its scalars as numbers whose names are kept once. That is about 50 bytes, and 8
 * for each scalar.
 */
#ifndef PBT_EXPORT_POINTS_H
#define PBT_EXPORT_POINTS_H

#include <pbt/pbt.h>

/* One segment. */
typedef struct pbt__point {
    pbt_segment_id parent; /* PBT_NO_SEGMENT: none */
    int64_t age;
    double seconds; /* since 1970: when it was reported */
    size_t first;   /* of its scalars, in pbt__points */
    int32_t scalar_count;
    bool is_made, is_reported;
} pbt__point;

typedef struct pbt__points pbt__points;

/* NULL where there is no memory. */
pbt__points *pbt__points_new(int32_t member_count);
void pbt__points_free(pbt__points *points);

/* Make a segment's point, to be filled when it is reported. NULL where there is no memory, or the
 * study has no such member. Owner: the points; valid until the next is made. */
pbt__point *pbt__points_make(pbt__points *points, pbt_segment_id id);

/* NULL where none was made. Owner: as above. */
pbt__point *pbt__points_find(const pbt__points *points, pbt_segment_id id);

/* Add a scalar to the point that was given one last, or has none. False where there is no memory.
 */
bool pbt__points_add(pbt__points *points, pbt__point *to, const char *tag, double value);

/* A point's scalar, from 0; `*tag` is the points'. */
float pbt__points_scalar(const pbt__points *points, const pbt__point *of, int32_t index,
                         const char **tag);

#endif
