/* data.h: Fashion-MNIST (Xiao, Rasul, Vollgraf 2017) from its four gzipped IDX files. */
#ifndef DATA_H
#define DATA_H

#include <stddef.h>
#include <stdint.h>

enum { IMAGE_PIXELS = 28 * 28, IMAGE_CLASSES = 10 };

/* Owner: data_read allocates, data_free frees. */
typedef struct data {
    int32_t count;
    uint8_t *pixels; /* Shape: [count][IMAGE_PIXELS], 0 to 255 */
    uint8_t *labels; /* Shape: [count], 0 to IMAGE_CLASSES - 1 */
} data;

/* The folder with the files: the environment's FASHION_MNIST, else where Debian puts it. */
const char *data_folder(void);

/*
 * Read a set whole: "train" (60,000 images) or "t10k" (10,000).
 * Returns 0, or -1 with one line in `message`; `out` is untouched then. Shape: message[size]
 */
int data_read(const char *folder, const char *set, data *out, char *message, size_t size);
void data_free(data *d);

/* Scale pixels to mean 0 and deviation 1 over the training set. Shape: pixels, out [count] */
void data_scale(const uint8_t *pixels, size_t count, float *out);

/*
 * The example shown at `position`: `count` positions show each of `count`
 * examples once, in an order of their own, and then the next `count` in another.
 *
 * A Feistel network of four rounds permutes the numbers below the next power of four; numbers
 * beyond `count` are walked through until one is below (Black and Rogaway 2002).
 */
int32_t data_example(uint64_t stream, int64_t position, int32_t count);

#endif
