/*
 * random.h: random numbers as a function of (seed, index): no generator state (Steele et al. 2014,
 * SplitMix64, read at any place). What an example is shown, in which order and with which units
 * dropped, follows from the seed and its position alone, so training may stop and go on anywhere.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

/* What a stream of random numbers is for. */
enum { STREAM_WEIGHTS = 1, STREAM_ORDER, STREAM_DROPOUT };

static inline uint64_t random_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The seed of a stream of its own. */
static inline uint64_t random_stream(uint64_t seed, uint64_t purpose)
{
    return random_mix(random_mix(seed) + purpose);
}

/* The word at `index` of a stream. */
static inline uint64_t random_word(uint64_t stream, uint64_t index)
{
    return random_mix(stream + (index + 1) * 0x9e3779b97f4a7c15u);
}

/* The word at `index` as a number in (0, 1). */
static inline double random_uniform(uint64_t stream, uint64_t index)
{
    return ((double)(random_word(stream, index) >> 11) + 0.5) * 0x1p-53;
}

#endif
