/*
 * evaluate.c: print the test accuracy of checkpoints, one line each.
 *
 * The test set is for the end: nothing that chose a checkpoint has seen it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "data.h"
#include "model.h"

/* Read a checkpoint. Returns NULL where it is none. */
static model *model_read(const char *path)
{
    model *m = malloc(sizeof *m);
    FILE *file = fopen(path, "rb");
    if (m == NULL || file == NULL || fread(m, sizeof *m, 1, file) != 1 || fgetc(file) != EOF ||
        !shape_is_possible(m->shape.widths[1],
                           m->shape.layer_count == 3 ? m->shape.widths[2] : 0)) {
        free(m);
        m = NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    return m;
}

/* Classify all test images. Returns the share classified correctly, or -1 without memory. */
static double model_accuracy(const model *m, const data *test, const float *inputs)
{
    const dropout none = {0};
    batch *b = batch_new(&m->shape, test->count);
    if (b == NULL) {
        return -1;
    }
    b->count = test->count;
    b->inputs = inputs;
    b->labels = test->labels;
    network_forward(&m->shape, m->parameters, &none, b);
    const verdict v = network_judge(&m->shape, b);
    batch_free(b);
    return (double)v.correct_count / test->count;
}

static int evaluate_all(char **paths, const data *test, const float *inputs)
{
    for (; *paths != NULL; paths++) {
        model *m = model_read(*paths);
        const double accuracy = m != NULL ? model_accuracy(m, test, inputs) : -1;
        free(m);
        if (accuracy < 0) {
            fprintf(stderr, "evaluate: '%s' is not a checkpoint of this trainer\n", *paths);
            return 1;
        }
        printf("%.4f\n", accuracy);
    }
    return 0;
}

int main(int argc, char **argv)
{
    char message[4096 + 128];
    data test;
    if (argc < 2) {
        fprintf(stderr, "usage: %s CHECKPOINT...\n", argv[0]);
        return 2;
    }
    if (data_read(data_folder(), "t10k", &test, message, sizeof message) != 0) {
        fprintf(stderr, "evaluate: %s\n", message);
        return 1;
    }
    const size_t pixels = (size_t)test.count * IMAGE_PIXELS;
    float *inputs = malloc(pixels * sizeof *inputs);
    int status = 1;
    if (inputs != NULL) {
        data_scale(test.pixels, pixels, inputs);
        status = evaluate_all(argv + 1, &test, inputs);
    }
    free(inputs);
    data_free(&test);
    return status;
}
