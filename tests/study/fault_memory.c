#include "fault_memory.h"

#include <jansson.h>
#include <stdlib.h>

#include "../store/fault_vfs.h"
#include "base/fault.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    return pbt__fault(PBT__FAULT_MEMORY) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return pbt__fault(PBT__FAULT_MEMORY) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return pbt__fault(PBT__FAULT_MEMORY) ? NULL : __real_realloc(old, size);
}

void fault_memory_install(void)
{
    json_set_alloc_funcs(__wrap_malloc, free);
    fault_vfs_install();
}
