/* network.c: see network.h. Nearly all time goes into dnnl_sgemm; the loops around it are plain C
 * that compilers vectorise. */
#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <dnnl.h>

#include "random.h"

/* OpenMP's, without a header that only one compiler has. */
void omp_set_num_threads(int count);

void network_use_one_thread(void)
{
    omp_set_num_threads(1);
}

/* ---- shapes ---- */

shape shape_make(int32_t width, int32_t second_width)
{
    if (second_width == 0) {
        return (shape){.layer_count = 2, .widths = {IMAGE_PIXELS, width, IMAGE_CLASSES}};
    }
    return (shape){.layer_count = 3, .widths = {IMAGE_PIXELS, width, second_width, IMAGE_CLASSES}};
}

bool shape_is_possible(int64_t width, int64_t second_width)
{
    return width >= 1 && width <= WIDTH_MAXIMUM && second_width >= 0 &&
           second_width <= WIDTH_MAXIMUM;
}

/* The number of a layer's weights. */
static size_t weight_count(const shape *s, int layer)
{
    return (size_t)s->widths[layer] * (size_t)s->widths[layer + 1];
}

/* Where a layer's parameters begin. */
static size_t layer_offset(const shape *s, int layer)
{
    size_t offset = 0;
    for (int l = 0; l < layer; l++) {
        offset += weight_count(s, l) + (size_t)s->widths[l + 1];
    }
    return offset;
}

size_t shape_size(const shape *s)
{
    return layer_offset(s, s->layer_count);
}

batch *batch_new(const shape *s, int32_t capacity)
{
    const size_t header = (sizeof(batch) + 63) / 64 * 64;
    size_t units = 0;
    for (int l = 0; l < s->layer_count; l++) {
        units += (size_t)s->widths[l + 1];
    }
    char *bytes = malloc(header + 2 * units * (size_t)capacity * sizeof(float));
    if (bytes == NULL) {
        return NULL;
    }
    batch *b = (batch *)(void *)bytes;
    *b = (batch){0};
    float *next = (float *)(void *)(bytes + header);
    for (int l = 0; l < s->layer_count; l++) {
        const size_t count = (size_t)s->widths[l + 1] * (size_t)capacity;
        b->outputs[l] = next;
        b->deltas[l] = next + count;
        next += 2 * count;
    }
    return b;
}

void batch_free(batch *b)
{
    free(b);
}

/* ---- weights ---- */

void network_init(const shape *s, uint64_t stream, float *parameters)
{
    const double two_pi = 6.283185307179586;
    uint64_t index = 0;
    for (int l = 0; l < s->layer_count; l++) {
        const double deviation = sqrt(2.0 / s->widths[l]);
        const size_t count = weight_count(s, l);
        for (size_t i = 0; i < count; i++, index += 2) {
            const double radius = sqrt(-2 * log(random_uniform(stream, index)));
            const double angle = two_pi * random_uniform(stream, index + 1);
            parameters[i] = (float)(deviation * radius * cos(angle));
        }
        memset(parameters + count, 0, (size_t)s->widths[l + 1] * sizeof(float));
        parameters += count + (size_t)s->widths[l + 1];
    }
}

void network_update(size_t count, float rate, float decay, const float *velocity, float *parameters)
{
    const float shrink = 1 - rate * decay;
    for (size_t i = 0; i < count; i++) {
        parameters[i] = shrink * parameters[i] - rate * velocity[i];
    }
}

/* ---- forward ---- */

static float dropout_scale(const dropout *drop)
{
    return (float)(1 / (1 - drop->probability));
}

/* h ← max(0, h + b), where NaN stays NaN. Shape: h [rows][width], b [width] */
static void rectify(int32_t rows, int32_t width, const float *restrict b, float *restrict h)
{
    for (int32_t r = 0; r < rows; r++, h += width) {
        for (int32_t j = 0; j < width; j++) {
            const float sum = h[j] + b[j];
            h[j] = sum < 0 ? 0 : sum;
        }
    }
}

/* Drop units of `layer`, each by 16 bits of its example's random numbers. Shape: h [rows][width] */
static void drop_units(const dropout *drop, int layer, int32_t rows, int32_t width, float *h)
{
    const uint32_t threshold = (uint32_t)lrint(drop->probability * 65536);
    const float scale = dropout_scale(drop);
    for (int32_t r = 0; r < rows; r++) {
        const uint64_t example = random_word(drop->stream, (uint64_t)(drop->position + r));
        uint64_t word = 0;
        for (int32_t j = 0; j < width; j++, h++, word >>= 16) {
            if (j % 4 == 0) {
                word = random_word(example + (uint64_t)layer, (uint64_t)j / 4);
            }
            *h = (word & 65535) < threshold ? 0 : *h * scale;
        }
    }
}

/* y ← softmax(y + b), row by row. Shape: y [rows][width], b [width] */
static void softmax(int32_t rows, int32_t width, const float *restrict b, float *restrict y)
{
    for (int32_t r = 0; r < rows; r++, y += width) {
        float largest = -INFINITY, sum = 0;
        for (int32_t j = 0; j < width; j++) {
            y[j] += b[j];
            largest = y[j] > largest ? y[j] : largest;
        }
        for (int32_t j = 0; j < width; j++) {
            y[j] = expf(y[j] - largest);
            sum += y[j];
        }
        for (int32_t j = 0; j < width; j++) {
            y[j] /= sum;
        }
    }
}

void network_forward(const shape *s, const float *parameters, const dropout *drop, batch *b)
{
    const float *x = b->inputs;
    for (int l = 0; l < s->layer_count; l++) {
        const int32_t inputs = s->widths[l], outputs = s->widths[l + 1];
        const float *weights = parameters, *biases = parameters + weight_count(s, l);
        float *y = b->outputs[l];
        dnnl_sgemm('N', 'N', b->count, outputs, inputs, 1, x, inputs, weights, outputs, 0, y,
                   outputs);
        if (l == s->layer_count - 1) {
            softmax(b->count, outputs, biases, y);
            break;
        }
        rectify(b->count, outputs, biases, y);
        if (drop->probability > 0) {
            drop_units(drop, l, b->count, outputs, y);
        }
        x = y;
        parameters = biases + outputs;
    }
}

/* A row's most probable class. Shape: y [width] */
static int32_t most_probable(const float *y, int32_t width)
{
    int32_t best = 0;
    for (int32_t j = 1; j < width; j++) {
        best = y[j] > y[best] ? j : best;
    }
    return best;
}

verdict network_judge(const shape *s, const batch *b)
{
    const int32_t classes = s->widths[s->layer_count];
    const float *y = b->outputs[s->layer_count - 1];
    verdict v = {0};
    for (int32_t r = 0; r < b->count; r++, y += classes) {
        const float smallest = 1e-30f, p = y[b->labels[r]];
        v.loss -= logf(p < smallest ? smallest : p);
        v.correct_count += most_probable(y, classes) == b->labels[r];
    }
    return v;
}

/* ---- backward ---- */

/* delta ← y - onehot(label). Shape: y, delta [count][classes] */
static void softmax_backward(const batch *b, int32_t classes, const float *y, float *delta)
{
    memcpy(delta, y, (size_t)b->count * (size_t)classes * sizeof(float));
    for (int32_t r = 0; r < b->count; r++) {
        delta[r * classes + b->labels[r]] -= 1;
    }
}

/* Through dropout and rectifier: a unit passes the gradient on where it was neither dropped nor
 * negative, that is, where h > 0. Shape: h, delta [count] */
static void rectify_backward(size_t count, float scale, const float *restrict h,
                             float *restrict delta)
{
    for (size_t i = 0; i < count; i++) {
        delta[i] = h[i] > 0 ? scale * delta[i] : 0;
    }
}

/* db ← keep·db + scale·Σ_rows delta. Shape: delta [rows][width], db [width] */
static void bias_backward(int32_t rows, int32_t width, float keep, float scale,
                          const float *restrict delta, float *restrict db)
{
    for (int32_t j = 0; j < width; j++) {
        db[j] *= keep;
    }
    for (int32_t r = 0; r < rows; r++, delta += width) {
        for (int32_t j = 0; j < width; j++) {
            db[j] += scale * delta[j];
        }
    }
}

void network_backward(const shape *s, const float *parameters, const dropout *drop, float keep,
                      float scale, batch *b, float *gradient)
{
    const int last = s->layer_count - 1;
    softmax_backward(b, s->widths[last + 1], b->outputs[last], b->deltas[last]);
    for (int l = last; l >= 0; l--) {
        const int32_t inputs = s->widths[l], outputs = s->widths[l + 1], rows = b->count;
        const float *x = l > 0 ? b->outputs[l - 1] : b->inputs, *delta = b->deltas[l];
        const float *weights = parameters + layer_offset(s, l);
        float *dw = gradient + layer_offset(s, l), *db = dw + weight_count(s, l);
        bias_backward(rows, outputs, keep, scale, delta, db);
        dnnl_sgemm('T', 'N', inputs, outputs, rows, scale, x, inputs, delta, outputs, keep, dw,
                   outputs);
        if (l > 0) {
            float *below = b->deltas[l - 1];
            dnnl_sgemm('N', 'T', rows, inputs, outputs, 1, delta, outputs, weights, outputs, 0,
                       below, inputs);
            rectify_backward((size_t)rows * (size_t)inputs, dropout_scale(drop), x, below);
        }
    }
}
