/* course.h: how a study went: its best so far over its work and over time. */
#ifndef PBT_COMPARE_COURSE_H
#define PBT_COMPARE_COURSE_H

#include "analysis/curve.h"
#include "study/told.h"

/* Owner: metric and curve are its own. */
typedef struct pbt__course {
    char name[PBT__NAME_SIZE];
    uint64_t seed;
    char *metric;
    pbt_direction direction;
    int64_t steps_total; /* what the study will have done when it is finished */
    pbt__study_state state;
    bool is_replay;   /* as `pbt replay` makes and names them */
    pbt__curve curve; /* scores inside: higher is better */
    pbt__pauses pauses;
} pbt__course;

/* What a course is read from (told.h). */
#define PBT__COURSE_ASKS "show,segments"

/* Read a study's course. Errors: PBT_ERR_CORRUPT, PBT_ERR_MEMORY. On success the caller calls
 * course_fini. */
PBT_MUST_USE pbt_err pbt__course_read(const pbt__told *told, pbt__course *out, pbt_error *error);
void pbt__course_fini(pbt__course *course);

/* A score between the inside, where higher is better, and as it was reported; its own inverse. */
double pbt__course_score(pbt_direction direction, double score);

#endif
