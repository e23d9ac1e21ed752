/* distance.h: how far a word is from another, for "did you mean". */
#ifndef PBT_BASE_DISTANCE_H
#define PBT_BASE_DISTANCE_H

/* Edits (insert, drop, replace, swap neighbours) that turn one word into another, each place edited
 * once (Damerau 1964), case aside; at most 64 bytes of each count. */
int pbt__word_distance(const char *a, const char *b);

#endif
