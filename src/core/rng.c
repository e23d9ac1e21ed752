/*
 * rng.c: Philox4x32-10 as streams.
 *
 * Layout, part of every study's log:
 *     key     = seed, low word first
 *     counter = member, number, purpose * 2^24 + index, block
 * The block counts on within a stream: 2^34 words before it would repeat.
 */
#include "core/rng.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include <Random123/philox.h>

enum { BLOCK_WORDS = 4, INDEX_BITS = 24 };

// rule: random numbers, Salmon 2011
pbt__rng pbt__rng_stream(uint64_t seed, int32_t member, int32_t number, pbt__purpose purpose,
                         uint32_t index)
{
    assert(index < UINT32_C(1) << INDEX_BITS);
    return (pbt__rng){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {(uint32_t)member, (uint32_t)number, ((uint32_t)purpose << INDEX_BITS) | index,
                    0},
        .used = BLOCK_WORDS,
    };
}

uint32_t pbt__rng_word(pbt__rng *rng)
{
    if (rng->used == BLOCK_WORDS) {
        philox4x32_ctr_t counter;
        philox4x32_key_t key;
        memcpy(counter.v, rng->counter, sizeof counter.v);
        memcpy(key.v, rng->key, sizeof key.v);
        const philox4x32_ctr_t block = philox4x32(counter, key);
        memcpy(rng->block, block.v, sizeof rng->block);
        rng->counter[3]++;
        rng->used = 0;
    }
    return rng->block[rng->used++];
}

double pbt__rng_uniform(pbt__rng *rng)
{
    const uint64_t high = pbt__rng_word(rng);
    const uint64_t low = pbt__rng_word(rng);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

uint32_t pbt__rng_below(pbt__rng *rng, uint32_t bound)
{
    assert(bound > 0);
    /* The product's high word is the draw. Of its low words, 2^32 mod bound come once too often. */
    uint64_t product = (uint64_t)pbt__rng_word(rng) * bound;
    if ((uint32_t)product < bound) {
        const uint32_t surplus = (uint32_t)-bound % bound;
        while ((uint32_t)product < surplus) {
            product = (uint64_t)pbt__rng_word(rng) * bound;
        }
    }
    return (uint32_t)(product >> 32);
}

double pbt__rng_normal(pbt__rng *rng)
{
    const double two_pi = 6.283185307179586;
    const double radius = sqrt(-2 * log(1 - pbt__rng_uniform(rng))); /* 1 - u is never 0 */
    return radius * cos(two_pi * pbt__rng_uniform(rng));
}
