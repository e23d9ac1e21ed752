/*
 * rng.h: random numbers without a generator state (Philox4x32-10, Salmon et al. 2011, Random123).
 *
 * A stream is a pure function of (seed, member, number, purpose, index), so every draw can be made
 * again. Streams of different keys are independent: adding a hyperparameter or a rule changes no
 * other draw. A stream lives on the stack.
 */
#ifndef PBT_CORE_RNG_H
#define PBT_CORE_RNG_H

#include <stdint.h>

/* What a stream is for. Part of every study's log: a number is never given to another purpose. */
typedef enum pbt__purpose {
    PBT__PURPOSE_PRIOR = 1,   /* first hyperparameters; index: the parameter */
    PBT__PURPOSE_SEED = 2,    /* the trainer's seed */
    PBT__PURPOSE_EXPLOIT = 3, /* the draw of a donor */
    PBT__PURPOSE_EXPLORE = 4, /* index: the parameter */
    PBT__PURPOSE_RESCUE = 5,  /* the draw of a rescuer */
    /* In no study's log: */
    PBT__PURPOSE_BOOTSTRAP = 254, /* scores that are compared, drawn anew */
    PBT__PURPOSE_POWER = 255,     /* experiments that are simulated */
} pbt__purpose;

typedef struct pbt__rng {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    int used; /* words of `block` handed out, 4: none left */
} pbt__rng;

/* Begin the stream of (seed, member, number, purpose, index). `index` < 2^24. */
pbt__rng pbt__rng_stream(uint64_t seed, int32_t member, int32_t number, pbt__purpose purpose,
                         uint32_t index);

uint32_t pbt__rng_word(pbt__rng *rng);
/* Uniform in [0, 1), 53 bits. */
double pbt__rng_uniform(pbt__rng *rng);
/* Uniform in {0, ..., bound - 1}, without bias (Lemire 2019). `bound` > 0. */
uint32_t pbt__rng_below(pbt__rng *rng, uint32_t bound);
/* Standard normal (Box and Muller 1958). */
double pbt__rng_normal(pbt__rng *rng);

#endif
