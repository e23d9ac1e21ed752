/*
 * answer.c: the functions of src/analysis behind standard input, so that SciPy can be asked the
 * same.
 *
 * A line is a question and numbers: `wilcoxon N a.. b..`, `mann_whitney N M a.. b..`,
 * `advantage PAIRED N M a.. b..`, `iqm x..`, `quantile SHARE x..`, `holm p..`,
 * `power PAIRED N M ALPHA`. The answer is a line of numbers; "nan" and "inf" are numbers too.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/power.h"
#include "analysis/rank_test.h"

enum { NUMBERS_MAXIMUM = 4096, LINE_MAXIMUM = 1 << 17 };

typedef struct question {
    double numbers[NUMBERS_MAXIMUM];
    size_t count;
} question;

static pbt__score_pair pair_of(const question *q, size_t skipped, size_t n, size_t m)
{
    const double *a = q->numbers + skipped;
    return (pbt__score_pair){.a = a, .b = a + n, .count_a = n, .count_b = m};
}

static pbt_err answer_wilcoxon(question *q)
{
    const size_t n = (size_t)q->numbers[0];
    pbt__score_pair pair = pair_of(q, 1, n, n);
    pbt__rank_test test = {0};
    pair.is_paired = true;
    pbt_err err = pbt__rank_test_of(&pair, &test);
    printf("%.17g %.17g %d %d\n", test.statistic, test.p, test.direction, test.is_exact);
    return err;
}

static pbt_err answer_mann_whitney(question *q)
{
    pbt__score_pair pair = pair_of(q, 2, (size_t)q->numbers[0], (size_t)q->numbers[1]);
    pbt__rank_test test = {0};
    pbt_err err = pbt__rank_test_of(&pair, &test);
    printf("%.17g %.17g %d %d\n", test.statistic, test.p, test.direction, test.is_exact);
    return err;
}

static pbt_err answer_advantage(question *q)
{
    pbt__score_pair pair = pair_of(q, 3, (size_t)q->numbers[1], (size_t)q->numbers[2]);
    pbt__advantage a = {0};
    pair.is_paired = q->numbers[0] != 0;
    pbt_err err = pbt__bootstrap_advantage(&pair, &a);
    printf("%.17g %.17g %.17g %.17g %.17g %.17g\n", a.difference, a.difference_interval.low,
           a.difference_interval.high, a.probability, a.probability_interval.low,
           a.probability_interval.high);
    return err;
}

static pbt_err answer_iqm(question *q)
{
    double iqm = 0;
    pbt__interval interval = {0};
    pbt_err err = pbt__bootstrap_iqm(q->numbers, q->count, &iqm, &interval);
    printf("%.17g %.17g %.17g\n", iqm, interval.low, interval.high);
    return err;
}

static pbt_err answer_quantile(question *q)
{
    pbt__scores_sort(q->numbers + 1, q->count - 1);
    printf("%.17g\n", pbt__numbers_quantile(q->numbers + 1, q->count - 1, q->numbers[0]));
    return PBT_OK;
}

static pbt_err answer_holm(question *q)
{
    pbt_err err = pbt__holm(q->numbers, q->count);
    for (size_t i = 0; i < q->count; i++) {
        printf("%.17g ", q->numbers[i]);
    }
    printf("\n");
    return err;
}

static pbt_err answer_power(question *q)
{
    const pbt__design design = {
        .count_a = (size_t)q->numbers[1],
        .count_b = (size_t)q->numbers[2],
        .is_paired = q->numbers[0] != 0,
        .alpha = q->numbers[3],
    };
    pbt__detectable found = {0};
    pbt_err err = pbt__power(&design, &found);
    printf("%.17g %.17g\n", found.deviations, found.probability);
    return err;
}

static const struct {
    const char *name;
    pbt_err (*answer)(question *q);
} ANSWERS[] = {
    {"wilcoxon", answer_wilcoxon},   {"mann_whitney", answer_mann_whitney},
    {"advantage", answer_advantage}, {"iqm", answer_iqm},
    {"quantile", answer_quantile},   {"holm", answer_holm},
    {"power", answer_power},
};

static pbt_err answer(char *line)
{
    static question q;
    char *rest = NULL;
    const char *name = strtok_r(line, " \n", &rest);
    q.count = 0;
    for (const char *word; (word = strtok_r(NULL, " \n", &rest)) != NULL;) {
        if (q.count == NUMBERS_MAXIMUM) {
            return PBT_ERR_LIMIT;
        }
        q.numbers[q.count++] = strtod(word, NULL);
    }
    for (size_t i = 0; name != NULL && i < sizeof ANSWERS / sizeof ANSWERS[0]; i++) {
        if (strcmp(ANSWERS[i].name, name) == 0) {
            return ANSWERS[i].answer(&q);
        }
    }
    return PBT_ERR_ARGUMENT;
}

int main(void)
{
    static char line[LINE_MAXIMUM];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (answer(line) != PBT_OK) {
            return 1;
        }
        fflush(stdout);
    }
    return 0;
}
