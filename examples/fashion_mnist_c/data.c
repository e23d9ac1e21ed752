/* data.c: see data.h. */
#include "data.h"

#include <stdio.h>
#include <stdlib.h>

#include <zlib.h>

#include "random.h"

/* Of the 60,000 training images' pixels divided by 255. */
static const float pixel_mean = 0.2860f, pixel_deviation = 0.3530f;

const char *data_folder(void)
{
    const char *folder = getenv("FASHION_MNIST");
    return folder != NULL ? folder : "/usr/share/datasets/fashion-mnist";
}

static int32_t big_endian(const uint8_t *bytes)
{
    return (int32_t)((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
                     (uint32_t)bytes[3]);
}

/* Read the header's sizes. IDX: two zeros, 8 for bytes, the number of sizes, then the sizes. */
static int read_header(gzFile file, int dimension_count, int32_t *sizes)
{
    uint8_t header[4 + 4 * 3];
    const unsigned length = 4 + 4 * (unsigned)dimension_count;
    if (gzread(file, header, length) != (int)length || header[0] != 0 || header[1] != 0 ||
        header[2] != 8 || header[3] != dimension_count) {
        return -1;
    }
    for (int i = 0; i < dimension_count; i++) {
        sizes[i] = big_endian(header + 4 + 4 * i);
    }
    return 0;
}

/* Read `count` items of `item` bytes; NULL where they are not there. */
static uint8_t *read_items(gzFile file, int32_t count, int32_t item)
{
    const int64_t length = (int64_t)count * item;
    uint8_t *bytes = malloc((size_t)length);
    if (bytes != NULL && gzread(file, bytes, (unsigned)length) != length) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

/* Read a file of items of `item` bytes: images where it is IMAGE_PIXELS, labels where it is 1. */
static uint8_t *read_file(const char *path, int32_t item, int32_t *count)
{
    enum { COUNT_MAXIMUM = 1000 * 1000 };
    int32_t sizes[3] = {0, 1, 1};
    gzFile file = gzopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    uint8_t *bytes = NULL;
    if (read_header(file, item == 1 ? 1 : 3, sizes) == 0 && sizes[0] > 0 &&
        sizes[0] <= COUNT_MAXIMUM && (int64_t)sizes[1] * sizes[2] == item) {
        bytes = read_items(file, sizes[0], item);
    }
    gzclose(file);
    *count = sizes[0];
    return bytes;
}

int data_read(const char *folder, const char *set, data *out, char *message, size_t size)
{
    char path[4096];
    data d = {0};
    int32_t label_count = 0;
    snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte.gz", folder, set);
    d.pixels = read_file(path, IMAGE_PIXELS, &d.count);
    if (d.pixels == NULL) {
        goto fail;
    }
    snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte.gz", folder, set);
    d.labels = read_file(path, 1, &label_count);
    if (d.labels == NULL || label_count != d.count) {
        goto fail;
    }
    for (int32_t i = 0; i < d.count; i++) {
        if (d.labels[i] >= IMAGE_CLASSES) {
            goto fail;
        }
    }
    *out = d;
    return 0;
fail:
    snprintf(message, size, "cannot read '%s' (Debian: apt-get install dataset-fashion-mnist)",
             path);
    data_free(&d);
    return -1;
}

void data_free(data *d)
{
    free(d->pixels);
    free(d->labels);
    *d = (data){0};
}

void data_scale(const uint8_t *pixels, size_t count, float *out)
{
    const float scale = 1 / (255 * pixel_deviation), shift = -pixel_mean / pixel_deviation;
    for (size_t i = 0; i < count; i++) {
        out[i] = (float)pixels[i] * scale + shift;
    }
}

/* Permute the numbers of 2·half_bits bits. */
static uint32_t feistel(uint64_t key, int half_bits, uint32_t number)
{
    const uint32_t mask = (1u << half_bits) - 1;
    uint32_t left = number >> half_bits, right = number & mask;
    for (uint64_t round = 0; round < 4; round++) {
        const uint32_t mixed = left ^ ((uint32_t)random_word(key + round, right) & mask);
        left = right;
        right = mixed;
    }
    return left << half_bits | right;
}

int32_t data_example(uint64_t stream, int64_t position, int32_t count)
{
    const uint64_t key = random_word(stream, (uint64_t)(position / count));
    int half_bits = 1;
    while ((1 << 2 * half_bits) < count) {
        half_bits++;
    }
    uint32_t number = (uint32_t)(position % count);
    do {
        number = feistel(key, half_bits, number);
    } while (number >= (uint32_t)count);
    return (int32_t)number;
}
