/* model.h: what a checkpoint holds: everything that training depends on. */
#ifndef MODEL_H
#define MODEL_H

#include "network.h"

enum { VALIDATION_COUNT = 5000 }; /* the training set's last images, never trained on */

/* Shape: the first shape_size() of parameters and velocities are in use. */
typedef struct model {
    uint64_t seed;    /* of weights, order and dropout */
    int64_t position; /* examples these weights were trained on */
    shape shape;
    float parameters[PARAMETER_MAXIMUM];
    float velocities[PARAMETER_MAXIMUM];
} model;

#endif
