/* names.h: the names of enumerations that a spec gives, by value, ending with NULL. */
#ifndef PBT_CORE_NAMES_H
#define PBT_CORE_NAMES_H

extern const char *const pbt__compare_names[],
    *const pbt__direction_names[], *const pbt__mode_names[], *const pbt__scale_names[],
                                                                 *const pbt__when_names[];

#endif
