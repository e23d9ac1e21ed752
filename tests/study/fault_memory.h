/*
 * fault_memory.h: every allocation of the process counts as an operation of the kind
 * PBT__FAULT_MEMORY.
 *
 * Ours are caught by the linker (--wrap of malloc, calloc and realloc), core's included, which
 * knows no seams; SQLite's and Jansson's by their own hooks.
 */
#ifndef PBT_TESTS_STUDY_FAULT_MEMORY_H
#define PBT_TESTS_STUDY_FAULT_MEMORY_H

/* Put the hooks in place. First of all calls that reach SQLite or Jansson. */
void fault_memory_install(void);

#endif
