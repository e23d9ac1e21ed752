/* cache.c: one buffer per member, made when it is first needed. */
#include "executor/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct entry {
    pthread_mutex_t mutex;
    int32_t number; /* the segment's; -1: nothing is kept */
    void *state;    /* NULL before the first */
};

struct pbt__cache {
    size_t state_size;
    int32_t member_count;
    struct entry entries[]; /* Shape: entries[member_count] */
};

pbt_err pbt__cache_new(int32_t member_count, size_t state_size, pbt__cache **out)
{
    pbt__cache *cache =
        pbt__calloc(1, sizeof *cache + (size_t)member_count * sizeof cache->entries[0]);
    if (cache == NULL) {
        return PBT_ERR_MEMORY;
    }
    cache->state_size = state_size;
    cache->member_count = member_count;
    for (int32_t i = 0; i < member_count; i++) {
        pthread_mutex_init(&cache->entries[i].mutex, NULL);
        cache->entries[i].number = -1;
    }
    *out = cache;
    return PBT_OK;
}

void pbt__cache_free(pbt__cache *cache)
{
    for (int32_t i = 0; cache != NULL && i < cache->member_count; i++) {
        pthread_mutex_destroy(&cache->entries[i].mutex);
        free(cache->entries[i].state);
    }
    free(cache);
}

static struct entry *find(pbt__cache *cache, pbt_segment_id id)
{
    return id.member >= 0 && id.member < cache->member_count ? &cache->entries[id.member] : NULL;
}

void pbt__cache_put(pbt__cache *cache, pbt_segment_id id, const void *state)
{
    struct entry *entry = find(cache, id);
    if (entry == NULL) {
        return;
    }
    pthread_mutex_lock(&entry->mutex);
    if (entry->state == NULL) {
        entry->state = pbt__calloc(1, cache->state_size);
    }
    if (entry->state != NULL) {
        memcpy(entry->state, state, cache->state_size);
        entry->number = id.number;
    }
    pthread_mutex_unlock(&entry->mutex);
}

bool pbt__cache_get(pbt__cache *cache, pbt_segment_id id, void *state)
{
    struct entry *entry = find(cache, id);
    if (entry == NULL) {
        return false;
    }
    pthread_mutex_lock(&entry->mutex);
    const bool is_here = entry->number >= 0 && entry->number == id.number;
    if (is_here) {
        memcpy(state, entry->state, cache->state_size);
    }
    pthread_mutex_unlock(&entry->mutex);
    return is_here;
}
