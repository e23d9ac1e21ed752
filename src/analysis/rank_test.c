/*
 * rank_test.c: exact null distributions by dynamic programming.
 *
 * Twice a midrank is whole, so sums of ranks are indices. Wilcoxon: each rank of a difference that
 * is not zero is added with probability one half. Mann and Whitney: `ways[k][s]` counts the choices
 * of k ranks with the sum s; k is the size of group a. Sixty scores take a few milliseconds.
 */
#include "analysis/rank_test.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/normal.h"
#include "base/memory.h"

typedef struct item {
    double key;   /* ranked by it */
    bool is_of_a; /* of a, or a pair in which a is better */
    bool is_zero; /* a pair of equals */
} item;

/* Items in order, with twice their midranks. Owner: both are its own. */
typedef struct ranked {
    item *items;   /* Shape: [count] */
    size_t *twice; /* Shape: [count] */
    size_t count;
    double ties; /* the sum of t^3 - t over the ties among items that are not zeros */
} ranked;

static int compare_items(const void *left, const void *right)
{
    const item *a = left;
    const item *b = right;
    return (a->key > b->key) - (a->key < b->key);
}

static void ranked_fini(ranked *list)
{
    free(list->items);
    free(list->twice);
}

static pbt_err ranked_init(size_t count, ranked *out)
{
    ranked list = {.count = count};
    list.items = pbt__calloc(count + 1, sizeof *list.items);
    list.twice = pbt__calloc(count + 1, sizeof *list.twice);
    if (list.items == NULL || list.twice == NULL) {
        ranked_fini(&list);
        return PBT_ERR_MEMORY;
    }
    *out = list;
    return PBT_OK;
}

static void rank_items(ranked *list)
{
    qsort(list->items, list->count, sizeof *list->items, compare_items);
    for (size_t first = 0, last; first < list->count; first = last) {
        last = first + 1;
        while (last < list->count && list->items[last].key == list->items[first].key) {
            last++;
        }
        const double size = (double)(last - first);
        list->ties += list->items[first].is_zero ? 0 : size * (size * size - 1);
        for (size_t i = first; i < last; i++) {
            list->twice[i] = first + 1 + last; /* of ranks first + 1 to last */
        }
    }
}

/* Twice the rank sum of a. */
static size_t twice_sum(const ranked *list)
{
    size_t sum = 0;
    for (size_t i = 0; i < list->count; i++) {
        sum += list->items[i].is_of_a ? list->twice[i] : 0;
    }
    return sum;
}

/* Twice the sum of all ranks but the zeros'. */
static size_t twice_total(const ranked *list)
{
    size_t sum = 0;
    for (size_t i = 0; i < list->count; i++) {
        sum += list->items[i].is_zero ? 0 : list->twice[i];
    }
    return sum;
}

/* Twice the smaller tail of `sum` among `ways`. Shape: ways[total + 1] */
static double exact_p(const double *ways, size_t total, size_t sum)
{
    double below = 0, all = 0;
    for (size_t s = 0; s <= total; s++) {
        below += s <= sum ? ways[s] : 0;
        all += ways[s];
    }
    return fmin(1, 2 * fmin(below, all - below + ways[sum]) / all);
}

/* Two-sided p of a statistic `excess` from its mean. */
static double normal_p(double excess, double variance)
{
    return variance > 0 ? 2 * pbt__normal_below(-fabs(excess) / sqrt(variance)) : 1;
}

static int sign_of(double value)
{
    return (value > 0) - (value < 0);
}

/* ---- Wilcoxon ---- */

static pbt_err wilcoxon_exact(const ranked *list, size_t sum, double *p)
{
    const size_t total = twice_total(list);
    double *ways = pbt__calloc(total + 1, sizeof *ways);
    if (ways == NULL) {
        return PBT_ERR_MEMORY;
    }
    ways[0] = 1;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].is_zero) {
            continue;
        }
        for (size_t s = total; s >= list->twice[i]; s--) {
            ways[s] += ways[s - list->twice[i]];
        }
    }
    *p = exact_p(ways, total, sum);
    free(ways);
    return PBT_OK;
}

/* Without the ranks of zeros: n(n+1)(2n+1) - z(z+1)(2z+1), less half of the ties, over 24. */
static double wilcoxon_variance(const ranked *list)
{
    size_t zero_count = 0;
    for (size_t i = 0; i < list->count; i++) {
        zero_count += list->items[i].is_zero ? 1 : 0;
    }
    const double n = (double)list->count;
    const double z = (double)zero_count;
    return (n * (n + 1) * (2 * n + 1) - z * (z + 1) * (2 * z + 1) - list->ties / 2) / 24;
}

static void rank_pairs(const pbt__score_pair *pair, ranked *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const double difference =
            pbt__score_difference(pbt__score_usable(pair->a[i]), pbt__score_usable(pair->b[i]));
        list->items[i] = (item){fabs(difference), difference > 0, difference == 0};
    }
    rank_items(list);
}

// formula: signed ranks, Wilcoxon 1945, Pratt 1959
/* Wilcoxon's signed-rank test of pairs (Wilcoxon 1945). Equal pairs are ranked with the others and
 * then leave (Pratt 1959). */
static pbt_err wilcoxon(const pbt__score_pair *pair, pbt__rank_test *out)
{
    ranked list;
    pbt_err err = ranked_init(pair->count_a, &list);
    if (err != PBT_OK) {
        return err;
    }
    rank_pairs(pair, &list);
    const size_t sum = twice_sum(&list);
    const double excess = ((double)sum - (double)twice_total(&list) / 2) / 2;
    pbt__rank_test test = {.statistic = (double)sum / 2,
                           .direction = sign_of(excess),
                           .is_exact = list.count <= PBT__EXACT_MAXIMUM};
    if (test.is_exact) {
        err = wilcoxon_exact(&list, sum, &test.p);
    } else {
        test.p = normal_p(excess, wilcoxon_variance(&list));
    }
    ranked_fini(&list);
    if (err == PBT_OK) {
        *out = test;
    }
    return err;
}

/* ---- Mann and Whitney ---- */

static pbt_err mann_whitney_exact(const ranked *list, size_t chosen, size_t sum, double *p)
{
    const size_t total = twice_total(list);
    const size_t width = total + 1;
    double *ways = pbt__calloc((chosen + 1) * width, sizeof *ways);
    if (ways == NULL) {
        return PBT_ERR_MEMORY;
    }
    ways[0] = 1;
    for (size_t i = 0; i < list->count; i++) {
        const size_t rank = list->twice[i];
        for (size_t k = chosen < i + 1 ? chosen : i + 1; k > 0; k--) {
            for (size_t s = rank; s <= total; s++) {
                ways[k * width + s] += ways[(k - 1) * width + s - rank];
            }
        }
    }
    *p = exact_p(ways + chosen * width, total, sum);
    free(ways);
    return PBT_OK;
}

static double mann_whitney_approximate(const ranked *list, double n, double m, double excess)
{
    const double both = n + m;
    const double variance = n * m / 12 * (both + 1 - list->ties / (both * (both - 1)));
    return fmin(1, normal_p(fmax(0, fabs(excess) - 0.5), variance));
}

static void rank_groups(const pbt__score_pair *pair, ranked *list)
{
    for (size_t i = 0; i < pair->count_a; i++) {
        list->items[i] = (item){pbt__score_usable(pair->a[i]), true, false};
    }
    for (size_t i = 0; i < pair->count_b; i++) {
        list->items[pair->count_a + i] = (item){pbt__score_usable(pair->b[i]), false, false};
    }
    rank_items(list);
}

// formula: rank sums, Mann and Whitney 1947
/* Mann and Whitney's U test (1947); the approximation has the continuity correction. */
static pbt_err mann_whitney(const pbt__score_pair *pair, pbt__rank_test *out)
{
    ranked list;
    pbt_err err = ranked_init(pair->count_a + pair->count_b, &list);
    if (err != PBT_OK) {
        return err;
    }
    rank_groups(pair, &list);
    const size_t sum = twice_sum(&list);
    const double n = (double)pair->count_a, m = (double)pair->count_b;
    pbt__rank_test test = {.statistic = (double)sum / 2 - n * (n + 1) / 2};
    const double excess = test.statistic - n * m / 2;
    test.direction = sign_of(excess);
    test.is_exact = list.count <= PBT__EXACT_MAXIMUM;
    if (test.is_exact) {
        err = mann_whitney_exact(&list, pair->count_a, sum, &test.p);
    } else {
        test.p = mann_whitney_approximate(&list, n, m, excess);
    }
    ranked_fini(&list);
    if (err == PBT_OK) {
        *out = test;
    }
    return err;
}

pbt_err pbt__rank_test_of(const pbt__score_pair *pair, pbt__rank_test *out)
{
    return pair->is_paired ? wilcoxon(pair, out) : mann_whitney(pair, out);
}

double pbt__least_p(size_t count_a, size_t count_b, bool is_paired)
{
    if (is_paired) {
        return fmin(1, pow(0.5, (double)count_a - 1));
    }
    double p = 2;
    for (size_t i = 1; i <= count_a; i++) {
        p *= (double)i / (double)(count_b + i);
    }
    return fmin(1, p);
}

/* ---- many tests ---- */

static int compare_p(const void *left, const void *right)
{
    const double a = **(double *const *)left;
    const double b = **(double *const *)right;
    return (a > b) - (a < b);
}

pbt_err pbt__holm(double *p, size_t count)
{
    double **order = pbt__calloc(count + 1, sizeof *order);
    if (order == NULL) {
        return PBT_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = &p[i];
    }
    qsort(order, count, sizeof *order, compare_p);
    double highest = 0;
    for (size_t i = 0; i < count; i++) {
        highest = fmax(highest, fmin(1, *order[i] * (double)(count - i)));
        *order[i] = highest;
    }
    free(order);
    return PBT_OK;
}
