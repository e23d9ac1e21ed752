/* id.h: segments by name: "m3s12" is member 3, number 12. */
#ifndef PBT_BASE_ID_H
#define PBT_BASE_ID_H

#include <pbt/pbt.h>

enum { PBT__ID_SIZE = 32 };

/* Returns its length. Shape: out[PBT__ID_SIZE] */
size_t pbt__id_write(pbt_segment_id id, char *out);
/* Read a whole text; false where it is no id, and `*out` is as it was. */
bool pbt__id_read(const char *text, pbt_segment_id *out);

/* Read the id that a text begins with. Returns what follows it; NULL if it begins with none. */
const char *pbt__id_step(const char *text, pbt_segment_id *out);
/* The same for a number as it stands in an id: no sign, no leading zero, no more than an int32_t
 * holds. */
const char *pbt__count_step(const char *text, int32_t *out);

#endif
