/* distance.c: dynamic programming over the prefixes of both words. */
#include "base/distance.h"

#include <string.h>

enum { LENGTH_MAXIMUM = 64 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int least_of(int a, int b)
{
    return a < b ? a : b;
}

int pbt__word_distance(const char *a, const char *b)
{
    const size_t n = strnlen(a, LENGTH_MAXIMUM), m = strnlen(b, LENGTH_MAXIMUM);
    int cost[LENGTH_MAXIMUM + 1][LENGTH_MAXIMUM + 1];
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = (int)(i + j);
                continue;
            }
            const char x = lower(a[i - 1]), y = lower(b[j - 1]);
            const int edited = least_of(cost[i - 1][j], cost[i][j - 1]) + 1;
            cost[i][j] = least_of(cost[i - 1][j - 1] + (x != y), edited);
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2])) {
                cost[i][j] = least_of(cost[i][j], cost[i - 2][j - 2] + 1);
            }
        }
    }
    return cost[n][m];
}
