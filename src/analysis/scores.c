/* scores.c: order, interquartile mean, quantiles. Quantiles use selection, not sorting: they take
 * most of the time of resampling. */
#include "analysis/scores.h"

#include <math.h>
#include <stdlib.h>

double pbt__score_usable(double score)
{
    return isfinite(score) ? score : -(double)INFINITY;
}

double pbt__score_difference(double a, double b)
{
    return a == b ? 0 : a - b;
}

static int compare(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

void pbt__numbers_sort(double *numbers, size_t count)
{
    if (count > 0) {
        qsort(numbers, count, sizeof *numbers, compare);
    }
}

void pbt__scores_sort(double *scores, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        scores[i] = pbt__score_usable(scores[i]);
    }
    pbt__numbers_sort(scores, count);
}

/* How many of the places [begin, begin + length) lie within [first, last). */
static size_t overlap(size_t begin, size_t length, size_t first, size_t last)
{
    const size_t low = begin > first ? begin : first;
    const size_t high = begin + length < last ? begin + length : last;
    return high > low ? high - low : 0;
}

/* The sum of the scores that are left between the trimmed ends, each times `scale`. */
static double sum_of_kept(const double *sorted, const size_t *counts, size_t count, size_t total,
                          double scale)
{
    const size_t trimmed = total / 4;
    double sum = 0;
    size_t place = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t times = counts != NULL ? counts[i] : 1;
        const size_t kept = overlap(place, times, trimmed, total - trimmed);
        sum += kept > 0 ? (double)kept * (sorted[i] * scale) : 0;
        place += times;
    }
    return sum;
}

/* If the sum overflows, it is computed again with scaled scores. */
// formula: interquartile mean, Agarwal 2021
double pbt__scores_iqm(const double *sorted, const size_t *counts, size_t count, size_t total)
{
    static const double SMALL = 0x1p-64;
    if (total == 0) {
        return (double)NAN;
    }
    const size_t trimmed = total / 4;
    const double kept = (double)(total - 2 * trimmed);
    const double sum = sum_of_kept(sorted, counts, count, total, 1);
    return isfinite(sum) ? sum / kept
                         : sum_of_kept(sorted, counts, count, total, SMALL) / kept / SMALL;
}

/* Swap numbers of [first, end), at least two, until those before the returned place are no larger
 * than those from it on; both sides hold one (Hoare 1961). */
static size_t partition(double *numbers, size_t first, size_t end)
{
    const double pivot = numbers[first + (end - 1 - first) / 2];
    size_t low = first, high = end - 1;
    for (;; low++, high--) {
        while (numbers[low] < pivot) {
            low++;
        }
        while (numbers[high] > pivot) {
            high--;
        }
        if (low >= high) {
            return high + 1;
        }
        const double swapped = numbers[low];
        numbers[low] = numbers[high];
        numbers[high] = swapped;
    }
}

double pbt__numbers_select(double *numbers, size_t count, size_t place)
{
    size_t first = 0, end = count;
    while (end - first > 1) {
        const size_t split = partition(numbers, first, end);
        first = place < split ? first : split;
        end = place < split ? split : end;
    }
    return numbers[first];
}

/* Between two neighbours, the first of which may be -INFINITY and the second INFINITY. */
static double between(double low, double high, double part)
{
    if (part == 0 || low == high || isinf(low)) {
        return low;
    }
    const double width = high - low;
    return isfinite(width) ? low + part * width : (1 - part) * low + part * high;
}

double pbt__numbers_quantile(const double *sorted, size_t count, double share)
{
    if (count == 0) {
        return (double)NAN;
    }
    const double place = share * (double)(count - 1);
    const size_t below = (size_t)place;
    const size_t above = below + 1 < count ? below + 1 : below;
    return between(sorted[below], sorted[above], place - (double)below);
}

double pbt__numbers_percentile(double *numbers, size_t count, double share)
{
    if (count == 0) {
        return (double)NAN;
    }
    const double place = share * (double)(count - 1);
    const size_t below = (size_t)place;
    const size_t above = below + 1 < count ? below + 1 : below;
    const double low = pbt__numbers_select(numbers, count, below);
    return between(low, pbt__numbers_select(numbers, count, above), place - (double)below);
}
