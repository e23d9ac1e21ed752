/* data.c: the example's data: real files, broken files, and the order of examples. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "data.h"
#include "random.h"

static void assert_near(double value, double expected, double tolerance)
{
    assert_true(fabs(value - expected) <= tolerance);
}

static char message[8192];

/* ---- reading ---- */

static void require_data(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/train-images-idx3-ubyte.gz", data_folder());
    if (access(path, R_OK) != 0) {
        print_message("skipped: install dataset-fashion-mnist\n");
        skip();
    }
}

static void test_real_files(void **unused)
{
    (void)unused;
    require_data();
    data d;
    assert_int_equal(data_read(data_folder(), "train", &d, message, sizeof message), 0);
    assert_int_equal(d.count, 60000);
    int counts[IMAGE_CLASSES] = {0};
    for (int32_t i = 0; i < d.count; i++) {
        counts[d.labels[i]]++;
    }
    for (int c = 0; c < IMAGE_CLASSES; c++) {
        assert_int_equal(counts[c], 6000);
    }
    data_free(&d);
    assert_int_equal(data_read(data_folder(), "t10k", &d, message, sizeof message), 0);
    assert_int_equal(d.count, 10000);
    data_free(&d);
}

static void test_scaling(void **unused)
{
    (void)unused;
    require_data();
    data d;
    assert_int_equal(data_read(data_folder(), "train", &d, message, sizeof message), 0);
    const size_t count = (size_t)d.count * IMAGE_PIXELS;
    float *scaled = malloc(count * sizeof *scaled);
    assert_non_null(scaled);
    data_scale(d.pixels, count, scaled);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)scaled[i];
        squares += (double)scaled[i] * (double)scaled[i];
    }
    assert_near(sum / (double)count, 0, 1e-3);
    assert_near(squares / (double)count, 1, 1e-3);
    free(scaled);
    data_free(&d);
}

/* ---- broken files ---- */

static char folder[] = "/tmp/pbt-data-XXXXXX";

static int make_folder(void **unused)
{
    (void)unused;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static void file_path(const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s-ubyte.gz", folder, name);
}

static int remove_folder(void **unused)
{
    (void)unused;
    char path[4096];
    file_path("train-images-idx3", path, sizeof path);
    unlink(path);
    file_path("train-labels-idx1", path, sizeof path);
    unlink(path);
    return rmdir(folder);
}

/* Write an IDX file of `length` bytes after a header with these sizes. */
static void write_file(const char *name, int dimension_count, const int *sizes, uint8_t fill,
                       int length)
{
    char path[4096];
    file_path(name, path, sizeof path);
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    const uint8_t magic[4] = {0, 0, 8, (uint8_t)dimension_count};
    assert_int_equal(gzwrite(file, magic, 4), 4);
    for (int i = 0; i < dimension_count; i++) {
        const uint8_t size[4] = {0, 0, (uint8_t)(sizes[i] >> 8), (uint8_t)sizes[i]};
        assert_int_equal(gzwrite(file, size, 4), 4);
    }
    for (int i = 0; i < length; i++) {
        assert_int_equal(gzputc(file, fill), fill);
    }
    assert_int_equal(gzclose(file), Z_OK);
}

static void write_images(int count, int side, int length)
{
    write_file("train-images-idx3", 3, (int[]){count, side, side}, 7, length);
}

static void write_labels(int count, uint8_t label, int length)
{
    write_file("train-labels-idx1", 1, &count, label, length);
}

static void assert_refused(void)
{
    data d = {.count = -1};
    assert_int_equal(data_read(folder, "train", &d, message, sizeof message), -1);
    assert_int_equal(d.count, -1);
    assert_non_null(strstr(message, folder));
}

static void test_small_files(void **unused)
{
    (void)unused;
    data d;
    write_images(3, 28, 3 * IMAGE_PIXELS);
    write_labels(3, 9, 3);
    assert_int_equal(data_read(folder, "train", &d, message, sizeof message), 0);
    assert_int_equal(d.count, 3);
    assert_int_equal(d.labels[2], 9);
    assert_int_equal(d.pixels[3 * IMAGE_PIXELS - 1], 7);
    data_free(&d);
}

static void test_broken_files_are_refused(void **unused)
{
    (void)unused;
    write_labels(3, 9, 3);
    write_images(3, 28, 3 * IMAGE_PIXELS - 1); /* cut short */
    assert_refused();
    write_images(3, 27, 3 * IMAGE_PIXELS); /* another size */
    assert_refused();
    write_images(0, 28, 0); /* empty */
    assert_refused();
    write_images(3, 28, 3 * IMAGE_PIXELS);
    write_labels(4, 9, 4); /* more labels than images */
    assert_refused();
    write_labels(3, 10, 3); /* no such class */
    assert_refused();
    write_labels(3, 9, 2);
    assert_refused();
    remove_folder(NULL); /* absent */
    assert_refused();
    assert_int_equal(mkdir(folder, 0700), 0);
}

/* ---- order ---- */

/* Every epoch shows every example once, whatever the number of examples. */
static void test_epoch_is_a_permutation(void **unused)
{
    (void)unused;
    const int32_t counts[] = {1, 2, 3, 16, 17, 1000, 55000};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        const int32_t count = counts[k];
        uint8_t *seen = calloc((size_t)count, 1);
        assert_non_null(seen);
        for (int64_t i = 0; i < count; i++) {
            const int32_t example = data_example(3, 5 * (int64_t)count + i, count);
            assert_in_range(example, 0, count - 1);
            assert_int_equal(seen[example]++, 0);
        }
        free(seen);
    }
}

/* Another epoch or another seed shows another order: few examples keep their place. */
static void test_orders_differ(void **unused)
{
    (void)unused;
    enum { COUNT = 10000 };
    int same_epoch = 0, same_seed = 0, neighbours = 0;
    for (int64_t i = 0; i < COUNT; i++) {
        const int32_t example = data_example(1, i, COUNT);
        same_epoch += example == data_example(1, COUNT + i, COUNT);
        same_seed += example == data_example(2, i, COUNT);
        neighbours += abs(example - data_example(1, (i + 1) % COUNT, COUNT)) == 1;
    }
    /* Each is Poisson with mean 1 (2 for neighbours): more than 12 has a probability below 1e-6. */
    assert_in_range(same_epoch, 0, 12);
    assert_in_range(same_seed, 0, 12);
    assert_in_range(neighbours, 0, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_files),
        cmocka_unit_test(test_scaling),
        cmocka_unit_test(test_small_files),
        cmocka_unit_test(test_broken_files_are_refused),
        cmocka_unit_test(test_epoch_is_a_permutation),
        cmocka_unit_test(test_orders_differ),
    };
    return cmocka_run_group_tests_name("data", tests, make_folder, remove_folder);
}
