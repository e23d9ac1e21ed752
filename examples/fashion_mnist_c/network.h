/*
 * network.h: a classifier with one or two hidden layers, y = softmax(W·relu(W·x + b) + b).
 *
 * All parameters lie in one block, layer after layer: weights [inputs][outputs], biases [outputs].
 * Gradients and velocities have the same layout, so updates are loops over one array. Matrices are
 * row-major with an example per row. Nothing here allocates but batch_new, nor keeps state.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data.h"

enum {
    LAYER_MAXIMUM = 3,
    WIDTH_MAXIMUM = 128, /* of each hidden layer */
    PARAMETER_MAXIMUM = (IMAGE_PIXELS + 1) * WIDTH_MAXIMUM + (WIDTH_MAXIMUM + 1) * WIDTH_MAXIMUM +
                        (WIDTH_MAXIMUM + 1) * IMAGE_CLASSES,
};

/* widths[0] inputs, widths[l + 1] outputs of layer l, widths[layer_count] classes. */
typedef struct shape {
    int32_t layer_count;
    int32_t widths[LAYER_MAXIMUM + 1];
} shape;

/* What goes through a network at once. Owner: batch_new allocates all in one block, but what
 * `inputs` and `labels` point to is the caller's. */
typedef struct batch {
    int32_t count;
    const float *inputs;   /* Shape: [count][widths[0]] */
    const uint8_t *labels; /* Shape: [count] */
    /* Shape: [count][widths[l + 1]]: activations; the last layer's are probabilities */
    float *outputs[LAYER_MAXIMUM];
    /* Shape: [count][widths[l + 1]]: the loss's gradient by what goes into an activation */
    float *deltas[LAYER_MAXIMUM];
} batch;

/* Each hidden unit of each example is dropped with `probability`; the others are scaled up. */
typedef struct dropout {
    double probability; /* 0: none */
    uint64_t stream;    /* of random numbers, read from `position` on, one place an example */
    int64_t position;
} dropout;

/* How well a batch was classified. */
typedef struct verdict {
    double loss; /* the sum of cross-entropies */
    int32_t correct_count;
} verdict;

/* Describe 784-width-10, or 784-width-second_width-10 where second_width > 0. */
shape shape_make(int32_t width, int32_t second_width);
/* Say whether widths lie in [1, WIDTH_MAXIMUM], the second's in [0, WIDTH_MAXIMUM]. */
bool shape_is_possible(int64_t width, int64_t second_width);
/* The number of parameters. */
size_t shape_size(const shape *s);

/* Make room for `capacity` examples. Returns NULL where there is no memory. */
batch *batch_new(const shape *s, int32_t capacity);
void batch_free(batch *b);

/* Run oneDNN on the calling thread alone, from now on: one slot, one processor. */
void network_use_one_thread(void);

/* Draw weights from N(0, 2 / inputs) (He et al. 2015), set biases to 0. Shape: parameters[size] */
void network_init(const shape *s, uint64_t stream, float *parameters);

/* Fill in the batch's outputs. */
void network_forward(const shape *s, const float *parameters, const dropout *drop, batch *b);

/* Compare the outputs with the labels. */
verdict network_judge(const shape *s, const batch *b);

/*
 * gradient ← keep·gradient + scale·∂loss/∂parameters, after network_forward with the same `drop`.
 * With keep = momentum and scale = 1 / batch size, `gradient` is the velocity of momentum SGD, and
 * no other array is needed. Shape: gradient[size]
 */
void network_backward(const shape *s, const float *parameters, const dropout *drop, float keep,
                      float scale, batch *b, float *gradient);

/* parameters ← (1 - rate·decay)·parameters - rate·velocity (weight decay apart from the gradient,
 * Loshchilov and Hutter 2019). Shape: parameters, velocity [count] */
void network_update(size_t count, float rate, float decay, const float *velocity,
                    float *parameters);

#endif
