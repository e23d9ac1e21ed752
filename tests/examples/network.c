/* network.c: the gradient against finite differences, dropout, update. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "network.h"
#include "random.h"

static void assert_near(double value, double expected, double tolerance)
{
    assert_true(fabs(value - expected) <= tolerance);
}

enum { ROWS = 16, INPUTS = 6, SIZE_MAXIMUM = 128 };

/* Small enough for finite differences in all parameters. */
static const shape shapes[] = {
    {.layer_count = 2, .widths = {INPUTS, 5, 3}},
    {.layer_count = 3, .widths = {INPUTS, 5, 4, 3}},
};

static const dropout no_dropout = {0};

typedef struct problem {
    const shape *s;
    size_t size;
    float parameters[SIZE_MAXIMUM];
    float inputs[ROWS * INPUTS];
    uint8_t labels[ROWS];
    batch *b;
} problem;

static void problem_init(const shape *s, problem *p)
{
    p->s = s;
    p->size = shape_size(s);
    assert_true(p->size <= SIZE_MAXIMUM);
    network_init(s, 1, p->parameters);
    for (uint64_t i = 0; i < p->size; i++) {
        p->parameters[i] += (float)(0.2 * random_uniform(2, i) - 0.1);
    }
    for (uint64_t i = 0; i < ROWS * INPUTS; i++) {
        p->inputs[i] = (float)(2 * random_uniform(3, i) - 1);
    }
    for (uint64_t i = 0; i < ROWS; i++) {
        p->labels[i] = (uint8_t)(random_word(4, i) % (uint64_t)s->widths[s->layer_count]);
    }
    p->b = batch_new(s, ROWS);
    assert_non_null(p->b);
    p->b->count = ROWS;
    p->b->inputs = p->inputs;
    p->b->labels = p->labels;
}

static double problem_loss(problem *p, const dropout *drop)
{
    network_forward(p->s, p->parameters, drop, p->b);
    return network_judge(p->s, p->b).loss;
}

/* The derivative by one parameter, by central difference. */
static double problem_slope(problem *p, const dropout *drop, size_t i)
{
    const float epsilon = 2e-3f, kept = p->parameters[i];
    const float above = kept + epsilon, below = kept - epsilon;
    p->parameters[i] = above;
    const double loss_above = problem_loss(p, drop);
    p->parameters[i] = below;
    const double loss_below = problem_loss(p, drop);
    p->parameters[i] = kept;
    return (loss_above - loss_below) / ((double)above - (double)below);
}

/* Each layer's weights and biases must have a gradient that is not zero before any is compared. */
static void assert_not_zero(const shape *s, const float *gradient)
{
    for (int l = 0; l < s->layer_count; l++) {
        const int32_t counts[2] = {s->widths[l] * s->widths[l + 1], s->widths[l + 1]};
        for (int part = 0; part < 2; part++) {
            double largest = 0;
            for (int32_t i = 0; i < counts[part]; i++) {
                largest = fmax(largest, fabs((double)gradient[i]));
            }
            assert_true(largest > 0.1);
            gradient += counts[part];
        }
    }
}

static void check_gradient(const shape *s, const dropout *drop)
{
    problem p;
    float gradient[SIZE_MAXIMUM] = {0};
    problem_init(s, &p);
    problem_loss(&p, drop);
    network_backward(s, p.parameters, drop, 0, 1, p.b, gradient);
    assert_not_zero(s, gradient);
    for (size_t i = 0; i < p.size; i++) {
        const double slope = problem_slope(&p, drop, i);
        assert_near((double)gradient[i], slope, 5e-3 + 5e-3 * fabs(slope));
    }
    batch_free(p.b);
}

static void test_gradient(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        check_gradient(&shapes[i], &no_dropout);
    }
}

static void test_gradient_with_dropout(void **unused)
{
    (void)unused;
    const dropout drop = {.probability = 0.3, .stream = 5, .position = 11};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        check_gradient(&shapes[i], &drop);
    }
}

/* gradient ← keep·gradient + scale·(the plain gradient). */
static void test_backward_accumulates(void **unused)
{
    (void)unused;
    problem p;
    float plain[SIZE_MAXIMUM] = {0}, mixed[SIZE_MAXIMUM];
    problem_init(&shapes[1], &p);
    problem_loss(&p, &no_dropout);
    network_backward(p.s, p.parameters, &no_dropout, 0, 1, p.b, plain);
    for (size_t i = 0; i < p.size; i++) {
        mixed[i] = (float)i;
    }
    network_backward(p.s, p.parameters, &no_dropout, 0.5f, 0.25f, p.b, mixed);
    for (size_t i = 0; i < p.size; i++) {
        assert_near((double)mixed[i], (double)(0.5f * (float)i + 0.25f * plain[i]), 1e-4);
    }
    batch_free(p.b);
}

static void test_probabilities_sum_to_one(void **unused)
{
    (void)unused;
    problem p;
    problem_init(&shapes[1], &p);
    problem_loss(&p, &no_dropout);
    for (int r = 0; r < ROWS; r++) {
        const float *y = p.b->outputs[2] + 3 * r;
        assert_near((double)(y[0] + y[1] + y[2]), 1, 1e-6);
    }
    batch_free(p.b);
}

/* Weights that are not numbers must not pass for a network that merely classifies badly. */
static void test_nan_reaches_the_loss(void **unused)
{
    (void)unused;
    problem p;
    problem_init(&shapes[1], &p);
    p.parameters[0] = NAN;
    assert_true(isnan(problem_loss(&p, &no_dropout)));
    batch_free(p.b);
}

/* Units are dropped as often as asked, the kept ones are scaled, and an example's units are the
 * same in whatever batch it comes. */
static void test_dropout(void **unused)
{
    (void)unused;
    enum { WIDTH = 128, COUNT = 400 };
    const shape s = {.layer_count = 2, .widths = {1, WIDTH, 2}};
    float parameters[WIDTH + WIDTH + 2 * WIDTH + 2] = {0}, inputs[COUNT];
    for (int i = 0; i < COUNT; i++) {
        inputs[i] = 1;
    }
    for (int j = 0; j < WIDTH; j++) {
        parameters[j] = 1;
    }
    batch *whole = batch_new(&s, COUNT), *tail = batch_new(&s, COUNT);
    assert_non_null(whole);
    assert_non_null(tail);
    dropout drop = {.probability = 0.25, .stream = 9, .position = 1000};
    whole->count = COUNT;
    whole->inputs = tail->inputs = inputs;
    network_forward(&s, parameters, &drop, whole);
    drop.position += 100;
    tail->count = COUNT - 100;
    network_forward(&s, parameters, &drop, tail);
    int dropped = 0;
    for (int i = 0; i < COUNT * WIDTH; i++) {
        dropped += whole->outputs[0][i] == 0;
        assert_true(whole->outputs[0][i] == 0 || fabsf(whole->outputs[0][i] - 4.f / 3) < 1e-6f);
    }
    /* Binomial(51,200, 0.25): mean 12,800, deviation 98; five deviations. */
    assert_in_range(dropped, 12800 - 490, 12800 + 490);
    assert_memory_equal(whole->outputs[0] + 100 * WIDTH, tail->outputs[0],
                        sizeof(float) * (COUNT - 100) * WIDTH);
    batch_free(whole);
    batch_free(tail);
}

/* Neighbours in a layer, and the same place in two layers, are dropped independently of each other.
 */
static void test_dropout_is_independent(void **unused)
{
    (void)unused;
    enum { WIDTH = 64, COUNT = 400, SIZE = 2 * WIDTH + WIDTH * WIDTH + WIDTH + 2 * WIDTH + 2 };
    const shape s = {.layer_count = 3, .widths = {1, WIDTH, WIDTH, 2}};
    const dropout drop = {.probability = 0.5, .stream = 9};
    float parameters[SIZE], inputs[COUNT];
    for (int i = 0; i < SIZE; i++) {
        parameters[i] = 1;
    }
    for (int i = 0; i < COUNT; i++) {
        inputs[i] = 1;
    }
    batch *b = batch_new(&s, COUNT);
    assert_non_null(b);
    b->count = COUNT;
    b->inputs = inputs;
    network_forward(&s, parameters, &drop, b);
    int neighbours = 0, layers = 0;
    for (int i = 0; i < COUNT * WIDTH - 1; i++) {
        neighbours += b->outputs[0][i] == 0 && b->outputs[0][i + 1] == 0;
        layers += b->outputs[0][i] == 0 && b->outputs[1][i] == 0;
    }
    /* A quarter of 25,600: 6,400. Deviations: 69 for layers, 89 for neighbours, whose pairs
     * overlap. */
    assert_in_range(neighbours, 6400 - 450, 6400 + 450);
    assert_in_range(layers, 6400 - 450, 6400 + 450);
    batch_free(b);
}

static void test_update(void **unused)
{
    (void)unused;
    float parameters[2] = {1, -2};
    const float velocity[2] = {10, 20};
    network_update(2, 0.1f, 0.5f, velocity, parameters);
    assert_near((double)parameters[0], 0.95 - 1, 1e-6);
    assert_near((double)parameters[1], -1.9 - 2, 1e-6);
}

static void test_initial_deviation(void **unused)
{
    (void)unused;
    const shape s = shape_make(100, 0);
    float *parameters = malloc(shape_size(&s) * sizeof *parameters);
    assert_non_null(parameters);
    network_init(&s, 7, parameters);
    const int count = IMAGE_PIXELS * 100;
    double sum = 0, squares = 0;
    for (int i = 0; i < count; i++) {
        sum += (double)parameters[i];
        squares += (double)parameters[i] * (double)parameters[i];
    }
    /* 78,400 draws of variance 2/784: the variance's own deviation is 0.5 % of it; six of them. */
    assert_near(squares / count * IMAGE_PIXELS / 2, 1, 0.03);
    assert_near(sum / count, 0, 1.1e-3);
    for (int j = 0; j < 100; j++) {
        assert_true(parameters[count + j] == 0);
    }
    free(parameters);
}

static void test_possible_shapes(void **unused)
{
    (void)unused;
    assert_true(shape_is_possible(128, 0));
    assert_true(shape_is_possible(1, 128));
    assert_false(shape_is_possible(0, 0));
    assert_false(shape_is_possible(129, 0));
    assert_false(shape_is_possible(64, 129));
    assert_false(shape_is_possible(64, -1));
    const shape largest = shape_make(WIDTH_MAXIMUM, WIDTH_MAXIMUM);
    assert_int_equal(shape_size(&largest), PARAMETER_MAXIMUM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_gradient_with_dropout),
        cmocka_unit_test(test_backward_accumulates),
        cmocka_unit_test(test_probabilities_sum_to_one),
        cmocka_unit_test(test_nan_reaches_the_loss),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_dropout_is_independent),
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_initial_deviation),
        cmocka_unit_test(test_possible_shapes),
    };
    network_use_one_thread();
    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
